package projection

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

// quoted is a market of one instrument that is held.
type quoted struct{ price string }

func (q *quoted) MidPrice(exchange.InstrumentID) (decimal.Decimal, bool) {
	if q.price == "" {
		return decimal.Zero, false
	}
	return decimal.RequireFromString(q.price), true
}

func (q *quoted) ValuedAt(id exchange.InstrumentID) (decimal.Decimal, bool) { return q.MidPrice(id) }

func (q *quoted) HeldInstruments() []exchange.InstrumentID { return []exchange.InstrumentID{0} }

// A price is kept when it moved by 5 bp, or after a quarter of an hour.
func TestPricesOfWhatIsHeld(t *testing.T) {
	u, err := exchange.NewUniverse([]exchange.Instrument{{Venue: "spot", Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Wallet: "spot",
		Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.001")}})
	if err != nil {
		t.Fatal(err)
	}
	m := &quoted{}
	rows := Rows{Universe: u, Names: func(int32) string { return "s" }, Market: m}
	for _, step := range []struct {
		minute exchange.Time
		price  string
		kept   bool
	}{{1, "", false}, {2, "100", true}, {3, "100.04", false}, {4, "100.05", true}, {5, "100.05", false}, {18, "100.05", false}, {19, "100.05", true}, {20, "99", true}} {
		m.price = step.price
		row, err := rows.Of(&core.Effect{Time: step.minute * exchange.Minute, Strategy: -1, Body: &core.EquitySampled{Amount: decimal.NewFromInt(1)}})
		if err != nil {
			t.Fatal(err)
		}
		if kept := len(row.(*ledger.EquityRow).Prices) == 1; kept != step.kept {
			t.Errorf("minute %d at %s: kept %v", step.minute, step.price, kept)
		}
	}
	row, err := rows.Of(&core.Effect{Body: core.Submit{Order: &exchange.Order{ID: 1}}})
	if got := row.(*ledger.OrderRow).Arrival; err != nil || got.String() != "99" {
		t.Errorf("arrival %s, %v", got, err)
	}
}
