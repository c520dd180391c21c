package core

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/risk"
)

// Commands of whoever runs the session, a person or the program that embeds it. What
// they are about stands in the event's Reason: see Instruction.
const (
	CommandLatch    = "latch"    // trip the kill latch
	CommandUnlatch  = "unlatch"  // lift it, or that of a strategy
	CommandPause    = "pause"    // stop calling a strategy; its working orders are canceled
	CommandUnpause  = "unpause"  // call it again, and lift its latch
	CommandParams   = "params"   // set parameters of a strategy
	CommandWithdraw = "withdraw" // cancel working orders; pairs and parent orders keep theirs
	CommandFlatten  = "flatten"  // close what strategies hold
	CommandSignal   = "signal"   // tell strategies a signal
	CommandEvaluate = "evaluate" // run code in a strategy, as a callback of it
	CommandLeave    = "leave"    // the session is about to be ended
	CommandLimits   = "limits"   // other limits for the gate: see LimitsEvent
)

// CommandDataEnd says that the data of a session in real time are over. The loop ends
// the session; the core has nothing to do.
const CommandDataEnd = "data_end"

// ByProgram is who tells a session something through its methods.
const ByProgram = "program"

// Instruction is what a command of these is about. It is journalled as JSON, so that
// a replay does the same.
type Instruction struct {
	By         string            `json:"by,omitempty"`       // "socket uid 1000"; "": ByProgram
	Strategy   string            `json:"strategy,omitempty"` // "": all of them
	Instrument string            `json:"instrument,omitempty"`
	Order      exchange.OrderID  `json:"order,omitempty"`
	Params     map[string]string `json:"params,omitempty"`
	Name       string            `json:"name,omitempty"` // of a signal
	Payload    string            `json:"payload,omitempty"`
	ID         string            `json:"id,omitempty"` // a signal with the id of one before is not told
	Code       string            `json:"code,omitempty"`
	Reason     string            `json:"reason,omitempty"` // for people
}

// Event is a command with the instruction.
func (in Instruction) Event(command string) (*exchange.Event, error) {
	raw, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", command, err)
	}
	return &exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: command, Reason: string(raw)}, nil
}

// Configurable is a Strategy whose parameters can be set while the session runs.
type Configurable interface {
	// Configure returns the strategy that takes this one's place: the same version
	// with some parameters set and its state carried over. After an error this one
	// goes on as if nothing had happened.
	Configure(*Port, map[string]string) (Strategy, error)
}

// CommandError is what the last command could not do; nil: it is done.
func (c *Core) CommandError() error { return c.commandErr }

// steering follows instructions: it reaches into all parts, as a person may.
type steering struct{ *Core }

// follow follows an instruction, and tells that it was given.
func (c steering) follow(ev *exchange.Event) {
	var in Instruction
	if c.commandErr = json.Unmarshal([]byte(ev.Reason), &in); c.commandErr != nil {
		c.log(intent.Error, -1, fmt.Sprintf("command %s: %v", ev.Name, c.commandErr))
		return
	}
	outcome := c.carryOut(ev.Name, &in)
	if c.commandErr != nil {
		outcome = c.commandErr.Error()
	}
	c.tell(ev.Name, &in, cmp.Or(outcome, Done))
}

// carryOut does what an instruction says. The outcome is Done unless it says otherwise.
func (c steering) carryOut(command string, in *Instruction) (outcome string) {
	slots := c.strategies.list
	if in.Strategy != "" {
		at := slices.IndexFunc(c.strategies.list, func(s *instance) bool { return s.Name() == in.Strategy })
		if at < 0 {
			c.commandErr = fmt.Errorf("no strategy is called %q", in.Strategy)
			return ""
		}
		slots = c.strategies.list[at : at+1]
	}
	switch command {
	case CommandLatch:
		c.halt(in.said())
		return ""
	case CommandUnlatch:
		if in.Strategy == "" {
			c.lift()
		} else {
			c.unlatch(slots[0])
		}
		return ""
	case CommandSignal:
		return c.signal(slots, in)
	case CommandWithdraw:
		if in.Order != 0 {
			c.commandErr = c.withdrawable(in)
		}
	}
	for _, s := range slots {
		switch command {
		case CommandPause:
			c.pauseByHand(s, in.said())
		case CommandUnpause:
			c.unlatch(s)
			c.unpause(s)
		case CommandParams:
			c.setParams(s, in.Params)
		case CommandWithdraw:
			c.cancelOrders(s, in)
		case CommandFlatten:
			c.flatten(s, in)
		case CommandEvaluate:
			c.evaluate(s, in.Code)
		}
	}
	return ""
}

