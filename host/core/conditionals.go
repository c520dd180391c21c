package core

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution/conditional"
)

// conditionals hold orders until their time has come, in the order in which they were asked
// for. Those that are over stay known for a while.
type conditionals struct {
	*outbox
	u          *exchange.Universe
	cfg        *Config
	phase      *phase
	markets    *markets
	wallets    *wallets
	claims     *claims
	orders     *orderTable
	delays     *delays
	strategies *strategies
	port       conditional.Port

	list     []*conditional.Group // grows only when a callback is committed, never while it is gone through
	since    exchange.Time        // the session's first moment
	watched  []int                // by instrument: groups in list, so that most events are passed over at once
	bars     []exchange.Event
	reported map[exchange.OrderID]intent.ConditionalState // as last logged
	spent    map[exchange.OrderID]decimal.Decimal         // by plain orders that filled in part
}

// conditionalPort is what conditional orders see of a core.
type conditionalPort struct {
	*conditionals
	*orderEntry
}

var _ conditional.Port = (*conditionalPort)(nil)

// Now implements conditional.Port.
func (p *conditionalPort) Now() exchange.Time { return p.conditionals.now }

// Instrument implements conditional.Port.
func (cd *conditionals) Instrument(id exchange.InstrumentID) *exchange.Instrument {
	return cd.u.Get(id)
}

// Own implements conditional.Port.
func (cd *conditionals) Own(strategy int32, id exchange.InstrumentID) exchange.Lots {
	return cd.claims.filled(strategy, id)
}

// Sellable implements conditional.Port.
func (cd *conditionals) Sellable(id exchange.InstrumentID) exchange.Lots {
	return conditional.LotsOf(cd.u.Get(id), cd.claims.Free(id, 0))
}

// Idle implements conditional.Port.
func (cd *conditionals) Idle(strategy int32) bool {
	return strategy < 0 || int(strategy) >= len(cd.strategies.list) || cd.strategies.list[strategy].paused != ""
}

// Others implements conditional.Port. What was asked for later is not waited for: whoever
// quotes on while its position is closed would never have it closed.
func (cd *conditionals) Others(strategy int32, id exchange.InstrumentID, than exchange.OrderID) bool {
	return slices.ContainsFunc(cd.orders.open, func(o *exchange.Order) bool {
		return o.Strategy == strategy && o.Instrument == id && o.Pair == 0 && o.Schedule == 0 && o.ID < than
	})
}

// Leaving implements conditional.Port.
func (p *conditionalPort) Leaving(strategy int32, id exchange.InstrumentID, side exchange.Side) (sum exchange.Lots) {
	for _, o := range p.conditionals.orders.open {
		if o.Strategy == strategy && o.Instrument == id && o.Side == side && o.Pair == 0 && o.Schedule == 0 && !o.Rests() {
			sum += o.Leaves()
		}
	}
	return sum
}

// ConditionalChanged implements conditional.Port.
func (cd *conditionals) ConditionalChanged(c *intent.Conditional) {
	kept := *c
	cd.emit(c.Strategy, ConditionalChanged{&kept})
	if cd.reported[c.ID] != c.State {
		cd.reported[c.ID] = c.State
		cd.tellState(c)
	}
	cd.strategies.notify(c.Strategy, Callback{Handler: OnOrder, Instrument: c.Request.Instrument, Conditional: &kept})
}

// tellState logs what people should hear of.
func (cd *conditionals) tellState(c *intent.Conditional) {
	level := intent.Info
	switch {
	case c.State == intent.ConditionalFailed:
		level = intent.Error
	case c.State != intent.ConditionalTriggered && c.State != intent.ConditionalExpired:
		return
	}
	in := cd.u.Get(c.Request.Instrument)
	cd.logAbout(level, c.Strategy, About{Order: c.ID, Instrument: in.Key()}, c.Describe(in))
}

// CannotSend implements conditional.Port.
func (cd *conditionals) CannotSend(c *intent.Conditional) {
	in := cd.u.Get(c.Request.Instrument)
	text := fmt.Sprintf("%s could not be sent, and is tried again every half minute until it is or is canceled", c.Describe(in))
	cd.logAbout(intent.Error, c.Strategy, About{Order: c.ID, Instrument: in.Key()}, text)
	cd.emit(c.Strategy, &Notified{intent.Critical, text})
}

// begin takes a group that a strategy asked for.
func (cd *conditionals) begin(g *conditional.Group) {
	cd.add(g)
	g.Begin(cd.port)
	cd.settle(g)
}

func (cd *conditionals) add(g *conditional.Group) {
	cd.list = append(cd.list, g)
	cd.watched[g.Instrument()]++
	for i := 0; len(cd.list) > keepMachines && i < len(cd.list); i++ {
		if old := cd.list[i]; old.Done() {
			cd.watched[old.Instrument()]--
			for _, c := range old.Orders() {
				delete(cd.reported, c.ID)
			}
			cd.list = slices.Delete(cd.list, i, i+1)
			return
		}
	}
}

// settle looks at the orders that wait for another one's end.
func (cd *conditionals) settle(g *conditional.Group) {
	for _, x := range cd.list {
		if x != g && x.Instrument() == g.Instrument() && !x.Done() {
			x.Step(cd.port)
		}
	}
}

// group is that of an order.
func (cd *conditionals) group(id exchange.OrderID) *conditional.Group {
	if id == 0 {
		return nil
	}
	for _, g := range cd.list {
		if _, ok := g.Order(id); ok {
			return g
		}
	}
	return nil
}

