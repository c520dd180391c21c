package simfront

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// The payloads of public streams. Fields: section 2.3 of the exchange's stream
// reference for each market; st and ps are of 2026-06-30.

// marketEvents words what an instrument does for public streams.
type marketEvents struct{ *market }

func (m *market) events() marketEvents { return marketEvents{m} }

func (m marketEvents) futuresTag() []field { return []field{{"st", m.st()}} }

// tagged adds what futures events have at their end.
func (m marketEvents) tagged(o object) []byte {
	if api.Of(m.In.Venue) != api.Spot {
		o = o.with(m.futuresTag()...)
	}
	return encode(o)
}

func (m marketEvents) bookTickerEvent(now exchange.Time, id int64) []byte {
	bid, ask := m.Touch[0], m.Touch[1]
	touch := object{{"b", m.PriceText(bid.Price)}, {"B", m.QtyText(bid.Qty)}, {"a", m.PriceText(ask.Price)}, {"A", m.QtyText(ask.Qty)}}
	if api.Of(m.In.Venue) == api.Spot {
		return encode(object{{"u", id}, {"s", m.In.Symbol}}.with(touch...))
	}
	head := object{{"e", "bookTicker"}, {"u", id}, {"s", m.In.Symbol}, {"ps", m.pair()}}
	return m.tagged(head.with(touch...).with(field{"T", millis(m.Book.Updated())}, field{"E", millis(now)}))
}

// partialEvent is the whole top of the book; spot's names neither the symbol nor
// the time.
func (m marketEvents) partialEvent(now exchange.Time, n int) []byte {
	if api.Of(m.In.Venue) == api.Spot {
		return encode(object{{"lastUpdateId", m.Published}, {"bids", m.side(exchange.Buy, n)}, {"asks", m.side(exchange.Sell, n)}})
	}
	c := &simserver.Change{First: m.Published, Last: m.Published, Bids: m.Book.AppendLevels(nil, exchange.Buy, n), Asks: m.Book.AppendLevels(nil, exchange.Sell, n)}
	return m.depthEvent(now, m.Book.Updated(), c, m.Published-1)
}

func (m marketEvents) tradeEvent(now exchange.Time) object {
	p := m.Prints[len(m.Prints)-1]
	o := object{{"e", "trade"}, {"E", millis(now)}}
	if api.Of(m.In.Venue) != api.Spot {
		o = o.with(field{"T", millis(p.Time)})
	}
	o = o.with(field{"s", m.In.Symbol}, field{"t", p.ID}, field{"p", m.PriceText(p.Price)}, field{"q", m.QtyText(p.Qty)})
	if api.Of(m.In.Venue) != api.Spot {
		return o.with(field{"X", "MARKET"}, field{"m", p.Side == exchange.Sell}).with(m.futuresTag()...)
	}
	return o.with(field{"T", millis(p.Time)}, field{"m", p.Side == exchange.Sell}, field{"M", true})
}

func (m marketEvents) aggTradeEvent(now exchange.Time) object {
	p := m.Prints[len(m.Prints)-1]
	o := object{{"e", "aggTrade"}, {"E", millis(now)}, {"s", m.In.Symbol}}.with(m.aggTrade(p)...)
	if api.Of(m.In.Venue) == api.Spot {
		return o
	}
	return o.with(m.futuresTag()...)
}

func (m marketEvents) markEvent(now exchange.Time) object {
	o := object{{"e", "markPriceUpdate"}, {"E", millis(now)}, {"s", m.In.Symbol}, {"p", m.Mark.Mark.Decimal()}}
	if api.Of(m.In.Venue) == api.USDM {
		o = o.with(field{"ap", m.Mark.Mark.Decimal()})
	}
	return o.with(field{"P", m.Mark.Index.Decimal()}, field{"i", m.Mark.Index.Decimal()}, field{"r", m.Mark.Rate.Decimal()},
		field{"T", millis(m.Mark.NextFunding)}, field{"st", m.st()})
}

// klineEvents are the candles from the one that began at since: those that have
// closed and the one that runs. None before the first trade.
func (m marketEvents) klineEvents(now exchange.Time, interval string, since exchange.Time) (events []object, last exchange.Time) {
	if since == 0 {
		since, _ = simserver.Opening(now, interval)
	}
	for _, b := range m.Candles(interval, since, now) {
		_, end := simserver.Opening(b.Begin, interval)
		k := object{{"t", millis(b.Begin)}, {"T", millis(end) - 1}, {"s", m.In.Symbol}, {"i", interval}, {"f", b.FirstID}, {"L", b.LastID},
			{"o", m.PriceText(b.Open)}, {"c", m.PriceText(b.Close)}, {"h", m.PriceText(b.High)}, {"l", m.PriceText(b.Low)}, {"v", m.QtyText(b.Volume)}, {"n", b.Count}, {"x", now >= end},
			{"q", b.Worth}, {"V", m.QtyText(b.Taker)}, {"Q", b.TakerWorth}, {"B", "0"}}
		events = append(events, object{{"e", "kline"}, {"E", millis(now)}, {"s", m.In.Symbol}, {"k", k}})
		last = b.Begin
	}
	return events, last
}

func (m marketEvents) miniTickerEvent(now exchange.Time) object {
	d, _ := m.Day(now)
	o := object{{"e", "24hrMiniTicker"}, {"E", millis(now)}, {"s", m.In.Symbol}}
	if api.Of(m.In.Venue) != api.Spot {
		o = o.with(field{"ps", m.pair()})
	}
	o = o.with(field{"c", m.PriceText(d.Close)}, field{"o", m.PriceText(d.Open)}, field{"h", m.PriceText(d.High)}, field{"l", m.PriceText(d.Low)}, field{"v", m.QtyText(d.Volume)}, field{"q", d.Worth})
	if api.Of(m.In.Venue) != api.Spot {
		o = o.with(m.futuresTag()...)
	}
	return o
}

func (m marketEvents) tickerEvent(now exchange.Time) object {
	d, _ := m.Day(now)
	move, percent, mean := m.moved(&d)
	var lastQty exchange.Lots
	if n := len(m.Prints); n > 0 {
		lastQty = m.Prints[n-1].Qty
	}
	o := object{{"e", "24hrTicker"}, {"E", millis(now)}, {"s", m.In.Symbol}, {"p", move}, {"P", percent}, {"w", mean}, {"c", m.PriceText(d.Close)}, {"Q", m.QtyText(lastQty)}}
	if api.Of(m.In.Venue) == api.Spot {
		bid, ask := m.Touch[0], m.Touch[1]
		o = o.with(field{"x", m.PriceText(d.Open)}, field{"b", m.PriceText(bid.Price)}, field{"B", m.QtyText(bid.Qty)}, field{"a", m.PriceText(ask.Price)}, field{"A", m.QtyText(ask.Qty)})
	} else {
		o = o.with(field{"ps", m.pair()}).with(m.futuresTag()...)
	}
	return o.with(field{"o", m.PriceText(d.Open)}, field{"h", m.PriceText(d.High)}, field{"l", m.PriceText(d.Low)}, field{"v", m.QtyText(d.Volume)}, field{"q", d.Worth},
		field{"O", millis(d.Begin)}, field{"C", millis(now)}, field{"F", d.FirstID}, field{"L", d.LastID}, field{"n", d.Count})
}
