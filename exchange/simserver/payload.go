package simserver

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// The payloads of public streams. Fields: section 2.3 of the exchange's stream
// reference for each market; st and ps are of 2026-06-30.

func (m *market) futuresTag() []field { return []field{{"st", m.st()}} }

// tagged adds what futures events have at their end.
func (m *market) tagged(o object) []byte {
	if api.Of(m.in.Venue) != api.Spot {
		o = o.with(m.futuresTag()...)
	}
	return encode(o)
}

func (m *market) bookTickerEvent(now exchange.Time, id int64) []byte {
	bid, ask := m.touch[0], m.touch[1]
	touch := object{{"b", m.price(bid.Price)}, {"B", m.qty(bid.Qty)}, {"a", m.price(ask.Price)}, {"A", m.qty(ask.Qty)}}
	if api.Of(m.in.Venue) == api.Spot {
		return encode(object{{"u", id}, {"s", m.in.Symbol}}.with(touch...))
	}
	head := object{{"e", "bookTicker"}, {"u", id}, {"s", m.in.Symbol}, {"ps", m.pair()}}
	return m.tagged(head.with(touch...).with(field{"T", millis(m.book.Updated())}, field{"E", millis(now)}))
}

// partialEvent is the whole top of the book; spot's names neither the symbol nor
// the time.
func (m *market) partialEvent(now exchange.Time, n int) []byte {
	if api.Of(m.in.Venue) == api.Spot {
		return encode(object{{"lastUpdateId", m.published}, {"bids", m.side(exchange.Buy, n)}, {"asks", m.side(exchange.Sell, n)}})
	}
	c := &change{first: m.published, last: m.published, bids: m.book.AppendLevels(nil, exchange.Buy, n), asks: m.book.AppendLevels(nil, exchange.Sell, n)}
	return m.depthEvent(now, m.book.Updated(), c, m.published-1)
}

func (m *market) tradeEvent(now exchange.Time) object {
	p := m.trades[len(m.trades)-1]
	o := object{{"e", "trade"}, {"E", millis(now)}}
	if api.Of(m.in.Venue) != api.Spot {
		o = o.with(field{"T", millis(p.at)})
	}
	o = o.with(field{"s", m.in.Symbol}, field{"t", p.id}, field{"p", m.price(p.price)}, field{"q", m.qty(p.qty)})
	if api.Of(m.in.Venue) != api.Spot {
		return o.with(field{"X", "MARKET"}, field{"m", p.side == exchange.Sell}).with(m.futuresTag()...)
	}
	return o.with(field{"T", millis(p.at)}, field{"m", p.side == exchange.Sell}, field{"M", true})
}

func (m *market) aggTradeEvent(now exchange.Time) object {
	p := m.trades[len(m.trades)-1]
	o := object{{"e", "aggTrade"}, {"E", millis(now)}, {"s", m.in.Symbol}}.with(m.aggTrade(p)...)
	if api.Of(m.in.Venue) == api.Spot {
		return o
	}
	return o.with(m.futuresTag()...)
}

func (m *market) markEvent(now exchange.Time) object {
	o := object{{"e", "markPriceUpdate"}, {"E", millis(now)}, {"s", m.in.Symbol}, {"p", m.mark.Mark.Decimal()}}
	if api.Of(m.in.Venue) == api.USDM {
		o = o.with(field{"ap", m.mark.Mark.Decimal()})
	}
	return o.with(field{"P", m.mark.Index.Decimal()}, field{"i", m.mark.Index.Decimal()}, field{"r", m.mark.Rate.Decimal()},
		field{"T", millis(m.mark.NextFunding)}, field{"st", m.st()})
}

// klineEvents are the candles from the one that began at since: those that have
// closed and the one that runs. None before the first trade.
func (m *market) klineEvents(now exchange.Time, interval string, since exchange.Time) (events []object, last exchange.Time) {
	if since == 0 {
		since, _ = opening(now, interval)
	}
	for _, b := range m.candles(interval, since, now) {
		_, end := opening(b.open, interval)
		k := object{{"t", millis(b.open)}, {"T", millis(end) - 1}, {"s", m.in.Symbol}, {"i", interval}, {"f", b.firstID}, {"L", b.lastID},
			{"o", m.price(b.o)}, {"c", m.price(b.c)}, {"h", m.price(b.h)}, {"l", m.price(b.l)}, {"v", m.qty(b.volume)}, {"n", b.count}, {"x", now >= end},
			{"q", b.worth}, {"V", m.qty(b.taker)}, {"Q", b.takerWorth}, {"B", "0"}}
		events = append(events, object{{"e", "kline"}, {"E", millis(now)}, {"s", m.in.Symbol}, {"k", k}})
		last = b.open
	}
	return events, last
}

func (m *market) miniTickerEvent(now exchange.Time) object {
	d, _ := m.day(now)
	o := object{{"e", "24hrMiniTicker"}, {"E", millis(now)}, {"s", m.in.Symbol}}
	if api.Of(m.in.Venue) != api.Spot {
		o = o.with(field{"ps", m.pair()})
	}
	o = o.with(field{"c", m.price(d.c)}, field{"o", m.price(d.o)}, field{"h", m.price(d.h)}, field{"l", m.price(d.l)}, field{"v", m.qty(d.volume)}, field{"q", d.worth})
	if api.Of(m.in.Venue) != api.Spot {
		o = o.with(m.futuresTag()...)
	}
	return o
}

func (m *market) tickerEvent(now exchange.Time) object {
	d, _ := m.day(now)
	move, percent, mean := m.moved(&d)
	var lastQty exchange.Lots
	if n := len(m.trades); n > 0 {
		lastQty = m.trades[n-1].qty
	}
	o := object{{"e", "24hrTicker"}, {"E", millis(now)}, {"s", m.in.Symbol}, {"p", move}, {"P", percent}, {"w", mean}, {"c", m.price(d.c)}, {"Q", m.qty(lastQty)}}
	if api.Of(m.in.Venue) == api.Spot {
		bid, ask := m.touch[0], m.touch[1]
		o = o.with(field{"x", m.price(d.o)}, field{"b", m.price(bid.Price)}, field{"B", m.qty(bid.Qty)}, field{"a", m.price(ask.Price)}, field{"A", m.qty(ask.Qty)})
	} else {
		o = o.with(field{"ps", m.pair()}).with(m.futuresTag()...)
	}
	return o.with(field{"o", m.price(d.o)}, field{"h", m.price(d.h)}, field{"l", m.price(d.l)}, field{"v", m.qty(d.volume)}, field{"q", d.worth},
		field{"O", millis(d.open)}, field{"C", millis(now)}, field{"F", d.firstID}, field{"L", d.lastID}, field{"n", d.count})
}
