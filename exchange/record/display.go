package record

import (
	"math"

	"github.com/perilune/perilune/exchange"
)

// displayed says what book a bar is shown as. A bar has no book: this is an
// assumption, and the events carry Synthetic.
type displayed struct {
	spread        float64 // fraction of the close, best bid to best ask
	gap           float64 // fraction of the close, level to level
	levels        int     // a side
	participation float64 // part of the bar's volume that a side shows
}

// display fills the leg's levels around the close of its next bar. A spread
// that is not zero is at least one tick, and one lot is shown even when nothing
// was traded, so that the market always has a price.
func (d displayed) display(l *leg) {
	b := &l.bars[l.at]
	mid := l.ticks(b.c)
	var spread exchange.Ticks
	if d.spread > 0 {
		spread = max(1, d.ticks(mid, d.spread))
	}
	gap := max(1, d.ticks(mid, d.gap))
	qty := max(1, exchange.Lots(math.Min(b.volume*d.participation/float64(d.levels)/l.in.Lot.Float(1), 1<<52)))
	l.bids, l.asks = l.bids[:0], l.asks[:0]
	bid := max(1, mid-spread/2)
	for i := range exchange.Ticks(d.levels) {
		if p := bid - i*gap; p > 0 {
			l.bids = append(l.bids, exchange.Level{Price: p, Qty: qty})
		}
		l.asks = append(l.asks, exchange.Level{Price: bid + spread + i*gap, Qty: qty})
	}
}

func (d displayed) ticks(mid exchange.Ticks, fraction float64) exchange.Ticks {
	return exchange.Ticks(math.Round(float64(mid) * fraction))
}
