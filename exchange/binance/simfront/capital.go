package simfront

import (
	"github.com/perilune/perilune/exchange/binance/api"
)

// coins is GET capital/config/getall: every coin of the wallet with what is there of it.
// No coin has a network: nothing comes in or goes out of a simulated exchange. Source:
// Wallet, "All Coins' Information".
func (h *wallets) coins(c *call) (any, *fault) {
	out := list{}
	for _, asset := range c.account.spotAssets(false) {
		b := c.account.Funds.Balance(api.Spot.Wallet(), asset)
		out = append(out, object{{"coin", asset}, {"depositAllEnable", false}, {"withdrawAllEnable", false}, {"name", asset}, {"free", b.Free}, {"locked", b.Locked}, {"freeze", "0"},
			{"withdrawing", "0"}, {"ipoing", "0"}, {"ipoable", "0"}, {"storage", "0"}, {"isLegalMoney", false}, {"trading", true}, {"networkList", list{}}})
	}
	return out, nil
}

// tradeFees is GET asset/tradeFee: what each symbol of the spot market costs the account.
func (h *wallets) tradeFees(c *call) (any, *fault) {
	out := list{}
	for _, m := range h.marketsOf(api.Spot) {
		if !c.has("symbol") || c.get("symbol") == m.In.Symbol {
			out = append(out, object{{"symbol", m.In.Symbol}, {"makerCommission", m.In.MakerFee.String()}, {"takerCommission", m.In.TakerFee.String()}})
		}
	}
	if len(out) == 0 {
		return nil, invalidSymbol()
	}
	return out, nil
}

// nothing lists what a simulated exchange has none of: pairs that can be traded on margin,
// deposits and withdrawals.
func (h *wallets) nothing(*call) (any, *fault) { return list{}, nil }
