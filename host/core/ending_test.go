package core

import (
	"errors"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/execution"
	"github.com/perilune/perilune/host/execution/schedule"
)

// A session that is ending begins no pair and no schedule: nobody would bring them
// to an end.
func TestNothingBeginsAtTheEnd(t *testing.T) {
	var pair, plan error
	b := newBench(t, &script{name: "s", call: func(p *Port, n *Notice) error {
		if n.Handler == OnStop {
			_, pair = p.OpenPair(execution.PairRequest{Spot: 0, Perp: 1, Notional: decimal.NewFromInt(500)})
			_, plan = p.StartSchedule(schedule.Request{Algo: schedule.TWAP, Instrument: 0, Side: exchange.Buy, Qty: 1000, Duration: exchange.Hour})
		}
		return nil
	}})
	b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStop})
	if !errors.Is(pair, errEnding) || !errors.Is(plan, errEnding) {
		t.Errorf("a pair: %v; a schedule: %v; want %v", pair, plan, errEnding)
	}
}
