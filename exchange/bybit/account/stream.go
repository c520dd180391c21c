package account

import (
	"io"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/feed"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/wire"
)

// stream is the one stream of the account, for all segments.
type stream struct {
	*connect.Events
	a    *Account
	wire *wire.Client
}

// topics carry all categories.
var topics = []wire.Stream{{Name: "order"}, {Name: "execution"}, {Name: "wallet"}, {Name: "position"}}

// Listen implements what connect.Account wants: there is one stream, whatever the segments.
func (a *Account) Listen(_ []exchange.Venue, sink func(oms.AccountEvent)) (io.Closer, error) {
	s := &stream{a: a, Events: connect.NewEvents(connect.EventsOptions{Sink: sink, Log: a.log, Now: a.Now})}
	var err error
	s.wire, err = wire.Start(wire.Options{Name: "the account's stream", URLs: []string{a.Endpoints().Private}, Protocol: s, Await: true, Attempts: a.attempts, Streams: topics,
		Open: func(uint64) wire.Handler {
			return &connect.Listener{Events: s.Events, Streams: len(topics), Read: s.read}
		}})
	if err == nil {
		a.mu.Lock()
		a.stream = s
		clear(a.armed)
		a.mu.Unlock()
	}
	return s, err
}

// Close implements io.Closer. The sink is not called after.
func (s *stream) Close() error {
	s.a.mu.Lock()
	if s.a.stream == s {
		s.a.stream = nil
	}
	s.a.mu.Unlock()
	s.Events.Close()
	return s.wire.Close()
}

// Greet signs in; nothing is subscribed to before the answer.
func (s *stream) Greet() ([][]byte, error) {
	frame, err := s.a.Login()
	return [][]byte{frame}, err
}

// Subscribe implements wire.Protocol.
func (s *stream) Subscribe(id uint64, topics []string) []byte {
	return feed.Request("subscribe", id, topics)
}

// Unsubscribe implements wire.Protocol.
func (s *stream) Unsubscribe(id uint64, topics []string) []byte {
	return feed.Request("unsubscribe", id, topics)
}

// Ping implements wire.Pinger.
func (s *stream) Ping() []byte { return []byte(`{"op":"ping"}`) }

// Classify implements wire.Protocol.
func (s *stream) Classify(frame []byte) wire.Message { return feed.Reply(frame) }

// read takes a frame apart into its events.
func (s *stream) read(frame []byte) error {
	topic, at, data := "", exchange.Time(0), []byte(nil)
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "topic":
			topic = f.Text()
		case "creationTime":
			at = exchange.UnixMilli(f.Int())
		case "data":
			data = f.Raw()
		}
	}
	err := f.Err()
	if err == nil && topic != "" && len(data) > 0 {
		list := jsonscan.Array(data)
		for list.Next() {
			row := list.Raw()
			s.Take(row, func(pass func(oms.AccountEvent)) error { return event(topic, at, row, pass) })
		}
		err = list.Err()
	}
	if err != nil {
		s.Garbled(err)
	}
	return nil
}

// event says what a row of a topic means. at is when its frame was made, which dates the
// values that are absolute.
func event(topic string, at exchange.Time, raw []byte, pass func(oms.AccountEvent)) error {
	switch topic {
	case "order":
		r, err := decodeOrder("", raw)
		if err == nil {
			pass(oms.AccountEvent{Venue: r.Venue, Report: &r, Time: r.Time})
		}
		return err
	case "execution":
		return execution(raw, pass)
	case "position":
		p, _, err := decodePosition("", raw)
		if err == nil {
			pass(oms.AccountEvent{Venue: p.Venue, Position: &p, Time: at})
		}
		return err
	case "wallet":
		balances, err := decodeWallet(raw)
		for i := range balances {
			pass(oms.AccountEvent{Venue: api.Linear.Venue(), Balance: &balances[i], Time: at})
		}
		return err
	}
	return nil
}

// execution passes on a trade, or that funding is coming: its payment is booked from the
// log.
func execution(raw []byte, pass func(oms.AccountEvent)) error {
	e, k, _, err := decodeExecution("", raw)
	switch {
	case err != nil:
		return err
	case k == "Funding":
		pass(oms.AccountEvent{Venue: e.Venue, Funding: &oms.Income{Venue: e.Venue, Wallet: api.Unified, Kind: oms.IncomeFunding, Symbol: e.Symbol,
			Asset: e.FeeAsset, Amount: e.Fee.Neg(), Time: e.Time}})
	case k.trade():
		pass(oms.AccountEvent{Venue: e.Venue, Execution: &e, Time: e.Time})
	}
	return nil
}
