package conditional

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Step does what is due.
func (g *Group) Step(p Port) {
	if g.paused {
		return
	}
	in := p.Instrument(g.Instrument())
	g.resize(in)
	for _, m := range g.members {
		if !m.State.Done() {
			g.step(p, in, m)
		}
	}
}

func (g *Group) step(p Port, in *exchange.Instrument, m *member) {
	now := p.Now()
	if now >= m.off {
		m.off = 0
	}
	if x := m.Request.Expires; x != 0 && now >= x && m.Ending == 0 {
		m.end(p, intent.ConditionalExpired, "its time is over")
	}
	if m.Ending == 0 && m.Role == intent.LegRole {
		g.settleLeg(p, in, m)
	}
	switch {
	case m.Ending != 0 && m.Child == 0:
		m.close(p, m.Ending, m.EndWhy)
	case m.Ending != 0:
		m.pull(p)
	case m.Child != 0:
		g.tend(p, in, m, now)
	case now < m.off || g.waits(p, m):
	case m.State == intent.ConditionalHeld && m.Request.Triggers():
	default:
		g.send(p, in, m)
	}
}

// settleLeg ends a leg for which nothing is left, once nothing more can come.
func (g *Group) settleLeg(p Port, in *exchange.Instrument, m *member) {
	e := g.entry()
	if e != nil && !e.State.Done() || e != nil && e.Child != 0 || m.Rest() > 0 || m.Child != 0 && m.leaves() == 0 {
		return
	}
	switch {
	case m.Filled > 0:
		m.end(p, intent.ConditionalFilled, "")
	case e != nil && g.entered(in) == 0:
		m.end(p, intent.ConditionalCanceled, fmt.Sprintf("its entry %d is %s, and nothing of it is left to close", e.ID, e.State))
	default:
		m.end(p, intent.ConditionalCanceled, "the other leg filled")
	}
}

// waits reports whether an order can't be sent because of others, or of its strategy.
func (g *Group) waits(p Port, m *member) bool {
	in := p.Instrument(m.Request.Instrument)
	switch {
	case m.Role == intent.LegRole && m.Rest() == 0:
		return true // for the entry
	case m.Request.Closes && p.Others(m.Strategy, m.Request.Instrument, m.ID):
		return true
	case !m.Request.Reduces(in) && p.Idle(m.Strategy):
		return true
	case (m.Request.ReduceOnly || m.Request.Closes && in.Perp()) && m.taken(p):
		return true
	}
	if m.State == intent.ConditionalWaiting {
		m.State = intent.ConditionalHeld
		p.ConditionalChanged(&m.Conditional)
	}
	return m.Role == intent.LegRole && g.crowded(m)
}

// taken reports whether orders on their way close the whole of what it would reduce. They
// may fail still.
func (m *member) taken(p Port) bool {
	r := &m.Request
	own := -exchange.Lots(r.Side) * p.Own(m.Strategy, r.Instrument)
	return own > 0 && own <= p.Leaving(m.Strategy, r.Instrument, r.Side)
}

// crowded reports whether another leg has to end its order first. Those that a price let
// go come first, and the latest of them before the others; legs that rest share.
func (g *Group) crowded(m *member) bool {
	for _, x := range g.members {
		if x == m || x.Role != intent.LegRole {
			continue
		}
		if x.Child != 0 && (m.Triggered != 0 || x.Triggered != 0) || x.State == intent.ConditionalTriggered && m.Triggered == 0 {
			return true
		}
	}
	return g.room(m) == 0
}

// room is what a leg may send beside what the others have at the venue.
func (g *Group) room(m *member) exchange.Lots {
	if m.Role != intent.LegRole {
		return m.Rest()
	}
	left := g.unclaimed
	for _, x := range g.members {
		if x != m && x.Role == intent.LegRole && x.Child != 0 {
			left -= x.leaves()
		}
	}
	return max(0, min(m.Rest(), left))
}

