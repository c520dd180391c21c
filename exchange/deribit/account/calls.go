package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit/client"
	"github.com/perilune/perilune/exchange/wire"
)

// calls are requests over the connection of the account, and its token.
type calls struct {
	client *client.Client
	wire   *wire.Client

	mu      sync.Mutex
	open    bool // it is subscribed, so it is signed in and orders are protected
	next    uint64
	waiting map[uint64]chan reply
	renew   string        // the token to have another with
	due     exchange.Time // when to have it
}

// reply is an answer to a call, or why there is none.
type reply struct {
	frame []byte
	err   error
}

func newCalls(c *client.Client) calls {
	return calls{client: c, waiting: map[uint64]chan reply{}, next: client.FirstCall}
}

// up reports whether a call could be sent now.
func (s *calls) up() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

func (s *calls) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = true
}

// end fails whoever waits.
func (s *calls) end(err error) {
	if err == nil {
		err = errors.New("the connection was closed")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open, s.renew = false, ""
	for id, c := range s.waiting { // order does not matter: each is told the same
		c <- reply{err: err}
		delete(s.waiting, id)
	}
}

// answered gives an answer to whoever waits for it.
func (s *calls) answered(frame []byte) error {
	id, result := client.Answered(frame)
	if id == client.Token {
		return s.signedIn(result)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.waiting[id]; c != nil {
		c <- reply{frame: append([]byte(nil), frame...)}
		delete(s.waiting, id)
	}
	return nil
}

// signedIn takes a token. Half of its time is left when another one is had.
func (s *calls) signedIn(result []byte) error {
	var t struct {
		Refresh string `json:"refresh_token"`
		Expires int64  `json:"expires_in"`
	}
	if err := json.Unmarshal(result, &t); err != nil || t.Refresh == "" {
		return fmt.Errorf("signing in: %w: no refresh_token", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.renew, s.due = t.Refresh, s.client.Now()+exchange.Time(min(t.Expires, 1<<30))*exchange.Second/2
	return nil
}

// refresh is the request for another token, when one is due; nil: none is.
func (s *calls) refresh() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.renew == "" || s.client.Now() < s.due {
		return nil
	}
	q := s.client.Refresh(s.renew)
	s.renew = ""
	frame, err := q.Frame(client.Token)
	if err != nil {
		return nil // not reached: text can always be marshaled
	}
	return frame
}

const (
	// grace is how long a connection is waited for that is just being made.
	grace = 2 * time.Second
	// patience is how long an answer is waited for, as over HTTP.
	patience = 15 * time.Second
)

// call sends a request over the connection and waits for its answer. What is asked while
// there is none, and none comes soon, is not sent.
func (s *calls) call(ctx context.Context, q *client.Request) ([]byte, error) {
	for end := time.Now().Add(grace); !s.up() && time.Now().Before(end) && wire.Sleep(ctx, 10*time.Millisecond) == nil; {
	}
	if e := s.client.Wait(ctx, q); e != nil {
		return nil, e
	}
	id, answer, err := s.send(q)
	if err != nil {
		return nil, q.Call().Fault(exchange.ErrUnavailable, err)
	}
	sent := s.client.Now()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	select {
	case r := <-answer:
		if r.err != nil {
			return nil, q.Call().Lost(r.err)
		}
		return s.result(q, r.frame, sent)
	case <-ctx.Done():
		err = ctx.Err()
	case <-limit.C:
		err = fmt.Errorf("no answer within %s", patience)
	}
	s.forget(id)
	return nil, q.Call().Lost(err)
}

// unauthorized is the code of a token that is worth nothing any more.
const unauthorized = "13009"

// result judges an answer. A token that has expired says nothing against the key: the next
// connection signs in anew, and the same may be asked again.
func (s *calls) result(q *client.Request, frame []byte, sent exchange.Time) ([]byte, error) {
	result, err := s.client.Result(q, frame, sent)
	if e := (*exchange.VenueError)(nil); errors.As(err, &e) && e.Code == unauthorized {
		e.Class, e.Advice = exchange.ErrUnavailable, ""
		s.wire.Drop(err)
	}
	return result, err
}

// send queues a request. An error means that it is not sent.
func (s *calls) send(q *client.Request) (id uint64, answer chan reply, err error) {
	s.mu.Lock()
	s.next++
	id, answer = s.next, make(chan reply, 1)
	if !s.open {
		err = wire.ErrDown
	}
	s.waiting[id] = answer
	s.mu.Unlock()
	var frame []byte
	if err == nil {
		frame, err = q.Frame(id)
	}
	if err == nil {
		err = s.wire.Send(frame)
	}
	if err != nil {
		s.forget(id)
	}
	return id, answer, err
}

func (s *calls) forget(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, id)
}
