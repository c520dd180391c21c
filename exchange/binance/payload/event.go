package payload

import (
	"bytes"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// event is a type of message.
type event uint8

const (
	noEvent event = iota
	depthEvent
	tickerEvent
	tradeEvent
	aggTradeEvent
	markEvent
	forcedEvent
	snapshotEvent
)

// named returns the type that the message says it is of.
func (fr *frame) named() event {
	f := fr.fields[keyEvent]
	if f.shape != textShape {
		return noEvent
	}
	switch string(fr.scan.B[f.lo:f.hi]) {
	case "depthUpdate":
		return depthEvent
	case "bookTicker":
		return tickerEvent
	case "trade":
		return tradeEvent
	case "aggTrade":
		return aggTradeEvent
	case "markPriceUpdate":
		return markEvent
	case "forceOrder":
		return forcedEvent
	}
	return noEvent
}

// classify tells the type of a message. Two messages of spot do not say theirs
// and are known by their keys.
func (fr *frame) classify() event {
	const ticker = 1<<keyLastID | 1<<keySymbol | 1<<keyBid | 1<<keyBidQty | 1<<keyAsk | 1<<keyAskQty
	switch {
	case fr.has(keyEvent):
		return fr.named()
	case fr.has(keySnapshotID) && (fr.has(keyBids) || fr.has(keyAsks)):
		return snapshotEvent
	case fr.seen&ticker == ticker:
		return tickerEvent
	}
	return noEvent
}

// finish turns the message into an event.
func (d *Decoder) finish(ev *exchange.Event) error {
	kind := d.classify()
	switch kind {
	case noEvent:
		return ErrIgnored
	case forcedEvent:
		return d.forced(ev)
	}
	if err := d.owner(kind); err != nil {
		return err
	}
	ev.Instrument = d.in.ID
	switch kind {
	case depthEvent:
		return d.depth(ev)
	case tickerEvent:
		return d.ticker(ev)
	case tradeEvent:
		return d.trade(ev, keyTradeID)
	case aggTradeEvent:
		return d.trade(ev, keyAsk)
	case markEvent:
		return d.mark(ev)
	}
	return d.snapshot(ev)
}

// owner makes sure that the instrument is known.
func (d *Decoder) owner(kind event) error {
	k := keySymbol
	if kind == snapshotEvent {
		k = keyLongSymbol
	}
	if kind != snapshotEvent || d.has(k) {
		symbol, err := d.want(k, textShape)
		if err != nil {
			return err
		}
		if d.has(keySymbol) && d.has(keyLongSymbol) {
			d.in = d.resolve(d.scan.B[symbol.lo:symbol.hi])
		}
		if bytes.IndexByte(d.scan.B[symbol.lo:symbol.hi], '\\') >= 0 {
			return jsonscan.NewDecodeError(d.scan.B, symbol.lo, keyNames[k], "want a symbol without escapes")
		}
	} else if d.in = d.whose(); d.in == nil && d.stream.shape != textShape {
		return jsonscan.NewDecodeError(d.scan.B, d.start, keyNames[k], "missing, and no default instrument is set")
	}
	if d.in == nil {
		return ErrIgnored
	}
	return nil
}

func (d *Decoder) depth(ev *exchange.Event) (err error) {
	partial, rpi := depthStream(d.scan.B[d.stream.lo:d.stream.hi])
	if rpi {
		return ErrIgnored
	}
	if partial {
		return d.book(ev, keyLastID, keyBid, keyAsk)
	}
	ev.Kind, ev.PrevID = exchange.KindDiff, -1
	if ev.FirstID, err = d.id(keyFirstID); err != nil {
		return err
	}
	if d.market != api.Spot {
		if ev.PrevID, err = d.id(keyPrevID); err != nil {
			return err
		}
	}
	return d.bookOf(ev, keyLastID, keyBid, keyAsk)
}

// depthStream reports whether the name of a stream is of a partial depth, or of
// a depth with the orders that only retail flow can hit, which is another book.
func depthStream(name []byte) (partial, rpi bool) {
	_, rest, _ := bytes.Cut(name, []byte("@"))
	kind, _, _ := bytes.Cut(rest, []byte("@"))
	levels, isDepth := bytes.CutPrefix(kind, []byte("depth"))
	return isDepth && len(levels) > 0, string(kind) == "rpiDepth"
}

func (d *Decoder) snapshot(ev *exchange.Event) error {
	return d.book(ev, keySnapshotID, keyBids, keyAsks)
}

func (d *Decoder) book(ev *exchange.Event, id, bids, asks key) error {
	ev.Kind = exchange.KindSnapshot
	return d.bookOf(ev, id, bids, asks)
}

func (d *Decoder) bookOf(ev *exchange.Event, id, bids, asks key) (err error) {
	if ev.LastID, err = d.id(id); err != nil {
		return err
	}
	for _, k := range [...]key{bids, asks} {
		if err := d.wantLevels(k); err != nil {
			return err
		}
	}
	ev.Bids, ev.Asks = d.bids, d.asks
	ev.VenueTime, err = d.time(keyTime, keyEventTime)
	return err
}

func (d *Decoder) wantLevels(k key) error {
	if d.has(k) && d.fields[k].shape == levelsShape {
		return nil
	}
	f, err := d.want(k, arrayShape)
	if err != nil {
		return err
	}
	d.scan.I = f.lo
	return d.levels(k)
}

func (d *Decoder) ticker(ev *exchange.Event) (err error) {
	ev.Kind = exchange.KindTicker
	if ev.LastID, err = d.id(keyLastID); err != nil {
		return err
	}
	if ev.Price, err = d.price(keyBid); err != nil {
		return err
	}
	if ev.Qty, err = d.qty(keyBidQty); err != nil {
		return err
	}
	if ev.Price2, err = d.price(keyAsk); err != nil {
		return err
	}
	if ev.Qty2, err = d.qty(keyAskQty); err != nil {
		return err
	}
	ev.VenueTime, err = d.time(keyTime, keyEventTime)
	return err
}

func (d *Decoder) trade(ev *exchange.Event, id key) (err error) {
	if d.has(keyTradeType) && !d.is(keyTradeType, "MARKET") {
		return ErrIgnored
	}
	ev.Kind = exchange.KindTrade
	if ev.ID, err = d.id(id); err != nil {
		return err
	}
	if ev.Price, err = d.price(keyPrice); err != nil {
		return err
	}
	if ev.Qty, err = d.qty(keyQty); err != nil {
		return err
	}
	if ev.Price == 0 || ev.Qty == 0 {
		return jsonscan.NewDecodeError(d.scan.B, d.start, "p", "a trade has a price and a quantity above zero")
	}
	maker, err := d.want(keyMaker, boolShape)
	if err != nil {
		return err
	}
	ev.Side = exchange.Buy
	if maker.n == 1 { // the buyer was in the book, so the aggressor sold
		ev.Side = exchange.Sell
	}
	ev.VenueTime, err = d.time(keyTime, keyEventTime)
	return err
}

func (d *Decoder) mark(ev *exchange.Event) (err error) {
	ev.Kind = exchange.KindMark
	if ev.Mark, err = d.e8(keyPrice); err != nil {
		return err
	}
	if ev.Index, err = d.optionalE8(keyIndex); err != nil {
		return err
	}
	if ev.Rate, err = d.optionalE8(keyRate); err != nil {
		return err
	}
	if ev.NextFunding, err = d.time(keyTime, noKey); err != nil {
		return err
	}
	ev.Hours = d.in.FundingHours
	ev.VenueTime, err = d.time(keyEventTime, noKey)
	return err
}
