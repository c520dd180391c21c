package core

import (
	"errors"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// A session that is ending begins no pair and no schedule: nobody would bring them
// to an end.
func TestNothingBeginsAtTheEnd(t *testing.T) {
	var pair, plan error
	b := newBench(t, &script{name: "s", call: func(p *Port, n *Callback) error {
		if n.Handler == OnStop {
			_, pair = p.OpenPair(intent.PairRequest{Spot: 0, Perp: 1, Notional: decimal.NewFromInt(500)})
			_, plan = p.StartSchedule(intent.ScheduleRequest{Algo: intent.TWAP, Instrument: 0, Side: exchange.Buy, Qty: 1000, Duration: exchange.Hour})
		}
		return nil
	}})
	b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStop})
	if !errors.Is(pair, errEnding) || !errors.Is(plan, errEnding) {
		t.Errorf("a pair: %v; a schedule: %v; want %v", pair, plan, errEnding)
	}
}

// What a session leaves under way is gone on with by the next one only where there can
// be one; the last word, and what becomes of a schedule, say which it is.
func TestTheLastWordKnowsWhetherAnythingFollows(t *testing.T) {
	for _, final := range []bool{false, true} {
		s := newAsks()
		b := newBench(t, s)
		b.core.cfg.Final = final
		openPair(b, s)
		b.do(s, func(p *Port) error {
			_, err := p.StartSchedule(intent.ScheduleRequest{Algo: intent.TWAP, Instrument: spotBTC, Side: exchange.Buy, Qty: 1000, Duration: exchange.Hour})
			return err
		})
		var all []Effect
		for _, name := range []string{CommandStop, CommandEnd} {
			all = append(all, b.step(exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: name})...)
			for _, e := range bodies[Cancel](all) {
				if e.Order.Schedule != 0 && name == CommandStop {
					b.update(e.Order, exchange.StatusCanceled, 0)
				}
			}
		}
		want, not := "and the next one goes on with it: ", "nothing goes on with it"
		if final {
			want, not = not, want
		}
		lines := bodies[*LogLine](all)
		last := lines[len(lines)-1]
		if !strings.Contains(last.Text, want) || strings.Contains(last.Text, not) || !strings.Contains(last.Text, "pair 1 on ") {
			t.Errorf("final: %v: the last word is %q", final, last.Text)
		}
		plan := b.core.AllSchedules()[0]
		if got := plan.State; final && got != intent.ScheduleExpired || !final && got != intent.SchedulePaused {
			t.Errorf("final: %v: the schedule is %s (%s)", final, got, plan.Reason)
		}
	}
}
