package shadow

import (
	"context"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/loop"
	"github.com/perilune/perilune/host/risk"
	"github.com/perilune/perilune/ledger/journal"
)

// actor is a strategy made of a function. Its state is how often it was called.
type actor struct {
	still
	call func(p *core.Port, n *core.Callback) error
}

func (a *actor) Subscriptions() []string { return []string{"*"} }
func (a *actor) Wants(h core.Handler) bool {
	return h == core.OnStart || h == core.OnTimer || h == core.OnFill || h == core.OnOrder
}
func (a *actor) Call(p *core.Port, n *core.Callback) error { return a.call(p, n) }
func (a *actor) Reload(_ *core.Port, r *exchange.Reload) (core.Strategy, error) {
	return r.Compiled.(*actor), nil
}

// eachMinute returns an actor that does something each minute.
func eachMinute(do func(p *core.Port, now exchange.Time) error) *actor {
	return &actor{still: "a", call: func(p *core.Port, n *core.Callback) error {
		switch n.Handler {
		case core.OnStart:
			return p.SetTimer("tick", p.Now()+exchange.Minute, exchange.Minute)
		case core.OnTimer:
			return do(p, p.Now())
		}
		return nil
	}}
}

// take stages an order that takes at once.
func take(p *core.Port, id exchange.InstrumentID, side exchange.Side, lots exchange.Lots) {
	p.Submit(exchange.Order{Instrument: id, Side: side, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: lots})
}

// session is a session on the built-in market that keeps its past in a ring.
type session struct {
	t     *testing.T
	core  *core.Core
	cfg   core.Config
	ring  *Ring
	buf   []byte
	fills []exchange.Fill
	perp  exchange.InstrumentID // the first
}

func (s *session) Before(ev *exchange.Event) error {
	if Shown(ev.Kind) {
		s.buf = journal.AppendEvent(s.buf[:0], ev)
		s.ring.Keep(s.buf)
	}
	return nil
}

func (s *session) After(ev *exchange.Event, fx []core.Effect) error {
	for i := range fx {
		if f, ok := fx[i].Body.(*core.Filled); ok && fx[i].Strategy == 0 {
			s.fills = append(s.fills, *f.Fill)
		}
	}
	started := ev.Kind == exchange.KindCommand && ev.Name == core.CommandStart
	if !ev.More && (started || s.core.Seq() > 10) && s.ring.Due(ev.Time) {
		s.ring.Cut(core.Onlooker{C: s.core}.Standing())
	}
	if s.ring.Full() {
		return s.ring.Fold()
	}
	return nil
}

// run runs a session of a strategy.
func run(t *testing.T, st core.Strategy, long exchange.Time, o RingOptions) *session {
	t.Helper()
	m, err := synth.New(synth.Options{Seed: 3, Step: 10 * exchange.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	s := &session{t: t, cfg: core.Config{Universe: m.Universe(), Limits: risk.Limits{StaleAfter: 31 * exchange.Second}}, perp: -1}
	for _, in := range m.Universe().All() {
		if in.Perp() && s.perp < 0 {
			s.perp = in.ID
		}
	}
	if s.core, err = core.New(s.cfg, []core.Strategy{st}, nil); err != nil {
		t.Fatal(err)
	}
	money := []paper.Deposit{{Wallet: m.Universe().Get(s.perp).Wallet, Asset: "USDT", Amount: decimal.NewFromInt(100_000)}}
	v, err := paper.New(paper.Options{Universe: m.Universe(), Books: s.core.Book, Balances: money})
	if err != nil {
		t.Fatal(err)
	}
	s.ring = NewRing(m.Universe(), s.core.Book, o)
	l := &loop.Loop{Core: s.core, Venue: v, Feed: m, Recorder: s, For: long,
		Prelude: []exchange.Event{{Kind: exchange.KindBalance, Instrument: exchange.NoInstrument, Wallet: money[0].Wallet, Asset: "USDT", Amount: money[0].Amount}}}
	if err := l.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s
}

// shadow returns one of the session over a span, of a strategy.
func (s *session) shadow(sp *Span, st core.Strategy) *Shadow {
	s.t.Helper()
	x, err := New(Options{Core: s.cfg, Strategies: []core.Strategy{st}, Standing: sp.Standing, Market: sp.Market})
	if err != nil {
		s.t.Fatal(err)
	}
	return x
}

func (s *session) span() *Span {
	s.t.Helper()
	sp, err := s.ring.Span()
	if err != nil {
		s.t.Fatal(err)
	}
	return sp
}

// fly runs a version over the session's past beside what ran.
func (s *session) fly(old, fresh *actor) (*Flight, []Finding) {
	s.t.Helper()
	sp := s.span()
	a, b := s.shadow(sp, old), s.shadow(sp, old)
	defer a.Close()
	defer b.Close()
	if err := a.Start(); err != nil {
		s.t.Fatal(err)
	}
	if err := b.Swap(&exchange.Reload{Compiled: fresh}); err != nil {
		s.t.Fatal(err)
	}
	f, err := Fly(sp, a, b, func() string { return "" })
	if err != nil {
		s.t.Fatal(err)
	}
	return f, Limits{}.Judge(f, a.Record(), b.Record())
}
