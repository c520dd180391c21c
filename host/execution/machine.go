package execution

import (
	"cmp"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Port is what a machine needs from the core.
type Port interface {
	intent.Markets
	TakerFee(exchange.InstrumentID) decimal.Decimal
	// Position is the account's, of all strategies together.
	Position(exchange.InstrumentID) exchange.Lots
	// Free is how many coins of a spot market a pair may sell: what the wallet
	// has, less what orders lock and other pairs hold.
	Free(exchange.InstrumentID, exchange.PairID) decimal.Decimal
	// Owed is how many coins other pairs sold too many, because a fill was told too
	// late, and are bringing back.
	Owed(exchange.InstrumentID, exchange.PairID) decimal.Decimal
	// Settle buys lots of a pair's short back inside the account, from whoever holds
	// the position that hides it from the venue. It reports whether it could.
	SettleShort(*Machine, exchange.Lots) bool
	// SettleLeg is SettleShort for a leg of a spread, by an order's side. It may settle less.
	SettleLeg(*Machine, exchange.InstrumentID, exchange.Side, exchange.Lots) bool
	// Dark says why nothing can be traded at an instrument's venue, or "".
	Dark(exchange.InstrumentID) string
	// Check says whether an order would be let through: risk, filters and
	// balance. It has no effect.
	Check(*exchange.Order) error
	// CheckWith is Check as if so many coins had already arrived in the wallet
	// that backs a coin-margined order.
	CheckWith(o *exchange.Order, arriving decimal.Decimal) error
	// Submit sends an order that was checked and returns its id.
	Submit(*exchange.Order) exchange.OrderID
	Cancel(exchange.OrderID)
	// Move sends a transfer of a pair's coins and returns it as it was sent: its amount
	// may be next to nothing less. One is under way at a time for an asset, from, and to.
	Move(m *Machine, from, to exchange.Wallet, coins decimal.Decimal) (exchange.Transfer, error)
	// Movable is how many of a pair's coins the wallet of its perpetual lets go.
	Movable(m *Machine) decimal.Decimal
	// Quiet reports whether no other pair is at work with the same coins.
	Quiet(m *Machine) bool
	// Changed tells strategy and ledger that the pair changed.
	Changed(*Machine)
}

// The constants of the batch machine: reference values for liquid markets.
const (
	chaseAttempts = 4                          // before the excess is unwound
	chaseStep     = 1e-4                       // of price, added per attempt
	collar        = 15e-4                      // of mid, for chasing and unwinding
	hardCollar    = 80e-4                      // of mid, once the time bound has passed
	chaseBudget   = 5e-4                       // of basis given up to stay in the trade
	retryEvery    = 250 * exchange.Millisecond // between attempts on a book that did not move
	quickTries    = 40                         // to balance, at that interval; then it doubles, to a minute
	batchEvery    = 10 * exchange.Second       // between batches on books that did not move
	refusedPause  = 5 * exchange.Second        // after a batch that was refused or not filled; doubles each time
	vainPause     = exchange.Minute            // after a batch that was unwound; doubles each time
	refusedMost   = 10 * exchange.Minute
	cancelAfter   = 2 * exchange.Second // an IOC that is still working is canceled
)

const (
	legSpot = iota
	legPerp
)

// leg is the live order of one side of the batch.
type leg struct {
	order exchange.OrderID
	sent  exchange.Time // or when its cancel was asked for last
	since exchange.Time // when it was sent
	live  bool
	side  exchange.Side
	left  exchange.Lots // that may still fill
	price exchange.Ticks

	// Of an order that rests:
	rests bool
	gone  bool // its cancel was asked for
}

// Machine drives one pair trade. Its rule: the two legs may differ by at most
// MaxUnhedged in value and for at most MaxUnhedgedTime, and every way out of
// every state leads to hedged or flat.
//
// A batch sends both legs at once as IOC limits at the level-n price. What one
// leg filled more than the other (the residual) is balanced before the next
// batch: chase the lagging leg while the basis allows it, otherwise unwind the
// leading one. Only fills move the quantities; an order's own status never does.
type Machine struct {
	trade
	reasons  reasons
	working  workingOrders
	balancer balancer
	taker    taker
	maker    maker
	coins    coinLeg
	mover    coinMover
	spread   spread
}

// stake is what a batch is measured against.
type stake struct {
	short  exchange.Lots
	undone float64 // coins traded against the direction of opening
}

func (td *trade) stake() stake {
	return stake{td.Pair.PerpQty.Abs(), td.back[legSpot].coins + td.back[legPerp].coins}
}

// turnover is what one leg traded in one direction; floats, for the executed
// basis only.
type turnover struct{ coins, cash float64 }

func (t turnover) price() float64 { return t.cash / t.coins }

// NewMachine returns the machine of a request that passed CheckPair, in PairOpening.
func NewMachine(id exchange.PairID, strategy int32, req intent.PairRequest, p intent.Markets) *Machine {
	now := p.Now()
	return newMachine(trade{
		Pair: intent.Pair{ID: id, Strategy: strategy, Spot: req.Spot, Perp: req.Perp, State: intent.PairOpening,
			Tag: req.Tag, Notional: req.Notional, Opened: now, Spread: spreadOf(&req, p)},
		Request: req,
		wake:    now + req.Timeout,
		restLeg: req.MakerLeg,
	})
}

// Resume returns the machine of a pair that an earlier run left: whatever it
// was doing, it first balances what it holds. An opening is not taken up again,
// because what it was decided on is old.
func Resume(pair intent.Pair, req intent.PairRequest, now exchange.Time) *Machine {
	m := newMachine(trade{Pair: pair, Request: req, wake: now + exchange.Second, off: true, cut: "the session was interrupted", restLeg: req.MakerLeg})
	m.Pair.Held, m.reasons.reported = "", pair.Reason // whoever held it looks again
	m.coin.ahead, m.exposedAt = pair.Coin.Stranded != 0, pair.Spread.Since
	if m.Pair.Spread.Is() {
		m.unhedgedAt = m.exposedAt
	}
	if mv := &m.Pair.Coin.Move; mv.State == intent.MoveSent {
		mv.State = intent.MoveUnknown
	}
	if pair.State == intent.PairClosing {
		m.Close = &intent.CloseRequest{Pair: pair.ID, Patience: exchange.Minute, Reason: pair.Cause}
		m.closeAt = now
	}
	return m
}

// Adopt takes over an order that an earlier run left at the venue. It was priced
// for books that are gone, so it is canceled at the first step; until it has ended
// nothing else is sent, because it may still fill.
func (m *Machine) Adopt(o *exchange.Order) {
	which := max(0, min(int(o.Leg), len(m.working.legs))-1)
	m.working.legs[which] = leg{order: o.ID, live: true, side: o.Side, left: o.Qty - o.Filled, price: o.Price}
}

// Stop keeps the machine from starting another batch; one that is under way is
// still brought to balance.
func (m *Machine) Stop() { m.stopping = true }

// Halt keeps the machine from opening any more, also after the halt was lifted:
// what it was decided on is old. A closing goes on, for it only reduces.
func (m *Machine) Halt(p Port, why string) {
	if m.Pair.State == intent.PairOpening {
		m.cut = "halted: " + why
		m.Step(p)
	}
}

// Snooze puts the deadline off; the core uses it so that a machine that has
// nothing to do at its deadline cannot spin.
func (m *Machine) Snooze(until exchange.Time) { m.wake = until }

// Busy reports whether the machine holds an order, a transfer or an unbalanced
// residual.
func (m *Machine) Busy() bool {
	return m.working.any() || m.balancing || m.Pair.Coin.Move.Flying()
}

// Watching reports whether book changes matter to the machine now.
func (m *Machine) Watching() bool { return m.Busy() || m.Pair.State != intent.PairOpen }

// Deadline is when the machine wants to be stepped even if nothing happens.
func (m *Machine) Deadline() (exchange.Time, bool) { return m.wake, m.wake != 0 }

// Fill books an execution of one of the pair's orders, or of a foreign one (a
// liquidation) that hit one of its legs. A pair that was over and hears of another
// fill comes back to be made flat.
func (m *Machine) Fill(p Port, f *exchange.Fill) {
	perpLeg := f.Instrument == m.Pair.Perp
	if m.Pair.State.Done() {
		m.Close, m.closeAt = &intent.CloseRequest{Pair: m.Pair.ID}, p.Now()
		m.Pair.State, m.Pair.Cause = intent.PairClosing, "a fill was told after the end"
		m.Pair.Reason = m.Pair.Cause
		m.gone, m.Pair.Coin.Stranded, m.coin.backs = "", 0, 0
	}
	in := p.Instrument(f.Instrument)
	dq := exchange.Lots(f.Side) * f.Qty
	cash := in.Notional(f.Price, dq).Neg()
	fee := m.feeInQuote(in, f)
	if m.Pair.Spread.Is() {
		m.spread.book(in, f)
	} else if perpLeg {
		m.Pair.PerpQty += dq
		if in.Inverse() {
			m.bookCoin(in, f)
		} else {
			m.Pair.PerpCost = m.Pair.PerpCost.Add(cash)
		}
	} else {
		m.Pair.SpotQty = m.Pair.SpotQty.Add(in.QtyDecimal(dq))
		if f.FeeAsset == in.Base {
			m.Pair.SpotQty = m.Pair.SpotQty.Sub(f.Fee)
		}
		m.Pair.SpotCost = m.Pair.SpotCost.Add(cash)
	}
	m.turned(in, f, perpLeg)
	m.Pair.Fees = m.Pair.Fees.Add(fee)
	if f.FeeAsset == in.Quote {
		m.Pair.FeesInQuote = m.Pair.FeesInQuote.Add(f.Fee)
	} else if m.Pair.Spread.Is() && in.Inverse() { // taken from the account's coins, not from the leg's
		m.Pair.FeesInQuote = m.Pair.FeesInQuote.Add(fee)
	}
	m.balancer.measure(p, cmp.Or(f.Traded, p.Now()))
	if f.Reason == Crossed {
		m.Pair.Reason = Crossed
		m.Step(p)
	} else if f.Reason != "" {
		m.cut, m.Pair.Reason, m.coin.shedding = f.Reason, f.Reason, true
		m.Step(p)
	} else if which, ok := m.working.resting(); ok {
		if perpLeg != (which == legPerp) {
			m.balancer.attempts = 0 // the other leg is being had
		}
		m.Step(p)
	}
}

func (td *trade) turned(in *exchange.Instrument, f *exchange.Fill, perpLeg bool) {
	which, opens := legSpot, f.Side == exchange.Buy
	if f.Instrument != td.Pair.Spot && f.Instrument != td.Pair.Perp { // it stands in for a leg, whose price the basis is of
		return
	}
	if perpLeg {
		which, opens = legPerp, f.Side == exchange.Sell
	}
	t := &td.back[which]
	if opens {
		t = &td.turn[which]
	}
	if in.Inverse() {
		t.coins += exchange.Float(in.BaseQty(f.Price, f.Qty))
	} else {
		t.coins += in.QtyFloat(f.Qty) * float64(in.Multiplier)
	}
	t.cash += in.NotionalFloat(f.Price, f.Qty)
}

func (td *trade) feeInQuote(in *exchange.Instrument, f *exchange.Fill) decimal.Decimal {
	if f.FeeAsset == in.Base {
		return f.Fee.Mul(in.PriceDecimal(f.Price))
	}
	return f.Fee
}

// spotMid is what a coin is worth: in the middle of the book of the long leg, or of
// the other one where that shows none.
func (td *trade) spotMid(p Port) (decimal.Decimal, bool) {
	if td.Pair.Spread.Is() {
		return td.coinMid(p)
	}
	b := p.Book(td.Pair.Spot)
	bid, ok1 := b.Level(exchange.Buy, 1)
	ask, ok2 := b.Level(exchange.Sell, 1)
	if !ok1 || !ok2 {
		return decimal.Zero, false
	}
	in := p.Instrument(td.Pair.Spot)
	return in.PriceDecimal(bid.Price+ask.Price).DivRound(decimal.NewFromInt(2), 12), true
}

// OrderDone tells the machine that one of its orders can no longer fill.
func (m *Machine) OrderDone(p Port, id exchange.OrderID) {
	for i := range m.working.legs {
		if m.working.legs[i].live && m.working.legs[i].order == id {
			m.working.legs[i].live = false
		}
	}
	m.Step(p)
}

// Step looks at the books and the clock and does what is due. It is called
// when a watched book changed, an order ended, or the deadline passed.
func (m *Machine) Step(p Port) {
	if m.Pair.State.Done() {
		m.wake = 0
		return
	}
	if m.Pair.Held != "" {
		m.stand(p)
		return
	}
	now := p.Now()
	m.work(p, now)
	if m.reasons.nothingToReport(now) {
		return
	}
	m.reasons.reportWait(p, now)
}

func (m *Machine) work(p Port, now exchange.Time) {
	if m.Pair.Spread.Is() {
		m.spread.step(p, now)
		return
	}
	if m.working.any() {
		if which, ok := m.working.resting(); ok {
			m.maker.tend(p, now, which)
		} else {
			m.working.hurry(p, now)
		}
		return
	}
	if m.inverse(p) {
		m.coins.stepCoin(p, now)
		return
	}
	if m.balancer.unbalanced(p) && !m.maker.carries(p, now) {
		m.balancing = true
		m.balancer.balance(p, now)
		return
	}
	if m.balancing {
		m.atRest(p, now)
	}
	switch m.Pair.State {
	case intent.PairOpening:
		m.taker.open(p, now)
	case intent.PairClosing:
		m.taker.shut(p, now)
	default:
		m.wake = 0
		if m.Pair.PerpQty == 0 { // liquidated, and its coins are sold
			m.taker.finishClose(p, now)
		}
	}
}

// atRest is called each time the legs are level again.
func (m *Machine) atRest(p Port, now exchange.Time) {
	m.balancing, m.balancer.attempts = false, 0
	if m.working.quoted {
		m.maker.quoteOver(p, now, m.working.legs[legSpot].gone || m.working.legs[legPerp].gone)
		return
	}
	m.taker.batchDone(p, now)
}

// hurry cancels an IOC order that the venue has not finished; its fills still
// count when they come.
func (wo *workingOrders) hurry(p Port, now exchange.Time) {
	next := exchange.Time(0)
	for i := range wo.legs {
		l := &wo.legs[i]
		if !l.live || l.rests {
			continue
		}
		if now >= l.sent+wo.impatience() {
			p.Cancel(l.order)
			l.sent = now
		}
		if due := l.sent + wo.impatience(); next == 0 || due < next {
			next = due
		}
	}
	wo.wake = next
}

// any reports whether an order may still fill.
func (wo *workingOrders) any() bool { return wo.legs[0].live || wo.legs[1].live || wo.legs[2].live }

// impatience is how long an order may go without a last word: part of the time
// that a leg may be unhedged must be left to mend it.
func (wo *workingOrders) impatience() exchange.Time {
	return min(cancelAfter, wo.Request.MaxUnhedgedTime/2)
}

// batchDone is called when a batch traded and the legs are level again.
func (tk *taker) batchDone(p Port, now exchange.Time) {
	tk.lastBatch = now
	tk.backOff(now)
	tk.updateBasis()
	tk.reasons.report(p)
}

// backOff puts the next batch off, longer each time in a row, when the last one
// led nowhere. One that was paid for and unwound waits longest: a book that could
// not take the other leg will hardly take it ten seconds later, and every try
// costs a round trip.
func (tk *taker) backOff(now exchange.Time) {
	switch {
	case tk.inside:
		tk.inside = false
	case tk.Pair.PerpQty.Abs() != tk.had.short:
		tk.refused, tk.vain = 0, 0
	case tk.Pair.State == intent.PairOpening && tk.stake().undone != tk.had.undone:
		tk.vain = min(max(vainPause, 2*tk.vain), refusedMost)
		tk.notBefore = now + tk.vain
	default:
		tk.putOff(now)
	}
}

// putOff keeps the next batch back after one that cost nothing.
func (tk *taker) putOff(now exchange.Time) {
	tk.refused = min(max(refusedPause, 2*tk.refused), refusedMost)
	tk.notBefore = now + tk.refused
}

// settled has the next batch follow on one that was settled inside the account: what has
// been refused for so long is not tried again first, and the pause does not grow.
func (tk *taker) settled(now exchange.Time) {
	tk.refused, tk.notBefore, tk.inside = settlePause, now, true
}

// send submits one leg as an IOC limit.
func (wo *workingOrders) send(p Port, which int, o *exchange.Order) {
	wo.legs[which] = leg{order: p.Submit(o), sent: p.Now(), since: p.Now(), live: true, side: o.Side, left: o.Qty, price: o.Price}
	wo.wake = p.Now() + wo.impatience()
	wo.balancing = true
	if wo.lack != 0 { // the coins are there again
		wo.lack, wo.Pair.Reason = 0, wo.Pair.Cause
	}
}

func (wo *workingOrders) order(p Port, which int, side exchange.Side, lots exchange.Lots, price exchange.Ticks) *exchange.Order {
	o := &exchange.Order{
		Strategy: wo.Pair.Strategy, Pair: wo.Pair.ID, Leg: uint8(which + 1),
		Instrument: wo.Pair.Spot, Side: side, Type: exchange.Limit, TIF: exchange.IOC, Price: price, Qty: lots,
	}
	if which == legPerp {
		o.Instrument = wo.Pair.Perp
		o.ReduceOnly = side == exchange.Buy || wo.Pair.PerpQty > 0
	}
	return o
}
