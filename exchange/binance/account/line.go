package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/payload"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/wire"
)

// answerWithin is how long a reply over a WebSocket API may take: more than the
// engine's own timeout of 10 s.
const answerWithin = 15 * time.Second

// linePace is how many requests a second may be sent. What the manuals of the
// WebSocket APIs limit are weights and orders, which the throttle keeps; the
// limits on frames are those of streams.
const linePace = 50

var errNoReply = fmt.Errorf("no reply within %s", answerWithin)

// line is the WebSocket API of one market: requests go out with a number, and
// replies come back with it in any order.
//
// With an Ed25519 key every connection logs on first, and while all that are
// open have done so requests need no signature. Other keys cannot log on.
type line struct {
	c      *Client
	market api.Market
	wire   *wire.Client
	logsOn bool

	mu       sync.Mutex
	number   uint64
	waiting  map[uint64]chan reply
	greeting uint64 // the number of the newest logon
	open     int    // connections
	sessions int    // of these, logged on
}

// reply is what came of a request; err when its connection was lost.
type reply struct {
	answer weight.Answer
	body   []byte // the result, or the error
	err    error
}

// connect opens the lines that Options.Entry asks for.
func (c *Client) connect() error {
	if c.o.Entry != EntryWS {
		return nil
	}
	s, err := c.o.Key.Signer()
	if err != nil {
		return err
	}
	for _, m := range c.o.Markets {
		l := &line{c: c, market: m, logsOn: s.Kind() == sign.KindEd25519, waiting: make(map[uint64]chan reply)}
		o := c.wireOptions("the WebSocket API of "+m.String(), c.o.Endpoints.API(m))
		o.Protocol, o.Open = l, l.opened
		o.FramesPerSecond = linePace
		if l.wire, err = wire.Start(o); err != nil {
			return err
		}
		c.lines[m] = l
	}
	return nil
}

// wireOptions are what all connections of an account have in common.
func (c *Client) wireOptions(name, url string) wire.Options {
	o := wire.Options{Name: name, URLs: []string{url}, Attempts: c.o.Attempts}
	if c.o.Wire != nil {
		c.o.Wire(&o)
	}
	return o
}

func (l *line) close() { _ = l.wire.Close() }

// ask sends a request and waits for its reply. When there is no connection
// nothing was sent, and REST takes it.
func (l *line) ask(ctx context.Context, q *question) ([]byte, *Fault) {
	e, err := weight.FindMethod(q.market, q.api)
	if err != nil {
		return nil, q.fault(Refused, err)
	}
	if err := l.c.o.Throttle.Wait(ctx, e.Cost(weight.None{}), q.priority); err != nil {
		return nil, q.fault(Later, err)
	}
	number, answered := l.register()
	if answered == nil {
		return l.c.send(ctx, q)
	}
	defer l.forget(number)
	frame, err := l.frame(q, number)
	if err != nil {
		return nil, q.fault(Later, err)
	}
	sent := l.c.Now()
	if err := l.wire.Send(frame); err != nil {
		return l.c.send(ctx, q)
	}
	r := l.await(ctx, answered)
	if r.err != nil {
		return nil, q.lost(true, r.err)
	}
	r.answer.Sent = sent
	return l.c.judge(q, r.answer, r.body)
}

func (l *line) await(ctx context.Context, answered <-chan reply) reply {
	late := time.NewTimer(answerWithin)
	defer late.Stop()
	select {
	case r := <-answered:
		return r
	case <-ctx.Done():
		return reply{err: ctx.Err()}
	case <-late.C:
		return reply{err: errNoReply}
	}
}

// register makes room for a reply; none when there is no connection. From here
// on the end of the connection is an answer too.
func (l *line) register() (uint64, <-chan reply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open == 0 {
		return 0, nil
	}
	l.number++
	answered := make(chan reply, 1)
	l.waiting[l.number] = answered
	return l.number, answered
}

func (l *line) forget(number uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.waiting, number)
}

// loggedOn reports whether every open connection is.
func (l *line) loggedOn() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sessions > 0 && l.sessions == l.open
}

// frame spells a request.
func (l *line) frame(q *question, number uint64) ([]byte, error) {
	return l.c.apiFrame(q.market, q.api, number, !l.loggedOn(), q.fill)
}

// apiFrame spells a request of a WebSocket API, signed or, within a session,
// only stamped.
func (c *Client) apiFrame(m api.Market, method string, number uint64, sign bool, fill func(form)) ([]byte, error) {
	p, err := c.pen()
	if err != nil {
		return nil, err
	}
	defer c.pens.Put(p)
	p.params.Reset()
	if fill != nil {
		fill(&p.params)
	}
	at, err := c.clocks[m].stamp(c.o.Now(), c.o.Window)
	if err != nil {
		return nil, err
	}
	if sign {
		err = p.params.Sign(p.signer, c.o.Key.API, at, c.o.Window)
	} else {
		err = p.params.Stamp(at, c.o.Window)
	}
	if err != nil {
		return nil, err
	}
	frame := append(make([]byte, 0, 512), `{"id":`...)
	frame = strconv.AppendUint(frame, number, 10)
	frame = append(append(append(frame, `,"method":"`...), method...), `","params":`...)
	if frame, err = p.params.AppendJSON(frame); err != nil {
		return nil, err
	}
	return append(frame, '}'), nil
}

