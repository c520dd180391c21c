package core

import (
	"errors"
	"fmt"
	"math"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
)

// Port is a strategy's window on the core and its way to ask for things. What
// it asks for is only staged: the core commits it when the callback returned
// nil, and forgets it otherwise, so a failing callback leaves nothing half done.
//
// A Port is valid only during a callback, on the loop's goroutine.
type Port struct {
	marketView
	accountView
	c       *Core
	slot    *slot
	staged  []staged
	memory  stagedMemory
	orders  exchange.OrderID // how many ids the staged orders have taken
	pairs   exchange.PairID
	plans   exchange.ScheduleID
	asks    int
	handler Handler         // being called
	refused error           // the first thing it asked for that makes no sense
	timers  map[string]bool // see timerNames; nil until it is needed in a callback
}

// marketView is what a strategy sees of markets.
type marketView struct {
	c    *Core
	slot *slot
}

// accountView is what a strategy sees of the account, and of what it asked for.
type accountView struct {
	c    *Core
	slot *slot
}

// Now is the loop's time.
func (p *marketView) Now() exchange.Time { return p.c.now }

// Universe returns the instruments of the run.
func (p *marketView) Universe() *exchange.Universe { return p.c.u }

// Book returns an instrument's book.
func (p *marketView) Book(id exchange.InstrumentID) *book.Book { return p.c.markets.list[id].book }

// Mark returns an instrument's mark price and running funding estimate.
func (p *marketView) Mark(id exchange.InstrumentID) exchange.MarkState {
	return p.c.markets.list[id].mark
}

// OpenInterest returns how much of an instrument is open; false when nobody said.
func (p *marketView) OpenInterest(id exchange.InstrumentID) (exchange.OpenInterest, bool) {
	o := p.c.markets.list[id].open
	return o, o.Time != 0
}

// LastTrade returns the last public trade; false when there was none.
func (p *marketView) LastTrade(id exchange.InstrumentID) (exchange.Trade, bool) {
	t := p.c.markets.list[id].trade
	return t, t.Time != 0
}

// Settled returns the last settled funding rates, newest last.
func (p *marketView) Settled(id exchange.InstrumentID) []exchange.Settled {
	return p.c.markets.list[id].settled
}

// Bars returns the last finished bars of a length, newest last; 0 is the length
// that the strategy declared first, or else the market's own. Nil: there are none
// of that length.
func (p *marketView) Bars(id exchange.InstrumentID, length exchange.Time) []exchange.Bar {
	m := &p.c.markets.list[id]
	if length == 0 {
		length = p.slot.lengthOf(m)
	}
	return m.list(length)
}

// BarLengths are the lengths of bars that the strategy can ask for of an
// instrument: those it declared, or the one it gets without.
func (p *marketView) BarLengths(id exchange.InstrumentID) []exchange.Time {
	if len(p.slot.lengths) > 0 {
		return p.slot.lengths
	}
	return []exchange.Time{p.slot.lengthOf(&p.c.markets.list[id])}
}

// Quote returns the best bid and ask of the ticker stream.
func (p *marketView) Quote(id exchange.InstrumentID) (bid, ask exchange.Level, ok bool) {
	m := &p.c.markets.list[id]
	return m.bid, m.ask, m.quoted
}

