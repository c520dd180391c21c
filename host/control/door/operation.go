package door

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/perilune/perilune/host/control"
)

// Headers of requests that tell.
const (
	// ConfirmHeader names the operation again, where that is destructive.
	ConfirmHeader = "X-Perilune-Confirm"
	// KeyHeader makes a repetition of a request the same request.
	KeyHeader = "Idempotency-Key"
	// WhyHeader is why something is told, percent-encoded.
	WhyHeader = "X-Perilune-Why"
	// DoorHeader is the door that a program of the same user came by, over the socket: "mcp", "chat".
	DoorHeader = "X-Perilune-Door"
)

// Bounds of what headers say.
const (
	mostWhy = 200
	mostKey = 128
)

// find is the operation that a request names.
func find(w http.ResponseWriter, r *http.Request) (*control.Op, bool) {
	op, ok := control.Find(r.PathValue("op"))
	if !ok {
		e := control.Errorf(control.NotFound, "there is no operation %q", r.PathValue("op"))
		e.Hint = "GET /api/v1/openapi.json lists them"
		refuse(w, e)
	}
	return op, ok
}

// admitted bounds how often the loop is asked.
func (d *Door) admitted(w http.ResponseWriter) bool {
	if d.rate.take(time.Now()) {
		return true
	}
	refuse(w, control.Errorf(control.TooMany, "more than %d requests a second: ask again in a second", askedPerSecond))
	return false
}

// ask is a GET: only of what changes nothing, because a link is enough to send one.
func (d *Door) ask(w http.ResponseWriter, r *http.Request) {
	op, ok := find(w, r)
	if !ok {
		return
	}
	if op.Kind != control.Read {
		w.Header().Set("Allow", http.MethodPost)
		e := control.Errorf(control.BadRequest, "%s changes the session: want POST", op.Name)
		write(w, http.StatusMethodNotAllowed, failure{e})
		return
	}
	args, err := queryArgs(op.Args, r.URL.Query())
	if err != nil {
		refuse(w, control.Errorf(control.BadRequest, "%s: %v", op.Name, err))
		return
	}
	if d.admitted(w) {
		d.run(r.Context(), d.session.Desk, op, who(r), args).send(w)
	}
}

// readable is a desk that can't be told: every operation of kind control.Read is the
// Reader's.
type readable struct {
	control.Reader
	control.Steerer
}

// askOther asks the desk to compare with. That there is none is an answer, null, and no
// mistake of who asks: a page can know it in no other way.
func (d *Door) askOther(w http.ResponseWriter, r *http.Request) {
	op, ok := find(w, r)
	if !ok {
		return
	}
	if op.Kind != control.Read {
		refuse(w, control.Errorf(control.NotFound, "the run to compare with is asked, and not told"))
		return
	}
	if d.session.With == nil {
		replyOf(nil, nil).send(w)
		return
	}
	body, err := readBody(w, r, mostBody)
	if err != nil {
		refuse(w, err)
		return
	}
	if d.admitted(w) {
		d.run(r.Context(), readable{Reader: d.session.With}, op, who(r), body).send(w)
	}
}

func (d *Door) tell(w http.ResponseWriter, r *http.Request) {
	op, ok := find(w, r)
	if !ok {
		return
	}
	body, err := readBody(w, r, mostBody)
	if err != nil {
		refuse(w, err)
		return
	}
	by, err := asking(r)
	if err == nil {
		err = confirmed(r, op)
	}
	key := r.Header.Get(KeyHeader)
	if err == nil && len(key) > mostKey {
		err = control.Errorf(control.BadRequest, "%s has %d characters: want at most %d", KeyHeader, len(key), mostKey)
	}
	if err != nil {
		refuse(w, err)
		return
	}
	if !d.admitted(w) {
		return
	}
	if key == "" || op.Kind == control.Read {
		d.run(r.Context(), d.session.Desk, op, by, body).send(w)
		return
	}
	// What was begun is done whether or not who asked still waits for it.
	begun := context.WithoutCancel(r.Context())
	d.once.do(r.Context(), by.Door+"\x00"+key, sha256.Sum256([]byte(op.Name+"\x00"+string(body))), func() reply {
		return d.run(begun, d.session.Desk, op, by, body)
	}).send(w)
}

func (d *Door) run(ctx context.Context, desk control.Desk, op *control.Op, by control.Who, args []byte) reply {
	within := askWithin
	if op.Kind != control.Read {
		within = tellWithin
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return replyOf(op.Call(ctx, desk, by, args))
}

// readBody reads JSON of a bounded size, in bounded time.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	// A form of another page can send the cookie, and no JSON.
	if t := r.Header.Get("Content-Type"); t != "" && strings.HasPrefix(who(r).Name, byCookie) {
		if m, _, err := mime.ParseMediaType(t); err != nil || m != "application/json" {
			return nil, control.Errorf(control.BadRequest, "the body is said to be %q: want application/json", printable(t))
		}
	}
	return readAll(w, r, most)
}

func readAll(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	c := http.NewResponseController(w)
	// An error means that the connection has no deadlines, as in tests.
	_ = c.SetReadDeadline(time.Now().Add(readWithin))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		_ = c.SetReadDeadline(time.Now())
		return nil, control.Errorf(control.BadRequest, "the body is longer than %d bytes", most)
	case err != nil:
		// The deadline stays: the server would wait for the rest before it answers.
		return nil, control.Errorf(control.BadRequest, "the body did not come whole within %s", readWithin)
	}
	_ = c.SetReadDeadline(time.Time{})
	return body, nil
}

// confirmed wants a destructive operation named a second time.
func confirmed(r *http.Request, op *control.Op) error {
	if op.Kind != control.Destructive || r.Header.Get(ConfirmHeader) == op.Name {
		return nil
	}
	e := control.Errorf(control.Refused, "%s sends orders or ends something, and is done only when it is confirmed", op.Name)
	e.Hint = fmt.Sprintf("send the header %s: %s", ConfirmHeader, op.Name)
	return e
}

// asking is who tells, with why.
func asking(r *http.Request) (control.Who, error) {
	by := who(r)
	if by.Door == "socket" {
		switch via := r.Header.Get(DoorHeader); via {
		case "":
		case "mcp", "chat":
			by.Door = via
		default:
			return by, control.Errorf(control.BadRequest, "%s %q: want mcp or chat", DoorHeader, printable(via))
		}
	}
	raw := r.Header.Get(WhyHeader)
	why, err := url.PathUnescape(raw)
	if err != nil || len(why) > mostWhy {
		return by, control.Errorf(control.BadRequest, "%s: want at most %d characters, percent-encoded", WhyHeader, mostWhy)
	}
	by.Why = printable(why)
	return by, nil
}

// printable is text of a stranger on one line, shortened.
func printable(s string) string {
	if len(s) > mostWhy {
		s = s[:mostWhy]
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " ")))
}
