package door

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/perilune/perilune/host/control"
)

// statuses are those of the contract.
var statuses = map[control.Code]int{
	control.BadRequest: http.StatusBadRequest,
	control.NotFound:   http.StatusNotFound,
	control.Refused:    http.StatusConflict,
	control.Forbidden:  http.StatusForbidden,
	control.TooMany:    http.StatusTooManyRequests,
	control.Ended:      http.StatusGone,
	control.Late:       http.StatusGatewayTimeout,
	control.Internal:   http.StatusInternalServerError,
}

// reply is an answer that can be given more than once.
type reply struct {
	status int
	body   []byte
}

func encode(status int, v any) reply {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return encode(http.StatusInternalServerError, failure{control.Errorf(control.Internal, "the answer can't be written as JSON: %v", err)})
	}
	return reply{status, b.Bytes()}
}

type failure struct {
	Error *control.Error `json:"error"`
}

// replyOf is the answer of an operation.
func replyOf(result any, err error) reply {
	if err != nil {
		e := control.AsError(err)
		return encode(statuses[e.Code], failure{e})
	}
	return encode(http.StatusOK, struct {
		Result any `json:"result"`
	}{result})
}

func (a reply) send(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if a.status == http.StatusTooManyRequests && h.Get("Retry-After") == "" {
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // who asked has gone
}

func write(w http.ResponseWriter, status int, v any) { encode(status, v).send(w) }

func refuse(w http.ResponseWriter, err error) { replyOf(nil, err).send(w) }
