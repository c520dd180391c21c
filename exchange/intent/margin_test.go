package intent_test

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// TestTheAssetOfAMaintainedWallet is chosen where there is one, and asked for where
// there are several.
func TestTheAssetOfAMaintainedWallet(t *testing.T) {
	one := exchange.MustStep("0.1")
	linear := func(wallet exchange.Wallet, base, quote string) exchange.Instrument {
		return exchange.Instrument{Venue: exchange.Venue(wallet), Wallet: wallet, Contract: exchange.Linear, Symbol: base + quote, Base: base, Quote: quote, Tick: one, Lot: one}
	}
	u, err := exchange.NewUniverse([]exchange.Instrument{
		linear("usdm", "BTC", "USDT"), linear("usdm", "ETH", "USDT"), linear("perps", "BTC", "USDC"), linear("both", "BTC", "USDC"), linear("both", "BTC", "USDT"),
		{Venue: "spot", Wallet: "spot", Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Tick: one, Lot: one},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		wallet           exchange.Wallet
		asset, want, err string
	}{
		{"usdm", "", "USDT", ""},
		{"perps", "", "USDC", ""},
		{"both", "USDT", "USDT", ""},
		{"both", "", "", "asset: contracts of the both wallet are margined with USDC and USDT: say which is meant"},
		{"perps", "USDT", "", "asset: contracts of the perps wallet are margined with USDC, got USDT"},
		{"spot", "", "", "wallet: no linear contract is margined in the spot wallet"},
	} {
		r := intent.MaintainRequest{Wallet: tt.wallet, Asset: tt.asset}
		err := r.ChooseAsset(u)
		if tt.err != "" {
			if err == nil || !strings.Contains(err.Error(), tt.err) {
				t.Errorf("%s with %q: %v, want %s", tt.wallet, tt.asset, err, tt.err)
			}
			continue
		}
		if err != nil || r.Asset != tt.want {
			t.Errorf("%s with %q: %s, %v, want %s", tt.wallet, tt.asset, r.Asset, err, tt.want)
		}
	}
}