// said is the reason in the words of who gave it, with who that is when it is not the
// program itself.
func (in *Instruction) said() string {
	switch {
	case in.by() == ByProgram:
		return in.Reason
	case in.Reason == "":
		return in.By
	}
	return in.By + ": " + in.Reason
}

func (in *Instruction) by() string { return cmp.Or(in.By, ByProgram) }

func (c steering) pauseByHand(s *instance, why string) {
	if s.paused != "" {
		return
	}
	s.paused = "by hand"
	if why != "" {
		s.paused += ": " + why
	}
	c.log(intent.Warn, s.index, "paused "+s.paused)
	takeBack(c.strategies, s)
}

// unpause lets a strategy go on, whatever paused it. What it was owed it is told
// first.
func (c steering) unpause(s *instance) {
	if s.paused == "" {
		return
	}
	fresh, err := Strategy(nil), c.strategies.repeat(s, false)
	if err == nil {
		if fresh, err = s.Restart(s.port); err != nil {
			c.strategies.noteInterrupt(s, err)
		}
	}
	if err != nil {
		c.commandErr = fmt.Errorf("%s could not be restarted: %w", s.Name(), err)
		return
	}
	if fresh != nil {
		s.Strategy.Close()
		s.install(fresh, c.u)
	}
	s.paused, s.strikes, s.errors, s.failed = "", 0, 0, nil
	c.log(intent.Warn, s.index, "goes on, as asked for")
	c.strategies.releaseUndelivered(s)
	s.asleep = ""
	c.strategies.checkAwake(s)
}

// LimitsEvent is the command that puts limits in the place of those in force. It is
// journalled with them, so that a replay has them from the same event on.
func LimitsEvent(l risk.Limits) (*exchange.Event, error) {
	raw, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", CommandLimits, err)
	}
	return &exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: CommandLimits, Reason: string(raw)}, nil
}

// setLimits tells each limit that is another from now on.
func (c steering) setLimits(ev *exchange.Event) {
	var l risk.Limits
	if c.commandErr = json.Unmarshal([]byte(ev.Reason), &l); c.commandErr != nil {
		c.log(intent.Error, -1, fmt.Sprintf("command %s: %v", ev.Name, c.commandErr))
		return
	}
	for _, x := range c.gate.Change(l) {
		word := "lowered"
		if x.Raised {
			word = "raised"
		}
		c.log(intent.Warn, -1, fmt.Sprintf("limit %s is %s from %s to %s", x.Name, word, x.Before, x.After))
	}
}

// setParams replaces a strategy by the same version with other parameters.
func (c steering) setParams(s *instance, values map[string]string) {
	if s.paused != "" {
		c.commandErr = fmt.Errorf("%s is paused (%s): unpause it first", s.Name(), s.paused)
		return
	}
	able, ok := s.Strategy.(Configurable)
	if !ok {
		c.commandErr = fmt.Errorf("the parameters of %s can't be set while it runs: it has no method Configure", s.Name())
		return
	}
	if err := c.replace(s, func() (Strategy, error) { return able.Configure(s.port, values) }); err != nil {
		c.commandErr = err
		c.log(intent.Error, s.index, "parameters were not set: "+short(err.Error()))
		return
	}
	var set []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		set = append(set, name+"="+values[name])
	}
	c.log(intent.Info, s.index, "parameters were set: "+short(strings.Join(set, " ")))
	c.commit(s)
}

// cancelOrders cancels the working orders of a strategy that are not a machine's, and those
// that are held: those of an instrument or of a number, if one is named.
func (c steering) cancelOrders(s *instance, in *Instruction) {
	why := cmp.Or(in.said(), "canceled by hand")
	if in.Order == 0 {
		c.conditionals.withdraw(s.index, in.Instrument, 0, why)
	} else if x, ok := c.conditionals.find(in.Order); ok && x.Strategy == s.index {
		c.conditionals.cancel(in.Order, why)
	}
	for o := range c.orders.plainOf(s.index) {
		if (in.Order == 0 || o.ID == in.Order) && (in.Instrument == "" || c.u.Get(o.Instrument).Key() == in.Instrument) {
			c.entry.Cancel(o.ID)
		}
	}
}

