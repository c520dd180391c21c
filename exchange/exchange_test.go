package exchange_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func TestStepRounding(t *testing.T) {
	for _, tt := range []struct {
		step, value string
		floor, ceil int64
	}{
		{"0.1", "61800.3", 618003, 618003},
		{"0.1", "61800.35", 618003, 618004},
		{"5", "12", 2, 3},
		{"0.05", "0.12", 2, 3},
		{"1", "0.99999999999999999", 0, 1}, // more places than a quotient keeps
		{"1", "-0.5", -1, 0},
		{"0.00000001", "0.00002127", 2127, 2127},
	} {
		s := exchange.MustStep(tt.step)
		if f, c := s.Floor(dec(tt.value)), s.Ceil(dec(tt.value)); f != tt.floor || c != tt.ceil {
			t.Errorf("%s in steps of %s: floor %d, ceil %d; want %d, %d", tt.value, tt.step, f, c, tt.floor, tt.ceil)
		}
		_, exact := s.Exact(dec(tt.value))
		if exact != (tt.floor == tt.ceil) {
			t.Errorf("%s in steps of %s: exact %v", tt.value, tt.step, exact)
		}
	}
	if f := exchange.MustStep("0.1").Float(618003); f != 61800.3 {
		t.Errorf("618003 steps of 0.1 as a float: %v", f)
	}
	for _, bad := range []string{"0", "-1", "0.0000000000000000001"} {
		if s := exchange.StepOf(dec(bad)); s.M != 0 {
			t.Errorf("StepOf(%s) = %v, want none", bad, s)
		}
	}
}

