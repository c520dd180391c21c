package core

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/host/execution"
	"github.com/perilune/perilune/host/execution/schedule"
)

// Port is a strategy's window on the core and its way to ask for things. What
// it asks for is only staged: the core commits it when the callback returned
// nil, and forgets it otherwise, so a failing callback leaves nothing half done.
//
// A Port is valid only during a callback, on the loop's goroutine.
type Port struct {
	marketView
	accountView
	c         *Core
	instance  *instance
	staged    []staged
	memory    stagedMemory
	orders    exchange.OrderID // how many ids the staged orders have taken
	pairs     exchange.PairID
	schedules exchange.ScheduleID
	notices   int             // that are staged
	asked     []string        // functions whose questions are staged; "": the advisor's
	handler   Handler         // being called
	refused   error           // the first thing it asked for that makes no sense
	timers    map[string]bool // see timerNames; nil until it is needed in a callback
}

// Submit stages an order and returns the id it will have. An order that makes no
// sense (no side, an instrument that is not in the universe, a quantity of 0)
// makes the whole callback fail, as an error that it returned would; one that the
// gate or the venue refuses comes back in on_order.
func (p *Port) Submit(o exchange.Order) exchange.OrderID {
	p.refuse(p.c.entry.malformed(&o))
	p.orders++
	o.ID = p.c.orders.last + p.orders
	o.Strategy = p.instance.index
	p.stage(p.memory.orders.keep(stagedOrder{o}))
	return o.ID
}

// Cancel stages the canceling of an order.
func (p *Port) Cancel(id exchange.OrderID) {
	p.stage(p.memory.cancels.keep(stagedCancel{id}))
}

var errEnding = errors.New("the session is ending, and nothing is begun")

