package account

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/deribit/client"
	"github.com/perilune/perilune/exchange/deribit/payload"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/wire"
)

// stream is the one connection of the account: its events come over it, and orders go.
type stream struct {
	*connect.Events
	calls
	tasks   sync.WaitGroup
	onClose func()
}

// changes are orders, trades and positions in one message each.
const changes = "user.changes.any.any.raw"

// heartbeat is how often the venue asks whether we are there, in seconds: its least. One
// that is not answered ends the connection.
const heartbeat = 10

// never is longer than a process runs: a connection is not replaced while it works, because
// its end cancels what was placed on it.
const never = 100 * 365 * 24 * time.Hour

// Listen implements what connect.Account wants: there is one stream, whatever the segments.
func (a *Account) Listen(_ []exchange.Venue, sink func(oms.AccountEvent)) (io.Closer, error) {
	s := &stream{Events: connect.NewEvents(connect.EventsOptions{Sink: sink, Log: a.log, Now: a.Now}), calls: newCalls(a.Client)}
	var err error
	s.wire, err = wire.Start(wire.Options{Name: "the account's stream", URLs: []string{a.endpoints.WS}, Protocol: s, Await: true, Attempts: a.attempts,
		Streams: []wire.Stream{{Name: changes}}, FramesPerSecond: 100, PingEvery: heartbeat * time.Second, RollAfter: never,
		Open: func(uint64) wire.Handler {
			l := &listener{stream: s}
			l.Listener = &connect.Listener{Events: s.Events, Read: l.read}
			return l
		}})
	if err != nil {
		return nil, err
	}
	a.stream.Store(s)
	ctx, stop := context.WithCancel(context.Background())
	s.tasks.Go(func() { a.settlements(ctx, s.tell) })
	s.onClose = func() {
		stop()
		s.tasks.Wait()
		a.stream.CompareAndSwap(s, nil)
	}
	return s, nil
}

// tell passes on what no message says.
func (s *stream) tell(ev oms.AccountEvent) {
	s.Take(fmt.Appendf(nil, "%s %d", ev.Venue, ev.Funding.Time), func(pass func(oms.AccountEvent)) error { pass(ev); return nil })
}

// Close implements io.Closer. The sink is not called after.
func (s *stream) Close() error {
	s.Events.Close()
	s.onClose()
	return s.wire.Close()
}

// Greet signs in.
func (s *stream) Greet() ([][]byte, error) {
	in, err := s.client.SignIn()
	if err != nil {
		return nil, err
	}
	beat := client.Heartbeat(heartbeat)
	first, err := in.Frame(client.Token)
	second, bad := beat.Frame(client.Nobody)
	return [][]byte{first, second}, errors.Join(err, bad)
}

// arm is what follows: nothing is subscribed to, or placed, before its answer.
var arm = fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%d,"method":"private/enable_cancel_on_disconnect","params":{"scope":"connection"}}`, client.Greeting)

// Subscribe implements wire.Protocol.
func (s *stream) Subscribe(id uint64, names []string) []byte {
	return client.Channels("private/subscribe", id, names)
}

// Unsubscribe implements wire.Protocol.
func (s *stream) Unsubscribe(id uint64, names []string) []byte {
	return client.Channels("private/unsubscribe", id, names)
}

// Ping implements wire.Pinger: it has another token in time.
func (s *stream) Ping() []byte {
	if frame := s.refresh(); frame != nil {
		return frame
	}
	return client.Alive()
}

// Classify implements wire.Protocol. The connection is good once what protects orders is
// armed; a sign-in or a token that is refused ends it.
func (s *stream) Classify(frame []byte) wire.Message {
	if _, ok := payload.Open(frame); ok {
		return wire.Message{}
	}
	m := client.Classify(frame)
	if id, result := client.Answered(frame); id == client.Token && len(result) > 0 {
		m.Answer = arm
	}
	return m
}

// listener is one connection.
type listener struct {
	*connect.Listener
	*stream
}

// Frame implements wire.Handler.
func (l *listener) Frame(frame []byte) error { return l.read(frame) }

// Subscribed implements wire.Handler: events come from now on, and orders may go.
func (l *listener) Subscribed(names []string) {
	l.begin()
	l.Listener.Subscribed(names)
}

// Down implements wire.Handler. What was asked on the connection may have been done.
func (l *listener) Down(err error) {
	l.end(err)
	l.Listener.Down(err)
}

func (l *listener) read(frame []byte) error {
	e, ok := payload.Open(frame)
	if !ok {
		return l.answered(frame)
	}
	l.Take(e.Data, func(pass func(oms.AccountEvent)) error { return changed(e.Data, pass) })
	return nil
}

// changed passes on {instrument_name, orders, trades, positions}. A trade is told with its
// order.
func changed(data []byte, pass func(oms.AccountEvent)) error {
	var orders []oms.Report
	var trades []oms.Execution
	var held []position
	f := jsonscan.Object(data)
	for f.Next() {
		var err error
		switch string(f.Key()) {
		case "orders":
			orders, err = decoded(f.Raw(), decodeOrder)
		case "trades":
			trades, err = decoded(f.Raw(), decodeTrade)
		case "positions":
			held, err = decoded(f.Raw(), decodePosition)
		}
		if err != nil {
			return err
		}
	}
	if f.Err() != nil {
		return f.Err()
	}
	for i := range trades {
		if e := &trades[i]; !join(e, orders) && e.Venue != "" {
			pass(oms.AccountEvent{Venue: e.Venue, Execution: e, Time: e.Time})
		}
	}
	for i := range orders {
		if r := &orders[i]; r.Venue != "" {
			pass(oms.AccountEvent{Venue: r.Venue, Report: r, Time: r.Time})
		}
	}
	for i := range held {
		if p := &held[i].Position; p.Venue != "" {
			pass(oms.AccountEvent{Venue: p.Venue, Position: p})
		}
	}
	return nil
}

// join puts a trade to its order, and reports whether it is there.
func join(e *oms.Execution, orders []oms.Report) bool {
	for i := range orders {
		if orders[i].OrderID == e.OrderID {
			orders[i].Executions = append(orders[i].Executions, *e)
			return true
		}
	}
	return false
}

// decoded reads the rows of a list.
func decoded[T any](list []byte, row func(raw []byte) (T, error)) (out []T, err error) {
	f := jsonscan.Array(list)
	for f.Next() {
		v, err := row(f.Raw())
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, f.Err()
}
