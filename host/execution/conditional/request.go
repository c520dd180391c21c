package conditional

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Most is how many conditional orders a strategy may have at once.
const Most = 100

// Market is what a request is held against.
type Market interface {
	Now() exchange.Time
	Instrument(exchange.InstrumentID) *exchange.Instrument
	// PriceNow is the price that a source shows of an instrument; false when it shows none.
	PriceNow(exchange.InstrumentID, intent.PriceSource) (exchange.E8, bool)
}

// Check says why a request makes no sense, with what would. A trigger on the wrong side of
// the price is refused, as venues do: it would go at once. Where no price is known yet,
// nothing can be said, and the first one decides.
func Check(g *intent.ConditionalGroup, mk Market) error {
	all := slices.Clone(g.Legs)
	if g.Entry != nil {
		all = append(all, *g.Entry)
	}
	if len(g.Legs) == 0 {
		return fmt.Errorf("there is nothing to hold")
	}
	for i := range all {
		if err := check(&all[i], mk, g.Entry != nil && i < len(g.Legs)); err != nil {
			return err
		}
	}
	return related(g, mk)
}

func check(r *intent.ConditionalRequest, mk Market, ofEntry bool) error {
	in := mk.Instrument(r.Instrument)
	switch {
	case r.Qty < 0 || r.Qty == 0 && !ofEntry && !r.Closes:
		return fmt.Errorf("%s of %s: quantity of %d lots: want more than 0", r.Type(), in.Key(), r.Qty)
	case r.ReduceOnly && !in.Perp():
		return fmt.Errorf("%s is a spot market, where there is no position to reduce", in.Key())
	case r.Expires != 0 && r.Expires <= mk.Now():
		return fmt.Errorf("it would have expired at %s, and it is %s", r.Expires, mk.Now())
	case r.Display != 0 && r.Price == 0:
		return fmt.Errorf("display: an order at the market shows nothing: it needs a price")
	case r.Display != 0 && r.Qty != 0 && r.Display >= r.Qty:
		return fmt.Errorf("display: %s shows the whole of %s: want less", in.QtyDecimal(r.Display), in.QtyDecimal(r.Qty))
	case r.Triggers() && in.Tick.Decimal(1).LessThan(decimal.New(1, -8)):
		return fmt.Errorf("prices of %s are finer than 0.00000001, in which triggers are compared", in.Key())
	case r.Source == intent.MarkPrice && !in.Perp():
		return fmt.Errorf("%s is a spot market, which has no mark: source is last or mid", in.Key())
	case r.Kind == intent.TrailingStop:
		return checkTrail(r, in, mk)
	case r.Triggers() && r.Trigger <= 0:
		return fmt.Errorf("%s of %s: trigger of %s: want more than 0", r.Type(), in.Key(), r.Trigger.Decimal())
	case r.Triggers() && !ofEntry:
		return sided(r, in, mk)
	}
	return nil
}

// sided refuses a trigger that the price is through already.
func sided(r *intent.ConditionalRequest, in *exchange.Instrument, mk Market) error {
	now, known := mk.PriceNow(r.Instrument, r.Source)
	falls := r.Falls()
	if !known || falls && now > r.Trigger || !falls && now < r.Trigger {
		return nil
	}
	side, other := "below", "take_profit"
	if !falls {
		side = "above"
	}
	if r.Kind == intent.TakeProfit {
		other = "stop"
	}
	return fmt.Errorf("trigger: %s would go at once: the %s of %s is %s, and a %s to %s triggers %s it (the other side of it is a %s)",
		r.Trigger.Decimal(), r.SourceOn(in), in.Key(), now.Decimal(), r.Type(), r.Side, side, other)
}

