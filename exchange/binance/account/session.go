package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/line"
	"github.com/perilune/perilune/exchange/rest"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/wire"
)

// answerWithin is how long a reply over a WebSocket API may take: more than the
// engine's own timeout of 10 s.
const answerWithin = 15 * time.Second

// framesPerSecond is how many requests a second may be sent. What the manuals of the
// WebSocket APIs limit are weights and orders, which the throttle keeps; the
// limits on frames are those of streams.
const framesPerSecond = 50

// session is the WebSocket API of one market.
//
// With an Ed25519 key every connection logs on first, and while all that are
// open have done so requests need no signature. Other keys cannot log on.
type session struct {
	line.Streamless
	c      *transport
	market api.Market
	line   *line.Line[reply]
	wire   *wire.Client
	logsOn bool

	mu       sync.Mutex
	greeting uint64 // the number of the newest logon
	open     int    // connections
	logons   int    // of these, logged on
}

// reply is what came of a request.
type reply struct {
	answer weight.Answer
	body   []byte // the result, or the error
}

// openSessions opens those that Options.Entry asks for.
func (c *transport) openSessions() error {
	if c.o.Entry != EntryWS {
		return nil
	}
	for _, m := range c.o.Markets {
		signer, err := c.o.key(keyOfMarket(m)).Signer()
		if err != nil {
			return err
		}
		s := &session{c: c, market: m, logsOn: signer.Kind() == sign.KindEd25519, line: line.New[reply](answerWithin)}
		o := c.wireOptions("the WebSocket API of "+m.String(), c.o.Endpoints.API(m))
		o.Protocol, o.Open = s, s.opened
		o.FramesPerSecond = framesPerSecond
		if s.wire, err = wire.Start(o); err != nil {
			return err
		}
		c.sessions[m] = s
	}
	return nil
}

// wireOptions are what all connections of an account have in common.
func (c *transport) wireOptions(name, url string) wire.Options {
	o := wire.Options{Name: name, URLs: []string{url}, Attempts: c.o.Attempts}
	if c.o.Wire != nil {
		c.o.Wire(&o)
	}
	return o
}

func (s *session) close() { _ = s.wire.Close() }

// request sends a request and waits for its reply. When there is no connection
// nothing was sent, and REST takes it.
func (s *session) request(ctx context.Context, q *request) ([]byte, *exchange.VenueError) {
	e, err := weight.FindMethod(q.market, q.api)
	if err != nil {
		return nil, q.fault(exchange.ErrRefused, err)
	}
	if err := s.c.o.Throttle.Wait(ctx, e.Cost(weight.None{}), q.priority); err != nil {
		return nil, q.fault(exchange.ErrUnavailable, err)
	}
	var unsigned error
	sent := s.c.Now()
	r, err := s.line.Ask(ctx, func(number uint64) error {
		var frame []byte
		if frame, unsigned = s.frame(q, number); unsigned != nil {
			return unsigned
		}
		return s.wire.Send(frame)
	})
	unsent := (*rest.UnsentError)(nil)
	switch {
	case unsigned != nil:
		return nil, q.unsigned(unsigned)
	case errors.As(err, &unsent):
		return s.c.sendREST(ctx, q)
	case err != nil:
		return nil, q.call().Lost(err)
	}
	r.answer.Sent = sent
	return s.c.judge(q, r.answer, r.body)
}

// allLoggedOn reports whether every open connection is.
func (s *session) allLoggedOn() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logons > 0 && s.logons == s.open
}

// frame spells a request.
func (s *session) frame(q *request, number uint64) ([]byte, error) {
	return s.c.apiFrame(q.market, q.api, number, !s.allLoggedOn(), q.fill)
}

// apiFrame spells a request of a WebSocket API, signed or, within a session,
// only stamped.
func (c *transport) apiFrame(m api.Market, method string, number uint64, sign bool, fill func(form)) ([]byte, error) {
	p, err := c.encoder(keyOfMarket(m))
	if err != nil {
		return nil, err
	}
	defer c.encoders[keyOfMarket(m)].Put(p)
	p.params.Reset()
	if fill != nil {
		fill(&p.params)
	}
	at, err := c.clocks[m].Stamp()
	if err != nil {
		return nil, err
	}
	if sign {
		err = p.params.Sign(p.signer, c.o.key(keyOfMarket(m)).API, at, c.o.Window)
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
func (s *session) Greet() ([][]byte, error) {
	if !s.logsOn {
		return nil, s.c.admit(s.c.ctx, s.market)
	}
	if err := s.c.admit(s.c.ctx, s.market, "session.logon"); err != nil {
		return nil, err
	}
	number := s.line.Number()
	s.mu.Lock()
	s.greeting = number
	s.mu.Unlock()
	frame, err := s.c.apiFrame(s.market, "session.logon", number, true, nil)
	return [][]byte{frame}, err
}

// Classify finds the venue's goodbye; everything else is a reply.
func (s *session) Classify(frame []byte) wire.Message {
	return wire.Message{Class: classOfFrame(frame)}
}

// opened takes a new connection.
func (s *session) opened(uint64) wire.Handler {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	h := &sessionConn{session: s, Conn: s.line.Conn(), greeting: s.greeting}
	h.LoggedIn() // with a key that can't, each request is signed
	return h
}

// sessionConn is one connection of a session.
type sessionConn struct {
	*session
	line.Conn[reply]
	greeting uint64
	loggedOn bool
}

// Frame takes a reply to whoever waits for it. One that nobody waits for any
// more has been given up, and its outcome is being asked for.
func (h *sessionConn) Frame(frame []byte) error {
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
	h.line.Answer(number, r)
	return nil
}

// logon notes whether there is a session. Without one every request is signed.
func (h *sessionConn) logon(r reply) {
	if r.answer.Status != http.StatusOK {
		h.c.o.Log(fmt.Sprintf("the WebSocket API of %v refused the logon: %.200s", h.market, r.body))
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.loggedOn = true
	h.logons++
}

// Down leaves every request unknown that waits for a reply.
func (h *sessionConn) Down(err error) {
	h.mu.Lock()
	h.open--
	if h.loggedOn {
		h.logons--
	}
	h.mu.Unlock()
	h.Conn.Down(err)
}

// decodeReply reads {id,status,result|error,rateLimits}. The number is 0 when it
// answers no request of ours.
func decodeReply(m api.Market, frame []byte) (number uint64, r reply, err error) {
	r.answer.Pool = weight.PoolOf(m)
	f := jsonscan.Object(frame)
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
	f := jsonscan.Object(data)
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
		f := jsonscan.Object(raw)
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
