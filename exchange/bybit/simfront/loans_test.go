package simfront_test

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// A sale on spot borrows with isLeverage=1, up to what is lent, and where spot margin is on;
// what it lacks bears interest by the hour, and coins that are bought bring it back.
func TestSpotMargin(t *testing.T) {
	s := open(t, nil)
	sell := func(symbol, qty, leverage string) told {
		a, _ := s.order(map[string]any{"category": "spot", "symbol": symbol, "side": "Sell", "orderType": "Market", "qty": qty, "price": "", "isLeverage": leverage})
		return a
	}
	coin := func(field string) string {
		return s.get("/v5/account/wallet-balance", "accountType=UNIFIED&coin=SOL").at("list.0.coin.0." + field)
	}
	if a := s.get("/v5/market/instruments-info", "category=spot&symbol=SOLUSDT"); a.at("list.0.marginTrading") != "utaOnly" {
		t.Errorf("instruments-info: %s", a.text)
	}
	if a := s.get("/v5/spot-margin-trade/data", "currency=SOL"); a.at("vipCoinList.0.list.0.currency") != "SOL" || a.at("vipCoinList.0.vipLevel") != "No VIP" {
		t.Errorf("what is lent: %s", a.text)
	}
	if a := sell("SOLUSDT", "10", "0"); a.Code != 170131 {
		t.Errorf("a sale of what is not there: %d %s", a.Code, a.Msg)
	}
	if a := sell("SOLUSDT", "100000", "1"); a.Code != 170034 {
		t.Errorf("a sale of more than is lent: %d %s", a.Code, a.Msg)
	}
	if a := s.post("/v5/spot-margin-trade/switch-mode", map[string]any{"spotMarginMode": "0"}); a.Code != 0 || s.get("/v5/spot-margin-trade/state", "").at("spotMarginMode") != "0" {
		t.Errorf("spot margin off: %s", a.text)
	}
	if a := sell("SOLUSDT", "10", "1"); a.Code != 170036 {
		t.Errorf("with spot margin off: %d %s", a.Code, a.Msg)
	}
	s.post("/v5/spot-margin-trade/switch-mode", map[string]any{"spotMarginMode": "1"})
	if a := sell("SOLUSDT", "10", "1"); a.Code != 0 {
		t.Fatalf("a sale of 10: %d %s", a.Code, a.Msg)
	}
	if coin("walletBalance") != "0" || coin("spotBorrow") != "10" || coin("equity") != "-10" {
		t.Errorf("the wallet: %s, borrowed %s, equity %s", coin("walletBalance"), coin("spotBorrow"), coin("equity"))
	}
	s.pass(2 * exchange.Hour)
	owed, err := decimal.NewFromString(coin("spotBorrow"))
	if err != nil || !owed.GreaterThan(decimal.NewFromInt(10)) {
		t.Errorf("after two hours %s are owed", owed)
	}
	a := s.get("/v5/account/transaction-log", "accountType=UNIFIED&type=INTEREST&currency=SOL")
	if !strings.HasPrefix(a.at("list.0.change"), "-0.0") || a.at("list.1.type") != "INTEREST" {
		t.Errorf("the log of interest: %s", a.text)
	}
	if a := s.get("/v5/account/borrow-history", "currency=SOL"); a.at("list.1.currency") != "SOL" || a.at("list.0.hourlyBorrowRate") == "0" {
		t.Errorf("the history of loans: %s", a.text)
	}
	if a := s.get("/v5/account/collateral-info", "currency=SOL"); a.at("list.0.borrowAmount") != owed.String() || a.at("list.0.borrowable") != "true" {
		t.Errorf("what can be borrowed: %s", a.text)
	}
	if a, _ := s.order(map[string]any{"category": "spot", "symbol": "SOLUSDT", "orderType": "Market", "marketUnit": "baseCoin", "qty": "10.1", "price": ""}); a.Code != 0 {
		t.Errorf("buying them back: %d %s", a.Code, a.Msg)
	}
	if coin("spotBorrow") != "0" {
		t.Errorf("%s are owed after they were bought back", coin("spotBorrow"))
	}
}
