package debug

import (
	"errors"
	"fmt"
	"strings"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

var errNothingRuns = errors.New("no strategy is loaded here yet: go on to an event")

// scripted is a strategy that has a VM of scripts.
type scripted interface{ VM() *script.VM }

// scriptOf is the VM of a strategy; nil: it has none, or is not there yet.
func (r *replay) scriptOf(strategy int) *script.VM {
	if r.core == nil || strategy >= (core.Onlooker{C: r.core}).Strategies() {
		return nil
	}
	if s, ok := r.core.Inner(strategy).(scripted); ok {
		return s.VM()
	}
	return nil
}

// aside reads through a strategy's port, or without one while scripts are loaded.
func (r *replay) aside(vm *script.VM, look func(bindings.Env) error) (string, error) {
	i := r.strategy(vm)
	if i < 0 {
		return "", look(nil)
	}
	return core.Onlooker{C: r.core}.Aside(i, func(p *core.Port) error { return look(p) })
}

// Scope is a group of what can be looked at.
type Scope struct {
	Name      string
	Expensive bool // not to be opened unasked
	Nodes     []Node
}

// view is a replay that stands, with the files of its programs.
type view struct {
	*replay
	sources *sources
}

// scopes are what is seen at a frame, from 0.
func (r view) scopes(frame int) (out []Scope) {
	vm := r.vm()
	if vm != nil {
		look := script.Inspector{VM: vm}
		if frames := look.Frames(); frame < len(frames) {
			f := frames[frame]
			out = append(out, Scope{Name: "Locals", Nodes: luaNodes(look.Locals(f))}, Scope{Name: "Upvalues", Nodes: luaNodes(look.Upvalues(f))})
		}
	}
	strategy := r.strategy(vm)
	if vm == nil {
		strategy, vm = 0, r.scriptOf(0)
	}
	if vm != nil {
		look := script.Inspector{VM: vm}
		state := luaNode(script.Variable{Name: "state", Value: look.Global("state")})
		out = append(out, Scope{Name: "State", Nodes: state.Parts()}, Scope{Name: "Params", Nodes: paramNodes(vm)},
			Scope{Name: "Globals", Nodes: luaNodes(look.Globals())})
	}
	out = append(out, Scope{Name: "Event", Nodes: r.eventNodes()})
	if r.core == nil || strategy < 0 {
		return out
	}
	return append(out,
		Scope{Name: "Orders", Nodes: r.orders(strategy)},
		Scope{Name: "Pairs", Nodes: r.pairs(strategy)},
		Scope{Name: "Positions", Nodes: r.positions(strategy)},
		Scope{Name: "Account", Expensive: true, Nodes: r.account()},
		Scope{Name: "Books", Expensive: true, Nodes: r.books(strategy)})
}

// paramNodes are the values of the parameters, by the script's declarations.
func paramNodes(vm *script.VM) (out []Node) {
	for _, p := range vm.Params() {
		text := fmt.Sprint(p.Value)
		if p.Unit != "" {
			text += " " + p.Unit
		}
		out = append(out, Node{Name: p.Name, Text: text, Type: p.Type})
	}
	return out
}

func (r *replay) orders(strategy int) (out []Node) {
	u := r.core.Universe()
	for _, o := range r.core.WorkingOrders() {
		if int(o.Strategy) != strategy {
			continue
		}
		out = append(out, orderNode(&o, u))
	}
	return out
}

func orderNode(o *exchange.Order, u *exchange.Universe) Node {
	in := u.Get(o.Instrument)
	price := in.PriceDecimal(o.Price).String()
	if o.Type == exchange.MarketOrder {
		price = "the market"
	}
	parts := []Node{leaf("instrument", in.Key()), leaf("side", o.Side.String()), leaf("type", o.Type.String()), leaf("tif", o.TIF.String()),
		leaf("qty", in.QtyDecimal(o.Qty).String()), leaf("price", price), leaf("filled", in.QtyDecimal(o.Filled).String()),
		leaf("status", o.Status.String()), leaf("client id", o.ClientID)}
	if o.Pair != 0 {
		parts = append(parts, leaf("pair", fmt.Sprint(o.Pair)))
	}
	if o.Reason != "" {
		parts = append(parts, leaf("reason", o.Reason))
	}
	text := fmt.Sprintf("%s %s %s at %s, %s", o.Side, in.QtyDecimal(o.Qty), in.Key(), price, o.Status)
	return group(fmt.Sprintf("order %d", o.ID), text, parts)
}

func (r *replay) pairs(strategy int) (out []Node) {
	u := r.core.Universe()
	for _, p := range (core.Onlooker{C: r.core}).Pairs(false) {
		if int(p.Pair.Strategy) != strategy {
			continue
		}
		spot, perp := u.Get(p.Spot), u.Get(p.Perp)
		parts := []Node{leaf("long", spot.Key()), leaf("short", perp.Key()), leaf("long qty", p.SpotQty.String()), leaf("short qty", perp.QtyDecimal(p.PerpQty).String()),
			leaf("unhedged", p.Unhedged.String()), leaf("funding", p.Funding.String()), leaf("fees", p.Fees.String()), leaf("reason", p.Reason)}
		if p.HasBasis {
			parts = append(parts, leaf("basis", fmt.Sprintf("%.4f%%", 100*p.Basis)))
		}
		out = append(out, group(fmt.Sprintf("pair %d", p.Pair.ID), fmt.Sprintf("%s / %s %s", spot.Key(), perp.Key(), p.State), parts))
	}
	return out
}

func (r *replay) positions(strategy int) (out []Node) {
	held := (core.Onlooker{C: r.core}).Strategy(int32(strategy))
	for i := range held {
		in, v := held[i].Instrument, held[i].Value()
		qty := v.Held(in).String()
		out = append(out, group(in.Key(), qty+" at "+v.Entry.Round(8).String(), []Node{leaf("qty", qty), leaf("entry", v.Entry.Round(8).String()),
			leaf("mark", v.Mark.String()), leaf("notional", v.Notional.Round(8).String()), leaf("unrealized", v.Unrealised.Round(8).String())}))
	}
	return out
}

func (r *replay) account() (out []Node) {
	for _, w := range (core.Onlooker{C: r.core}).Wallets() {
		text := w.Total.String()
		if !w.Free.Equal(w.Total) {
			text += ", free " + w.Free.String()
		}
		out = append(out, leaf(string(w.Wallet)+" "+w.Asset, text))
	}
	return out
}

// shownLevels is how many levels of a side of a book are shown.
const shownLevels = 10

// books are those of the instruments that the strategy is told of.
func (r *replay) books(strategy int) (out []Node) {
	c := r.core
	for _, in := range c.Universe().All() {
		if !c.Watches(int32(strategy), in.ID) {
			continue
		}
		n := Node{Name: in.Key(), Named: 1}
		m := r.market(in.ID)
		n.Text = bookText(&m)
		n.parts = func() []Node { return bookParts(&m) }
		out = append(out, n)
	}
	return out
}

func (r *replay) market(id exchange.InstrumentID) core.MarketNow {
	m := core.MarketNow{Bids: make([]exchange.Level, 0, shownLevels), Asks: make([]exchange.Level, 0, shownLevels)}
	core.Onlooker{C: r.core}.Market(id, &m)
	return m
}

func bookText(m *core.MarketNow) string {
	if len(m.Bids) == 0 || len(m.Asks) == 0 {
		return strings.TrimSuffix(m.State.String()+": "+m.Reason, ": ")
	}
	return m.Instrument.PriceDecimal(m.Bids[0].Price).String() + " / " + m.Instrument.PriceDecimal(m.Asks[0].Price).String()
}

func bookParts(m *core.MarketNow) (out []Node) {
	in := m.Instrument
	level := func(name string, n int, l exchange.Level) {
		out = append(out, leaf(fmt.Sprintf("%s %d", name, n+1), in.PriceDecimal(l.Price).String()+" x "+in.QtyDecimal(l.Qty).String()))
	}
	for i := len(m.Asks) - 1; i >= 0; i-- {
		level("ask", i, m.Asks[i])
	}
	for i, l := range m.Bids {
		level("bid", i, l)
	}
	if m.Mark.Time != 0 {
		out = append(out, leaf("mark", m.Mark.Mark.Decimal().String()), leaf("rate", m.Mark.Predicted.Decimal().String()))
	}
	if m.Last.Time != 0 {
		out = append(out, leaf("last trade", in.PriceDecimal(m.Last.Price).String()+" x "+in.QtyDecimal(m.Last.Qty).String()))
	}
	return out
}
