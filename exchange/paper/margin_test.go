package paper

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

func bracket(mmr, cum string) []exchange.Bracket {
	return []exchange.Bracket{{Cap: dec("1e30"), MMR: dec(mmr), Cum: dec(cum)}}
}

func linearContract(brackets []exchange.Bracket) *exchange.Instrument {
	return &exchange.Instrument{Venue: "usdm", Contract: exchange.Linear, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Multiplier: 1,
		Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.001"), ContractSize: one, Brackets: brackets}
}

func inverseContract(brackets []exchange.Bracket) *exchange.Instrument {
	return &exchange.Instrument{Venue: "coinm", Contract: exchange.Inverse, Symbol: "BTCUSD_PERP", Base: "BTC", Quote: "USD", Multiplier: 1,
		Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("1"), ContractSize: dec("100"), Brackets: brackets}
}

// The figures are the worked examples of the venue's FAQ (the long of 109.488
// BTC) and of the reference formulas.
func TestLiquidationPrice(t *testing.T) {
	for _, c := range []struct {
		name      string
		in        *exchange.Instrument
		q         exchange.Lots
		entry     string
		other     string // wallet balance − maintenance + unrealised of others
		want      string
		tolerance string
	}{
		{"long, cross, with others", linearContract(bracket("0.025", "16300")), 109488, "32481.980",
			"730737.617", "26316.89", "0.01"}, // 1 535 443.01 − 356 512.508 − 448 192.885
		{"topped up short", linearContract(bracket("0.01", "0")), -10000, "100", "641.25", "162.5", "0"},
		{"reduced short", linearContract(bracket("0.01", "0")), -5861, "100", "375.83", "162.5", "0.01"},
		{"short at 1x", linearContract(bracket("0.005", "0")), -1000, "100", "100", "199.00497512", "0.00000001"},
		{"inverse short, 0.05", inverseContract(bracket("0.004", "0")), -100, "50000", "0.05", "66400", "0"},
		{"inverse short, 0.10", inverseContract(bracket("0.004", "0")), -100, "50000", "0.10", "99600", "0"},
		{"inverse short, 0.19", inverseContract(bracket("0.004", "0")), -100, "50000", "0.19", "996000", "0"},
		{"inverse short, covered", inverseContract(bracket("0.004", "0")), -100, "50000", "0.20", "", "0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cost, other := valueAt(c.in, dec(c.entry), c.q), dec(c.other)
			price, ok := liquidationPrice(c.in, c.q, cost, other)
			if ok != (c.want != "") {
				t.Fatalf("has a liquidation price: %v (%s)", ok, price)
			}
			if !ok {
				return
			}
			if off := price.Sub(dec(c.want)).Abs(); off.GreaterThan(dec(c.tolerance)) {
				t.Errorf("liquidation price %s, want %s", price, c.want)
			}
			// There, margin balance and maintenance are equal.
			pos := position{qty: c.q, cost: cost}
			equity := other.Add(pos.unrealised(c.in, price))
			if off := equity.Sub(maintenance(c.in, c.q, price)).Abs(); off.GreaterThan(dec("1e-9")) {
				t.Errorf("at %s the balance is off maintenance by %s", price, off)
			}
		})
	}
}

// The bracket that counts is the one at the liquidation price, not today's.
func TestLiquidationPriceCrossesBrackets(t *testing.T) {
	in := linearContract([]exchange.Bracket{
		{Cap: dec("50000"), MMR: dec("0.004")},
		{Cap: dec("250000"), MMR: dec("0.005"), Cum: dec("50")},
		{Cap: dec("1e9"), MMR: dec("0.01"), Cum: dec("1300")},
	})
	q, entry, other := exchange.Lots(-1000), dec("45000"), dec("20000")
	price, ok := liquidationPrice(in, q, valueAt(in, entry, q), other)
	want := dec("65050").DivRound(dec("1.005"), 16) // (20000 + 50 + 45000) / (1 + 0.005)
	if !ok || !price.Equal(want) {
		t.Errorf("liquidation price %s %v, want %s in the second bracket", price, ok, want)
	}
}

func TestMaintenanceIsContinuousAcrossBrackets(t *testing.T) {
	in := linearContract([]exchange.Bracket{
		{Cap: dec("50000"), MMR: dec("0.004")},
		{Cap: dec("250000"), MMR: dec("0.005"), Cum: dec("50")},
		{Cap: dec("1000000"), MMR: dec("0.01"), Cum: dec("1300")},
	})
	for _, c := range []struct{ price, want string }{
		{"50000", "200"}, {"50000.01", "200.00005"}, {"250000", "1200"}, {"250000.01", "1200.0001"}, {"2000000", "18700"},
	} {
		if got := maintenance(in, -1000, dec(c.price)); !got.Equal(dec(c.want)) {
			t.Errorf("maintenance of 1 at %s is %s, want %s", c.price, got, c.want)
		}
	}
	coin := inverseContract([]exchange.Bracket{{Cap: dec("0.1"), MMR: dec("0.004")}, {Cap: dec("10"), MMR: dec("0.01"), Cum: dec("0.0006")}})
	if got := maintenance(coin, 100, dec("50000")); !got.Equal(dec("0.0014")) { // 0.2 BTC: by coins, not by contracts
		t.Errorf("inverse maintenance %s, want 0.0014", got)
	}
}