// tend looks after the order at the venue.
func (g *Group) tend(p Port, in *exchange.Instrument, m *member, now exchange.Time) {
	switch {
	case m.pulled:
	case m.back || !m.rests() && now >= m.sent+recallAfter:
		m.pull(p)
	case !m.rests() || m.Role != intent.LegRole:
	case m.leaves() > m.Rest():
		m.replace(p, "the other leg filled more than was known")
	case m.Request.Display == 0 && g.alone(m) && m.Rest() > m.leaves():
		if m.off = m.grown + resizeEvery; now >= m.off {
			m.off, m.grown = 0, now
			m.replace(p, "it grows with what its entry brings")
		}
	}
}

// alone reports whether no other leg has an order at the venue.
func (g *Group) alone(m *member) bool {
	for _, x := range g.members {
		if x != m && x.Role == intent.LegRole && x.Child != 0 {
			return false
		}
	}
	return true
}

// send sends what is left, or a slice of it.
func (g *Group) send(p Port, in *exchange.Instrument, m *member) {
	qty, why := g.sized(p, in, m)
	if qty == 0 {
		state := intent.ConditionalCanceled
		if m.Filled > 0 {
			state = intent.ConditionalFilled
		}
		m.close(p, state, why)
		if m.Triggered != 0 || m.Sent > 0 {
			g.endOthers(p, in, m)
		}
		return
	}
	r := &m.Request
	o := exchange.Order{Strategy: m.Strategy, Parent: m.ID, Instrument: r.Instrument, Side: r.Side, Type: exchange.MarketOrder, TIF: r.TIF,
		ReduceOnly: r.ReduceOnly || r.Closes && in.Perp(), Borrow: r.Borrow, Price: r.Price, Qty: qty, Within: m.Within}
	m.Within = 0
	if r.Price != 0 {
		o.Type = exchange.Limit
	}
	if err := p.Check(&o); err != nil {
		m.refused(p, in, err.Error())
		return
	}
	m.Child, m.childQty, m.sent = p.Submit(&o), qty, p.Now()
	m.back, m.pulled, m.calm = false, false, 0
	m.childStart, m.Sent = m.Filled, m.Sent+1
	m.State, m.Reason = intent.ConditionalWorking, ""
	p.ConditionalChanged(&m.Conditional)
}

// endOthers ends the other legs of one for which nothing was left once its turn had come:
// a position that is opened later is not theirs. An entry that may still fill keeps them.
func (g *Group) endOthers(p Port, in *exchange.Instrument, m *member) {
	if e := g.entry(); m.Role != intent.LegRole || e != nil && (!e.State.Done() || e.Child != 0) {
		return
	}
	why := m.Reason
	if m.Filled > 0 {
		why = "the other leg filled"
	}
	for _, x := range g.members {
		if x != m && x.Role == intent.LegRole && !x.State.Done() {
			x.end(p, intent.ConditionalCanceled, why)
			g.step(p, in, x)
		}
	}
}

// sized is how much is to be sent, and why it is nothing.
func (g *Group) sized(p Port, in *exchange.Instrument, m *member) (exchange.Lots, string) {
	r := &m.Request
	own := -exchange.Lots(r.Side) * p.Own(m.Strategy, r.Instrument)
	if r.Closes && m.Sent == 0 {
		if own < 0 && in.Perp() { // what it waited for turned the position
			r.Side, own = r.Side.Opposite(), -own
		}
		m.Size = max(0, own)
	}
	qty := g.room(m)
	if qty == 0 {
		return 0, "nothing is left of it"
	}
	if r.Display > 0 {
		qty = min(qty, r.Display)
	}
	switch {
	case r.ReduceOnly || r.Closes && in.Perp():
		// The venue nets what all hold, and keeps no strategy from going beyond flat.
		if qty = min(qty, max(0, own-p.Leaving(m.Strategy, r.Instrument, r.Side))); qty == 0 {
			return 0, "nothing is left to reduce: its strategy holds no position that it would make smaller"
		}
	case !in.Perp() && r.Side == exchange.Sell && !r.Borrow:
		if free := p.Sellable(r.Instrument); free < qty && qty-free <= max(m.Size, r.Qty)/feePart {
			qty = max(0, free) // a fee was taken of the coins
		}
		if qty < max(1, in.MinQty) {
			return 0, "what is left is less than the smallest order"
		}
	}
	if m.Filled > 0 && !in.Perp() && in.MinNotional.IsPositive() {
		if price := m.Cost.DivRound(in.QtyDecimal(m.Filled), 16); price.Mul(in.QtyDecimal(qty)).LessThan(in.MinNotional) {
			return 0, "what is left is worth less than the smallest order"
		}
	}
	return qty, ""
}

