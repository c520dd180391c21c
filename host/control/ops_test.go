package control

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// Every field of arguments tells what it is, and what it is called: schemas and help of
// all doors are made of it.
func TestArgumentsAreDocumented(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range Ops() {
		if seen[o.Name] || o.Doc == "" || !strings.HasSuffix(o.Doc, ".") {
			t.Errorf("%s: named twice, or its doc %q is no sentence", o.Name, o.Doc)
		}
		seen[o.Name] = true
		for i := range o.Args.NumField() {
			f := o.Args.Field(i)
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name == "" || f.Tag.Get("doc") == "" {
				t.Errorf("%s: field %s has no json name or no doc", o.Name, f.Name)
			}
		}
		if k := o.Result.Kind(); k != reflect.Slice && k != reflect.Pointer && o.Result != reflect.TypeFor[None]() {
			t.Errorf("%s: result %s is neither a list, nor a view, nor nothing", o.Name, o.Result)
		}
	}
}

// Arguments that make no sense never reach a desk.
func TestArgumentsAreStrict(t *testing.T) {
	op, _ := Find("flatten")
	for _, raw := range []string{`{"strat":"x"}`, `{"strategy":1}`, `{} {}`, `[]`, `{`} {
		var e *Error
		if _, err := op.Call(context.Background(), nil, Who{}, []byte(raw)); !errors.As(err, &e) || e.Code != BadRequest || !strings.HasPrefix(e.Text, "flatten: ") {
			t.Errorf("%s: %v, want a bad_request that names flatten", raw, err)
		}
	}
}

// Every type of the table has a schema, and its arguments say in it what they are.
func TestSchemas(t *testing.T) {
	for _, o := range Ops() {
		Schema(o.Result)
		s := Schema(o.Args)
		for name, p := range s["properties"].(map[string]any) {
			if d, _ := p.(map[string]any)["description"].(string); d == "" {
				t.Errorf("%s: %s has no description", o.Name, name)
			}
		}
	}
	set := Schema(reflect.TypeFor[SetArgs]())
	if got := fmt.Sprint(set["required"]); got != "[strategy params]" {
		t.Errorf("set wants %s", got)
	}
}

// A value of another kind is told in the words of JSON, with the field.
func TestKindsOfArguments(t *testing.T) {
	for raw, want := range map[string]string{
		`{"strategy":"x","params":{"a":3}}`: "set: params: want a string, not a number",
		`{"strategy":["x"]}`:                "set: strategy: want a string, not a list",
		`[]`:                                "set: the arguments: want an object, not a list",
	} {
		op, _ := Find("set")
		if _, err := op.Call(context.Background(), nil, Who{}, []byte(raw)); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", raw, err, want)
		}
	}
}
