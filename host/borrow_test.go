package host

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/ledger"
)

// lender is a unified account of a house that lends 100 coins of ABC at 0.01 % an hour, and
// hours of its books: of two coins the perpetual is paid to be held.
func lender(hours int) *SliceSource {
	dec := decimal.RequireFromString
	spot := exchange.Instrument{Venue: "house.spot", Symbol: "ABCUSDT", Base: "ABC", Quote: "USDT", Wallet: "house.unified", MinNotional: dec("5"),
		Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.001"), TakerFee: dec("0.001"), Lending: exchange.Lending{Rate: dec("0.0001"), Most: dec("100")}}
	perp := exchange.Instrument{Venue: "house.linear", Symbol: "ABCUSDT", Base: "ABC", Quote: "USDT", Wallet: "house.unified", Contract: exchange.Linear, MinNotional: dec("5"),
		Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.01"), TakerFee: dec("0.0005"), FundingHours: 1,
		Brackets: []exchange.Bracket{{Cap: dec("1000000"), MMR: dec("0.01"), MaxLeverage: 50}}}
	src := &SliceSource{Info: SourceInfo{Name: "lender", Instruments: []exchange.Instrument{spot, perp}}}
	start := exchange.Date(2026, 1, 1) + 30*exchange.Minute
	for i := range hours * 360 {
		at := start + exchange.Time(i)*10*exchange.Second
		p := exchange.Ticks(100_00 + i%7)
		for id := range src.Info.Instruments {
			src.Events = append(src.Events, exchange.Event{Kind: exchange.KindSnapshot, Instrument: exchange.InstrumentID(id), Time: at, LastID: int64(i + 1),
				Bids: []exchange.Level{{Price: p, Qty: 500_000}}, Asks: []exchange.Level{{Price: p + 1, Qty: 500_000}}})
		}
		src.Events = append(src.Events, exchange.Event{Kind: exchange.KindMark, Instrument: 1, Time: at, Mark: exchange.E8(p) * 1e6, Hours: 1})
		if at%exchange.Hour == 0 {
			src.Events = append(src.Events, exchange.Event{Kind: exchange.KindFunding, Instrument: 1, Time: at, VenueTime: at, Rate: -20_000, Mark: exchange.E8(p) * 1e6, Hours: 1})
		}
	}
	return src
}

func borrowOptions(t *testing.T, set map[string]string) Options {
	return Options{Source: lender(4), Scripts: []string{"testdata/borrow.lua"}, Set: set, DB: filepath.Join(t.TempDir(), "x.db"),
		Limits: Limits{MaxBorrowed: decimal.NewFromInt(10_000)},
		Paper:  PaperOptions{Balances: []paper.Deposit{{Wallet: "unified", Asset: "USDT", Amount: decimal.NewFromInt(10_000)}}}}
}

// A pair borrows what it sells, pays interest on it every hour, earns funding beside it, and
// owes nothing in the end.
func TestAPairThatBorrows(t *testing.T) {
	var said []string
	o := borrowOptions(t, nil)
	o.Log = func(l Line) { said = append(said, l.Text) }
	sum, err := Run(context.Background(), &o)
	if err != nil || sum.PairsClosed != 1 {
		t.Fatalf("%+v, %v\n%s", sum, err, strings.Join(said, "\n"))
	}
	dec := decimal.RequireFromString
	// 30 coins at 0.01 % an hour, charged three times, are 0.9 USDT.
	if i := sum.Interest.Decimal; i.GreaterThan(dec("-0.89")) || i.LessThan(dec("-0.91")) {
		t.Errorf("interest of %s, want about -0.9\n%s", i, strings.Join(said, "\n"))
	}
	if !sum.Funding.IsPositive() {
		t.Errorf("funding of %s", sum.Funding)
	}
	db, err := ledger.Open(ledger.Options{Path: o.DB, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	wallets, err := db.Balances("paper-1")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wallets {
		if w.Asset == "ABC" && (w.Amount.IsNegative() || w.Amount.GreaterThan(dec("0.05"))) {
			t.Errorf("%s ABC are left: want nothing owed, and no more than the smallest order", w.Amount)
		}
		if left := w.Amount.StringFixed(8) + " are left"; w.Asset == "ABC" && !strings.Contains(strings.Join(said, "\n"), left) {
			t.Errorf("the pair does not tell of %s:\n%s", left, strings.Join(said, "\n"))
		}
	}
	list, err := db.Carries(ledger.Filter{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	c := &list[0]
	if off := c.InterestValue.Sub(sum.Interest.Decimal).Abs(); off.GreaterThan(dec("0.001")) {
		t.Errorf("the account of the pair has interest of %s, the session of %s", c.InterestValue, sum.Interest)
	}
	if off := c.Net().Sub(c.Realised).Abs(); off.GreaterThan(dec("0.05")) {
		t.Errorf("the account of the pair comes to %s, and it realised %s", c.Net(), c.Realised)
	}
	pnl, err := db.PnL(ledger.Filter{})
	if err != nil || len(ledger.Totals(pnl)) != 1 {
		t.Fatalf("%+v, %v", pnl, err)
	}
	if total := ledger.Totals(pnl)[0]; !total.Interest.Round(3).Equal(c.InterestValue.Round(3)) {
		t.Errorf("pnl has interest of %s, the account of the pair %s", total.Interest, c.InterestValue)
	}
	if err := db.Verify(context.Background()); err != nil {
		t.Errorf("verify: %v", err)
	}
	if res, err := Replay(context.Background(), sum.Journal); err != nil || res.Diff != nil {
		t.Errorf("replay: %+v, %v", res, err)
	}
}

// Nothing is borrowed without being asked for, and nothing beyond what somebody allowed.
func TestBorrowingIsRefused(t *testing.T) {
	for _, tt := range []struct {
		set  map[string]string
		most string
		want string
	}{
		{map[string]string{"borrow": "false"}, "10000", "none are borrowed without borrow = true"},
		{nil, "0", "nothing may be borrowed: max_borrowed in [risk]"},
		{nil, "2000", "would be borrowed (max_borrowed 2000)"},
		{map[string]string{"notional": "12000"}, "50000", "house.spot lends 100 more"},
		{map[string]string{"short": "linear:ABCUSDT", "long": "spot:ABCUSDT"}, "10000", "only coins that are sold on spot are borrowed"},
	} {
		var said []string
		o := borrowOptions(t, tt.set)
		o.Limits.MaxBorrowed, o.Ledger, o.DB = decimal.RequireFromString(tt.most), LedgerNone, ""
		o.Log = func(l Line) { said = append(said, l.Text) }
		sum, err := Run(context.Background(), &o)
		if text := strings.Join(said, "\n"); !strings.Contains(text, tt.want) || sum != nil && sum.Fills > 0 {
			t.Errorf("%v with %s: %v, want %q in\n%s", tt.set, tt.most, err, tt.want, text)
		}
	}
}