func universe(t *testing.T) *exchange.Universe {
	t.Helper()
	step := exchange.MustStep("0.01")
	contracts := map[exchange.Venue]exchange.Contract{"usdm": exchange.Linear, "coinm": exchange.Inverse}
	in := func(v exchange.Venue, symbol, base, quote string, mult int64) exchange.Instrument {
		return exchange.Instrument{Venue: v, Contract: contracts[v], Symbol: symbol, Base: base, Quote: quote, Tick: step, Lot: step, Multiplier: mult}
	}
	u, err := exchange.NewUniverse([]exchange.Instrument{
		in("coinm", "BTCUSD_PERP", "BTC", "USD", 0), in("usdm", "1000SHIBUSDT", "SHIB", "USDT", 1000),
		in("spot", "SHIBUSDT", "SHIB", "USDT", 0), in("spot", "BTCUSDT", "BTC", "USDT", 0),
		in("usdm", "BTCUSDT", "BTC", "USDT", 0), in("usdm", "ETHUSDT", "ETH", "USDT", 0),
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// IDs follow from the set alone, whatever order it came in.
func TestUniverseOrder(t *testing.T) {
	var keys []string
	for i, in := range universe(t).All() {
		if int(in.ID) != i {
			t.Errorf("%s has id %d at %d", in.Key(), in.ID, i)
		}
		keys = append(keys, in.Key())
	}
	want := "spot:BTCUSDT spot:SHIBUSDT usdm:1000SHIBUSDT usdm:BTCUSDT usdm:ETHUSDT coinm:BTCUSD_PERP"
	if got := strings.Join(keys, " "); got != want {
		t.Errorf("order %s, want %s", got, want)
	}
}

func TestPairs(t *testing.T) {
	u := universe(t)
	linear, inverse := u.Pairs(exchange.Perpetuals(exchange.Linear)), u.Pairs(exchange.Perpetuals(exchange.Inverse))
	if len(linear) != 2 || linear[0].Base != "BTC" || linear[1].Perp.Symbol != "1000SHIBUSDT" || linear[1].Spot.Symbol != "SHIBUSDT" {
		t.Errorf("linear pairs %v: want BTC and SHIB, and none for ETH, which has no spot market", linear)
	}
	if len(inverse) != 1 || inverse[0].Spot.Key() != "spot:BTCUSDT" {
		t.Errorf("inverse pairs %v", inverse)
	}
}

func TestLookupNamesTheNearest(t *testing.T) {
	u := universe(t)
	for typed, near := range map[string]string{"usdm:BTCUDST": "usdm:BTCUSDT", "BTCUSDT": "spot:BTCUSDT", "spot:SHIBUSD": "spot:SHIBUSDT"} {
		if _, err := u.Lookup(typed); err == nil || !strings.Contains(err.Error(), near) {
			t.Errorf("Lookup(%q): %v, want it to name %s", typed, err, near)
		}
	}
	if _, err := u.Lookup(strings.Repeat("x", 1<<20)); err == nil {
		t.Error("a symbol of 1 MiB is known")
	}
	if _, err := u.Lookup("zzz"); err == nil || strings.Contains(err.Error(), "did you mean") {
		t.Errorf("Lookup(zzz): %v, want no guess", err)
	}
}

// A venue that is not there is said to be, and never taken for another one's market.
func TestLookupNamesTheVenues(t *testing.T) {
	u := universe(t)
	const there = "here are spot, usdm, coinm"
	for typed, want := range map[string]string{
		"usmd:BTCUSDT":         `unknown venue "usmd" in "usmd:BTCUSDT": ` + there + `; did you mean "usdm:BTCUSDT"?`,
		"USDM:BTCUSDT":         there + `; did you mean "usdm:BTCUSDT"?`,
		"bybit.linear:BTCUSDT": `unknown venue "bybit.linear" in "bybit.linear:BTCUSDT": ` + there,
		"binance:BTCUSDT":      `unknown venue "binance"`,
		"spot:BTCUSTD":         `unknown symbol "spot:BTCUSTD"; did you mean "spot:BTCUSDT"?`,
	} {
		_, err := u.Lookup(typed)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Lookup(%q): %v, want %s", typed, err, want)
		}
		if guess := strings.Contains(want, "did you mean"); err != nil && strings.Contains(err.Error(), "did you mean") != guess {
			t.Errorf("Lookup(%q): %v: a guess is wanted: %t", typed, err, guess)
		}
	}
	for _, glob := range []string{"*:BTCUSDT", "usdm:*", "us*:*", "BTCUSDT"} {
		if err := u.CheckVenue(glob); err != nil {
			t.Errorf("CheckVenue(%q): %v", glob, err)
		}
	}
	if err := u.CheckVenue("usmd:*"); err == nil || !strings.Contains(err.Error(), `did you mean "usdm:*"`) {
		t.Errorf("CheckVenue of a glob: %v", err)
	}
}

func TestUniverseRefuses(t *testing.T) {
	step := exchange.MustStep("1")
	ok := exchange.Instrument{Venue: "spot", Symbol: "AB", Tick: step, Lot: step}
	noLot := ok
	noLot.Lot = exchange.Step{}
	for name, list := range map[string][]exchange.Instrument{"twice": {ok, ok}, "no lot": {noLot}} {
		if _, err := exchange.NewUniverse(list); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// What a quantity stands for: the vectors of the contract specifications.
func TestValues(t *testing.T) {
	u := universe(t)
	shib, _ := u.Find("usdm", "1000SHIBUSDT")
	if got := shib.BaseQty(1, 250); !got.Equal(dec("2500")) { // 2.5 contracts of 1000 coins
		t.Errorf("2.50 of 1000SHIBUSDT are %s coins, want 2500", got)
	}
	coin := *mustFind(t, u, "coinm", "BTCUSD_PERP")
	coin.ContractSize, coin.Lot = dec("100"), exchange.MustStep("1")
	if got := coin.BaseQty(5000000, 7); !got.Equal(dec("0.014")) { // 700 USD at 50 000
		t.Errorf("7 contracts at 50000 are %s coins, want 0.014", got)
	}
	if got := coin.Notional(5000000, -7); !got.Equal(dec("-700")) || coin.Settle() != "BTC" {
		t.Errorf("7 short contracts are worth %s, settled in %s", got, coin.Settle())
	}
}

func mustFind(t *testing.T, u *exchange.Universe, v exchange.Venue, symbol string) *exchange.Instrument {
	t.Helper()
	in, ok := u.Find(v, symbol)
	if !ok {
		t.Fatalf("%s:%s is not there", v, symbol)
	}
	return in
}

func TestBracket(t *testing.T) {
	in := exchange.Instrument{Brackets: []exchange.Bracket{{Cap: dec("300000"), MMR: dec("0.004")}, {Cap: dec("800000"), MMR: dec("0.005"), Cum: dec("300")}}}
	for size, want := range map[string]string{"1": "0.004", "300000": "0.004", "300000.01": "0.005", "9000000": "0.005"} {
		if got := in.Bracket(dec(size)).MMR; !got.Equal(dec(want)) {
			t.Errorf("bracket of %s: %s, want %s", size, got, want)
		}
	}
}

// Plain integers must give what the general way gives, for every decimal.
func TestShortDecimals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		coef := new(big.Int).SetInt64(rapid.Int64().Draw(t, "coefficient"))
		coef.Quo(coef, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(rapid.IntRange(0, 18).Draw(t, "shorter"))), nil))
		coef.Mul(coef, big.NewInt(rapid.Int64Range(1, 1000).Draw(t, "times")))
		d := decimal.NewFromBigInt(coef, int32(rapid.IntRange(-40, 20).Draw(t, "exponent")))
		if got, want := exchange.Float(d), d.InexactFloat64(); got != want {
			t.Errorf("Float(%s) is %v, want %v", d, got, want)
		}
		s := exchange.Step{M: rapid.SampledFrom([]int64{1, 5, 25, 1000, 123456789}).Draw(t, "m"), Scale: uint8(rapid.IntRange(0, 18).Draw(t, "scale"))}
		q := d.Shift(int32(s.Scale)).Div(decimal.NewFromInt(s.M))
		if q.Abs().GreaterThan(decimal.NewFromInt(1 << 62)) {
			return // no number of steps
		}
		unit := decimal.New(s.M, -int32(s.Scale))
		floor, ceil := decimal.NewFromInt(s.Floor(d)).Mul(unit), decimal.NewFromInt(s.Ceil(d)).Mul(unit)
		if floor.GreaterThan(d) || !floor.Add(unit).GreaterThan(d) {
			t.Errorf("%s in steps of %s: floor is %s", d, s, floor)
		}
		if ceil.LessThan(d) || !ceil.Sub(unit).LessThan(d) {
			t.Errorf("%s in steps of %s: ceil is %s", d, s, ceil)
		}
	})
}

