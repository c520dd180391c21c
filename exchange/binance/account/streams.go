package account

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/wire"
)

// Streams are the account's own events in the markets of a Client. The venue
// repeats nothing: what a Gap covers has to be asked for.
type Streams struct {
	spot  *spotStream
	keyed []*keyStream
	stop  context.CancelFunc
	tasks sync.WaitGroup
	once  sync.Once
}

// Listen connects, and stays connected until Close. The sink is called by
// several goroutines, but for one market by one at a time; it must not wait for
// long, nor close the Streams. That a market cannot be reached is no error but
// a matter of Health: its first event, a Gap, is late.
func Listen(c *Client, markets []api.Market, sink func(oms.AccountEvent)) (*Streams, error) {
	ctx, stop := context.WithCancel(context.Background())
	s := &Streams{stop: stop}
	for _, m := range markets {
		if c.clocks[m] == nil {
			s.Close()
			return nil, fmt.Errorf("account: the streams of %v: the client was opened for %v only", m, c.o.Markets)
		}
		f := newFeed(m, c.transport, sink)
		if m != api.Spot {
			s.keyed = append(s.keyed, newKeyStream(c.transport, f))
			continue
		}
		s.spot = &spotStream{c: c.transport, feed: f, ctx: ctx}
		if err := s.spot.start(); err != nil {
			s.Close()
			return nil, fmt.Errorf("account: %w", err)
		}
	}
	for _, k := range s.keyed {
		s.tasks.Add(1)
		go func() {
			defer s.tasks.Done()
			k.run(ctx)
		}()
	}
	return s, nil
}

// Close ends the connections and waits. The sink is not called after. Listen
// keys are left to expire: another process of the same account may use them.
func (s *Streams) Close() error {
	s.once.Do(func() {
		s.stop()
		if s.spot != nil {
			s.spot.feed.Close()
			_ = s.spot.wire.Close()
		}
		for _, k := range s.keyed {
			k.feed.Close()
		}
		s.tasks.Wait()
	})
	return nil
}

// Check looks at once whether the stream of a market can still deliver. It is
// for who has learnt otherwise of something that the stream should have told: a
// futures stream that is idle and one that is dead look the same.
func (s *Streams) Check(m api.Market) {
	for _, k := range s.keyed {
		if k.feed.market == m {
			k.wake()
		}
	}
	if m == api.Spot && s.spot != nil {
		s.spot.wire.Drop(errMissed)
	}
}

var errMissed = errors.New("an event was missed")

// Health returns the present state of every connection.
func (s *Streams) Health() []wire.Health {
	var all []wire.Health
	if s.spot != nil {
		all = append(all, s.spot.wire.Health())
	}
	for _, k := range s.keyed {
		all = append(all, k.health())
	}
	return all
}

// admit charges what opening a WebSocket API costs, and waits for room.
func (c *transport) admit(ctx context.Context, m api.Market, methods ...string) error {
	for _, method := range append([]string{"connect"}, methods...) {
		e, err := weight.FindMethod(m, method)
		if err != nil {
			return err
		}
		if err := c.o.Throttle.Wait(ctx, e.Cost(weight.None{}), limit.Hedge); err != nil {
			return err
		}
	}
	return nil
}

// userStream is the one stream of a spot connection, and how it is asked for:
// with a signature, which every kind of key can give.
const (
	userStream    = "user"
	userSubscribe = "userDataStream.subscribe.signature"
)

// spotStream is the user stream of spot, through its WebSocket API.
type spotStream struct {
	c    *transport
	feed *feed
	ctx  context.Context // of Streams: greetings wait for room
	wire *wire.Client
}

func (s *spotStream) start() (err error) {
	o := s.c.wireOptions("the user stream of spot", s.c.o.Endpoints.API(api.Spot))
	o.Protocol, o.Open = s, func(uint64) wire.Handler { return &connect.Listener{Events: s.feed.Events, Read: s.read} }
	o.Streams = []wire.Stream{{Name: userStream}}
	s.wire, err = wire.Start(o)
	return err
}

// Greet sends nothing; it charges for the connection.
func (s *spotStream) Greet() ([][]byte, error) {
	return nil, s.c.admit(s.ctx, api.Spot, userSubscribe)
}

// Subscribe asks for the user stream. Without a clock it cannot be signed; the
// venue refuses it then, and the connection is tried again.
func (s *spotStream) Subscribe(id uint64, _ []string) []byte {
	frame, err := s.c.apiFrame(api.Spot, userSubscribe, id, true, nil)
	if err != nil {
		s.c.o.Log("subscribing to the user stream of spot: " + err.Error())
		return fmt.Appendf(nil, `{"id":%d,"method":"%s"}`, id, userSubscribe)
	}
	return frame
}

// Unsubscribe is how a subscription is begun anew.
func (s *spotStream) Unsubscribe(id uint64, _ []string) []byte {
	return fmt.Appendf(nil, `{"id":%d,"method":"userDataStream.unsubscribe"}`, id)
}

// Classify tells events from replies.
func (s *spotStream) Classify(frame []byte) wire.Message {
	if classOfFrame(frame) == wire.Shutdown {
		return wire.Message{Class: wire.Shutdown}
	}
	number, r, err := decodeReply(api.Spot, frame)
	if err != nil || r.answer.Status == 0 {
		return wire.Message{Class: wire.Data, Stream: []byte(userStream)}
	}
	m := wire.Message{Class: wire.Reply, ID: number}
	if code, msg := refusal(r.body); code < 0 {
		f := &exchange.VenueError{Venue: api.Spot.Venue(), What: "subscribe to the user stream", HTTP: r.answer.Status, Code: codeText(code), Message: msg}
		f.Class = classify(api.Spot, false, f.HTTP, code, msg)
		if clockRefused(f) {
			s.c.clocks[api.Spot].Forget()
		}
		if f.Class != exchange.ErrNoChange {
			m.Err = f
		}
	}
	return m
}

// read takes an event.
func (s *spotStream) read(frame []byte) error {
	ev, err := openEvent(frame)
	if err != nil {
		s.feed.Garbled(err)
		return nil
	}
	if ev.kind == "eventStreamTerminated" {
		return errTerminated
	}
	s.feed.take(&ev)
	return nil
}

var errTerminated = errors.New("the venue has ended the subscription")
