package host

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// heldThings are what is held in a universe of one spot market and a perpetual.
type heldThings struct {
	u      *exchange.Universe
	qty    exchange.Lots
	margin exchange.Margin
	mark   exchange.MarkState
}

func (h *heldThings) Universe() *exchange.Universe                       { return h.u }
func (h *heldThings) Position(exchange.InstrumentID) exchange.Lots       { return h.qty }
func (h *heldThings) MarginBehind(exchange.InstrumentID) exchange.Margin { return h.margin }
func (h *heldThings) MarkOf(exchange.InstrumentID) exchange.MarkState    { return h.mark }

func oneHolding(t *testing.T) *heldThings {
	u, err := exchange.NewUniverse([]exchange.Instrument{
		{Venue: "spot", Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.00001")},
		{Venue: "usdm", Contract: exchange.Linear, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001"), FundingHours: 8},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &heldThings{u: u, mark: exchange.MarkState{Time: 1}}
}

// A position that was paid funding and pays it now is told, once for each turn; a rate of
// nothing, and a position that was closed in between, are no turn.
func TestFundingThatTurns(t *testing.T) {
	a := &alerts{known: map[alertKey]*told{}, wake: make(chan struct{}, 1)}
	h := oneHolding(t)
	for _, tt := range []struct {
		qty  exchange.Lots
		rate exchange.E8
		want string
	}{
		{0, 10_000, ""}, {-5, 10_000, ""}, {-5, 9_000, ""}, {-5, 0, ""}, {-5, -10_000, "warning the short in usdm:BTCUSDT pays funding now, and was paid before: the rate is -0.01 %"},
		{-5, -20_000, ""}, {-5, 20_000, "notice the short in usdm:BTCUSDT is paid funding again: the rate is 0.02 %"}, {0, 20_000, ""}, {5, 20_000, ""},
		{5, -1, "notice the long in usdm:BTCUSDT is paid funding again: the rate is -0.000001 %"},
	} {
		h.qty, h.mark.Rate = tt.qty, tt.rate
		a.turned(h, 1)
		got := ""
		for _, x := range a.queue {
			got += x.Severity.String() + " " + x.Text
		}
		if a.queue = nil; got != tt.want {
			t.Errorf("%d at %d: %q, want %q", tt.qty, tt.rate, got, tt.want)
		}
	}
}

// A position is near its liquidation from 70 % on, and until 60 %.
func TestMarginThatIsNearlyUsedUp(t *testing.T) {
	h := oneHolding(t)
	h.qty, h.margin.Equity = 5, decimal.NewFromInt(100)
	var list []string
	for _, tt := range []struct {
		maintenance int64
		near        bool
	}{{0, false}, {70, false}, {71, true}, {65, true}, {60, false}, {65, false}, {200, true}} {
		h.margin.Maintenance = decimal.NewFromInt(tt.maintenance)
		if list = strained(h, list); (len(list) == 1) != tt.near || tt.near && !strings.Contains(list[0], "usdm:BTCUSDT") {
			t.Errorf("%d of 100: %q", tt.maintenance, list)
		}
	}
	if h.qty = 0; len(strained(h, list)) != 0 {
		t.Error("nothing is held")
	}
}

// A day is summed up from how it began and how it ends.
func TestADayIsSummedUp(t *testing.T) {
	d := decimal.RequireFromString
	began := &day{at: exchange.Date(2026, 1, 1), equity: d("1000"), currency: "USDT", funding: d("5"), fees: d("1"), fills: 3}
	ends := &day{at: exchange.Date(2026, 1, 2), equity: d("1012.345"), currency: "USDT", funding: d("4"), fees: d("2.5"), fills: 10, pairs: 2, halted: "enough"}
	for _, tt := range []struct{ unvalued, before, want string }{
		{"", "", "equity 1012.35 USDT, P&L +12.35, funding -1.00, fees 1.50, 7 fills, 2 open pairs, halted: enough"},
		{"", "BTC", "equity 1012.35 USDT, funding -1.00, fees 1.50, 7 fills, 2 open pairs, halted: enough"},
		{"BTC", "", "equity is not known: BTC has no price, funding -1.00, fees 1.50, 7 fills, 2 open pairs, halted: enough"},
	} {
		ends.unvalued, began.unvalued = tt.unvalued, tt.before
		if got := ends.since(began); got != "since 2026-01-01T00:00:00.000Z: "+tt.want {
			t.Errorf("%s", got)
		}
	}
}

// What the storage says under an error is told as well: it is about the disk.
func TestLinesOfTheStorageAreTold(t *testing.T) {
	for level, want := range map[Level]Severity{LevelError: Critical, LevelWarn: Warning, LevelInfo: Notice} {
		if a, ok := alertOf(&Line{Level: level, Strategy: "storage", Text: "200 MiB are free"}); !ok || a.Kind != AlertStorage || a.Severity != want {
			t.Errorf("%s: %+v, %t", level, a, ok)
		}
	}
}
