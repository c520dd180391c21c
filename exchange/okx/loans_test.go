package okx_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/okx/account"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/client"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
)

// An account in multi-currency margin that borrows by itself sells coins on spot that it does
// not have, and is charged; in futures mode nothing is lent.
func TestBorrowedCoins(t *testing.T) {
	l := start(t, now())
	open := func() *account.Account {
		a, err := account.Open(t.Context(), client.Options{Endpoints: l.at, Key: l.key(), Passphrase: sign.NewSecret(l.keys.HMAC.Passphrase), Log: func(text string) { t.Log(text) }}, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close() })
		return a
	}
	set := func(a *account.Account, path, field string, value any) error {
		return a.Rows(t.Context(), client.Request{What: "set " + field, Path: "/api/v5/account/" + path, Body: map[string]any{field: value}, Count: client.Settings, Priority: limit.Query}, func([]byte) error { return nil })
	}
	n := 0
	sell := func(a *account.Account, side exchange.Side, qty string) error {
		n++
		_, err := a.Place(t.Context(), oms.Order{Venue: api.Spot.Venue(), Symbol: "SOL-USDT", ClientID: fmt.Sprintf("b%d", n), Side: side, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: dec(qty), Borrow: side == exchange.Sell})
		return err
	}
	coins := func(a *account.Account) string {
		list, err := a.Balances(t.Context(), api.Trading)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range list {
			if b.Asset == "SOL" {
				return b.Total.String()
			}
		}
		return "0"
	}
	a := open()
	if err := set(a, "set-auto-loan", "autoLoan", true); err == nil || !strings.Contains(err.Error(), "Multi-currency") {
		t.Errorf("auto-borrow in futures mode: %v", err)
	}
	if err := sell(a, exchange.Sell, "5"); err == nil {
		t.Error("coins were sold that are not there, in futures mode")
	}
	if err := set(a, "set-account-level", "acctLv", "3"); err != nil {
		t.Fatal(err)
	}
	a = open()
	if err := sell(a, exchange.Sell, "5"); err == nil {
		t.Error("coins were sold that are not there, without auto-borrow")
	}
	if err := set(a, "set-auto-loan", "autoLoan", true); err != nil {
		t.Fatal(err)
	}
	if err := sell(a, exchange.Sell, "1000000"); err == nil {
		t.Error("more was borrowed than is lent")
	}
	if err := sell(a, exchange.Sell, "5"); err != nil || coins(a) != "-5" {
		t.Fatalf("%v, %s coins after a sale of 5", err, coins(a))
	}
	if err := l.sim.Advance(exchange.Hour); err != nil {
		t.Fatal(err)
	}
	list, err := a.Income(t.Context(), api.Trading, 0)
	charged := false
	for _, i := range list {
		charged = charged || i.Kind == oms.IncomeInterest && i.Asset == "SOL" && i.Amount.IsNegative()
	}
	if err != nil || !charged {
		t.Errorf("interest of an hour: %+v, %v", list, err)
	}
	if err := sell(a, exchange.Buy, "5.1"); err != nil || strings.HasPrefix(coins(a), "-") {
		t.Errorf("%v, %s coins after they were bought back", err, coins(a))
	}
}
