package core

import (
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/bars"
)

// BarTwin builds bars from trades that it is shown, and does nothing else.
type BarTwin struct{ builder *barBuilder }

// BarTwin returns one that builds the bars that this core builds, from nothing.
func (c *Core) BarTwin() *BarTwin {
	t := &barBuilder{outbox: &outbox{effects: &[]Effect{}}, cfg: &c.cfg, phase: &phase{}, markets: &markets{list: make([]market, len(c.markets.list))}}
	t.candles.warnedTradeless = true
	t.candles.clocks = slices.Clone(c.bars.candles.clocks)
	for i := range c.markets.list {
		from, to := &c.markets.list[i], &t.markets.list[i]
		to.in = from.in
		for _, s := range from.built {
			to.built = append(to.built, bars.New(s.Instrument(), s.Length(), 0))
		}
	}
	return &BarTwin{t}
}

// WatchTrade shows it a trade. One without a quantity only moves its time.
func (t *BarTwin) WatchTrade(ev *exchange.Event) {
	bb := t.builder
	bb.now = max(bb.now, ev.Time)
	if !bb.phase.started {
		bb.phase.started = true
		bb.startBars()
	}
	bb.closeBars()
	bb.candles.closed = bb.candles.closed[:0]
	if ev.Qty > 0 {
		for _, s := range bb.markets.list[ev.Instrument].built {
			s.Trade(ev.Price, ev.Qty, ev.Side)
		}
	}
}

// RecallBars is what the bars are by now; see Core.RecallBars.
func (t *BarTwin) RecallBars() []exchange.Event { return t.builder.recall() }

// RecallBars returns what a core that goes on from this one has to hear before it
// starts, to have the same bars: the finished ones, and those under way, whose
// VenueTime is when they will close.
func (c *Core) RecallBars() []exchange.Event { return c.bars.recall() }

// LongestBar is the longest of the bars that are built from trades; 0: none are.
func (c *Core) LongestBar() exchange.Time { return c.bars.longest() }

func (bb *barBuilder) recall() (out []exchange.Event) {
	for i := range bb.markets.list {
		m := &bb.markets.list[i]
		for _, s := range m.built {
			list := s.Done()
			if b, ok := s.Under(); ok {
				list = append(list[:len(list):len(list)], b)
			}
			for _, b := range list {
				out = append(out, exchange.Event{Kind: exchange.KindBar, Instrument: m.in.ID, VenueTime: b.Time, Bar: b})
				out[len(out)-1].Bar.Time = 0
			}
		}
	}
	return out
}

func (bb *barBuilder) longest() exchange.Time {
	if n := len(bb.candles.clocks); n > 0 {
		return bb.candles.clocks[n-1].length
	}
	return 0
}
