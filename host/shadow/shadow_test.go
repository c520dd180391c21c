package shadow

import (
	"errors"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

var tenMinutes = RingOptions{Span: 10 * exchange.Minute, Events: 1 << 20, Bytes: 64 << 20}

// alternate buys in even minutes and sells in odd ones.
func alternate(id func() exchange.InstrumentID) *actor {
	return eachMinute(func(p *core.Port, now exchange.Time) error {
		side := exchange.Buy
		if now/exchange.Minute%2 == 1 {
			side = exchange.Sell
		}
		take(p, id(), side, lotsOf(p, id(), 300))
		return nil
	})
}

// A shadow of the strategy that ran, from where the past begins, does what the session did:
// books, timers, positions and the numbers of orders are as they were.
func TestAShadowOfWhatRanDoesTheSameAgain(t *testing.T) {
	perp := exchange.InstrumentID(-1)
	st := alternate(func() exchange.InstrumentID { return perp })
	st.call = func(call func(p *core.Port, n *core.Callback) error) func(p *core.Port, n *core.Callback) error {
		return func(p *core.Port, n *core.Callback) error {
			for _, in := range p.Universe().All() {
				if in.Perp() && perp < 0 {
					perp = in.ID
				}
			}
			return call(p, n)
		}
	}(st.call)
	s := run(t, st, 35*exchange.Minute, tenMinutes)
	sp := s.span()
	if from := sp.Standing.Restore.Time; s.core.Now()-from < 10*exchange.Minute || s.core.Now()-from > 13*exchange.Minute {
		t.Fatalf("the span is %s long", ago(s.core.Now()-from))
	}
	x := s.shadow(sp, st)
	var fills []exchange.Fill
	tapped := x.loop.Recorder
	x.loop.Recorder = recorders{tapped, &fills}
	if err := sp.Each(x.Push); err != nil {
		t.Fatal(err)
	}
	if err := x.Finish(s.core.Now()); err != nil {
		t.Fatal(err)
	}
	var was []exchange.Fill
	for _, f := range s.fills {
		if f.Traded > sp.Standing.Restore.Time {
			was = append(was, f)
		}
	}
	if len(was) < 9 || len(fills) != len(was) {
		t.Fatalf("%d fills, and %d in the session", len(fills), len(was))
	}
	for i := range was {
		if a, b := &fills[i], &was[i]; a.Order != b.Order || a.Price != b.Price || a.Qty != b.Qty || a.Side != b.Side || a.Traded != b.Traded {
			t.Fatalf("fill %d: %+v, and %+v in the session", i, a, b)
		}
	}
	for _, in := range s.cfg.Universe.All() {
		for n := 1; n <= 20; n++ {
			for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
				a, _ := x.core.Book(in.ID).Level(side, n)
				if b, _ := s.core.Book(in.ID).Level(side, n); a != b {
					t.Fatalf("%s: level %d of %v is %v, and %v in the session", in.Key(), n, side, a, b)
				}
			}
		}
	}
	if r := x.Record(); r.Orders != len(was) || r.Faults != 0 || r.turns(s.perp) != len(was)-1 {
		t.Errorf("record %+v", r)
	}
}

// recorders also notes fills.
type recorders struct {
	next interface {
		Before(*exchange.Event) error
		After(*exchange.Event, []core.Effect) error
	}
	fills *[]exchange.Fill
}

func (r recorders) Before(ev *exchange.Event) error { return r.next.Before(ev) }
func (r recorders) After(ev *exchange.Event, fx []core.Effect) error {
	for i := range fx {
		if f, ok := fx[i].Body.(*core.Filled); ok {
			*r.fills = append(*r.fills, *f.Fill)
		}
	}
	return r.next.After(ev, fx)
}

