package paper

import (
	"errors"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// Figures of the venue's "How to Calculate Margin in Multi-Assets Mode": 200 USDT and 220 of
// another dollar, half a coin at 20 000 with leverage 100 and 20 at 600 with 50.
func TestJointWalletIsCountedAsTheVenueDoes(t *testing.T) {
	btc := exchange.Instrument{Venue: "usdm", Contract: exchange.Linear, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Tick: exchange.MustStep("1"), Lot: exchange.MustStep("0.5"),
		Brackets: bracket("0.008", "0")}
	eth := btc
	eth.Symbol, eth.Base, eth.Quote, eth.Brackets = "ETHUSDC", "ETH", "USDC", bracket("0.01", "0")
	u, err := exchange.NewUniverse([]exchange.Instrument{btc, eth})
	if err != nil {
		t.Fatal(err)
	}
	v, err := New(Options{Universe: u, Books: func(exchange.InstrumentID) *book.Book { return nil },
		Balances: []Deposit{{"usdm", "USDT", dec("200")}, {"usdm", "USDC", dec("220")}}, LeverageFor: map[exchange.InstrumentID]int{0: 100, 1: 50}})
	if err != nil {
		t.Fatal(err)
	}
	rates := map[string]Rate{"USDT": {Bid: dec("0.9801"), Ask: dec("0.99495")}, "USDC": {Bid: one, Ask: one}}
	if err := v.SetJoint("usdm", func(asset string) Rate { return rates[asset] }); err != nil {
		t.Fatal(err)
	}
	check := func(name string, got decimal.Decimal, want string) {
		t.Helper()
		if !got.Round(3).Equal(dec(want)) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	look := func() Margin {
		t.Helper()
		return v.Margin("usdm", Dollars)
	}
	check("equity at first", look().Balance, "416.02")
	check("USDT for orders at first", v.Margin("usdm", "USDT").Available, "418.132")
	for _, h := range []Holding{{0, exchange.Position{Qty: 1, Entry: dec("20000")}, decimal.Zero}, {1, exchange.Position{Qty: 40, Entry: dec("600")}, decimal.Zero}} {
		if err := v.hold(h); err != nil {
			t.Fatal(err)
		}
	}
	check("equity", look().Balance, "416.02")
	check("available", look().Available, "76.525")
	check("USDT for orders", v.Margin("usdm", "USDT").Available, "76.913")
	check("USDC for orders", v.Margin("usdm", "USDC").Available, "76.525")
	check("maintenance", look().Maintenance, "199.596")
	// What is owed counts at the dearer rate.
	v.Market(&exchange.Event{Kind: exchange.KindMark, Instrument: 0, Mark: exchange.E8FromDecimal(dec("19580")), Time: 1})
	check("equity after a loss of 210 USDT", look().Balance, "210.051") // −10×0.99495 + 220
	if err := v.SetJoint("usdm", nil); err != nil {
		t.Fatal(err)
	}
	check("dollars of a wallet that is not joint", look().Balance, "0")
	check("USDC by itself", v.Margin("usdm", "USDC").Available, "0")
}

// jointBench has 5 BTC of margin and 100 USDT, both in one wallet, at 1000 USDT a coin.
func jointBench(t *testing.T) *bench {
	t.Helper()
	d := quoted(t, Options{Latency: Latency{Model: "none"}, Leverage: 10})
	d.v.Deposit(Deposit{"usdm", "USDT", dec("-99900")})
	d.v.Deposit(Deposit{"usdm", "BTC", dec("5")})
	rates := map[string]Rate{"USDT": {one, one, one, one}, "BTC": {dec("950"), dec("1050"), dec("975"), dec("1025")}}
	if err := d.v.SetJoint("usdm", func(asset string) Rate { return rates[asset] }); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCoinsBackPositions(t *testing.T) {
	d := jointBench(t)
	in := d.find("usdm:BTCUSDT")
	d.submit(d.order("usdm:BTCUSDT", exchange.Buy, 10001, 20_000))
	d.until(d.now)
	if got := d.v.Position(in.ID).Qty; got != 5000 {
		t.Fatalf("position %d lots, want 5000 on a margin of 500, of which 100 are USDT", got)
	}
	free := d.v.Balance("usdm", "BTC").Free
	if !free.IsPositive() || !free.LessThan(dec("5")) {
		t.Errorf("%s BTC can leave the wallet of 5, of which orders for 2 000 USDT of margin need some", free)
	}
	d.v.Market(&exchange.Event{Kind: exchange.KindMark, Instrument: in.ID, Mark: exchange.E8FromDecimal(dec("500")), Time: d.now})
	if d.v.Position(in.ID).Qty == 0 {
		t.Fatal("liquidated though the coins are worth more than was lost")
	}
}

// What a joint wallet owes beyond the floor is paid out of its other assets.
func TestDebtsArePaidWithOtherAssets(t *testing.T) {
	d := jointBench(t)
	d.v.Deposit(Deposit{"usdm", "USDT", dec("-10200")}) // −10 100
	d.v.Deposit(Deposit{"usdm", "BTC", dec("35")})      // 40 BTC
	in := d.find("usdm:BTCUSDT")
	d.submit(d.order("usdm:BTCUSDT", exchange.Buy, 10001, 100))
	d.until(d.now)
	if d.v.Position(in.ID).Qty != 100 {
		t.Fatal("nothing was bought")
	}
	sold, paid := decimal.Zero, decimal.Zero
	for _, ev := range d.heard {
		if ev.Kind == exchange.KindBalance && ev.Reason == exchange.AutoExchange {
			if ev.Asset == "BTC" {
				sold = sold.Add(ev.Amount)
			} else {
				paid = paid.Add(ev.Amount)
			}
		}
	}
	if usdt := d.v.Balance("usdm", "USDT").Total; !usdt.IsZero() {
		t.Errorf("%s USDT are left, want nothing owed", usdt)
	}
	if !paid.Equal(sold.Neg().Mul(dec("975")).Round(8)) && paid.Sub(sold.Neg().Mul(dec("975"))).Abs().GreaterThan(dec("0.001")) {
		t.Errorf("%s BTC were sold for %s USDT, want 975 each", sold, paid)
	}
	if left := d.v.Balance("usdm", "BTC").Total; !left.Equal(dec("40").Add(sold)) {
		t.Errorf("%s BTC are left of 40 with %s sold", left, sold)
	}
}

func TestIsolatedPositionHasItsOwnMargin(t *testing.T) {
	d := quoted(t, Options{Latency: Latency{Model: "none"}, Leverage: 10})
	in := d.find("usdm:BTCUSDT")
	if err := d.v.Leg(in.ID, 0).SetIsolated(true); err != nil {
		t.Fatal(err)
	}
	leg := d.v.Leg(in.ID, 0)
	if err := leg.AddMargin(one); !errors.Is(err, ErrNoPosition) {
		t.Errorf("margin for no position: %v", err)
	}
	d.submit(d.order("usdm:BTCUSDT", exchange.Buy, 10001, 100)) // 0.1 at 1000.1
	d.until(d.now)
	own, isolated := leg.Wallet()
	if !isolated || !own.Equal(dec("10.001")) {
		t.Fatalf("own margin %s %v, want a tenth of 100.01", own, isolated)
	}
	total := dec("100000").Sub(dec("100.01").Mul(dec("0.0005")))
	if b := d.v.Balance("usdm", "USDT"); !b.Total.Equal(total) || !b.Free.Equal(total.Sub(own)) {
		t.Errorf("the wallet has %s, %s free; want %s and without %s", b.Total, b.Free, total, own)
	}
	price, ok := leg.LiquidationPrice()
	if want := dec("100.01").Sub(own).DivRound(dec("0.1").Sub(dec("0.0004")), 16); !ok || !price.Sub(want).Abs().LessThan(dec("1e-9")) {
		t.Errorf("liquidation at %s, want %s by its own margin", price, want)
	}
	if err := leg.AddMargin(dec("5")); err != nil {
		t.Fatal(err)
	}
	if later, _ := leg.LiquidationPrice(); !later.LessThan(price) {
		t.Errorf("more margin left the liquidation at %s", later)
	}
	if err := leg.AddMargin(dec("-5.5")); !errors.Is(err, ErrOwnMargin) {
		t.Errorf("its initial margin was taken: %v", err)
	}
	if err := d.v.SetLeverage(in.ID, 5); !errors.Is(err, ErrIsolated) {
		t.Errorf("a lower leverage: %v", err)
	}
	if err := leg.SetIsolated(false); err == nil {
		t.Error("cross with a position")
	}
	sell := d.order("usdm:BTCUSDT", exchange.Sell, 9999, 40)
	d.submit(sell)
	d.until(d.now)
	if own, _ := leg.Wallet(); !own.Equal(dec("9.0006")) {
		t.Errorf("own margin %s after two fifths were sold, want three of 15.001", own)
	}
}

// An isolated position that fails takes its own margin with it and no more.
func TestIsolatedLiquidation(t *testing.T) {
	d := quoted(t, Options{Latency: Latency{Model: "none"}, Leverage: 10})
	in, other := d.find("usdm:BTCUSDT"), d.find("usdm:ETHUSDT")
	if err := d.v.Leg(in.ID, 0).SetIsolated(true); err != nil {
		t.Fatal(err)
	}
	d.submit(d.order("usdm:BTCUSDT", exchange.Buy, 10001, 100))
	d.submit(d.order("usdm:ETHUSDT", exchange.Buy, 10001, 100))
	d.until(d.now)
	own, _ := d.v.Leg(in.ID, 0).Wallet()
	before := d.v.Balance("usdm", "USDT").Total
	d.v.Market(&exchange.Event{Kind: exchange.KindMark, Instrument: in.ID, Mark: exchange.E8FromDecimal(dec("500")), Time: d.now})
	d.until(d.now)
	if d.v.Position(in.ID).Qty != 0 || d.v.Position(other.ID).Qty != 100 {
		t.Fatalf("positions %d and %d: want the isolated one closed alone", d.v.Position(in.ID).Qty, d.v.Position(other.ID).Qty)
	}
	if left, _ := d.v.Leg(in.ID, 0).Wallet(); !left.IsZero() {
		t.Errorf("%s are left of the own margin", left)
	}
	if lost := before.Sub(d.v.Balance("usdm", "USDT").Total); lost.GreaterThan(own) || !lost.IsPositive() {
		t.Errorf("lost %s, want at most the %s of its own margin", lost, own)
	}
}