// find returns a copy of a conditional order.
func (cd *conditionals) find(id exchange.OrderID) (intent.Conditional, bool) {
	if g := cd.group(id); g != nil {
		return g.Order(id)
	}
	return intent.Conditional{}, false
}

// live are copies of those that are not over, by number.
func (cd *conditionals) live() []intent.Conditional {
	var out []intent.Conditional
	for _, g := range cd.list {
		for _, c := range g.Orders() {
			if !c.State.Done() {
				out = append(out, c)
			}
		}
	}
	slices.SortFunc(out, func(a, b intent.Conditional) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// cancel ends an order. It reports whether there was one to end.
func (cd *conditionals) cancel(id exchange.OrderID, why string) bool {
	g := cd.group(id)
	if g == nil {
		return false
	}
	g.Cancel(cd.port, id, why)
	cd.settle(g)
	return true
}

// withdraw ends those of a strategy, of an instrument if one is named.
func (cd *conditionals) withdraw(strategy int32, instrument string, except exchange.OrderID, why string) {
	for _, g := range cd.list {
		c := g.Orders()[0]
		if c.Strategy == strategy && !g.Done() && g.ID() != except && (instrument == "" || cd.u.Get(g.Instrument()).Key() == instrument) {
			g.CancelAll(cd.port, why)
		}
	}
}

// disarm ends what would open something for a strategy that is paused.
func (cd *conditionals) disarm(strategy int32) {
	for _, g := range cd.list {
		if !g.Done() && g.Orders()[0].Strategy == strategy {
			g.Disarm(cd.port, "its strategy is paused")
		}
	}
}

// recall takes the orders at the venue back, of an instrument if one is named.
func (cd *conditionals) recall(id exchange.InstrumentID, why string) {
	for _, g := range cd.list {
		if !g.Done() && (id == exchange.NoInstrument || g.Instrument() == id) {
			g.Recall(cd.port, why)
		}
	}
}

// pause keeps all for a next session.
func (cd *conditionals) pause() {
	for _, g := range cd.list {
		if !g.Done() {
			g.Pause(cd.port, cd.cfg.Final)
		}
	}
}

// orderDone passes an order's last word on.
func (cd *conditionals) orderDone(o *exchange.Order) {
	delete(cd.spent, o.ID)
	if g := cd.group(o.Parent); g != nil {
		g.OrderDone(cd.port, o)
	}
	for _, x := range cd.list {
		if x.Instrument() == o.Instrument && !x.Done() {
			x.Step(cd.port)
		}
	}
}

// cancelRefused tells that an order could not be taken back.
func (cd *conditionals) cancelRefused(o *exchange.Order) {
	if g := cd.group(o.Parent); g != nil {
		g.CancelRefused(cd.port, o)
	}
}

// fill books an execution. Of a plain order that goes on it keeps the cost, for the order
// that may take its place.
func (cd *conditionals) fill(o *exchange.Order, f *exchange.Fill) {
	if g := cd.group(o.Parent); g != nil {
		g.Fill(cd.port, o.Parent, f)
	} else if plain(o) && o.Rests() && o.Leaves() > 0 {
		cd.spent[o.ID] = cd.cost(o, o.Filled-f.Qty).Add(conditional.Cost(cd.u.Get(f.Instrument), f.Price, f.Qty))
	}
}

// cost is that of what has filled of a plain order with a limit, which is what an earlier run
// paid at the worst.
func (cd *conditionals) cost(o *exchange.Order, filled exchange.Lots) decimal.Decimal {
	if cost, ok := cd.spent[o.ID]; ok || filled == 0 {
		return cost
	}
	return conditional.Cost(cd.u.Get(o.Instrument), o.Price, filled)
}

// run steps what is due.
func (cd *conditionals) run() {
	for _, g := range cd.list {
		if d, armed := g.Deadline(); armed && d <= cd.now {
			g.Step(cd.port)
		}
	}
}

func (cd *conditionals) deadline() (at exchange.Time, armed bool) {
	for _, g := range cd.list {
		if d, ok := g.Deadline(); ok && (!armed || d < at) {
			at, armed = d, true
		}
	}
	return max(at, cd.now), armed
}

// restore takes up what an earlier run held.
func (cd *conditionals) restore(r *Restore, now exchange.Time) {
	for i := 0; i < len(r.Conditionals); {
		n := i + 1
		for n < len(r.Conditionals) && r.Conditionals[n].Group == r.Conditionals[i].Group {
			n++
		}
		cd.add(conditional.Resume(r.Conditionals[i:n], now))
		i = n
	}
}

// adopt gives an order that an earlier run left at the venue to who sent it.
func (cd *conditionals) adopt(o *exchange.Order, r *Restore) {
	for i := range r.Conditionals {
		if c := &r.Conditionals[i]; c.Child == o.ID {
			cd.group(c.ID).Adopt(o, c.ID)
		}
	}
}

// keeping names what is held, for the end of a session: "2 stops, 1 limit"; "": nothing is.
func (cd *conditionals) keeping() string {
	var kinds []string
	counts := map[string]int{}
	for _, c := range cd.live() {
		kind := c.Request.Type()
		if counts[kind]++; counts[kind] == 1 {
			kinds = append(kinds, kind)
		}
	}
	return intent.HeldWords(kinds, counts)
}

// any reports whether a strategy has one that is not over.
func (cd *conditionals) any(strategy int32) bool {
	return slices.ContainsFunc(cd.list, func(g *conditional.Group) bool { return !g.Done() && g.Orders()[0].Strategy == strategy })
}