// A venue's house may be left out where it is the default, and not elsewhere.
func TestNamesWithAndWithoutTheirHouse(t *testing.T) {
	step := exchange.MustStep("0.01")
	in := func(v exchange.Venue, w exchange.Wallet, c exchange.Contract, symbol, quote string) exchange.Instrument {
		return exchange.Instrument{Venue: v, Wallet: w, Contract: c, Symbol: symbol, Base: "BTC", Quote: quote, Tick: step, Lot: step}
	}
	own := []exchange.Instrument{in("binance.spot", "", exchange.Spot, "BTCUSDT", "USDT"), in("binance.usdm", "", exchange.Linear, "BTCUSDT", "USDT")}
	dated := in("okx.futures", "okx.trading", exchange.Inverse, "BTC-USD-261225", "USD")
	dated.Delivery = exchange.Date(2026, 12, 25)
	both := append(own[:2:2], in("okx.swap", "okx.trading", exchange.Linear, "BTC-USDT-SWAP", "USDT"), dated)
	for _, tt := range []struct {
		list             []exchange.Instrument
		house, key, full string
		found            string
		wallets          string
	}{
		{own, "binance", "usdm:BTCUSDT", "binance.usdm:BTCUSDT", "usdm:BTCUSDT", "spot usdm"},
		{both, "binance", "usdm:BTCUSDT", "binance.usdm:BTCUSDT", "usdm:BTCUSDT", "spot usdm okx.trading"},
		{both, "okx", "swap:BTC-USDT-SWAP", "okx.swap:BTC-USDT-SWAP", "swap:BTC-USDT-SWAP", "binance.spot binance.usdm trading"},
		{both, "", "okx.swap:BTC-USDT-SWAP", "okx.swap:BTC-USDT-SWAP", "okx.swap:BTC-USDT-SWAP", "binance.spot binance.usdm okx.trading"},
	} {
		u, err := exchange.NewUniverseOf(tt.house, tt.list)
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{tt.key, tt.full} {
			got, err := u.Lookup(key)
			if err != nil || got.Key() != tt.found || got.FullKey() != tt.full || !got.Matches(tt.full[:8]+"*") {
				t.Errorf("default %q: %s is %v, %v", tt.house, key, got, err)
			}
		}
		if got := strings.Trim(fmt.Sprint(u.Wallets()), "[]"); got != tt.wallets {
			t.Errorf("default %q: wallets %s, want %s", tt.house, got, tt.wallets)
		}
	}
	var names []string
	for i := range both {
		names = append(names, both[i].Name())
	}
	if got, want := strings.Join(names, " "), "BTC/USDT BTC/USDT:USDT BTC/USDT:USDT BTC/USD:BTC-261225"; got != want {
		t.Errorf("names %s, want %s", got, want)
	}
}

// TestTheSpotMarketOfAnInverseContract is one that is quoted in a dollar, whichever
// there is, and of the contract's own house before another's.
func TestTheSpotMarketOfAnInverseContract(t *testing.T) {
	step := exchange.MustStep("0.01")
	in := func(v exchange.Venue, c exchange.Contract, symbol, quote string) exchange.Instrument {
		return exchange.Instrument{Venue: v, Contract: c, Symbol: symbol, Base: "BTC", Quote: quote, Tick: step, Lot: step}
	}
	perp := in("deribit.inverse", exchange.Inverse, "BTC-PERPETUAL", "USD")
	for _, tt := range []struct {
		name, want string
		spots      []exchange.Instrument
	}{
		{"only one in USDC", "deribit.spot:BTC_USDC", []exchange.Instrument{in("deribit.spot", exchange.Spot, "BTC_USDC", "USDC")}},
		{"the preferred dollar", "deribit.spot:BTC_USDT", []exchange.Instrument{in("deribit.spot", exchange.Spot, "BTC_USDC", "USDC"), in("deribit.spot", exchange.Spot, "BTC_USDT", "USDT")}},
		{"its own house", "deribit.spot:BTC_USDC", []exchange.Instrument{in("bybit.spot", exchange.Spot, "BTCUSDT", "USDT"), in("deribit.spot", exchange.Spot, "BTC_USDC", "USDC")}},
		{"another house, when its own has none", "bybit.spot:BTCUSDT", []exchange.Instrument{in("bybit.spot", exchange.Spot, "BTCUSDT", "USDT"), in("deribit.spot", exchange.Spot, "BTC_EUR", "EUR")}},
		{"none in a dollar", "", []exchange.Instrument{in("deribit.spot", exchange.Spot, "BTC_EUR", "EUR")}},
	} {
		u, err := exchange.NewUniverse(append(tt.spots, perp))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if pairs := u.Pairs(exchange.Perpetuals(exchange.Inverse)); len(pairs) > 0 {
			got = pairs[0].Spot.FullKey()
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
