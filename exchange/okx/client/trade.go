package client

import (
	"context"
	"encoding/json"
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

// trade is a private stream that orders go by and nothing is subscribed to. Source: the
// manual, "WS / Place order" and those after it (2026-08): a login, then requests with an id,
// an operation and an expTime; they count with those of REST, by the same limits.
type trade struct {
	line.Streamless
	c    *Client
	line *line.Line[rest.Answer]
	wire *wire.Client
}

// answerWithin is more than the venue's own timeout.
const answerWithin = 15 * time.Second

func (c *Client) openTrade() (t *trade, err error) {
	t = &trade{c: c, line: line.New[rest.Answer](answerWithin)}
	t.wire, err = wire.Start(wire.Options{Name: "the trade stream", URLs: []string{c.o.Endpoints.Private}, Protocol: t, Attempts: c.o.Attempts,
		FramesPerSecond: 150, Open: func(uint64) wire.Handler { return &tradeConn{t, t.line.Conn()} }})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// request is one on the wire. Ids are letters and digits: a hyphen is answered 60033.
type request struct {
	ID      string `json:"id"`
	Op      string `json:"op"`
	Expires string `json:"expTime,omitempty"`
	Args    any    `json:"args"`
}

// send sends a request; sent is false when nothing has left, so that REST may take it.
func (t *trade) send(ctx context.Context, q *Request) (data []byte, e *exchange.VenueError, sent bool) {
	at := t.c.Now()
	a, err := t.line.Ask(ctx, func(number uint64) error {
		r := request{ID: strconv.FormatUint(number, 10), Op: q.Op, Args: q.Args}
		if q.Expires {
			stamp, err := t.c.time.Stamp()
			if err != nil {
				return err
			}
			r.Expires = expiry(stamp, t.c.o.Window)
		}
		frame, err := json.Marshal(r)
		if err != nil {
			return err
		}
		return t.wire.Send(frame)
	})
	if unsent := (*rest.UnsentError)(nil); errors.As(err, &unsent) {
		return nil, nil, false
	}
	if err != nil {
		return nil, q.Call().Lost(err), true
	}
	if code, _, _, err := envelope(a.Body); err == nil && code == signedOut {
		return nil, nil, false // nothing was carried out
	}
	data, e = t.c.judge(q, &a, at)
	return data, e, true
}

// signedOut is the code of an answer that takes the login for none: one that was good has ended.
const signedOut = "60011"

// expiry is until when an order may be taken up, as it is written.
func expiry(at, window exchange.Time) string {
	return strconv.FormatInt(int64((at+window)/exchange.Millisecond), 10)
}

// Greet logs in.
func (t *trade) Greet() ([][]byte, error) {
	frame, err := t.c.Login()
	return [][]byte{frame}, err
}

// Ping implements wire.Pinger.
func (t *trade) Ping() []byte { return []byte("ping") }

// Classify implements wire.Protocol: what is about the connection alone; all else is for
// tradeConn.
func (t *trade) Classify(frame []byte) wire.Message {
	if m := Reply(frame); m.Class == wire.Pong || m.Class == wire.Shutdown {
		return m
	}
	return wire.Message{}
}

// tradeConn is one connection.
type tradeConn struct {
	*trade
	line.Conn[rest.Answer]
}

// Frame takes an answer to whoever waits for it. An error may name the request that it is
// about, and has a code as an answer has.
func (h *tradeConn) Frame(frame []byte) error {
	if m := Reply(frame); m.Class == wire.Greeted {
		if m.Err != nil {
			return fmt.Errorf("the trade stream refused the login: %w", m.Err)
		}
		h.LoggedIn()
		return nil
	}
	var id, code string
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "id":
			id = f.Text()
		case "code":
			code = f.Text()
		}
	}
	if f.Err() != nil {
		return fmt.Errorf("the trade stream: %w", f.Err())
	}
	if number, err := strconv.ParseUint(id, 10, 64); err == nil {
		h.line.Answer(number, rest.Answer{Status: http.StatusOK, Body: append([]byte(nil), frame...)})
	}
	if code == signedOut {
		return fmt.Errorf("the trade stream wants another login: %s", code)
	}
	return nil
}
