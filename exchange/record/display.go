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

// display fills the leg's levels around the close of its next bar, and reports
// whether there is anything to show: a side never has more than its part of what was
// traded, in whole lots. A spread that is not zero is at least one tick.
func (d displayed) display(l *leg) bool {
	b := &l.bars[l.at]
	mid := l.ticks(b.c)
	var spread exchange.Ticks
	if width := d.spread + 2*l.worse; width > 0 {
		spread = max(1, d.ticks(mid, width))
	}
	gap := max(1, d.ticks(mid, d.gap))
	lots := math.Min(b.volume*d.participation/l.in.Lot.Float(1)+1e-9, 1<<52)
	levels := int(min(float64(d.levels), lots))
	qty := exchange.Lots(max(1, lots/float64(d.levels)))
	l.bids, l.asks = l.bids[:0], l.asks[:0]
	bid := max(1, mid-spread/2)
	for i := range exchange.Ticks(levels) {
		if p := bid - i*gap; p > 0 {
			l.bids = append(l.bids, exchange.Level{Price: p, Qty: qty})
		}
		l.asks = append(l.asks, exchange.Level{Price: bid + spread + i*gap, Qty: qty})
	}
	return levels > 0
}

func (d displayed) ticks(mid exchange.Ticks, fraction float64) exchange.Ticks {
	return exchange.Ticks(math.Round(float64(mid) * fraction))
}
