package core

import (
	"testing"

	"github.com/perilune/perilune/exchange"
)

// A strategy sees what the running estimate leads to, not only the estimate.
func TestPredictedFunding(t *testing.T) {
	b := newBench(t)
	next := b.now + 8*exchange.Hour
	for i := range exchange.E8(60) {
		b.now += exchange.Minute
		b.step(exchange.Event{Kind: exchange.KindMark, Instrument: 1, Mark: 1e8, Index: 1e8, Rate: 20_000 + 100*i, NextFunding: next, Hours: 8})
	}
	if m := b.core.markets.list[1].mark; m.Predicted <= m.Rate+900 {
		t.Errorf("the estimate rose for an hour to %d: %d is predicted, want what the last half hour leads to", m.Rate, m.Predicted)
	}
}
