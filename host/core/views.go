package core

import (
	"cmp"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/host/execution"
)

// marketView is what a strategy sees of markets. A number that is no instrument's fails
// its callback, as an order for it would; it sees what is seen of one that nothing is
// known of.
type marketView struct {
	c        *Core
	instance *instance
	universe *exchange.Universe // its own: what it does to it is nobody else's
}

// market is that of an instrument, which the function that call names was asked about.
func (p *marketView) market(call string, id exchange.InstrumentID) *market {
	if p.c.markets.knows(id) {
		return &p.c.markets.list[id]
	}
	return p.instance.nowhere(call, id)
}

func (s *instance) nowhere(call string, id exchange.InstrumentID) *market {
	s.port.refuse(s.port.c.markets.unknown(call, id))
	return &market{book: book.New(&exchange.Instrument{ID: id, Tick: exchange.Step{M: 1}, Lot: exchange.Step{M: 1}})}
}

// Now is the loop's time.
func (p *marketView) Now() exchange.Time { return p.c.now }

// Universe returns the instruments of the run.
func (p *marketView) Universe() *exchange.Universe { return p.universe }

// Book returns an instrument's book, which must not be changed.
func (p *marketView) Book(id exchange.InstrumentID) *book.Book { return p.market("Book", id).book }

// Mark returns an instrument's mark price and running funding estimate.
func (p *marketView) Mark(id exchange.InstrumentID) exchange.MarkState {
	return p.market("Mark", id).mark
}

// OpenInterest returns how much of an instrument is open; false when nobody said.
func (p *marketView) OpenInterest(id exchange.InstrumentID) (exchange.OpenInterest, bool) {
	o := p.market("OpenInterest", id).open
	return o, o.Time != 0
}

// LastTrade returns the last public trade; false when there was none.
func (p *marketView) LastTrade(id exchange.InstrumentID) (exchange.Trade, bool) {
	t := p.market("LastTrade", id).trade
	return t, t.Time != 0
}

// Settled returns the last settled funding rates, newest last. They must not be changed.
func (p *marketView) Settled(id exchange.InstrumentID) []exchange.Settled {
	m := p.market("Settled", id)
	p.c.markets.lookBack(m)
	return m.settled
}

// Ready reports whether the past of an instrument is here, as far as it can be had; why says
// what is still to come, or can't be had: the past, or bars of the strategy's warm-up.
func (p *marketView) Ready(id exchange.InstrumentID) (ready bool, why string) {
	m := p.market("Ready", id)
	if p.c.markets.isPastHere(m) {
		if why := p.instance.lacks(m); why != "" {
			return false, why
		}
		return true, m.looked.fault
	}
	p.c.markets.lookBack(m)
	return false, "its past is still being read"
}

// Bars returns the last finished bars of a length, newest last; 0 is the length
// that the strategy declared first, or else the market's own. Nil: there are none
// of that length. They must not be changed.
func (p *marketView) Bars(id exchange.InstrumentID, length exchange.Time) []exchange.Bar {
	m := p.market("Bars", id)
	p.c.markets.lookBack(m)
	if length == 0 {
		length = p.instance.lengthOf(m)
	}
	return m.list(length)
}

// BarLengths are the lengths of bars that the strategy can ask for of an
// instrument: those it declared, or the one it gets without.
func (p *marketView) BarLengths(id exchange.InstrumentID) []exchange.Time {
	if len(p.instance.lengths) > 0 {
		return p.instance.lengths
	}
	return []exchange.Time{p.instance.lengthOf(p.market("BarLengths", id))}
}

// Quote returns the best bid and ask of the ticker stream.
func (p *marketView) Quote(id exchange.InstrumentID) (bid, ask exchange.Level, ok bool) {
	m := p.market("Quote", id)
	return m.bid, m.ask, m.quoted
}

// Fees returns the account's maker and taker fee.
func (p *marketView) Fees(id exchange.InstrumentID) (maker, taker decimal.Decimal) {
	if in := p.market("Fees", id).in; in != nil {
		return in.MakerFee, in.TakerFee
	}
	return decimal.Zero, decimal.Zero
}

// Fed is the spacing of the market's data when that is bars and nothing finer; 0
// otherwise.
func (p *marketView) Fed() exchange.Time {
	if !p.c.cfg.NoTrades {
		return 0
	}
	fed := exchange.Time(0)
	for i := range p.c.markets.list {
		if m := &p.c.markets.list[i]; m.fed > 0 && (fed == 0 || m.fed < fed) {
			fed = m.fed
		}
	}
	return fed
}

// accountView is what a strategy sees of the account, and of what it asked for. It sees copies.
type accountView struct {
	c        *Core
	instance *instance

	// Memory for the copies that it shows.
	orders    arena[exchange.Order]
	pairs     arena[intent.Pair]
	schedules arena[intent.Schedule]
}

// Advisor names the advisor of the session; "" when there is none.
func (p *accountView) Advisor() string { return p.c.cfg.Advisor }

