package simfront

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
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

// publishForced tells of a customer's liquidation: see keepForced.
func (p *publisher) publishForced(t *trade) {
	o, m := t.Order, t.Order.m
	m.keepForced(object{{"S", sideText(o.Side)}, {"o", "LIMIT"}, {"f", o.TIF}, {"q", m.QtyText(o.Qty)}, {"p", m.PriceText(o.Price)}, {"ap", o.averageText()},
		{"X", o.Status}, {"l", m.QtyText(t.Qty)}, {"z", m.QtyText(o.Filled)}, {"T", millis(t.Time)}})
}

// publishCrowd tells of a liquidation of the market's own.
func (m *market) publishCrowd(ev *exchange.Event) {
	price, qty := m.PriceText(ev.Price), m.QtyText(ev.Qty)
	m.keepForced(object{{"S", sideText(ev.Side)}, {"o", "LIMIT"}, {"f", "IOC"}, {"q", qty}, {"p", price}, {"ap", price}, {"X", "FILLED"}, {"l", qty}, {"z", qty}, {"T", millis(ev.VenueTime)}})
}

// forcedEvery is how often liquidations are told: of a symbol the last in that time alone.
// Source: "Liquidation Order Streams".
const forcedEvery = exchange.Second

// keepForced keeps the order of a liquidation, in the place of one that was not told yet.
func (m *market) keepForced(order object) {
	body := object{{"s", m.In.Symbol}}
	if m.In.Inverse() {
		body = body.with(field{"ps", m.pair()})
	}
	m.forced = body.with(order...)
}

// publishLiquidations sends forceOrder, to the symbol's stream and to the one of all symbols.
func (p *publisher) publishLiquidations() {
	now := p.clock.Now()
	for _, m := range p.markets {
		if m.forced == nil || now < m.forcedAt {
			continue
		}
		payload := encode(object{{"e", "forceOrder"}, {"E", millis(now)}, {"o", m.forced}}.with(m.events().futuresTag()...))
		m.forced, m.forcedAt = nil, now+forcedEvery
		for _, ch := range p.hub.channels {
			if ch.kind == "forceOrder" && (ch.id == m.In.ID || ch.id == exchange.NoInstrument && ch.market == api.Of(m.In.Venue)) {
				ch.send(payload)
			}
		}
	}
}
