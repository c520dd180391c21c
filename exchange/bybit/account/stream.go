package account

import (
	"io"
	"sync"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/feed"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/wire"
)

// stream is the one stream of the account, for all segments.
type stream struct {
	a    *Account
	sink func(oms.AccountEvent)
	wire *wire.Client

	mu     sync.Mutex
	live   int // connections
	begun  bool
	told   bool // that it is down
	why    string
	closed bool
	seen   map[string]bool // executions of late: an overlap of connections repeats them
	order  []string
}

// names are the topics; one topic carries all categories.
var names = []wire.Stream{{Name: "order"}, {Name: "execution"}, {Name: "wallet"}, {Name: "position"}}

// Listen implements what connect.Account wants: there is one stream, whatever the segments.
func (a *Account) Listen(_ []exchange.Venue, sink func(oms.AccountEvent)) (io.Closer, error) {
	s := &stream{a: a, sink: sink, why: "the stream begins", told: true, seen: map[string]bool{}}
	var err error
	s.wire, err = wire.Start(wire.Options{Name: "the account's stream", URLs: []string{a.endpoints.Private}, Protocol: s, Await: true, Attempts: a.attempts, Streams: names,
		Open: func(uint64) wire.Handler { return &listener{stream: s} }})
	return s, err
}

// Close implements io.Closer. The sink is not called after.
func (s *stream) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
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

// listener is one connection.
type listener struct {
	*stream
	is bool // subscribed
}

// Subscribed implements wire.Handler: events come from now on.
func (l *listener) Subscribed([]string) {
	if l.is {
		return
	}
	l.is = true
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.live++; l.live == 1 {
		l.told = false
		l.pass(oms.AccountEvent{Gap: l.why, Begins: !l.begun})
		l.begun = true
	}
}

// Stalled implements wire.Handler: the stream may be silent for any time.
func (l *listener) Stalled([]string) {}

// Down implements wire.Handler.
func (l *listener) Down(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.is {
		return
	}
	if l.live--; l.live > 0 || l.told {
		return
	}
	l.told, l.why = true, "the connection was closed"
	if err != nil {
		l.why = err.Error()
	}
	l.pass(oms.AccountEvent{Down: l.why})
}

func (s *stream) pass(ev oms.AccountEvent) {
	if s.closed {
		return
	}
	if ev.Time == 0 {
		ev.Time = s.a.Now()
	}
	s.sink(ev)
}

// Frame implements wire.Handler. An event that can't be read may have been anything, so
// it is a gap.
func (l *listener) Frame(frame []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var topic string
	var data []byte
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "topic":
			topic = f.Text()
		case "data":
			data = f.Raw()
		}
	}
	err := f.Err()
	if err == nil && topic != "" && len(data) > 0 {
		err = l.events(topic, data)
	}
	if err != nil {
		text := "an event makes no sense: " + err.Error()
		l.a.log(text)
		l.pass(oms.AccountEvent{Gap: text})
	}
	return nil
}

func (l *listener) events(topic string, data []byte) error {
	list := jsonscan.Array(data)
	for list.Next() {
		if err := l.event(topic, list.Raw()); err != nil {
			return err
		}
	}
	return list.Err()
}

func (l *listener) event(topic string, raw []byte) error {
	switch topic {
	case "order":
		r, err := decodeOrder("", raw)
		if err == nil {
			l.pass(oms.AccountEvent{Venue: r.Venue, Report: &r, Time: r.Time})
		}
		return err
	case "execution":
		return l.execution(raw)
	case "position":
		p, _, err := decodePosition("", raw)
		if err == nil {
			l.pass(oms.AccountEvent{Venue: p.Venue, Position: &p})
		}
		return err
	case "wallet":
		balances, err := decodeWallet(raw)
		for i := range balances {
			l.pass(oms.AccountEvent{Venue: api.Linear.Venue(), Balance: &balances[i]})
		}
		return err
	}
	return nil
}

// remembered is how many executions are known by their id.
const remembered = 2000

// execution passes on a trade, or that funding is coming: its payment is booked from the
// log.
func (l *listener) execution(raw []byte) error {
	e, k, _, err := decodeExecution("", raw)
	switch {
	case err != nil:
		return err
	case l.seen[e.TradeID]:
		return nil
	case k == "Funding":
		l.pass(oms.AccountEvent{Venue: e.Venue, Funding: &oms.Income{Venue: e.Venue, Wallet: api.Unified, Kind: oms.IncomeFunding, Symbol: e.Symbol,
			Asset: e.FeeAsset, Amount: e.Fee.Neg(), Time: e.Time}})
	case k.trade():
		l.pass(oms.AccountEvent{Venue: e.Venue, Execution: &e, Time: e.Time})
	}
	l.seen[e.TradeID] = true
	if l.order = append(l.order, e.TradeID); len(l.order) > remembered {
		delete(l.seen, l.order[0])
		l.order = l.order[1:]
	}
	return nil
}