// The reference's averages: entries of adds, and that reducing keeps the entry.
func TestPositionAverages(t *testing.T) {
	lin, inv := linearContract(nil), inverseContract(nil)
	type fill struct{ price, qty, entry, realised string }
	for _, c := range []struct {
		name  string
		in    *exchange.Instrument
		fills []fill
	}{
		{"linear", lin, []fill{
			{"100", "1", "100", "0"}, {"106", "2", "104", "0"}, {"110", "-1", "104", "6"}, {"90", "-3", "90", "-28"}, {"80", "1", "0", "10"}}},
		{"inverse", inv, []fill{
			{"50000", "100", "50000", "0"},
			{"40000", "100", "44444.4444444444444444", "0"}, // harmonic: 200/(100/50000+100/40000)
			{"50000", "-200", "0", "0.05"}}},                // 200·100·(1/44444.4… − 1/50000)
	} {
		t.Run(c.name, func(t *testing.T) {
			var p position
			for i, f := range c.fills {
				price, ok := c.in.Tick.Exact(dec(f.price))
				lots, ok2 := c.in.Lot.Exact(dec(f.qty).Abs())
				if !ok || !ok2 {
					t.Fatal("off the grid")
				}
				if dec(f.qty).IsNegative() {
					lots = -lots
				}
				realised := p.fill(c.in, exchange.Ticks(price), exchange.Lots(lots), exchange.Time(i))
				if !realised.Equal(dec(f.realised)) || !p.entry(c.in).Equal(dec(f.entry)) {
					t.Errorf("fill %d: realised %s, entry %s, want %s and %s", i+1, realised, p.entry(c.in), f.realised, f.entry)
				}
			}
		})
	}
}

func TestPositionBefore(t *testing.T) {
	var p position
	in := linearContract(nil)
	p.fill(in, 100, 5, 10)
	p.fill(in, 100, -2, 20)
	p.fill(in, 100, -9, 20)
	for _, c := range []struct {
		at   exchange.Time
		want exchange.Lots
	}{{5, 0}, {10, 0}, {11, 5}, {20, 5}, {21, -6}} {
		if got := p.before(c.at); got != c.want {
			t.Errorf("before %d: %d, want %d", c.at, got, c.want)
		}
	}
	for i := range 5000 {
		p.fill(in, 100, 1, exchange.Time(i)*exchange.Second)
	}
	if n := len(p.changes); n > 1300 {
		t.Errorf("%d changes kept", n)
	}
	if got, now := p.before(4995*exchange.Second), p.qty; got != now-5 {
		t.Errorf("five seconds ago: %d, want %d", got, now-5)
	}
}

func TestFundingAmount(t *testing.T) {
	lin, inv := linearContract(nil), inverseContract(nil)
	for _, c := range []struct {
		in         *exchange.Instrument
		q          exchange.Lots
		mark, rate string
		want       string
	}{
		{lin, 1500, "61800.12345678", "0.0001", "-9.270018518517"}, // a long pays
		{lin, -1500, "61800.12345678", "0.0001", "9.270018518517"}, // a short receives
		{lin, -1500, "61800", "-0.00012345", "-11.4438150"},        // and pays when the rate is negative
		{inv, 100, "50000", "0.0001", "-0.00002"},                  // 100·100/50000·0.0001
		{inv, -100, "64000", "0.00002", "0.00000312"},              // 0.000003125: the even neighbour
		{inv, -300, "64000", "0.00002", "0.00000938"},              // 0.000009375: the even neighbour
		{inv, 300, "64000", "0.00002", "-0.00000938"},
	} {
		if got := funding(c.in, c.q, dec(c.mark), dec(c.rate)); !got.Equal(dec(c.want)) {
			t.Errorf("%s %d at %s, rate %s: %s, want %s", c.in.Venue, c.q, c.mark, c.rate, got, c.want)
		}
	}
}

func TestDivBank(t *testing.T) {
	for _, c := range []struct{ a, b, want string }{
		{"1", "8", "0.12"}, {"3", "8", "0.38"}, {"-1", "8", "-0.12"}, {"-3", "8", "-0.38"}, {"1", "3", "0.33"},
		{"2", "3", "0.67"}, {"-2", "3", "-0.67"}, {"5", "-8", "-0.62"}, {"0", "7", "0"}, {"10", "5", "2"},
	} {
		if got := divBank(dec(c.a), dec(c.b), 2); !got.Equal(dec(c.want)) {
			t.Errorf("%s/%s = %s, want %s", c.a, c.b, got, c.want)
		}
	}
}

// The floats of the screen agree with the decimals to well within its
// tolerance, so that it never hides a liquidation.
func TestScreenAgrees(t *testing.T) {
	brackets := []exchange.Bracket{{Cap: dec("50000"), MMR: dec("0.004")}, {Cap: dec("250000"), MMR: dec("0.005"), Cum: dec("50")}}
	for _, in := range []*exchange.Instrument{linearContract(brackets), inverseContract(brackets)} {
		for _, q := range []exchange.Lots{1, -7, 123456, -999999} {
			for _, mark := range []string{"0.5", "100", "64000.12345678"} {
				pos := position{qty: q, cost: valueAt(in, dec("777.7"), q)}
				r := newScreen(in)
				r.qty, r.cost = in.QtyFloat(q), pos.cost.InexactFloat64()
				r.at(dec(mark).InexactFloat64())
				exact := pos.unrealised(in, dec(mark)).Sub(maintenance(in, q, dec(mark)))
				off := exact.Sub(decimal.NewFromFloat(r.profit - r.mmr)).Abs().InexactFloat64()
				if off > r.scale*tolerance/100 {
					t.Errorf("%s %d at %s: off by %g, allowed %g", in.Venue, q, mark, off, r.scale*tolerance)
				}
			}
		}
	}
}
