package host

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/control"
)

// followed is how many events may wait for who follows a session.
const followed = 4096

// kindsOf are the kinds of events by the name that followers know.
var kindsOf = map[string]Kinds{"fill": Fills, "order": OrderChanges, "equity": Equities, "halt": Halts, "liquidation": Liquidations, "reload": Reloads,
	"pair": PairChanges, "funding": Fundings, "plot": Charts, "log": Logs | Errors, "command": Told}

// Follow implements control.Reader. Of orders that change faster than they are taken the
// latest state comes, and of equity the latest sample.
func (d *deskReader) Follow(ctx context.Context, a control.FollowArgs) iter.Seq[control.Event] {
	f := Filter{Buffer: followed}
	for _, k := range a.Kinds {
		f.Kinds |= kindsOf[k]
	}
	if a.Strategy != "" {
		f.Strategies = []string{a.Strategy}
	}
	levels, _ := levelsFrom(a.Level)
	if len(a.Kinds) > 0 && f.Kinds == 0 {
		return func(func(control.Event) bool) {}
	}
	sub := d.s.events.Subscribe(f.Buffer, f.wants)
	return func(yield func(control.Event) bool) {
		defer sub.Stop()
		if d.s.onLoop() {
			return
		}
		defer context.AfterFunc(ctx, sub.Stop)()
		for {
			list, lost := sub.Take()
			if len(list) == 0 {
				if lost > 0 && ctx.Err() == nil {
					yield(dropped(Moment{Time: exchange.Time(d.s.r.supervisor.clock.Load())}, lost))
				}
				return
			}
			latest := map[string]int{}
			for i, it := range list {
				if k := superseded(it.Value); k != "" {
					latest[k] = i
				}
			}
			for i, it := range list {
				if it.Lost > 0 && !yield(dropped(it.Value.At(), it.Lost)) {
					return
				}
				if k := superseded(it.Value); k != "" && latest[k] != i {
					continue
				}
				if ev, ok := d.event(it.Value, levels); ok && !yield(ev) {
					return
				}
			}
		}
	}
}

// superseded names what an event is the latest word on; "": each counts.
func superseded(e Event) string {
	switch e := e.(type) {
	case EquityEvent:
		return "equity"
	case OrderEvent:
		if !e.Order.Status.Terminal() {
			return "order " + e.Order.ClientID
		}
	case ConditionalEvent:
		if !e.Conditional.State.Done() {
			return fmt.Sprintf("held %d", e.Conditional.ID)
		}
	}
	return ""
}

func dropped(at Moment, count int) control.Event {
	return eventOf("dropped", at, struct {
		Count int `json:"count"`
	}{count})
}

func eventOf(kind string, at Moment, view any) control.Event {
	raw, err := json.Marshal(view)
	if err != nil {
		raw = []byte("null")
	}
	return control.Event{Kind: kind, Seq: at.Seq, Time: at.Time.UTC(), Data: raw}
}

// event is the view of an event of the session.
func (d *deskReader) event(e Event, levels []string) (control.Event, bool) {
	at := e.At()
	switch e := e.(type) {
	case FillEvent:
		return eventOf("fill", at, fillView(at, &e)), true
	case OrderEvent:
		v := d.order(&e.Order, e.Strategy)
		return eventOf("order", at, v), true
	case ConditionalEvent:
		return eventOf("order", at, heldOrder(&e.Instrument, &e.Conditional, e.Strategy)), true
	case EquityEvent:
		return eventOf("equity", at, control.Point{T: int64(at.Time / exchange.Millisecond), V: e.Equity.InexactFloat64()}), true
	case HaltEvent:
		return eventOf("halt", at, struct {
			Strategy string `json:"strategy,omitempty"`
			Reason   string `json:"reason"`
		}{e.Strategy, e.Reason}), true
	case LiquidationEvent:
		return eventOf("liquidation", at, fillView(at, &FillEvent{Moment: at, Strategy: firstOf(append(e.Strategies, "host")...), Instrument: e.Instrument, Fill: e.Fill, Price: e.Price, Qty: e.Qty})), true
	case ReloadEvent:
		return eventOf("reload", at, control.Version{Strategy: e.Strategy, Number: e.Version, Time: at.Time.UTC(), Hash: e.Hash, Loaded: e.Loaded, Problem: e.Problem, Running: e.Loaded}), true
	case PairEvent:
		return eventOf("pair", at, pairView(&e.Pair, d.s.r.core.Universe(), e.Strategy)), true
	case FundingEvent:
		return eventOf("funding", at, control.Funding{Seq: at.Seq, Time: at.Time.UTC(), Strategy: e.Strategy, Instrument: e.Instrument.Key(), Rate: e.Payment.Rate.Float(),
			Amount: e.Payment.Amount, Asset: e.Payment.Asset, Pair: uint64(e.Pair)}), true
	case ChartEvent:
		return eventOf("plot", at, control.Series{Name: e.Series, Strategy: e.Strategy, Points: []control.Point{{T: int64(at.Time / exchange.Millisecond), V: e.Value}}}), true
	case CommandEvent:
		return eventOf("command", at, commandView(at, &e)), true
	case LogEvent:
		if levels != nil && !slices.Contains(levels, min(e.Line.Level, intent.Error).String()) {
			return control.Event{}, false
		}
		return eventOf("log", at, control.LogLine{Seq: at.Seq, Time: at.Time.UTC(), Level: e.Line.Level.String(), Strategy: e.Line.Strategy, Where: e.Line.Where, Text: e.Line.Text}), true
	}
	return control.Event{}, false
}

func fillView(at Moment, e *FillEvent) control.Fill {
	f := &e.Fill
	when := at.Time
	if f.Traded != 0 {
		when = f.Traded
	}
	return control.Fill{Seq: at.Seq, Time: when.UTC(), Strategy: e.Strategy, Instrument: e.Instrument.Key(), Side: f.Side.String(), Price: e.Price, Qty: e.Qty, Fee: f.Fee,
		FeeAsset: f.FeeAsset, Maker: f.Maker, Order: uint64(f.Order), Pair: uint64(e.Pair), Schedule: uint64(e.Schedule), TradeID: f.TradeID}
}

func commandView(at Moment, e *CommandEvent) control.Command {
	by := e.By
	if e.Why != "" {
		by += ": " + e.Why
	}
	args := e.Args
	if args == "{}" {
		args = ""
	}
	return control.Command{Seq: at.Seq, Time: at.Time.UTC(), By: by, Op: e.Op, Args: args, Outcome: e.Outcome}
}
