package host

import (
	"context"
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

// The venue tells its rows of income again after a restart. The ledger knows which ones
// it has: those that one holder has, those that several share, and any other
// correction.
func TestRowsOfIncomeAreKnownAgain(t *testing.T) {
	o := gopherOptions(t, &gopher{name: "idle", wants: []core.Handler{core.OnStart}, call: func(*core.Port, *core.Callback) error { return nil }})
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	r := newRunner(o)
	if err := r.open(context.Background()); err != nil {
		t.Fatal(err)
	}
	in, err := r.core.Universe().Lookup("usdm:BTCUSDT")
	if err != nil {
		t.Fatal(err)
	}
	rows := []oms.Paid{
		{Wallet: "usdm", Asset: "USDT", Row: exchange.InsuranceFund + ": BTCUSDT 77"},
		{Wallet: "usdm", Asset: "USDT", Row: exchange.InsuranceFund + ": 77"},
		{Wallet: "coinm", Asset: "BTC", Row: exchange.InsuranceFund + ": 77"},
		{Wallet: "usdm", Asset: "USDT", Row: "REFERRAL_KICKBACK 78"},
	}
	for _, x := range rows {
		r.loop.Prelude = append(r.loop.Prelude, exchange.Event{Kind: exchange.KindBalance, Instrument: exchange.NoInstrument,
			Wallet: x.Wallet, Asset: x.Asset, Amount: decimal.NewFromInt(3), Reason: x.Row})
	}
	r.loop.Prelude = append(r.loop.Prelude, exchange.Event{Kind: exchange.KindFundingPaid, Instrument: in.ID, Payment: &exchange.FundingPayment{
		Instrument: in.ID, Settled: exchange.Date(2026, 1, 5), Position: 1, Amount: decimal.NewFromInt(1), Asset: "USDT", TranID: "79"}})
	rows = append(rows, oms.Paid{Venue: in.Venue.Within("binance"), Asset: "USDT", Row: oms.FundingRow("BTCUSDT", "79")})
	if _, err := r.finish(context.Background(), r.loop.Run(context.Background())); err != nil {
		t.Fatal(err)
	}
	r.close()

	if r.record.db, err = ledger.Open(ledger.Options{Path: o.DB, ReadOnly: true}); err != nil {
		t.Fatal(err)
	}
	defer r.record.db.Close()
	var at oms.Opening
	if err := r.record.openIncome(&at, r.core.Universe()); err != nil {
		t.Fatal(err)
	}
	for _, x := range rows {
		if !slices.Contains(at.Paid, x) {
			t.Errorf("the next run does not know that the ledger has %+v: %+v", x, at.Paid)
		}
	}
	if len(at.Paid) != len(rows) {
		t.Errorf("%d rows are known, want %d: %+v", len(at.Paid), len(rows), at.Paid)
	}
}
