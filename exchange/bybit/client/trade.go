package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/line"
	"github.com/perilune/perilune/exchange/rest"
	"github.com/perilune/perilune/exchange/wire"
)

// trade is the stream that orders go by. Source: the manual, "Websocket Trade Guideline":
// a login, then requests with a reqId that must not come twice; they count like REST's.
type trade struct {
	line.Streamless
	c    *Client
	line *line.Line[reply]
	wire *wire.Client
	run  string // begins the reqIds of this process
}

// answerWithin is more than the engine's own timeout.
const answerWithin = 15 * time.Second

func (c *Client) openTrade() (t *trade, err error) {
	t = &trade{c: c, line: line.New[reply](answerWithin), run: strconv.FormatInt(int64(c.o.Now()/exchange.Millisecond), 36) + "-"}
	t.wire, err = wire.Start(wire.Options{Name: "the trade stream", URLs: []string{c.o.Endpoints.Trade}, Protocol: t, Attempts: c.o.Attempts,
		FramesPerSecond: 50, Open: func(uint64) wire.Handler { return &tradeConn{t, t.line.Conn()} }})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// send sends a request; sent is false when nothing has left, so that REST may take it.
func (t *trade) send(ctx context.Context, q *Request) (a Answer, e *exchange.VenueError, sent bool) {
	at := t.c.Now()
	r, err := t.line.Ask(ctx, func(number uint64) error {
		stamp, err := t.c.clock.Stamp()
		if err != nil {
			return err
		}
		return t.wire.Send(fmt.Appendf(nil, `{"reqId":"%s%d","header":{"X-BAPI-TIMESTAMP":"%s","X-BAPI-RECV-WINDOW":"%s"},"op":"%s","args":[%s]}`,
			t.run, number, milli(stamp), milli(t.c.o.Window), q.Op, q.Body))
	})
	if unsent := (*rest.UnsentError)(nil); errors.As(err, &unsent) {
		return a, nil, false
	}
	if err != nil {
		return a, q.call().Lost(err), true
	}
	if v, err := open(r.body); err == nil && signedOut(v.code) {
		return a, nil, false // nothing was carried out: REST says whether the key is any good
	}
	r.sent = at
	a, e = t.c.judge(q, r)
	return a, e, true
}

// Greet logs in.
func (t *trade) Greet() ([][]byte, error) {
	frame, err := t.c.Login()
	return [][]byte{frame}, err
}

// Ping implements wire.Pinger.
func (t *trade) Ping() []byte { return []byte(`{"op":"ping"}`) }

// Classify implements wire.Protocol: everything is for tradeConn.
func (t *trade) Classify([]byte) wire.Message { return wire.Message{} }

// tradeConn is one connection.
type tradeConn struct {
	*trade
	line.Conn[reply]
}

// The codes of the trade stream that are about the connection.
const (
	loggedInAlready = 20001
	restarting      = 10019
	wrongKey        = 10003
	expiredKey      = 33004
)

// signedOut reports an answer that takes the login for none: one that was good has ended.
func signedOut(code int) bool { return code == wrongKey || code == expiredKey }

// Frame takes an answer to whoever waits for it. After one that says that the service
// restarts nothing more is taken here: another connection is opened.
func (h *tradeConn) Frame(frame []byte) error {
	var op, id string
	var headers []byte
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "op":
			op = f.Text()
		case "reqId":
			id = f.Text()
		case "header":
			headers = append([]byte(nil), f.Raw()...)
		}
	}
	if f.Err() != nil {
		return fmt.Errorf("the trade stream: %w", f.Err())
	}
	v, err := open(frame)
	switch {
	case op == "pong":
		return nil
	case err != nil:
		return fmt.Errorf("the trade stream: %w", err)
	case op == "auth":
		return h.login(&v)
	}
	if number, ok := h.number(id); ok {
		h.line.Answer(number, reply{status: http.StatusOK, limits: fields(headers), body: append([]byte(nil), frame...)})
	}
	if v.code == restarting {
		return errors.New("the trade stream is being restarted")
	}
	if signedOut(v.code) {
		return fmt.Errorf("the trade stream wants another login: %d %s", v.code, v.msg)
	}
	return nil
}

func (h *tradeConn) login(v *envelope) error {
	if v.code != 0 && v.code != loggedInAlready {
		return fmt.Errorf("the trade stream refused the login: %d %s", v.code, v.msg)
	}
	h.LoggedIn()
	return nil
}

// number is a request of this process by its reqId.
func (t *trade) number(id string) (uint64, bool) {
	if len(id) <= len(t.run) || id[:len(t.run)] != t.run {
		return 0, false
	}
	n, err := strconv.ParseUint(id[len(t.run):], 10, 64)
	return n, err == nil
}

// fields looks up the texts of an object.
func fields(object []byte) func(name string) string {
	return func(name string) (text string) {
		if object == nil {
			return ""
		}
		f := jsonscan.Object(object)
		for f.Next() {
			if string(f.Key()) == name {
				text = f.Text()
			}
		}
		return text
	}
}