func TestVersionsThatBehaveOtherwiseAreFound(t *testing.T) {
	perp := exchange.InstrumentID(-1)
	first := func(p *core.Port) exchange.InstrumentID {
		for _, in := range p.Universe().All() {
			if in.Perp() && perp < 0 {
				perp = in.ID
			}
		}
		return perp
	}
	bought := 0
	old := eachMinute(func(p *core.Port, _ exchange.Time) error { // holds a small long position
		if p.Position(first(p)).Qty == 0 {
			bought++
			take(p, first(p), exchange.Buy, lotsOf(p, first(p), 3000))
		}
		return nil
	})
	s := run(t, old, 25*exchange.Minute, tenMinutes)
	if bought == 0 || s.core.AccountPosition(s.perp).Qty <= 0 {
		t.Fatal("the session holds nothing")
	}
	tests := []struct {
		name  string
		fresh func(p *core.Port, now exchange.Time) error
		want  string // the rule; "": none
		text  string
	}{
		{"a harmless edit", func(p *core.Port, _ exchange.Time) error { first(p); return nil }, "", ""},
		{"an error", func(p *core.Port, _ exchange.Time) error { return errors.New("x.lua:3: nil") }, "error", "on_timer fails"},
		{"a flood", func(p *core.Port, _ exchange.Time) error {
			for range 80 {
				p.Submit(exchange.Order{Instrument: first(p), Side: exchange.Buy, Type: exchange.Limit, Price: 1, Qty: lotsOf(p, first(p), 300)})
			}
			return nil
		}, "flood", "orders and cancels in a minute"},
		{"a flip", func(p *core.Port, _ exchange.Time) error {
			if p.Position(first(p)).Qty > 0 {
				take(p, first(p), exchange.Sell, lotsOf(p, first(p), 6000))
			}
			return nil
		}, "flip", "short"},
		{"much more", func(p *core.Port, _ exchange.Time) error {
			take(p, first(p), exchange.Buy, lotsOf(p, first(p), 9000))
			return nil
		}, "exposure", "comes to hold"},
		{"what the gate denies", func(p *core.Port, _ exchange.Time) error {
			p.Submit(exchange.Order{Instrument: first(p), Side: exchange.Buy, Type: exchange.Limit, Price: 1 << 40, Qty: lotsOf(p, first(p), 100)})
			return nil
		}, "limit", "the gate denies"},
		{"trading with itself", nil, "churn", "trades against itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fresh := &actor{still: "a", call: func(p *core.Port, n *core.Callback) error {
				if n.Handler == core.OnTimer {
					return tt.fresh(p, p.Now())
				}
				return nil
			}}
			if tt.fresh == nil { // each fill is turned around
				fresh.call = func(p *core.Port, n *core.Callback) error {
					switch {
					case n.Handler == core.OnTimer && p.Now()/exchange.Minute%2 == 0, n.Handler == core.OnFill && n.Fill.Side == exchange.Sell:
						take(p, first(p), exchange.Buy, lotsOf(p, first(p), 300))
					case n.Handler == core.OnFill:
						take(p, first(p), exchange.Sell, lotsOf(p, first(p), 300))
					}
					return nil
				}
			}
			f, found := s.fly(old, fresh)
			var rules []string
			for _, x := range found {
				if !x.Mild {
					rules = append(rules, x.Rule)
				}
			}
			if got := strings.Join(rules, " "); got != tt.want && !(tt.want != "" && strings.Contains(got, tt.want)) {
				t.Errorf("found %+v, want %q; %+v", found, tt.want, f)
			}
			if len(found) > 0 && tt.want != "" && !strings.Contains(found[0].Text, tt.text) && !strings.Contains(texts(found), tt.text) {
				t.Errorf("found %+v, want %q", found, tt.text)
			}
		})
	}
}

func texts(list []Finding) string {
	var out []string
	for _, f := range list {
		out = append(out, f.Text)
	}
	return strings.Join(out, "\n")
}

// lotsOf is a quantity worth so much.
func lotsOf(p *core.Port, id exchange.InstrumentID, value float64) exchange.Lots {
	in := p.Universe().Get(id)
	ask, _ := p.Book(id).Best(exchange.Sell)
	return exchange.Lots(value / in.NotionalFloat(ask.Price, 1))
}

// What the account holds and nothing prices, as a coin of which no instrument is looked at yet,
// does not make it worth nothing.
func TestAnAssetWithoutAPriceLeavesTheRest(t *testing.T) {
	s := run(t, eachMinute(func(*core.Port, exchange.Time) error { return nil }), exchange.Minute, tenMinutes)
	c, err := core.New(s.cfg, []core.Strategy{Still("a")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for asset, amount := range map[string]int64{"USDT": 290_000, "ETH": 20} {
		c.Step(&exchange.Event{Kind: exchange.KindBalance, Instrument: exchange.NoInstrument, Wallet: "spot", Asset: asset, Amount: decimal.NewFromInt(amount)}, new([]core.Effect))
	}
	if c.Unvalued() != "ETH" {
		t.Fatalf("%q has no price", c.Unvalued())
	}
	r := NewRecord(0, s.cfg.Universe)
	r.begin(c, 0)
	r.end(c, exchange.Minute)
	r.held[s.perp].most = 906
	if found := (Limits{}).Judge(&Flight{}, nil, r); len(found) > 0 {
		t.Errorf("equity %s, found %+v", r.StartEq, found)
	}
}