// Advice returns the latest answer of a tag that still counts; false when there
// is none.
func (p *accountView) Advice(tag string) (*advice.Advice, bool) {
	a := p.instance.advice.latest[tag]
	if a == nil || p.c.now >= a.Question.Expires() {
		return nil, false
	}
	return a, true
}

// Headroom is the value of one leg of a pair for which a maintained wallet and spot have the
// money, at once and once the wallets are shared out; false when it is not kept. A
// coin-margined pair brings its own margin: spot alone has to pay.
func (p *accountView) Headroom(wallet exchange.Wallet) (now, soon decimal.Decimal, ok bool) {
	wallet = wallet.Within(p.c.u.House())
	k := p.c.managers.managerOf(wallet)
	if k == nil {
		if cash, asset, ok := p.c.managers.coinsPaidWith(wallet); ok {
			now = execution.SpotHeadroom(p.c.wallets.balance(cash, asset).Free)
			return now, now, true
		}
		return decimal.Zero, decimal.Zero, false
	}
	now, soon = k.MarginManager.Headroom(k)
	return now, soon, true
}

// HaltReason returns why this strategy may open nothing, or "".
func (p *accountView) HaltReason() string {
	return cmp.Or(p.c.Halted(), p.c.Latched(int(p.instance.index)))
}

// Margin returns what one asset of a derivatives wallet holds and has to back,
// over all strategies: the wallet is the account's.
func (p *accountView) Margin(wallet exchange.Wallet, asset string) exchange.Margin {
	return p.c.wallets.standing(wallet.Within(p.c.u.House()), asset)
}

// PositionMargin returns what stands behind the account's position in a contract: its own
// margin, where that is isolated, or that of its wallet.
func (p *accountView) PositionMargin(id exchange.InstrumentID) exchange.Margin {
	if !p.c.markets.knows(id) {
		p.instance.port.refuse(p.c.markets.unknown("PositionMargin", id))
		return exchange.Margin{}
	}
	return p.c.wallets.ofPosition(p.c.u.Get(id))
}

// Position returns this strategy's position.
func (p *accountView) Position(id exchange.InstrumentID) exchange.Position {
	pos, ok := p.instance.pos[id]
	if !p.c.markets.knows(id) {
		p.instance.port.refuse(p.c.markets.unknown("Position", id))
	}
	if !ok {
		return exchange.Position{}
	}
	return pos.view(p.c.u.Get(id))
}

// Wallets lists the wallets of the account.
func (p *accountView) Wallets() []exchange.Wallet { return p.c.wallets.names() }

// Balance returns one asset of one wallet of the account.
func (p *accountView) Balance(wallet exchange.Wallet, asset string) exchange.Balance {
	return p.c.wallets.balance(wallet.Within(p.c.u.House()), asset)
}

// Equity returns what the account is worth in its currency.
func (p *accountView) Equity() decimal.Decimal { return p.c.wallets.Equity() }

// Order returns an order of this strategy. Finished orders are known for as
// long as they are among the last thousand.
func (p *accountView) Order(id exchange.OrderID) (*exchange.Order, bool) {
	o, ok := p.c.orders.get(id)
	if !ok || o.Strategy != p.instance.index {
		return nil, false
	}
	return p.orders.keep(*o), true
}

// Orders returns this strategy's working orders, oldest first.
func (p *accountView) Orders() []*exchange.Order {
	var out []*exchange.Order
	for _, o := range p.c.orders.open {
		if o.Strategy == p.instance.index {
			out = append(out, p.orders.keep(*o))
		}
	}
	return out
}

// Pair returns a pair of this strategy, also after it closed.
func (p *accountView) Pair(id exchange.PairID) (*intent.Pair, bool) {
	for _, m := range p.c.pairs.list {
		if m.Pair.ID == id && m.Pair.Strategy == p.instance.index {
			return p.pairs.keep(m.Pair), true
		}
	}
	return nil, false
}

// Pairs returns this strategy's pairs that are not done, oldest first.
func (p *accountView) Pairs() []*intent.Pair {
	var out []*intent.Pair
	for _, m := range p.c.pairs.list {
		if m.Pair.Strategy == p.instance.index && !m.Pair.State.Done() {
			out = append(out, p.pairs.keep(m.Pair))
		}
	}
	return out
}

// Schedule returns a schedule of this strategy, also after it ended.
func (p *accountView) Schedule(id exchange.ScheduleID) (*intent.Schedule, bool) {
	m := p.c.schedules.get(id)
	if m == nil || m.Schedule.Strategy != p.instance.index {
		return nil, false
	}
	return p.schedules.keep(m.Schedule), true
}

// Schedules returns this strategy's schedules that are not done, oldest first.
func (p *accountView) Schedules() []*intent.Schedule {
	var out []*intent.Schedule
	for _, m := range p.c.schedules.list {
		if m.Schedule.Strategy == p.instance.index && !m.Schedule.State.Done() {
			out = append(out, p.schedules.keep(m.Schedule))
		}
	}
	return out
}