// Greet begins a connection with a logon, where the key can.
func (l *line) Greet() ([][]byte, error) {
	if !l.logsOn {
		return nil, l.c.admit(l.c.ctx, l.market)
	}
	if err := l.c.admit(l.c.ctx, l.market, "session.logon"); err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.number++
	l.greeting = l.number
	l.mu.Unlock()
	frame, err := l.c.apiFrame(l.market, "session.logon", l.greeting, true, nil)
	return [][]byte{frame}, err
}

// Subscribe is not used: a line has no streams.
func (l *line) Subscribe(uint64, []string) []byte { return nil }

// Unsubscribe is not used either.
func (l *line) Unsubscribe(uint64, []string) []byte { return nil }

// Classify finds the venue's goodbye; everything else is a reply.
func (l *line) Classify(frame []byte) wire.Message { return wire.Message{Class: classOfFrame(frame)} }

// opened takes a new connection.
func (l *line) opened(uint64) wire.Handler {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open++
	return &lineConn{line: l, greeting: l.greeting}
}

// lineConn is one connection of a line.
type lineConn struct {
	*line
	greeting uint64
	session  bool
}

// Frame takes a reply to whoever waits for it. One that nobody waits for any
// more has been given up, and its outcome is being asked for.
func (h *lineConn) Frame(frame []byte) error {
	number, r, err := decodeReply(h.market, frame)
	if err != nil {
		return err
	}
	if number == 0 {
		h.c.o.Log(fmt.Sprintf("the WebSocket API of %v says %.200s", h.market, r.body))
		return nil
	}
	if number == h.greeting {
		h.logon(r)
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if answered := h.waiting[number]; answered != nil {
		delete(h.waiting, number)
		answered <- r
	}
	return nil
}

// logon notes whether there is a session. Without one every request is signed.
func (h *lineConn) logon(r reply) {
	if r.answer.Status != http.StatusOK {
		h.c.o.Log(fmt.Sprintf("the WebSocket API of %v refused the logon: %.200s", h.market, r.body))
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.session = true
	h.sessions++
}

// Subscribed is not used: a line has no streams.
func (h *lineConn) Subscribed([]string) {}

// Stalled is not used either.
func (h *lineConn) Stalled([]string) {}

// Down leaves every request unknown that waits for a reply, because it is not
// known which connection has which: when one of two ends, those of the other
// are asked for in vain, which does no harm.
func (h *lineConn) Down(err error) {
	if err == nil {
		err = errors.New("the connection was closed")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open--
	if h.session {
		h.sessions--
	}
	for number, answered := range h.waiting { // order does not matter: each waits on its own
		delete(h.waiting, number)
		answered <- reply{err: err}
	}
}

// decodeReply reads {id,status,result|error,rateLimits}. The number is 0 when it
// answers no request of ours.
func decodeReply(m api.Market, frame []byte) (number uint64, r reply, err error) {
	r.answer.Pool = weight.PoolOf(m)
	f := payload.Object(frame)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "id":
			number = uint64(f.Int())
		case "status":
			r.answer.Status = int(f.Int())
		case "result":
			r.body = append([]byte(nil), f.Raw()...)
		case "error":
			r.body = append([]byte(nil), f.Raw()...)
			err = retryAfter(&r.answer, r.body)
		case "rateLimits":
			err = readLimits(&r.answer, f.Raw())
		}
	}
	if err == nil {
		err = f.Err()
	}
	return number, r, err
}

// retryAfter reads error.data.retryAfter, in milliseconds since 1970.
func retryAfter(a *weight.Answer, body []byte) error {
	data, err := member(body, "data")
	if err != nil || len(data) == 0 || data[0] != '{' {
		return err
	}
	f := payload.Object(data)
	for f.Next() {
		if string(f.Key()) == "retryAfter" {
			a.RetryAtMilli(f.Int())
		}
	}
	return f.Err()
}

func readLimits(a *weight.Answer, raw []byte) error {
	_, err := list(raw, func(raw []byte) (struct{}, error) {
		var kind, interval string
		var num, count int64
		f := payload.Object(raw)
		for f.Next() {
			switch string(f.Key()) {
			case "rateLimitType":
				kind = f.Text()
			case "interval":
				interval = f.Text()
			case "intervalNum":
				num = f.Int()
			case "count":
				count = f.Int()
			}
		}
		a.RateLimit(kind, interval, int(num), count)
		return struct{}{}, f.Err()
	})
	return err
}