// OpenPair stages a pair trade and returns the id it will have. The request is
// checked for sense now; whether the market and the limits allow it is found
// out batch by batch and told by on_pair.
func (p *Port) OpenPair(r intent.PairRequest) (exchange.PairID, error) {
	id := p.c.pairs.last + p.pairs + 1
	for _, id := range [...]exchange.InstrumentID{r.Spot, r.Perp} {
		if !p.c.markets.knows(id) {
			return 0, p.c.markets.unknown("OpenPair", id)
		}
	}
	if err := execution.CheckPair(&r, p.c); err != nil {
		return 0, err
	}
	if p.c.phase.stopping {
		return 0, errEnding
	}
	if why := p.HaltReason(); why != "" {
		return 0, fmt.Errorf("halted, and nothing is opened: %s", why)
	}
	if why := p.c.markets.holdOf(r.Spot, r.Perp); why != "" {
		return 0, errors.New(why)
	}
	for _, id := range [...]exchange.InstrumentID{r.Spot, r.Perp} {
		if why := p.c.markets.closed(id); why != "" {
			return 0, fmt.Errorf("%s: %s", p.c.u.Get(id).Key(), why)
		}
		if why := p.c.delays.why(id); why != "" {
			return 0, fmt.Errorf("nothing is opened while %s", why)
		}
		if why := cold(p.c.strategies, p.instance.index, id); why != "" {
			return 0, fmt.Errorf("nothing is opened while it warms up: %s", why)
		}
	}
	if err := p.c.claims.sells(&r, p.staged); err != nil {
		return 0, err
	}
	if err := p.c.wallets.payable(&r); err != nil {
		return 0, err
	}
	for _, m := range p.c.pairs.list {
		if m.Pair.State.Done() || m.Pair.State == intent.PairOpen {
			continue
		}
		for _, id := range [...]exchange.InstrumentID{r.Perp, r.Spot} {
			if in := p.c.u.Get(id); in.Perp() && m.Trades(id) {
				return 0, fmt.Errorf("pair %d on %s is %s: wait for it to finish", m.Pair.ID, in.Key(), m.Pair.State)
			}
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
	p.stage(p.memory.transfers.keep(stagedTransfer{exchange.Transfer{Strategy: p.instance.index, Asset: asset, From: from, To: to, Amount: amount}}))
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
		if t := &p.c.timers.list[i]; t.strategy == p.instance.index {
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
	if p.c.reading != nil {
		p.c.reading.line(level, text)
		return
	}
	p.stage(p.memory.lines.keep(stagedLine{LogLine{Level: min(level, intent.Error), Where: short(where), Text: short(text)}}))
}

// Caution stages a line for the author; one for each version of a script.
func (p *Port) Caution(where, text string) {
	if p.c.reading != nil {
		p.c.reading.line(intent.Warn, text)
		return
	}
	p.stage(p.memory.lines.keep(stagedLine{LogLine{Level: intent.Warn, Where: where, Text: text, Caution: true}}))
}

// Chart stages a point of a named series.
func (p *Port) Chart(series string, value float64) {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		p.refuse(fmt.Errorf("chart %q: the value is %g: want a finite number", series, value))
	}
	p.stage(p.memory.points.keep(stagedPoint{ChartPoint{series, value}}))
}

// Halt stages the strategy's own kill latch: it opens nothing until a person resumes it.
func (p *Port) Halt(reason string) {
	p.stage(&stagedHalt{reason})
}

// HaltAll stages the session's kill latch: no strategy opens anything until a person resumes.
func (p *Port) HaltAll(reason string) {
	p.stage(&stagedHaltAll{reason})
}

// Notify stages a notice to people, who are told of it as the session's configuration says.
// It returns false, and stages nothing, when the strategy has used up what it may tell: five
// notices at once, and then one a minute.
func (p *Port) Notify(severity intent.Severity, text string) bool {
	if !p.instance.told.allows(p.c.now, p.notices) {
		return false
	}
	p.notices++
	p.stage(stagedNotice{&Notified{min(severity, intent.Critical), short(text)}})
	return true
}

// Ask stages a question. The outcome is told by on_advice, always: an answer, or
// why there is none. A strategy may have one question under way.
func (p *Port) Ask(q advice.Question) (uint64, error) {
	switch p.handler {
	case OnBook, OnTrade, OnMark, OnLiquidation, OnAdvice, OnReload:
		return 0, fmt.Errorf("%s: %w", p.handler, ErrTooOften)
	}
	if p.instance.advice.about(q.Function) != nil || slices.Contains(p.asked, q.Function) {
		return 0, nil
	}
	q.ID, q.Strategy, q.Asked = p.c.advisors.last+1+uint64(len(p.asked)), p.instance.index, p.c.now
	if most := p.c.cfg.AdviceTTL; most > 0 && q.Function == "" {
		q.TTL, q.Deadline = min(q.TTL, most), min(q.Deadline, most)
	}
	if err := q.Check(); err != nil {
		return 0, err
	}
	p.asked = append(p.asked, q.Function)
	p.stage(stagedQuestion{&q})
	return q.ID, nil
}

// MaintainMargin stages the maintaining of a wallet; see intent.MaintainRequest.
func (p *Port) MaintainMargin(r intent.MaintainRequest) error {
	if err := p.c.managers.checkRequest(p.instance.index, &r); err != nil {
		return err
	}
	p.stage(&stagedMaintain{r})
	return nil
}

// refuse keeps the first error of a callback.
func (p *Port) refuse(err error) {
	if err != nil && p.refused == nil {
		p.refused = err
	}
}

// VolumeCurve is the best curve that is known for a window of up to 10,080 slices.
func (p *Port) VolumeCurve(id exchange.InstrumentID, start, interval exchange.Time, slices int) intent.Curve {
	if slices < 1 || slices > maxSlices || interval <= 0 {
		p.refuse(fmt.Errorf("volume curve: %d slices of %d ns: want 1 to %d, longer than nothing", slices, interval, maxSlices))
		return intent.Curve{}
	}
	if !p.c.markets.knows(id) {
		p.refuse(p.c.markets.unknown("VolumeCurve", id))
		return intent.Curve{}
	}
	return p.c.markets.VolumeCurve(id, start, interval, slices)
}

// StartSchedule stages a schedule and returns the id it will have. What does not
// make sense is refused now, with the numbers.
func (p *Port) StartSchedule(r intent.ScheduleRequest) (exchange.ScheduleID, error) {
	id := p.c.schedules.last + p.schedules + 1
	if !p.c.markets.knows(r.Instrument) {
		return 0, p.c.markets.unknown("StartSchedule", r.Instrument)
	}
	if err := schedule.CheckRequest(&r, p.c); err != nil {
		return 0, err
	}
	if p.c.phase.stopping {
		return 0, errEnding
	}
	if why := cold(p.c.strategies, p.instance.index, r.Instrument); why != "" && !r.ReduceOnly {
		return 0, fmt.Errorf("nothing is begun while it warms up: %s", why)
	}
	if r.Start <= p.c.now { // what is there when a later window begins is not known yet
		if err := schedule.Covered(&r, p.c.parents.port, id); err != nil {
			return 0, err
		}
	}
	for _, m := range p.c.schedules.list {
		if s := &m.Schedule; s.Instrument == r.Instrument && s.Side != r.Side && !s.State.Done() {
			return 0, fmt.Errorf("schedule %d is to %s %s until %s: both would trade with each other", s.ID, s.Side, p.c.u.Get(r.Instrument).Key(), s.End)
		}
	}
	p.schedules++
	p.stage(&stagedSchedule{id, r})
	return id, nil
}

// CancelSchedule stages the end of a schedule of this strategy.
func (p *Port) CancelSchedule(id exchange.ScheduleID) error {
	s, ok := p.Schedule(id)
	if !ok {
		return fmt.Errorf("there is no schedule %d of this strategy", id)
	}
	if s.State.Done() {
		return fmt.Errorf("schedule %d is %s already", id, s.State)
	}
	p.stage(&stagedUnschedule{id})
	return nil
}

// PaceSchedule stages another pace of a schedule of this strategy: x times its own, from its
// next slice on. It is within what the schedule was started with, or refused.
func (p *Port) PaceSchedule(id exchange.ScheduleID, x float64) error {
	s, ok := p.Schedule(id)
	switch {
	case !ok:
		return fmt.Errorf("there is no schedule %d of this strategy", id)
	case s.State.Done():
		return fmt.Errorf("schedule %d is %s already", id, s.State)
	}
	if err := schedule.CheckPace(&p.c.schedules.get(id).Request, x); err != nil {
		return fmt.Errorf("schedule %d: %w", id, err)
	}
	p.stage(&stagedPace{id, x})
	return nil
}

func (p *Port) reset() {
	p.staged = p.staged[:0]
	p.memory.reset()
	p.orders, p.pairs, p.schedules, p.refused, p.timers, p.notices = 0, 0, 0, nil, nil, 0
	p.asked = p.asked[:0]
}

// stage notes a thing that was asked for. One too many fails the callback.
func (p *Port) stage(st staged) {
	if len(p.staged) == maxStaged {
		p.refuse(fmt.Errorf("one callback may ask for at most %d things: orders, cancels, transfers, timers, log lines, points of a chart", maxStaged))
		return
	}
	p.staged = append(p.staged, st)
}
