package simserver

import "github.com/perilune/perilune/exchange"

// announceContract sends !contractInfo to who listens: a contract's state or
// rules have changed. Source: the contractInfo stream; bks is told with the
// brackets only.
func (s *sim) announceContract(m *market) {
	if !m.in.Perp() {
		return
	}
	for _, ch := range s.hub.channels {
		if ch.kind == "contractInfo" {
			ch.send(encode(m.contractEvent(millis(s.now))))
		}
	}
}

func (m *market) contractEvent(now int64) object {
	return object{{"e", "contractInfo"}, {"E", now}, {"s", m.in.Symbol}, {"ps", m.pair()}, {"ct", "PERPETUAL"}, {"dt", m.rules.delivery}, {"ot", onboarded},
		{"cs", m.rules.status}, {"st", m.st()}}
}

// publishForced sends forceOrder: a liquidation's order to the symbol's stream
// and to the one of all symbols.
func (s *sim) publishForced(t *trade) {
	o, m := t.order, t.order.m
	body := object{{"s", m.in.Symbol}}
	if m.in.Inverse() {
		body = body.with(field{"ps", m.pair()})
	}
	body = body.with(field{"S", sideText(o.side)}, field{"o", "LIMIT"}, field{"f", o.tif}, field{"q", m.qty(o.qty)}, field{"p", m.price(o.price)}, field{"ap", o.averageText()},
		field{"X", o.status}, field{"l", m.qty(t.qty)}, field{"z", m.qty(o.filled)}, field{"T", millis(t.at)})
	payload := encode(object{{"e", "forceOrder"}, {"E", millis(s.now)}, {"o", body}}.with(m.futuresTag()...))
	for _, ch := range s.hub.channels {
		if ch.kind == "forceOrder" && (ch.id == m.in.ID || ch.id == exchange.NoInstrument) {
			ch.send(payload)
		}
	}
}
