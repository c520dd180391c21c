package door

import (
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/perilune/perilune/host/control"
)

// describe serves the description of the API.
func (d *Door) describe(w http.ResponseWriter, _ *http.Request) { description().send(w) }

var description = sync.OnceValue(func() reply { return encode(http.StatusOK, OpenAPI()) })

type object = map[string]any

// OpenAPI returns the description of the API in OpenAPI 3.1, made from the table of
// operations.
func OpenAPI() map[string]any {
	paths := object{
		"/api/v1/follow": object{"get": object{
			"operationId": "follow", "tags": []string{"read"},
			"summary":     "What happens, as Server-Sent Events.",
			"description": "A message is a list of Event, at most four times a second. Its id, sent back as Last-Event-ID, goes on from there as far as it is remembered; an event of kind dropped says that there was more.",
			"parameters":  parameters(followType),
			"responses": responses(object{"description": "events", "content": object{"text/event-stream": object{
				"schema": object{"type": "string", "contentMediaType": "application/json",
					"contentSchema": object{"type": "array", "items": object{"$ref": "#/components/schemas/Event"}}}}}}),
		}},
		"/api/v1/openapi.json": object{"get": object{"operationId": "openapi", "tags": []string{"door"}, "summary": "This description.",
			"responses": responses(plain("application/json", object{"type": "object"}))}},
		"/metrics": object{"get": object{"operationId": "metrics", "tags": []string{"door"}, "summary": "Figures for Prometheus.",
			"responses": responses(plain("text/plain", object{"type": "string"}))}},
		"/healthz": object{"get": object{"operationId": "healthz", "tags": []string{"door"}, "summary": "Whether the loop goes on.", "security": []any{},
			"responses": object{
				"200": plain("application/json", object{"type": "object"}),
				"503": plain("application/json", object{"type": "object"}),
			}}},
		"/hook/{name}": object{"post": object{"operationId": "hook", "tags": []string{"door"}, "security": []any{},
			"summary":    "A signal from outside, by the rules of a [[webhook]].",
			"parameters": []any{object{"name": "name", "in": "path", "required": true, "schema": object{"type": "string"}}},
			"requestBody": object{"required": true, "content": object{
				"application/json": object{"schema": object{}}, "text/plain": object{"schema": object{"type": "string"}}}},
			"responses": responses(plain("application/json", object{"type": "object"}))}},
	}
	for _, op := range control.Ops() {
		paths["/api/v1/"+op.Name] = pathOf(&op)
	}
	return object{
		"openapi": "3.1.0",
		"info": object{"title": "Perilune control API", "version": "1",
			"description": "What can be asked of a session and what it can be told. Money, prices and quantities are strings of decimal digits; times are RFC 3339 in UTC; what is not known is left out."},
		"servers":  []any{object{"url": "/"}},
		"security": []any{object{"token": []any{}}, object{"page": []any{}}},
		"tags": []any{
			object{"name": "read", "description": "changes nothing"},
			object{"name": "steer", "description": "is journalled"},
			object{"name": "destructive", "description": "sends orders or ends something, and has to be confirmed"},
			object{"name": "door", "description": "of the door itself"},
		},
		"paths": paths,
		"components": object{
			"schemas": object{
				"Error": control.Schema(reflect.TypeFor[control.Error]()),
				"Event": control.Schema(reflect.TypeFor[control.Event]()),
			},
			"securitySchemes": object{
				"token": object{"type": "http", "scheme": "bearer"},
				"page":  object{"type": "apiKey", "in": "cookie", "name": "perilune-PORT", "description": "set by GET /?token=…"},
			},
		},
	}
}

func plain(kind string, schema object) object {
	return object{"description": "the answer", "content": object{kind: object{"schema": schema}}}
}

// responses are an answer and the failures that there may be in its place.
func responses(ok object) object {
	out := object{"200": ok, "401": failed("no token, or a wrong one")}
	for code, status := range statuses { // order does not matter: JSON sorts the keys
		out[number(status)] = failed(string(code))
	}
	return out
}

func number(status int) string {
	return string([]byte{byte('0' + status/100), byte('0' + status/10%10), byte('0' + status%10)})
}

func failed(what string) object {
	return object{"description": what, "content": object{"application/json": object{"schema": object{
		"type": "object", "required": []string{"error"}, "properties": object{"error": object{"$ref": "#/components/schemas/Error"}}}}}}
}

func pathOf(op *control.Op) object {
	result := control.Schema(op.Result)
	ok := plain("application/json", object{"type": "object", "required": []string{"result"}, "properties": object{"result": result}})
	post := object{
		"operationId": op.Name, "summary": op.Doc, "tags": []string{string(op.Kind)},
		"requestBody": object{"required": len(required(op.Args)) > 0, "content": object{"application/json": object{"schema": control.Schema(op.Args)}}},
		"responses":   responses(ok),
	}
	if op.Kind == control.Read {
		get := object{"operationId": op.Name + "-get", "summary": op.Doc, "tags": []string{string(op.Kind)},
			"parameters": parameters(op.Args), "responses": responses(ok)}
		return object{"get": get, "post": post}
	}
	headers := []any{header(KeyHeader, false, "A request that is sent again with the key of one before is done once, and both have the same answer.", object{"type": "string", "maxLength": mostKey}),
		header(WhyHeader, false, "Why, percent-encoded; it is journalled.", object{"type": "string", "maxLength": mostWhy})}
	if op.Kind == control.Destructive {
		headers = append(headers, header(ConfirmHeader, true, "The operation's name again.", object{"type": "string", "const": op.Name}))
	}
	post["parameters"] = headers
	return object{"post": post}
}

func header(name string, must bool, doc string, schema object) object {
	return object{"name": name, "in": "header", "required": must, "description": doc, "schema": schema}
}

// parameters are the fields of arguments in a query string.
func parameters(t reflect.Type) []any {
	out := []any{} // a list, also of none
	for i := range t.NumField() {
		f := t.Field(i)
		p := object{"name": jsonName(f), "in": "query", "description": f.Tag.Get("doc"), "schema": control.Schema(f.Type),
			"required": slices.Contains(required(t), jsonName(f))}
		if f.Type.Kind() == reflect.Slice {
			p["style"], p["explode"] = "form", false
		}
		out = append(out, p)
	}
	return out
}

// required are the fields that are always there.
func required(t reflect.Type) []string {
	out := []string{}
	for i := range t.NumField() {
		if f := t.Field(i); jsonName(f) != "" && !strings.Contains(f.Tag.Get("json"), ",omit") {
			out = append(out, jsonName(f))
		}
	}
	return out
}
