package paper

import (
	"fmt"
	"math"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// level returns the n-th best level of a side as the venue shows it. An
// instrument that never had a book has one level a side, from its ticker; a
// book that is not Ready has none.
func (mk *markets) level(s *slot, side exchange.Side, n int) (exchange.Level, bool) {
	b := mk.depth(s)
	if b != nil && b.Ready() {
		return b.Level(side, n)
	}
	if n != 1 || !mk.bookless(s) {
		return exchange.Level{}, false
	}
	l := s.touch[0]
	if side == exchange.Sell {
		l = s.touch[1]
	}
	return l, l.Qty > 0
}

// middle returns the middle of the best bid and ask.
func (mk *markets) middle(s *slot) (decimal.Decimal, bool) {
	bid, ok1 := mk.level(s, exchange.Buy, 1)
	ask, ok2 := mk.level(s, exchange.Sell, 1)
	if !ok1 || !ok2 {
		return decimal.Zero, false
	}
	return s.in.Tick.Decimal(int64(bid.Price + ask.Price)).Mul(decimal.New(5, -1)), true
}

// plan is what an order would do on arrival.
type plan struct {
	takes   []exchange.Level // what it takes, best first; valid until the next plan
	got     exchange.Lots
	worth   decimal.Decimal // of takes, in the settlement asset
	crosses bool            // its price meets the other side
	end     string          // why the rest does not stay; empty: it rests
	rule    Rule
	shift   exchange.Ticks // from the book's prices to those that are paid: see within
}

// plan walks the book for an order without changing anything.
func (mt *matcher) plan(s *slot, o *order, at exchange.Time) plan {
	bound, boundary := mt.margins.bound(s, o)
	shift := mt.markets.within(s, o)
	if o.Type == exchange.Limit {
		bound -= shift
	}
	own, self := s.own(o.Side.Opposite())
	self = self && reaches(o.Side, bound, own)
	if self {
		bound = own - exchange.Ticks(o.Side)
	}
	best, found := mt.markets.level(s, o.Side.Opposite(), 1)
	p := plan{crosses: self || found && reaches(o.Side, bound, best.Price), shift: shift}
	want := o.left()
	if o.ReduceOnly {
		want = min(want, s.reducible(o.Side))
	}
	p.takes, p.got = mt.markets.walk(s, o.Side, bound, want, at, mt.opt.Impact)
	for _, t := range p.takes {
		p.worth = p.worth.Add(value(s.in, max(1, t.Price+shift), t.Qty))
	}
	mt.rest(s, o, &p, want, self, boundary)
	return p
}

// within is by how much the book that a bar is shown as is moved for an order that was
// decided inside the bar: the book stands where the bar closed, and the price was elsewhere
// when the order would have been sent.
func (mk *markets) within(s *slot, o *order) exchange.Ticks {
	if o.Within == 0 || !s.synthetic {
		return 0
	}
	bid, ok1 := mk.level(s, exchange.Buy, 1)
	ask, ok2 := mk.level(s, exchange.Sell, 1)
	if !ok1 || !ok2 {
		return 0
	}
	return o.Within - (bid.Price+ask.Price)/2
}

// rest decides what becomes of what the walk left.
func (mt *matcher) rest(s *slot, o *order, p *plan, want exchange.Lots, self bool, boundary string) {
	left := want - p.got
	switch {
	case o.TIF == exchange.FOK && o.Qty > p.got:
		p.takes, p.got, p.worth = nil, 0, decimal.Zero
		p.end = "FOK: the whole quantity could not be filled at once"
		if s.in.Perp() {
			p.rule = RuleFOK
		}
	case left == 0 && want < o.left():
		p.end = "reduce-only: the rest would open a position"
	case left > 0 && self && o.TIF != exchange.PostOnly:
		p.end = "self-trade prevention: EXPIRE_TAKER, the rest would meet an order of our own"
	case left > 0 && o.TIF == exchange.IOC:
		p.end = mt.remainder(s, o, boundary)
	}
}

// remainder says why the rest of an IOC or market order expires.
func (mt *matcher) remainder(s *slot, o *order, boundary string) string {
	_, found := mt.markets.level(s, o.Side.Opposite(), 1)
	b := mt.markets.depth(s)
	switch {
	case !found && b != nil && !b.Ready():
		return "no liquidity: " + s.in.Key() + " has no live book: " + b.Reason()
	case !found:
		return "no liquidity: " + s.in.Key() + " has no live book"
	case o.Type == exchange.Limit:
		return "IOC: no more liquidity within the limit price"
	case boundary != "":
		return boundary
	}
	return "no more liquidity in the known book"
}

// bound returns the worst price that an order may take, and for a market order
// what sets it.
func (mg *margins) bound(s *slot, o *order) (exchange.Ticks, string) {
	if o.Type == exchange.Limit {
		return o.Price, ""
	}
	free := exchange.Ticks(math.MaxInt64)
	if o.Side == exchange.Sell {
		free = 1
	}
	ref, ok := mg.reference(s)
	if !ok {
		return free, ""
	}
	up, down, rule := s.in.PriceUp, s.in.PriceDown, "EXECUTION_RULE_PRICE_RANGE_EXCEEDED"
	if s.in.Perp() {
		up, down, rule = decimal.Zero, decimal.Zero, "marketTakeBound"
		if b := s.in.TakeBound; b.IsPositive() {
			up, down = one.Add(b), one.Sub(b)
		}
	}
	if o.Side == exchange.Buy && up.IsPositive() {
		limit := ref.Mul(up)
		return exchange.Ticks(s.in.Tick.Floor(limit)), fmt.Sprintf("%s: no more liquidity up to %s", rule, limit)
	}
	if o.Side == exchange.Sell && down.IsPositive() {
		limit := ref.Mul(down)
		return exchange.Ticks(s.in.Tick.Ceil(limit)), fmt.Sprintf("%s: no more liquidity down to %s", rule, limit)
	}
	return free, ""
}

// reaches reports whether an order of a side with this limit trades at price.
func reaches(side exchange.Side, limit, price exchange.Ticks) bool {
	if side == exchange.Buy {
		return price <= limit
	}
	return price >= limit
}

// own returns the best price of our own resting orders of a side.
func (s *slot) own(side exchange.Side) (best exchange.Ticks, found bool) {
	for _, o := range s.orders {
		if o.Side == side && (!found || reaches(side.Opposite(), best, o.Price)) {
			best, found = o.Price, true
		}
	}
	return best, found
}

// walk takes up to want from the side that an order of this side meets, best
// level first, not beyond bound and not what was taken before. The result is
// valid until the next walk.
func (mk *markets) walk(s *slot, side exchange.Side, bound exchange.Ticks, want exchange.Lots, at exchange.Time, im Impact) (takes []exchange.Level, got exchange.Lots) {
	takes = mk.takes[:0]
	for n := 1; got < want; n++ {
		l, ok := mk.level(s, side.Opposite(), n)
		if !ok || !reaches(side, bound, l.Price) {
			break
		}
		if q := min(want-got, s.taken.left(side.Opposite(), l, at, im)); q > 0 {
			takes = append(takes, exchange.Level{Price: l.Price, Qty: q})
			got += q
		}
	}
	mk.takes = takes
	return takes, got
}

// recordTaken remembers that an order of a side took t.
func (mk *markets) recordTaken(s *slot, side exchange.Side, t exchange.Level, at exchange.Time) {
	if mk.opt.Impact.Model == "none" {
		return
	}
	shown, _ := mk.ahead(s, side.Opposite(), t.Price)
	s.taken.record(side.Opposite(), exchange.Level{Price: t.Price, Qty: shown}, t.Qty, at, mk.opt.Impact)
}

// memory is what we took from displayed levels and the market has not replaced
// since: refresh sees to that on every change of the book.
type memory []taken

type taken struct {
	side  exchange.Side // of the book
	price exchange.Ticks
	shown exchange.Lots // displayed when it was taken
	qty   exchange.Lots
	at    exchange.Time
}

// now returns what is still missing at a time.
func (t *taken) now(at exchange.Time, im Impact) exchange.Lots {
	if im.HalfLife < 0 {
		return t.qty
	}
	return exchange.Lots(math.Round(float64(t.qty) * math.Exp2(-float64(at-t.at)/float64(im.HalfLife))))
}

func (m memory) find(side exchange.Side, price exchange.Ticks) *taken {
	for i := range m {
		if m[i].side == side && m[i].price == price {
			return &m[i]
		}
	}
	return nil
}

// left returns what can be taken from a level.
func (m memory) left(side exchange.Side, l exchange.Level, at exchange.Time, im Impact) exchange.Lots {
	t := m.find(side, l.Price)
	if t == nil {
		return l.Qty
	}
	return max(0, l.Qty-t.now(at, im))
}

// record remembers that q was taken from a level.
func (m *memory) record(side exchange.Side, l exchange.Level, q exchange.Lots, at exchange.Time, im Impact) {
	t := m.find(side, l.Price)
	if t == nil {
		*m = append(*m, taken{side, l.Price, l.Qty, q, at})
		return
	}
	t.qty, t.at = t.now(at, im)+q, at
}

// refresh forgets what the market has replaced or time has healed.
func (mk *markets) refresh(s *slot, at exchange.Time) {
	keep := s.taken[:0]
	for _, t := range s.taken {
		if shown, _ := mk.ahead(s, t.side, t.price); shown == t.shown && t.now(at, mk.opt.Impact) > 0 {
			keep = append(keep, t)
		}
	}
	s.taken = keep
}