// refused puts the next try off.
func (m *member) refused(p Port, in *exchange.Instrument, why string) {
	m.Refused++
	m.State = unsent(&m.Conditional)
	reduces := m.Request.Reduces(in)
	m.Reason = fmt.Sprintf("try %d failed: %s", m.Refused, why)
	if m.Refused >= quickTries && !reduces {
		m.close(p, intent.ConditionalFailed, m.Reason)
		return
	}
	pause := longestPause
	if m.Refused < quickTries {
		pause = firstPause << (m.Refused - 1)
	}
	m.off = p.Now() + pause
	p.ConditionalChanged(&m.Conditional)
	if reduces && m.Refused%loudEvery == quickTries {
		p.CannotSend(&m.Conditional)
	}
}

// end lets it end once its order can fill no more. It is told of at once while there is an
// order: a session that is killed before the venue's word must not work it again.
func (m *member) end(p Port, s intent.ConditionalState, why string) {
	if m.State.Done() || m.Ending != 0 {
		return
	}
	m.Ending, m.EndWhy = s, why
	if m.Child != 0 {
		m.Reason = why
		p.ConditionalChanged(&m.Conditional)
	}
}

// pull takes the order at the venue back.
func (m *member) pull(p Port) {
	if m.Child == 0 {
		return
	}
	if m.back = true; !m.pulled && p.Now() >= m.calm {
		m.pulled = true
		p.Cancel(m.Child)
	}
}

func (m *member) replace(p Port, why string) {
	m.State, m.Reason = intent.ConditionalReplacing, why
	m.pull(p)
	p.ConditionalChanged(&m.Conditional)
}

func (m *member) close(p Port, s intent.ConditionalState, why string) {
	if m.Filled > 0 && m.Rest() == 0 && m.Filled >= m.Size {
		s, why = intent.ConditionalFilled, ""
	}
	m.State, m.Reason, m.Ending, m.EndWhy, m.Closed = s, why, 0, "", p.Now()
	p.ConditionalChanged(&m.Conditional)
}

// leaves is what the order at the venue may still fill.
func (m *member) leaves() exchange.Lots { return max(0, m.childQty-(m.Filled-m.childStart)) }

// bookFill adds a fill to what the order has done.
func (m *member) bookFill(in *exchange.Instrument, f *exchange.Fill) {
	m.Filled += f.Qty
	m.Cost = m.Cost.Add(Cost(in, f.Price, f.Qty))
	if in.Perp() {
		return
	}
	coins := in.QtyDecimal(f.Qty).Mul(decimal.NewFromInt(max(1, in.Multiplier))).Mul(decimal.NewFromInt(int64(f.Side)))
	if f.FeeAsset == in.Base {
		coins = coins.Sub(f.Fee)
	}
	m.Brought = m.Brought.Add(coins)
}

// LotsOf is how many whole lots of a spot market coins make; none when there are less than none.
func LotsOf(in *exchange.Instrument, coins decimal.Decimal) exchange.Lots {
	return exchange.Lots(in.Lot.Floor(decimal.Max(decimal.Zero, coins).DivRound(decimal.NewFromInt(max(1, in.Multiplier)), 16)))
}

// Cost is what an order's Cost grows by with an execution.
func Cost(in *exchange.Instrument, price exchange.Ticks, qty exchange.Lots) decimal.Decimal {
	if in.Inverse() {
		return in.QtyDecimal(qty).DivRound(in.PriceDecimal(price), 16)
	}
	return in.Notional(price, qty)
}
