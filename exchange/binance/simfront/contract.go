package simfront

import (
	"github.com/perilune/perilune/exchange"
)

// publishContract sends !contractInfo to who listens.
// Source: the contractInfo stream; bks is told with the brackets only.
func (p *publisher) publishContract(m *market) {
	if !m.In.Perp() {
		return
	}
	for _, ch := range p.hub.channels {
		if ch.kind == "contractInfo" {
			ch.send(encode(m.events().contractEvent(millis(p.clock.Now()))))
		}
	}
}

func (m marketEvents) contractEvent(now int64) object {
	return object{{"e", "contractInfo"}, {"E", now}, {"s", m.In.Symbol}, {"ps", m.pair()}, {"ct", "PERPETUAL"}, {"dt", m.info().delivery()}, {"ot", onboarded},
		{"cs", m.info().status()}, {"st", m.st()}}
}

// publishForced sends forceOrder: a liquidation's order to the symbol's stream
// and to the one of all symbols.
func (p *publisher) publishForced(t *trade) {
	o, m := t.Order, t.Order.m
	body := object{{"s", m.In.Symbol}}
	if m.In.Inverse() {
		body = body.with(field{"ps", m.pair()})
	}
	body = body.with(field{"S", sideText(o.Side)}, field{"o", "LIMIT"}, field{"f", o.TIF}, field{"q", m.QtyText(o.Qty)}, field{"p", m.PriceText(o.Price)}, field{"ap", o.averageText()},
		field{"X", o.Status}, field{"l", m.QtyText(t.Qty)}, field{"z", m.QtyText(o.Filled)}, field{"T", millis(t.Time)})
	payload := encode(object{{"e", "forceOrder"}, {"E", millis(p.clock.Now())}, {"o", body}}.with(m.events().futuresTag()...))
	for _, ch := range p.hub.channels {
		if ch.kind == "forceOrder" && (ch.id == m.In.ID || ch.id == exchange.NoInstrument) {
			ch.send(payload)
		}
	}
}