func checkTrail(r *intent.ConditionalRequest, in *exchange.Instrument, mk Market) error {
	switch {
	case (r.Trail > 0) == (r.TrailPart > 0) || r.Trail < 0 || r.TrailPart < 0:
		return fmt.Errorf("a trailing stop has a distance: one of trail, in price, and trail_percent")
	case r.TrailPart > exchange.E8One/2:
		return fmt.Errorf("trail_percent: %s: want at most 50", r.TrailPart.Decimal().Shift(2))
	case r.Price != 0:
		return fmt.Errorf("a trailing stop is sent at the market: leave its price out")
	}
	now, known := mk.PriceNow(r.Instrument, r.Source)
	if known && r.Side == exchange.Sell && r.Trail >= now {
		return fmt.Errorf("trail: %s is more than the %s of %s, which is %s", r.Trail.Decimal(), r.SourceOn(in), in.Key(), now.Decimal())
	}
	return nil
}

// related says why the orders of a group do not belong together.
func related(g *intent.ConditionalGroup, mk Market) error {
	first := &g.Legs[0]
	for i := range g.Legs {
		r := &g.Legs[i]
		switch {
		case r.Instrument != first.Instrument || r.Side != first.Side:
			return fmt.Errorf("the legs are of one instrument and one side")
		case g.Entry == nil && r.Qty != first.Qty:
			return fmt.Errorf("the legs are of one size: one of them cancels the other")
		}
	}
	e := g.Entry
	if e == nil {
		return nil
	}
	if e.Instrument != first.Instrument || e.Side == first.Side {
		return fmt.Errorf("the legs are of the entry's instrument, and of the other side")
	}
	return around(e, g.Legs, mk)
}

// around refuses legs that the entry's own price has triggered already.
func around(e *intent.ConditionalRequest, legs []intent.ConditionalRequest, mk Market) error {
	in := mk.Instrument(e.Instrument)
	at, known := exchange.E8FromDecimal(in.PriceDecimal(e.Price)), e.Price != 0
	if !known && e.Trigger != 0 {
		at, known = e.Trigger, true
	}
	if !known {
		at, known = mk.PriceNow(e.Instrument, intent.UsualPrice)
	}
	for i := range legs {
		r := &legs[i]
		price := r.Trigger
		if r.Kind == intent.PlainOrder {
			price = exchange.E8FromDecimal(in.PriceDecimal(r.Price))
		}
		stop := r.Kind == intent.Stop
		below := (e.Side == exchange.Buy) == stop
		if !known || r.Kind == intent.TrailingStop || below && price < at || !below && price > at {
			continue
		}
		name, side := "take_profit", "above"
		if stop {
			name = "stop"
		}
		if below {
			side = "below"
		}
		return fmt.Errorf("%s: %s: want one %s the entry, which is at %s: the position is %s", name, price.Decimal(), side, at.Decimal(), longOr(e.Side))
	}
	return nil
}

func longOr(s exchange.Side) string {
	if s == exchange.Buy {
		return "long"
	}
	return "short"
}

// CheckChange says why an order can't be amended so.
func CheckChange(c *intent.Conditional, ch intent.ConditionalChange, mk Market) error {
	r, in := c.Request, mk.Instrument(c.Request.Instrument)
	switch {
	case c.State.Done() || c.Ending != 0:
		return fmt.Errorf("order %d is over: %s", c.ID, c.State)
	case ch.Zero():
		return fmt.Errorf("nothing is to be changed: want price, qty or trigger")
	case r.Closes:
		return fmt.Errorf("order %d closes a position, and is as large as that", c.ID)
	case ch.Price != 0 && r.Price == 0:
		return fmt.Errorf("price: order %d is sent at the market", c.ID)
	case ch.Qty != 0 && ch.Qty <= c.Filled:
		return fmt.Errorf("qty: %s of order %d are filled: want more, or cancel it", in.QtyDecimal(c.Filled), c.ID)
	case ch.Qty != 0 && c.Role == intent.LegRole:
		return fmt.Errorf("qty: order %d is a leg, and is as large as what it closes", c.ID)
	case ch.Trigger == 0:
		return nil
	case !r.Triggers() || r.Kind == intent.TrailingStop:
		return fmt.Errorf("trigger: a %s has none of its own", r.Type())
	case c.State != intent.ConditionalHeld && c.State != intent.ConditionalWaiting:
		return fmt.Errorf("trigger: order %d is %s: it was triggered already", c.ID, c.State)
	}
	amend(&r, ch)
	return check(&r, mk, c.State == intent.ConditionalWaiting)
}
