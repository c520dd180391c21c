package feed

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// shapes are what small messages are made of. Of an object that names its coin first all else
// is known by then.
type shapes struct{ trade, touch, level, context, state *jsonscan.Shape }

const (
	tradeCoin = iota
	tradeSide
	tradePrice
	tradeSize
	tradeTime
	tradeID
)

const (
	touchCoin = iota
	touchTime
	touchLevels
)

const (
	levelPrice = iota
	levelSize
)

const (
	contextCoin = iota
	contextState
)

const (
	stateRate = iota
	stateInterest
	stateOracle
	stateMark
)

func newShapes() *shapes {
	return &shapes{
		trade:   jsonscan.NewShape("coin value", "side text", "px ticks", "sz lots", "time whole", "tid whole"),
		touch:   jsonscan.NewShape("coin value", "time whole", "bbo value"),
		level:   jsonscan.NewShape("px ticks", "sz lots"),
		context: jsonscan.NewShape("coin value", "ctx value"),
		state:   jsonscan.NewShape("funding e8", "openInterest lots", "oraclePx e8", "markPx e8"),
	}
}

// forms are the shapes, from the first message on.
func (d *Decoder) forms() *shapes {
	if d.shapes == nil {
		d.shapes = newShapes()
	}
	return d.shapes
}

// deal is a trade that was read.
type deal struct {
	in    *exchange.Instrument // nil: it is not wanted
	price exchange.Ticks
	qty   exchange.Lots
	side  exchange.Side
	at    exchange.Time
	id    int64
}

// strictTrades reads a list of trades as the venue writes it, the coin of each first, in one
// pass and all of them before the first is told; false: it is written otherwise.
func (d *Decoder) strictTrades(data []byte) bool {
	s := jsonscan.Strict{B: data}
	shape := d.forms().trade
	d.deals = d.deals[:0]
	for more := s.List(); more; more = s.More() {
		var t deal
		w := shape.Walk(&s)
		for w.Next() {
			if t.in = d.find(s.Word()); t.in == nil || w.HasAny(1<<tradePrice|1<<tradeSize) {
				return false // what is not wanted is not judged
			}
			w.Tick, w.Lot = t.in.Tick, t.in.Lot
		}
		t.price, t.qty, t.side = exchange.Ticks(w.N[tradePrice]), exchange.Lots(w.N[tradeSize]), SideOf(s.Text(w.N[tradeSide]))
		t.at, t.id = exchange.UnixMilli(w.N[tradeTime]), w.N[tradeID]
		if s.Bad || t.in == nil || t.price == 0 || !w.Has(1<<tradeSize) || t.side == 0 || t.id <= 0 || t.at <= 0 || t.at >= exchange.UnixMilli(1<<43) {
			return false
		}
		d.deals = append(d.deals, t)
	}
	return s.Whole()
}

// tellTrades yields those that were read and not told before.
func (d *Decoder) tellTrades(yield func(*exchange.Event, int64)) (used bool) {
	ev := &d.trade
	for i := range d.deals {
		t := &d.deals[i]
		ev.Kind, ev.Instrument, ev.VenueTime = exchange.KindTrade, t.in.ID, t.at
		ev.ID, ev.Price, ev.Qty, ev.Side = t.id, t.price, t.qty, t.side
		if t.qty > 0 && d.Trades.fresh(ev) {
			used = true
			yield(ev, int64(t.at/exchange.Millisecond))
		}
	}
	return used
}

// strictTouch reads the best of both sides; false: it is written otherwise, or one is null.
func (d *Decoder) strictTouch(data []byte) (in *exchange.Instrument, at int64, ok bool) {
	s := jsonscan.Strict{B: data}
	d.bids, d.asks = d.bids[:0], d.asks[:0]
	w := d.forms().touch.Walk(&s)
	for w.Next() {
		if w.Key == touchCoin {
			in = d.find(s.Word())
			continue
		}
		if in == nil {
			return nil, 0, false
		}
		sides := 0
		for more := s.List(); more; more = s.More() {
			l := d.shapes.level.Walk(&s)
			l.Tick, l.Lot = in.Tick, in.Lot
			l.Next()
			level := exchange.Level{Price: exchange.Ticks(l.N[levelPrice]), Qty: exchange.Lots(l.N[levelSize])}
			if sides++; sides == 1 {
				d.bids = append(d.bids, level)
			} else {
				d.asks = append(d.asks, level)
			}
			s.Bad = s.Bad || level.Price == 0 || !l.Has(1<<levelSize)
		}
		s.Bad = s.Bad || sides != 2
	}
	at = w.N[touchTime]
	return in, at, s.Whole() && w.Has(1<<touchLevels) && at > 0
}

// strictContext reads what activeAssetCtx says of a perpetual.
func (d *Decoder) strictContext(data []byte) (in *exchange.Instrument, c asset, ok bool) {
	s := jsonscan.Strict{B: data}
	w := d.forms().context.Walk(&s)
	for w.Next() {
		if w.Key == contextCoin {
			if in = d.find(s.Word()); in == nil || !in.Perp() {
				return nil, c, false
			}
			continue
		}
		if in == nil {
			return nil, c, false
		}
		x := d.shapes.state.Walk(&s)
		x.Lot = in.Lot
		x.Next()
		c = asset{mark: exchange.E8(x.N[stateMark]), index: exchange.E8(x.N[stateOracle]), rate: exchange.E8(x.N[stateRate]), interest: exchange.Lots(x.N[stateInterest]),
			marked: x.Has(1<<stateMark | 1<<stateRate), interested: x.Has(1 << stateInterest)}
	}
	return in, c, s.Whole() && w.Has(1<<contextState)
}
