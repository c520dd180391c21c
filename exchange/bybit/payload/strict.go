package payload

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// shapes are what messages are made of. The order of type and ts, and that of a trade's
// members, differs by category and depth.
type shapes struct{ frame, book, trade, ticker *jsonscan.Shape }

const (
	frameTopic = iota
	frameType
	frameTs
	frameData
	frameCts
	frameCs
)

const (
	bookBids = iota
	bookAsks
	bookU
)

const (
	tradeTime = iota
	tradeSide
	tradeQty
	tradePrice
	tradeID
	tradeBlock
	tradeSeq
)

const (
	tickerMark = iota
	tickerIndex
	tickerInterest
	tickerRate
	tickerNext
	tickerHours
)

func newShapes() shapes {
	return shapes{
		frame:  jsonscan.NewShape("topic text", "type text", "ts whole", "data value", "cts whole", "cs whole"),
		book:   jsonscan.NewShape("b value", "a value", "u whole"),
		trade:  jsonscan.NewShape("T whole", "S text", "v lots", "p ticks", "i text", "BT flag", "seq whole"),
		ticker: jsonscan.NewShape("markPrice e8", "indexPrice e8", "openInterest lots", "fundingRate e8", "nextFundingTime whole", "fundingIntervalHour whole"),
	}
}

// strict reads books, trades and tickers as the venue writes them, in one pass. What is written
// otherwise is left to the tolerant way, which understands it alike; used is false then, and
// nothing was yielded.
func (d *Decoder) strict(frame []byte, yield func(*exchange.Event, int64)) (used bool, err error) {
	var m message
	var in *exchange.Instrument
	var u int64
	var t *ticker // as it was before the message
	var marked bool
	s := jsonscan.Strict{B: frame}
	w := d.shapes.frame.Walk(&s)
	for w.Next() { // to the data
		m.kind, m.depth, m.symbol = Topic(s.Text(w.N[frameTopic]))
		m.snapshot = string(s.Text(w.N[frameType])) == "snapshot"
		if in = d.resolve(m.symbol); in == nil || !w.Has(1<<frameType) {
			return false, nil // what it is must be seen whole
		}
		switch string(m.kind) {
		case "orderbook":
			u = d.strictBook(in, &s)
		case "publicTrade":
			d.strictTrades(in, &s)
		case "tickers":
			if t = d.tickers[in.ID]; t == nil || !in.Perp() || in.Dated() {
				return false, nil
			}
			marked = d.strictTicker(in, t, m.snapshot, &s)
		default:
			return false, nil
		}
	}
	if !s.Whole() || in == nil {
		return false, nil
	}
	m.cs, m.at = w.N[frameCs], exchange.UnixMilli(w.N[frameTs])
	if w.N[frameCts] > 0 {
		m.at = exchange.UnixMilli(w.N[frameCts])
	}
	switch {
	case t != nil:
		interest := t.interest
		if m.snapshot {
			interest = -1
		}
		*t = d.said
		return true, d.tellTicker(in, &m, t, marked, interest, yield)
	case u > 0:
		return true, d.tell(in, &m, u, yield)
	}
	d.tellTrades(in, yield)
	return true, nil
}

func (d *Decoder) strictBook(in *exchange.Instrument, s *jsonscan.Strict) (u int64) {
	d.bids, d.asks = d.bids[:0], d.asks[:0]
	w := d.shapes.book.Walk(s)
	for w.Next() {
		switch w.Key {
		case bookBids:
			d.bids = s.Levels(d.bids, in.Tick, in.Lot)
		case bookAsks:
			d.asks = s.Levels(d.asks, in.Tick, in.Lot)
		}
	}
	s.Bad = s.Bad || w.N[bookU] == 0
	return w.N[bookU]
}

// row is a trade that was read.
type row struct {
	at    exchange.Time
	price exchange.Ticks
	qty   exchange.Lots
	side  exchange.Side
	id    int64
	seq   int64
}

// strictTrades reads all trades before the first is yielded, but those of blocks.
func (d *Decoder) strictTrades(in *exchange.Instrument, s *jsonscan.Strict) {
	d.rows = d.rows[:0]
	for more := s.List(); more; more = s.More() {
		w := d.shapes.trade.Walk(s)
		for w.Tick, w.Lot = in.Tick, in.Lot; w.Next(); {
		}
		id, side := s.Text(w.N[tradeID]), sideOf(s.Text(w.N[tradeSide]))
		if s.Bad || len(id) == 0 || side == 0 || w.N[tradePrice] == 0 || !w.Has(1<<tradeQty) {
			s.Bad = true
			return
		}
		if w.N[tradeBlock] == 0 && w.N[tradeQty] > 0 {
			d.rows = append(d.rows, row{at: exchange.UnixMilli(w.N[tradeTime]), price: exchange.Ticks(w.N[tradePrice]), qty: exchange.Lots(w.N[tradeQty]),
				side: side, id: exchange.TextID(id), seq: w.N[tradeSeq]})
		}
	}
}

func (d *Decoder) tellTrades(in *exchange.Instrument, yield func(*exchange.Event, int64)) {
	ev := &d.of.trade
	for i := range d.rows {
		r := &d.rows[i]
		order := r.seq
		if order == 0 {
			order = int64(r.at)
		}
		ev.Kind, ev.Instrument, ev.VenueTime = exchange.KindTrade, in.ID, r.at
		ev.Price, ev.Qty, ev.Side, ev.ID = r.price, r.qty, r.side, r.id
		yield(ev, order)
	}
}

// strictTicker merges a ticker with the one before, without changing that one yet. What is ""
// is left to the other way.
func (d *Decoder) strictTicker(in *exchange.Instrument, was *ticker, snapshot bool, s *jsonscan.Strict) (marked bool) {
	t := &d.said
	if *t = *was; snapshot {
		*t = ticker{hours: in.FundingHours, interest: -1}
	}
	w := d.shapes.ticker.Walk(s)
	for w.Lot = in.Lot; w.Next(); {
	}
	if w.Has(1 << tickerMark) {
		t.mark = exchange.E8(w.N[tickerMark])
	}
	if w.Has(1 << tickerIndex) {
		t.index = exchange.E8(w.N[tickerIndex])
	}
	if w.Has(1 << tickerInterest) {
		t.interest = exchange.Lots(w.N[tickerInterest])
	}
	if w.Has(1 << tickerRate) {
		t.rate = exchange.E8(w.N[tickerRate])
	}
	if w.Has(1 << tickerNext) {
		t.next = exchange.UnixMilli(w.N[tickerNext])
	}
	if hours := w.N[tickerHours]; hours >= 1 && hours <= 24 {
		t.hours = int(hours)
	}
	return w.HasAny(1<<tickerMark | 1<<tickerIndex | 1<<tickerRate | 1<<tickerNext)
}
