package rules

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

func TestRulesMakeAUniverse(t *testing.T) {
	var all []exchange.Instrument
	for _, m := range api.Markets {
		for _, symbol := range Symbols(m) {
			in, ok := Known(m, symbol)
			if !ok || in.Symbol != symbol || api.Of(in.Venue) != m {
				t.Fatalf("Known(%s, %s) = %+v, %v", m, symbol, in, ok)
			}
			checkRules(t, &in)
			all = append(all, in)
		}
	}
	u, err := exchange.NewUniverse(all)
	if err != nil {
		t.Fatal(err)
	}
	if pairs := u.Pairs(exchange.Perpetuals(exchange.Linear)); len(pairs) != len(Symbols(api.Spot)) {
		t.Errorf("%d USD-M pairs of %d spot markets", len(pairs), len(Symbols(api.Spot)))
	}
	if pairs := u.Pairs(exchange.Perpetuals(exchange.Inverse)); len(pairs) != len(Symbols(api.COINM)) {
		t.Errorf("%d COIN-M pairs of %d", len(pairs), len(Symbols(api.COINM)))
	}
}

func checkRules(t *testing.T, in *exchange.Instrument) {
	t.Helper()
	if in.TakerFee.LessThan(in.MakerFee) || !in.MakerFee.IsPositive() || in.Assumed == "" {
		t.Errorf("%s: fees %s and %s, assumed %q", in.Key(), in.MakerFee, in.TakerFee, in.Assumed)
	}
	if api.Of(in.Venue) == api.Spot {
		if in.Brackets != nil || in.FundingHours != 0 || !in.MinNotional.IsPositive() {
			t.Errorf("%s: %+v", in.Key(), in)
		}
		return
	}
	if in.FundingHours != 8 || !in.FundingCap.IsPositive() || !in.FundingFloor.Equal(in.FundingCap.Neg()) {
		t.Errorf("%s: funding %d h, %s to %s", in.Key(), in.FundingHours, in.FundingFloor, in.FundingCap)
	}
	var last exchange.Bracket
	for i, b := range in.Brackets {
		if !b.Cap.GreaterThan(last.Cap) || !b.MMR.GreaterThan(last.MMR) || i > 0 && b.MaxLeverage >= last.MaxLeverage || b.MaxLeverage < 1 {
			t.Errorf("%s: bracket %d is %+v after %+v", in.Key(), i, b, last)
		}
		below := last.Cap.Mul(last.MMR).Sub(last.Cum)
		if above := last.Cap.Mul(b.MMR).Sub(b.Cum); !above.Equal(below) {
			t.Errorf("%s: margin jumps from %s to %s at %s", in.Key(), below, above, last.Cap)
		}
		last = b
	}
}

func TestWellKnownRules(t *testing.T) {
	btc, _ := Known(api.USDM, "BTCUSDT")
	// The venue's own "cum" of the first brackets.
	for i, want := range []string{"0", "300", "1500", "12000", "132000"} {
		if got := btc.Brackets[i].Cum; !got.Equal(decimal.RequireFromString(want)) {
			t.Errorf("BTCUSDT bracket %d: cum %s, want %s", i+1, got, want)
		}
	}
	if btc.FundingCap.String() != "0.003" || btc.MinNotional.String() != "100" || btc.PriceUp.String() != "1.05" {
		t.Errorf("BTCUSDT: %+v", btc)
	}
	shib, _ := Known(api.USDM, "1000SHIBUSDT")
	if shib.Base != "SHIB" || shib.Multiplier != 1000 || shib.Tick.String() != "0.000001" {
		t.Errorf("1000SHIBUSDT: %+v", shib)
	}
	coin, _ := Known(api.COINM, "BTCUSD_PERP")
	if coin.Base != "BTC" || coin.Quote != "USD" || coin.ContractSize.String() != "100" || coin.Settle() != "BTC" {
		t.Errorf("BTCUSD_PERP: %+v", coin)
	}
	if _, ok := Known(api.Spot, "1000SHIBUSDT"); ok {
		t.Error("1000SHIBUSDT is not on spot")
	}
}

func TestAssume(t *testing.T) {
	tick, lot := exchange.MustStep("0.05"), exchange.MustStep("5")
	tests := []struct {
		market      api.Market
		symbol      string
		base, quote string
		multiplier  int64
		hours       int
	}{
		{api.Spot, "BTCUSDT", "BTC", "USDT", 1, 0},
		{api.Spot, "LTCBTC", "LTC", "BTC", 1, 0},
		{api.Spot, "WLDFDUSD", "WLD", "FDUSD", 1, 0},
		{api.Spot, "1000SATSUSDT", "1000SATS", "USDT", 1, 0},
		{api.Spot, "USDT", "USDT", "USDT", 1, 0},
		{api.USDM, "BTCUSDT", "BTC", "USDT", 1, 8},
		{api.USDM, "1000PEPEUSDC", "PEPE", "USDC", 1000, 8},
		{api.USDM, "1000000MOGUSDT", "MOG", "USDT", 1000000, 8},
		{api.USDM, "1000SATSUSDT", "1000SATS", "USDT", 1, 8},
		{api.USDM, "1INCHUSDT", "1INCH", "USDT", 1, 8},
		{api.USDM, "BTCUSDT_261225", "BTC", "USDT", 1, 0},
		{api.USDM, "ETHBTC", "ETH", "BTC", 1, 8},
		{api.COINM, "DOTUSD_PERP", "DOT", "USD", 1, 8},
		{api.COINM, "FILUSD_PERP", "FIL", "USD", 1, 8},
		{api.COINM, "BTCUSD_261225", "BTC", "USD", 1, 0},
	}
	for _, tt := range tests {
		in := Assume(tt.market, tt.symbol, tick, lot)
		if in.Symbol != tt.symbol || in.Base != tt.base || in.Quote != tt.quote || in.Multiplier != tt.multiplier || in.FundingHours != tt.hours {
			t.Errorf("%s: base %q quote %q ×%d, %d h; want %+v", in.Key(), in.Base, in.Quote, in.Multiplier, in.FundingHours, tt)
		}
		if in.Tick != tick || in.Lot != lot || !strings.Contains(in.Assumed, "steps") {
			t.Errorf("%s: tick %s lot %s, assumed %q", in.Key(), in.Tick, in.Lot, in.Assumed)
		}
		if in.Perp() && len(in.Brackets) == 0 || !in.TakerFee.IsPositive() {
			t.Errorf("%s: %+v", in.Key(), in)
		}
		if size := in.ContractSize.IntPart(); tt.market == api.COINM && tt.base == "BTC" && size != 100 {
			t.Errorf("%s: contract of %d USD, want 100", in.Key(), size)
		}
	}
}
