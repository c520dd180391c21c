package feed

import (
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
)

// A rate that the venue never tells is asked for again for a day, and then given up.
func TestASettlementIsGivenUp(t *testing.T) {
	at := exchange.Date(2026, 1, 1)
	now, notes := at, 0
	m := &Market{o: Options{Now: func() exchange.Time { return now }, Notice: func(connect.Notice) { notes++ }}, settler: newSettler()}
	d := due{t: newTrack(&exchange.Instrument{Venue: api.USDM.Venue(), Contract: exchange.Linear, Symbol: "BTCUSDT", Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001")}), at: at}
	m.settler.resolve(m, d, nil, nil)
	if now = at + settleWithin; len(m.settler.due) != 1 {
		t.Fatalf("%d wait after a try", len(m.settler.due))
	}
	d = m.settler.due[0]
	m.settler.due = nil
	if m.settler.resolve(m, d, nil, nil); len(m.settler.due) != 1 || notes != 0 {
		t.Fatalf("%d wait within the day, %d notes", len(m.settler.due), notes)
	}
	m.settler.due = nil
	now++
	if m.settler.resolve(m, d, nil, nil); len(m.settler.due) != 0 || notes != 1 {
		t.Errorf("%d wait after the day, %d notes", len(m.settler.due), notes)
	}
}
