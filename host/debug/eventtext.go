package debug

import (
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// eventText words the event that a replay stands at in one line.
func (r *replay) eventText() string {
	switch {
	case r.event == nil && r.at.Event > 0:
		return fmt.Sprintf("the end, after event %d", r.at.Event-1)
	case r.event == nil:
		return "loading"
	}
	ev := r.event
	text := fmt.Sprintf("event %d: %s", r.at.Event, ev.Kind)
	if in := r.instrument(); in != nil {
		text += " " + in.Key()
	}
	switch ev.Kind {
	case exchange.KindTimer, exchange.KindCommand, exchange.KindVenue:
		text = strings.TrimRight(text+" "+ev.Name, " ")
	case exchange.KindFill:
		text += fmt.Sprintf(" of order %d", ev.Fill.Order)
	case exchange.KindOrder:
		text += fmt.Sprintf(" %d %s", ev.Update.ID, ev.Update.Status)
	}
	return text + " at " + ev.Time.String()
}

// instrument is what the event is about; nil: nothing.
func (r *replay) instrument() *exchange.Instrument {
	if r.core == nil || r.event == nil {
		return nil
	}
	id := r.event.Instrument
	switch {
	case r.event.Kind == exchange.KindFill && r.event.Fill != nil:
		id = r.event.Fill.Instrument
	case !r.event.Kind.MarketData():
		return nil
	}
	if id < 0 || int(id) >= r.core.Universe().Len() {
		return nil
	}
	return r.core.Universe().Get(id)
}

// eventNodes are what the event says, and what the journal has of what it led to.
func (r *replay) eventNodes() []Node {
	if r.event == nil {
		return nil
	}
	ev, in := r.event, r.instrument()
	out := []Node{leaf("number", fmt.Sprint(r.at.Event)), leaf("kind", ev.Kind.String()), leaf("time", ev.Time.String())}
	if ev.VenueTime != 0 {
		out = append(out, leaf("venue time", ev.VenueTime.String()))
	}
	if in != nil {
		out = append(out, leaf("instrument", in.Key()))
	}
	add := func(name, text string) {
		if text != "" {
			out = append(out, leaf(name, text))
		}
	}
	switch ev.Kind {
	case exchange.KindTrade, exchange.KindLiquidation:
		add("price", in.PriceDecimal(ev.Price).String())
		add("qty", in.QtyDecimal(ev.Qty).String())
		add("side", ev.Side.String())
	case exchange.KindTicker:
		add("bid", in.PriceDecimal(ev.Price).String())
		add("ask", in.PriceDecimal(ev.Price2).String())
	case exchange.KindMark:
		add("mark", ev.Mark.Decimal().String())
		add("rate", ev.Rate.Decimal().String())
	case exchange.KindFunding:
		add("rate", ev.Rate.Decimal().String())
	case exchange.KindBar:
		b := ev.Bar
		add("open", in.PriceDecimal(b.Open).String())
		add("high", in.PriceDecimal(b.High).String())
		add("low", in.PriceDecimal(b.Low).String())
		add("close", in.PriceDecimal(b.Close).String())
	case exchange.KindSnapshot, exchange.KindDiff:
		add("levels", fmt.Sprintf("%d bids, %d asks", len(ev.Bids), len(ev.Asks)))
	case exchange.KindFill:
		f := ev.Fill
		add("order", fmt.Sprint(f.Order))
		add("trade", f.TradeID)
		add("side", f.Side.String())
		if in != nil {
			add("qty", in.QtyDecimal(f.Qty).String())
			add("price", in.PriceDecimal(f.Price).String())
		}
		add("fee", f.Fee.String()+" "+f.FeeAsset)
	case exchange.KindOrder:
		add("order", fmt.Sprint(ev.Update.ID))
		add("status", ev.Update.Status.String())
	case exchange.KindTimer, exchange.KindCommand, exchange.KindVenue:
		add("name", ev.Name)
	}
	add("reason", ev.Reason)
	var led []Node
	for i, l := range r.recorded {
		led = append(led, leaf(fmt.Sprint(i+1), string(l)))
	}
	if len(led) > 0 {
		out = append(out, group("led to", fmt.Sprintf("%d effects", len(led)), led))
	}
	return out
}
