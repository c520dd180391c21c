package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit/client"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/wire"
)

// signer is a client that signs in to the websockets of market data; end ends it.
func (c *catalogue) signer(ctx context.Context, key sign.Key) (signer *client.Client, end func(), err error) {
	signer, err = client.New(client.Options{Endpoints: c.endpoints, Key: key, Throttle: c.o.Access.Throttle})
	if err != nil {
		return nil, nil, err
	}
	if err := signer.Sync(ctx, 0); err != nil {
		signer.Close()
		return nil, nil, fmt.Errorf("signing in for raw books: %w", err)
	}
	run, stop := context.WithCancel(context.Background())
	var task sync.WaitGroup
	task.Go(func() { signer.Keep(run) })
	return signer, func() {
		stop()
		task.Wait()
		signer.Close()
	}, nil
}

// signedIn is the protocol of one connection, and its successors, that has signed in: what is
// raw is for those alone. It signs in anew when half of the time of its token is over.
type signedIn struct {
	protocol
	client *client.Client

	mu  sync.Mutex
	due exchange.Time // when to sign in anew; 0: an answer is waited for
}

// Greet signs in: nothing is subscribed to before the answer.
func (s *signedIn) Greet() ([][]byte, error) {
	s.mu.Lock()
	s.due = 0
	s.mu.Unlock()
	in, err := s.enter()
	if err != nil {
		return nil, err
	}
	beats, err := s.protocol.Greet()
	return append([][]byte{in}, beats...), err
}

func (s *signedIn) enter() ([]byte, error) {
	q, err := s.client.SignIn()
	if err != nil {
		return nil, err
	}
	return q.Frame(client.Token)
}

// Ping implements wire.Pinger.
func (s *signedIn) Ping() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.due > 0 && s.client.Now() >= s.due {
		if frame, err := s.enter(); err == nil {
			s.due = 0
			return frame
		}
	}
	return client.Alive()
}

// Classify implements wire.Protocol. A connection that turns out not to be signed in any more
// ends: the next one is.
func (s *signedIn) Classify(frame []byte) wire.Message {
	m := s.protocol.Classify(frame)
	if m.Class == wire.Data || m.Class == wire.Pong {
		return m
	}
	if m.Class == wire.Reply && client.Unauthorized(frame) {
		return wire.Message{Class: wire.Greeted, Err: m.Err}
	}
	id, result := client.Answered(frame)
	if id != client.Token || len(result) == 0 {
		return m
	}
	var t struct {
		Expires int64 `json:"expires_in"`
	}
	if err := json.Unmarshal(result, &t); err != nil || t.Expires <= 0 {
		return wire.Message{Class: wire.Greeted, Err: errors.Join(errors.New("signing in: no expires_in"), err)}
	}
	s.mu.Lock()
	s.due = s.client.Now() + exchange.Time(min(t.Expires, 1<<30))*exchange.Second/2
	s.mu.Unlock()
	return wire.Message{Class: wire.Greeted}
}