// withdrawable says why an order that is named by its number is none that can be
// canceled so.
func (c steering) withdrawable(in *Instruction) error {
	if x, held := c.conditionals.find(in.Order); held {
		return c.endable(in, &x)
	}
	o, ok := c.orders.get(in.Order)
	switch {
	case o != nil && o.Parent != 0:
		return fmt.Errorf("order %d was sent by %d, which would send another: cancel that one", in.Order, o.Parent)
	case !ok:
		return fmt.Errorf("there is no order %d, or it was over long ago", in.Order)
	case o.Status.Terminal():
		return fmt.Errorf("order %d is over: %s", in.Order, o.Status)
	case o.Pair != 0 || o.Schedule != 0:
		return fmt.Errorf("order %d is of pair %d, schedule %d: who sent it would send another; flatten ends those", in.Order, o.Pair, o.Schedule)
	case o.Strategy < 0 || int(o.Strategy) >= len(c.strategies.list):
		return fmt.Errorf("order %d is no strategy's that runs", in.Order)
	case in.Strategy != "" && c.strategies.list[o.Strategy].Name() != in.Strategy:
		return fmt.Errorf("order %d is of %s, not of %s", in.Order, c.strategies.list[o.Strategy].Name(), in.Strategy)
	case in.Instrument != "" && c.u.Get(o.Instrument).Key() != in.Instrument:
		return fmt.Errorf("order %d is in %s, not in %s", in.Order, c.u.Get(o.Instrument).Key(), in.Instrument)
	}
	return nil
}

// endable says why a conditional order can't be canceled by its number.
func (c steering) endable(in *Instruction, x *intent.Conditional) error {
	switch {
	case x.State.Done():
		return fmt.Errorf("order %d is over: %s", in.Order, x.State)
	case in.Strategy != "" && c.strategies.StrategyName(x.Strategy) != in.Strategy:
		return fmt.Errorf("order %d is of %s, not of %s", in.Order, c.strategies.StrategyName(x.Strategy), in.Strategy)
	case in.Instrument != "" && c.u.Get(x.Request.Instrument).Key() != in.Instrument:
		return fmt.Errorf("order %d is in %s, not in %s", in.Order, c.u.Get(x.Request.Instrument).Key(), in.Instrument)
	}
	return nil
}

// flatten closes what a strategy holds, of one instrument if one is named: parent orders
// end, pairs are closed at once, perpetuals that it holds outside of pairs are closed at
// the market, and coins that it bought are sold. What it sold short on spot it can't
// have: nothing is bought.
func (c steering) flatten(s *instance, by *Instruction) {
	about := func(id exchange.InstrumentID) bool {
		return by.Instrument == "" || c.u.Get(id).Key() == by.Instrument
	}
	c.cancelOrders(s, &Instruction{Instrument: by.Instrument})
	why := cmp.Or(by.said(), "flattened by hand")
	for _, m := range slices.Clone(c.schedules.list) {
		if !m.Schedule.State.Done() && about(m.Schedule.Instrument) {
			c.parents.cancelSchedule(s, m.Schedule.ID)
		}
	}
	for _, m := range slices.Clone(c.pairs.list) {
		if p := &m.Pair; p.Strategy == s.index && (p.State == intent.PairOpening || p.State == intent.PairOpen) && (about(p.Spot) || about(p.Perp)) {
			c.driver.closePair(s, intent.CloseRequest{Pair: p.ID, Reason: why})
		}
	}
	for _, in := range c.u.All() {
		if own := s.own[in.ID]; own != 0 && about(in.ID) {
			c.flattenPosition(s, in, own)
		}
	}
}

// flattenPosition closes what a strategy holds of an instrument outside of pairs.
func (c steering) flattenPosition(s *instance, in *exchange.Instrument, own exchange.Lots) {
	if own < 0 && !in.Perp() {
		return
	}
	o := exchange.Order{Strategy: s.index, Instrument: in.ID, Side: exchange.Sell, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: own}
	if own < 0 {
		o.Side, o.Qty = exchange.Buy, -own
	}
	if in.Perp() {
		o.ReduceOnly = true
	} else if free := exchange.Lots(in.Lot.Floor(c.acct.holding(in.Wallet, in.Base).total)); free < o.Qty {
		o.Qty = free // a fee was taken of the coins
	}
	if o.Qty > 0 {
		o.ID = c.orders.last + 1
		c.entry.submitChecked(&o)
	}
}

// WorkingOrders returns copies of the orders that are not over, oldest first.
func (c *Core) WorkingOrders() []exchange.Order {
	var out []exchange.Order
	for _, o := range c.orders.open {
		out = append(out, *o)
	}
	return out
}

// StrategyPosition is what a strategy holds of an instrument.
func (c *Core) StrategyPosition(strategy int32, id exchange.InstrumentID) exchange.Position {
	h := c.claims.holder(strategy)
	if h == nil || h.pos[id] == nil {
		return exchange.Position{}
	}
	return h.pos[id].view(c.u.Get(id))
}
