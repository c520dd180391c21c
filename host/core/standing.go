package core

import (
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Standing is how a core stands between two instants: what another core goes on from
// beside it, while this one goes on too.
type Standing struct {
	// Restore has the positions as fills at their average price, on the grid of prices; what
	// they realised before is left out. Its orders are those of strategies, without those of
	// pairs, schedules and what is held, whose machines decide anew.
	Restore Restore
	States  []string // JSON, by strategy
	Busy    bool     // a pair was between two states
}

// RestoredTimer is a timer that is armed.
type RestoredTimer struct {
	Strategy  int32
	Name      string
	At, Every exchange.Time
}

// RestoredManager is a wallet that is kept for a strategy; -1 is the configuration.
type RestoredManager struct {
	Strategy int32
	Request  intent.MaintainRequest
}

// largeState is the size in bytes from which a state is taken as it was saved last: writing
// it out would hold the loop up.
const largeState = 64 << 10

// Standing copies how the core stands. It changes nothing; call it between two steps.
func (o Onlooker) Standing() *Standing {
	c := o.C
	s := &Standing{Restore: Restore{Time: c.now, Running: c.phase.running, LastOrder: c.orders.last, LastPair: c.pairs.last,
		LastTransfer: c.transfers.last, LastQuestion: c.advisors.last, LastSchedule: c.schedules.last,
		Absent: slices.Clone(c.strategies.absent), Halted: c.gate.Killed(), Latches: slices.Clone(c.latches.list), Transit: slices.Clone(c.transfers.flying)}}
	r := &s.Restore
	for _, h := range c.acct.holdings {
		r.Balances = append(r.Balances, RestoredBalance{h.wallet, h.asset, h.total})
	}
	o.fills(r)
	for _, o := range c.orders.open {
		if plain(o) {
			r.Orders = append(r.Orders, *o)
		}
	}
	for _, m := range c.pairs.list {
		if m.Pair.State.Done() {
			continue
		}
		r.Pairs = append(r.Pairs, SavedPair{m.Pair, m.Request})
		s.Busy = s.Busy || m.Busy() || m.Pair.State != intent.PairOpen
	}
	for _, m := range c.schedules.list {
		if !m.Schedule.State.Done() {
			r.Schedules = append(r.Schedules, m.Save())
		}
	}
	for _, g := range c.conditionals.list {
		if !g.Done() {
			r.Conditionals = append(r.Conditionals, g.Orders()...)
		}
	}
	for _, t := range c.timers.list {
		r.Timers = append(r.Timers, RestoredTimer{t.strategy, t.name, t.at, t.every})
	}
	for _, k := range c.managers.list {
		r.Managers = append(r.Managers, RestoredManager{k.strategy, k.Request})
	}
	for _, st := range c.strategies.list {
		s.States = append(s.States, st.stateNow())
	}
	return s
}

// stateNow is what a strategy remembers: as it is, or as it was saved last where that is much.
func (s *instance) stateNow() string {
	if !s.dirty || len(s.saved) > largeState {
		return s.saved
	}
	raw, err := s.State()
	if err != nil {
		return s.saved
	}
	return string(raw)
}

// fills puts positions as fills: whose they are, and in which part outside of pairs.
func (o Onlooker) fills(r *Restore) {
	c := o.C
	left := make([]exchange.Lots, c.u.Len())
	for i := range c.acct.pos {
		left[i] = c.acct.pos[i].qty
	}
	for i, h := range c.claims.owners {
		for _, id := range slices.Sorted(maps.Keys(h.pos)) {
			p := h.pos[id]
			own := h.own[id]
			fees := p.fees
			for _, part := range [...]struct {
				pair exchange.PairID
				qty  exchange.Lots
			}{{c.pairs.last, p.qty - own}, {0, own}} {
				if part.qty != 0 {
					r.addFill(c.u.Get(id), p, int32(i), part.pair, part.qty, fees)
					fees = decimal.Zero
				}
			}
			left[id] -= p.qty
		}
	}
	for i, qty := range left { // of nobody
		if qty != 0 {
			r.addFill(c.u.Get(exchange.InstrumentID(i)), &c.acct.pos[i], -1, 0, qty, decimal.Zero)
		}
	}
}

func (r *Restore) addFill(in *exchange.Instrument, p *position, strategy int32, pair exchange.PairID, qty exchange.Lots, fees decimal.Decimal) {
	side := exchange.Buy
	if qty < 0 {
		side = exchange.Sell
	}
	f := exchange.Fill{Instrument: in.ID, Side: side, Price: max(1, exchange.Ticks(in.Tick.Floor(p.entry(in)))), Qty: qty.Abs(),
		TradeID: fmt.Sprintf("standing-%d", len(r.Fills)+1)}
	if fees.IsPositive() {
		f.Fee, f.FeeAsset = fees, in.Base
	}
	r.Fills = append(r.Fills, RestoredFill{Time: r.Time, Strategy: strategy, Pair: pair, Fill: f})
}

// resumeRunning takes what a core has that goes on beside another one.
func (c resuming) resumeRunning(r *Restore) {
	c.phase.running = r.Running
	for _, t := range r.Timers {
		c.timers.set(t.Strategy, t.Name, t.At, t.Every)
	}
	for _, k := range r.Managers {
		c.managers.maintain(k.Strategy, k.Request)
	}
}

// keptPast bounds how many bars a Past copies, all instruments together.
const keptPast = 50_000

// Past is what strategies look back on up to a time, as events that a core hears before it
// starts: settled rates and finished bars, of the instruments that a strategy watches; of each
// series the last so many that there are 50,000 together at most.
func (o Onlooker) Past(strategy int32, until exchange.Time) []exchange.Event {
	c := o.C
	s := c.strategies.list[strategy]
	series := 0
	for i := range c.markets.list {
		if s.watches[i] {
			series += 1 + len(c.markets.list[i].built)
		}
	}
	var out []exchange.Event
	for i := range c.markets.list {
		m := &c.markets.list[i]
		if !s.watches[i] {
			continue
		}
		p := &exchange.Past{}
		for _, x := range m.settled {
			if x.Time <= until {
				p.Settled = append(p.Settled, x)
			}
		}
		most := max(1, keptPast/series)
		p.Bars = lastBars(p.Bars, m.bars, until, most)
		for _, b := range m.built {
			p.Bars = lastBars(p.Bars, b.Done(), until, most)
		}
		out = append(out, exchange.Event{Kind: exchange.KindPast, Instrument: m.in.ID, Time: until, Past: p})
	}
	return out
}

// lastBars appends the last bars that closed up to a time.
func lastBars(out, list []exchange.Bar, until exchange.Time, most int) []exchange.Bar {
	n := len(list)
	for n > 0 && list[n-1].Time > until {
		n--
	}
	return append(out, list[max(0, n-most):n]...)
}

// Exposure is what is held of an instrument, in its quote currency at the price of now: below
// 0 is short.
type Exposure struct {
	Instrument exchange.InstrumentID
	Value      float64
}

// Exposures appends those of a strategy, pairs included, by instrument. They are floats: for
// comparing, not for booking.
func (o Onlooker) Exposures(strategy int32, out []Exposure) []Exposure {
	h := o.C.claims.holder(strategy)
	if h == nil {
		return out
	}
	for _, id := range slices.Sorted(maps.Keys(h.pos)) {
		p := h.pos[id]
		if p.qty == 0 {
			continue
		}
		in := o.C.u.Get(id)
		v := in.NotionalFloat(1, p.qty)
		if !in.Inverse() {
			v = in.QtyFloat(p.qty) * o.Price(id)
		}
		out = append(out, Exposure{id, v})
	}
	return out
}
