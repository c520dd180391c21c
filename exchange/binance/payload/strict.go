package payload

import (
	"bytes"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// shapes are the messages that come all the time, as their venue writes them: see
// jsonscan.Shape. What is written otherwise, or is not what it should be, is left to the
// tolerant path, which accepts all that strict accepts and understands it the same way.
type shapes struct{ depth, ticker, trade, aggregate, mark, snapshot *jsonscan.Shape }

// The members that every shape has first.
const (
	shapeEvent = iota
	shapeEventTime
	shapeTime
	shapeSymbol
	shapeOwn // the first of the others
)

const ( // and of a snapshot
	depthFirst = shapeOwn + iota
	depthLast
	depthPrev
	depthBids
	depthAsks
)

const (
	tickerID = shapeOwn + iota
	tickerBid
	tickerBidQty
	tickerAsk
	tickerAskQty
	tickerOther // what makes it another message, where its type is not said
)

const (
	tradeID = shapeOwn + iota
	tradePrice
	tradeQty
	tradeType
	tradeMaker
)

const (
	markPrice = shapeOwn + iota
	markIndex
	markRate
)

func newShapes() shapes {
	of := func(own ...string) *jsonscan.Shape {
		return jsonscan.NewShape(append([]string{"e text", "E whole", "T whole", "s value"}, own...)...)
	}
	return shapes{
		depth:     of("U whole", "u whole", "pu whole", "b value", "a value"),
		ticker:    of("u whole", "b ticks", "B lots", "a ticks", "A lots", "lastUpdateId value", "data value"),
		trade:     of("t whole", "p ticks", "q lots", "X text", "m flag"),
		aggregate: of("a whole", "p ticks", "q lots", "X text", "m flag"),
		mark:      of("p e8", "i text", "r text"), // "" where there is none
		snapshot:  jsonscan.NewShape("e value", "E whole", "T whole", "symbol value", "U value", "lastUpdateId whole", "pu value", "bids value", "asks value", "data value"),
	}
}

// envelope takes `{"stream":"…","data":` when it is written just so.
func (fr *frame) envelope() bool {
	if !fr.literal(`{"stream":"`) {
		return false
	}
	lo := fr.scan.I
	end := lo + jsonscan.TextEnd(fr.scan.B[lo:])
	if fr.scan.I = end; !fr.literal(`","data":`) {
		fr.scan.I = 0
		return false
	}
	fr.stream = field{lo: lo, hi: end, shape: textShape}
	return true
}

func (fr *frame) literal(want string) bool {
	if len(fr.scan.B)-fr.scan.I < len(want) || string(fr.scan.B[fr.scan.I:fr.scan.I+len(want)]) != want {
		return false
	}
	fr.scan.I += len(want)
	return true
}

// kindOf tells the type of a payload by how it begins.
func (d *Decoder) kindOf(b []byte) (kind event, sh *jsonscan.Shape) {
	const word = `{"e":"`
	if !bytes.HasPrefix(b, []byte(word)) {
		if bytes.HasPrefix(b, []byte(`{"u":`)) { // bookTicker of spot and COIN-M
			return tickerEvent, d.shapes.ticker
		}
		if bytes.HasPrefix(b, []byte(`{"lastUpdateId":`)) {
			return snapshotEvent, d.shapes.snapshot
		}
		return noEvent, nil
	}
	for _, k := range [...]struct {
		name string
		kind event
		sh   *jsonscan.Shape
	}{{`depthUpdate"`, depthEvent, d.shapes.depth}, {`bookTicker"`, tickerEvent, d.shapes.ticker}, {`aggTrade"`, aggTradeEvent, d.shapes.aggregate},
		{`trade"`, tradeEvent, d.shapes.trade}, {`markPriceUpdate"`, markEvent, d.shapes.mark}} {
		if rest := b[len(word):]; len(rest) > len(k.name) && string(rest[:len(k.name)]) == k.name {
			return k.kind, k.sh
		}
	}
	return noEvent, nil
}

// strict reads the rest of the frame into an event if it is of one of the shapes.
func (d *Decoder) strict(ev *exchange.Event) bool {
	s := jsonscan.Strict{B: d.scan.B[d.scan.I:]}
	kind, sh := d.kindOf(s.B)
	if sh == nil {
		return false
	}
	var in *exchange.Instrument
	w := sh.Walk(&s)
	w.Quotes = jsonscan.Numbers
	for w.Next() {
		if kind == snapshotEvent && w.Key == depthBids && !w.Has(1<<shapeSymbol) {
			in = d.whose()
		}
		switch {
		case w.Key == shapeSymbol && in == nil:
			if in = d.resolve(s.Word()); in == nil {
				return false // what is not wanted must be seen whole
			}
			w.Tick, w.Lot = in.Tick, in.Lot
		case in == nil || kind == tickerEvent:
			return false
		case w.Key == depthBids:
			d.bids = s.Levels(d.bids[:0], in.Tick, in.Lot)
		case w.Key == depthAsks:
			d.asks = s.Levels(d.asks[:0], in.Tick, in.Lot)
		default:
			return false
		}
	}
	if d.enveloped && !s.Take("}") || !s.Whole() || in == nil {
		return false
	}
	t, ok := stamp(w.N[shapeTime])
	if !w.Has(1 << shapeTime) {
		t, ok = stamp(w.N[shapeEventTime])
	}
	if !ok {
		return false
	}
	switch kind {
	case depthEvent:
		ok = d.strictDepth(&w, ev)
	case snapshotEvent:
		ok = w.Has(1<<depthLast | 1<<depthBids | 1<<depthAsks)
		ev.Kind, ev.LastID, ev.Bids, ev.Asks = exchange.KindSnapshot, w.N[depthLast], d.bids, d.asks
	case tickerEvent:
		ok = w.Has(1<<tickerID | 1<<tickerBid | 1<<tickerBidQty | 1<<tickerAsk | 1<<tickerAskQty)
		if word := s.Text(w.N[shapeEvent]); ok && w.Has(1<<shapeEvent) && string(word) != "bookTicker" {
			return false
		}
		ev.Kind, ev.LastID = exchange.KindTicker, w.N[tickerID]
		ev.Price, ev.Qty = exchange.Ticks(w.N[tickerBid]), exchange.Lots(w.N[tickerBidQty])
		ev.Price2, ev.Qty2 = exchange.Ticks(w.N[tickerAsk]), exchange.Lots(w.N[tickerAskQty])
	case tradeEvent, aggTradeEvent:
		ok = w.Has(1<<tradeID|1<<tradeMaker) && w.N[tradePrice] > 0 && w.N[tradeQty] > 0 && (!w.Has(1<<tradeType) || string(s.Text(w.N[tradeType])) == "MARKET")
		ev.Kind, ev.ID = exchange.KindTrade, w.N[tradeID]
		ev.Price, ev.Qty, ev.Side = exchange.Ticks(w.N[tradePrice]), exchange.Lots(w.N[tradeQty]), exchange.Buy
		if w.N[tradeMaker] == 1 { // the buyer was in the book, so the aggressor sold
			ev.Side = exchange.Sell
		}
	case markEvent:
		if ok = w.Has(1<<markPrice | 1<<shapeEventTime | 1<<shapeTime); !ok {
			return false
		}
		ev.Kind, ev.Hours, ev.NextFunding, ev.Mark = exchange.KindMark, in.FundingHours, t, exchange.E8(w.N[markPrice])
		t, ok = stamp(w.N[shapeEventTime])
		var bad, worse error
		ev.Index, bad = optional(s.Text(w.N[markIndex]))
		ev.Rate, worse = optional(s.Text(w.N[markRate]))
		ok = ok && bad == nil && worse == nil
	}
	ev.Instrument, ev.VenueTime = in.ID, t
	return ok
}

// optional reads what may be "".
func optional(word []byte) (exchange.E8, error) {
	if len(word) == 0 {
		return 0, nil
	}
	return fixed.E8(word)
}

func (d *Decoder) strictDepth(w *jsonscan.Walk, ev *exchange.Event) bool {
	partial, rpi := depthStream(d.scan.B[d.stream.lo:d.stream.hi])
	if rpi || !w.Has(1<<depthLast|1<<depthBids|1<<depthAsks) {
		return false
	}
	ev.LastID, ev.Bids, ev.Asks = w.N[depthLast], d.bids, d.asks
	if partial {
		ev.Kind = exchange.KindSnapshot
		return true
	}
	ev.Kind, ev.FirstID, ev.PrevID = exchange.KindDiff, w.N[depthFirst], -1
	if d.market == api.Spot {
		return w.Has(1 << depthFirst)
	}
	ev.PrevID = w.N[depthPrev]
	return w.Has(1<<depthFirst | 1<<depthPrev)
}