// Position returns this strategy's position.
func (p *accountView) Position(id exchange.InstrumentID) exchange.Position {
	pos, ok := p.slot.pos[id]
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

// Equity returns the account's value in USDT.
func (p *accountView) Equity() decimal.Decimal { return p.c.wallets.Equity() }

// Fees returns the account's maker and taker fee.
func (p *marketView) Fees(id exchange.InstrumentID) (maker, taker decimal.Decimal) {
	in := p.c.u.Get(id)
	return in.MakerFee, in.TakerFee
}

// Order returns an order of this strategy. Finished orders are known for as
// long as they are among the last thousand.
func (p *accountView) Order(id exchange.OrderID) (*exchange.Order, bool) {
	o, ok := p.c.orders.get(id)
	if !ok || o.Strategy != p.slot.index {
		return nil, false
	}
	return o, true
}

// Orders returns this strategy's working orders, oldest first.
func (p *accountView) Orders() []*exchange.Order {
	var out []*exchange.Order
	for _, o := range p.c.orders.open {
		if o.Strategy == p.slot.index {
			out = append(out, o)
		}
	}
	return out
}

// Pair returns a pair of this strategy, also after it closed.
func (p *accountView) Pair(id exchange.PairID) (*intent.Pair, bool) {
	for _, m := range p.c.pairs.list {
		if m.Pair.ID == id && m.Pair.Strategy == p.slot.index {
			return &m.Pair, true
		}
	}
	return nil, false
}

// Pairs returns this strategy's pairs that are not done, oldest first.
func (p *accountView) Pairs() []*intent.Pair {
	var out []*intent.Pair
	for _, m := range p.c.pairs.list {
		if m.Pair.Strategy == p.slot.index && !m.Pair.State.Done() {
			out = append(out, &m.Pair)
		}
	}
	return out
}

// Submit stages an order and returns the id it will have. An order that makes no
// sense (no side, an instrument that is not in the universe, a quantity of 0)
// makes the whole callback fail, as an error that it returned would; one that the
// gate or the venue refuses comes back in on_order.
func (p *Port) Submit(o exchange.Order) exchange.OrderID {
	p.refuse(p.c.entry.malformed(&o))
	p.orders++
	o.ID = p.c.orders.last + p.orders
	o.Strategy = p.slot.index
	p.stage(p.memory.orders.keep(stagedOrder{o}))
	return o.ID
}

// Cancel stages the cancelling of an order.
func (p *Port) Cancel(id exchange.OrderID) {
	p.stage(p.memory.cancels.keep(stagedCancel{id}))
}

var errEnding = errors.New("the session is ending, and nothing is begun")

// OpenPair stages a pair trade and returns the id it will have. The request is
// checked for sense now; whether the market and the limits allow it is found
// out batch by batch and told by on_pair.
func (p *Port) OpenPair(r intent.PairRequest) (exchange.PairID, error) {
	id := p.c.pairs.last + p.pairs + 1
	if err := execution.CheckPair(&r, p.c); err != nil {
		return 0, err
	}
	if p.c.phase.stopping {
		return 0, errEnding
	}
	if why := p.c.Halted(); why != "" {
		return 0, fmt.Errorf("halted, and nothing is opened: %s", why)
	}
	if why := p.c.markets.holdOf(r.Spot, r.Perp); why != "" {
		return 0, errors.New(why)
	}
	if err := p.c.wallets.payable(&r); err != nil {
		return 0, err
	}
	for _, m := range p.c.pairs.list {
		if m.Pair.Perp == r.Perp && !m.Pair.State.Done() && m.Pair.State != intent.PairOpen {
			return 0, fmt.Errorf("pair %d on %s is %s: wait for it to finish", m.Pair.ID, p.c.u.Get(r.Perp).Key(), m.Pair.State)
		}
	}
	p.pairs++
	p.stage(&stagedPair{id, r})
	return id, nil
}

// ClosePair stages the closing of a pair of this strategy.
func (p *Port) ClosePair(r intent.CloseRequest) error {
	if _, ok := p.Pair(r.Pair); !ok {
		return fmt.Errorf("there is no pair %d of this strategy", r.Pair)
	}
	asked := r // with the defaults as they are: the machine fills them in when it starts
	if err := p.c.pairs.machine(r.Pair).Closable(p.c.driver.port, &asked); err != nil {
		return err
	}
	p.stage(&stagedClose{r})
	return nil
}

// Transfer stages a transfer between two wallets.
func (p *Port) Transfer(asset string, from, to exchange.Wallet, amount decimal.Decimal) {
	from, to = from.Within(p.c.u.House()), to.Within(p.c.u.House())
	p.refuse(p.c.wallets.misdirected(asset, from, to, amount))
	p.stage(p.memory.transfers.keep(stagedTransfer{exchange.Transfer{Strategy: p.slot.index, Asset: asset, From: from, To: to, Amount: amount}}))
}

// SetTimer stages the arming of a timer. A timer of the same name is replaced. It
// fails when the strategy would have more than a thousand.
func (p *Port) SetTimer(name string, at, every exchange.Time) error {
	if p.timersWith(name) > maxTimers {
		return fmt.Errorf("a strategy may have at most %d timers, and %q is one more", maxTimers, name)
	}
	p.refuse(untimely(name, at, every))
	p.stage(p.memory.timers.keep(stagedTimer{name, at, every}))
	if p.timers != nil {
		p.timers[name] = true
	}
	return nil
}

// timersWith is how many timers the strategy would have with this one.
func (p *Port) timersWith(name string) int {
	if len(p.staged) < maxTimers && len(p.c.timers.list)+len(p.staged) < maxTimers {
		return 0 // whatever they are
	}
	names := p.timerNames()
	if names[name] {
		return len(names)
	}
	return len(names) + 1
}

// timerNames are the timers that the strategy will have after the callback. They
// are collected once and then kept up to date.
func (p *Port) timerNames() map[string]bool {
	if p.timers != nil {
		return p.timers
	}
	p.timers = make(map[string]bool)
	for i := range p.c.timers.list {
		if t := &p.c.timers.list[i]; t.strategy == p.slot.index {
			p.timers[t.name] = true
		}
	}
	for i := range p.staged {
		switch st := p.staged[i].(type) {
		case *stagedTimer:
			p.timers[st.name] = true
		case *stagedNoTimer:
			delete(p.timers, st.name)
		}
	}
	return p.timers
}

// ClearTimer stages the removal of a timer.
func (p *Port) ClearTimer(name string) {
	p.stage(p.memory.noTimers.keep(stagedNoTimer{name}))
	delete(p.timers, name)
}

// Log stages a log line; where is file:line of the script.
func (p *Port) Log(level intent.Level, where, text string) {
	p.stage(p.memory.lines.keep(stagedLine{LogLine{Level: min(level, intent.Error), Where: short(where), Text: short(text)}}))
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

// Caution stages a line for the author; one for each version of a script.
func (p *Port) Caution(where, text string) {
	p.stage(p.memory.lines.keep(stagedLine{LogLine{Level: intent.Warn, Where: where, Text: text, Caution: true}}))
}

// Chart stages a point of a named series.
func (p *Port) Chart(series string, value float64) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		p.refuse(fmt.Errorf("chart %q: the value is %g: want a finite number", series, value))
	}
	p.stage(p.memory.points.keep(stagedPoint{ChartPoint{series, value}}))
}

// Halt stages the kill latch: no strategy opens anything until a person resumes.
func (p *Port) Halt(reason string) {
	p.stage(&stagedHalt{reason})
}

func (pd *pairDriver) openPair(s *slot, id exchange.PairID, r intent.PairRequest) {
	pd.pairs.last = id
	m := execution.NewMachine(id, s.index, r, pd.now)
	pd.pairs.list = append(pd.pairs.list, m)
	pd.Changed(m)
	pd.step(m)
}

func (pd *pairDriver) closePair(s *slot, r intent.CloseRequest) {
	for _, m := range pd.pairs.list {
		if m.Pair.ID != r.Pair {
			continue
		}
		if err := m.StartClose(pd.port, r); err != nil {
			pd.log(intent.Warn, s.index, err.Error())
			return
		}
		pd.step(m)
	}
}
