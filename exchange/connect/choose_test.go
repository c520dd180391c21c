package connect_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// unified is what a house lists that has one wallet: the segments have other names and
// nothing else is different.
func unified() connect.Listings {
	one := exchange.Step{M: 1}
	var out connect.Listings
	for _, x := range []struct {
		venue    exchange.Venue
		symbol   string
		contract exchange.Contract
		base     string
		trading  bool
	}{
		{"house.spot", "BTCUSDT", exchange.Spot, "BTC", true}, {"house.spot", "ETHUSDT", exchange.Spot, "ETH", true}, {"house.spot", "OLDUSDT", exchange.Spot, "OLD", false},
		{"house.linear", "BTCUSDT", exchange.Linear, "BTC", true}, {"house.linear", "ETHUSDT", exchange.Linear, "ETH", true},
		{"house.inverse", "BTCUSD", exchange.Inverse, "BTC", true},
	} {
		quote := "USDT"
		if x.contract == exchange.Inverse {
			quote = "USD"
		}
		out = append(out, connect.Listing{Trading: x.trading, Status: "Closed", Instrument: &exchange.Instrument{Venue: x.venue, Symbol: x.symbol, Contract: x.contract,
			Base: x.base, Quote: quote, Wallet: "house.unified", Tick: one, Lot: one}})
	}
	return out
}

func TestChooseOfAnyHouse(t *testing.T) {
	l := unified()
	turnover := func(context.Context) (map[string]float64, error) {
		return map[string]float64{"spot:BTCUSDT": 900, "linear:BTCUSDT": 5000, "spot:ETHUSDT": 500, "linear:ETHUSDT": 9000, "inverse:BTCUSD": 1}, nil
	}
	for patterns, want := range map[string]string{
		"linear:*":            "linear:ETHUSDT",
		"house.linear:*":      "linear:ETHUSDT",
		"spot:* linear:*":     "spot:BTCUSDT linear:BTCUSDT",
		"*:*":                 "spot:ETHUSDT linear:ETHUSDT",
		"*:* inverse:*":       "spot:BTCUSDT linear:BTCUSDT inverse:BTCUSD",
		"spot:* inverse:*":    "spot:BTCUSDT inverse:BTCUSD",
		"house.spot:ETHUSDT":  "spot:ETHUSDT",
		"spot:OLDUSDT":        "error spot:OLDUSDT is not trading: its status is Closed",
		"linear:BTCUSTD":      `error unknown symbol "linear:BTCUSTD"; did you mean "linear:BTCUSDT"?`,
		"spot:OLD*":           `error "spot:OLD*" fits none of the 6 instruments that the venue lists and that are trading`,
		"spot:BTCUSDT spot:*": "spot:BTCUSDT",
	} {
		got, err := l.Choose(context.Background(), "house", strings.Fields(patterns), 1, turnover)
		text := strings.Join(got, " ")
		if err != nil {
			text = "error " + err.Error()
		}
		if text != want {
			t.Errorf("%s: %s, want %s", patterns, text, want)
		}
	}
	if _, err := l.Choose(context.Background(), "house", []string{"spot:*"}, 1, func(context.Context) (map[string]float64, error) { return nil, errors.New("no answer") }); err == nil {
		t.Error("without the turnover nothing ranks")
	}
	if places, err := l.Pick([]string{"spot:BTCUSDT"}, []string{"spot:OLDUSDT", "house.linear:ETHUSDT"}); err != nil || !slices.Equal(places, []int{0, 2, 4}) {
		t.Errorf("%v %v", places, err)
	}
}

func TestSegmentsOf(t *testing.T) {
	segments := []string{"spot", "linear", "inverse"}
	for patterns, want := range map[string]string{
		"spot:BTCUSDT linear:*": "spot linear", "*:BTC*": "spot linear inverse", "house.inverse:BTCUSD": "inverse",
		"usdm:BTCUSDT": `error symbol "usdm:BTCUSDT": unknown market "usdm": want spot, linear or inverse`,
		"BTCUSDT":      `error symbol "BTCUSDT": write market:SYMBOL, for example linear:BTCUSDT`,
	} {
		got, err := connect.SegmentsOf("house", segments, strings.Fields(patterns))
		text := strings.Join(got, " ")
		if err != nil {
			text = "error " + err.Error()
		}
		if text != want {
			t.Errorf("%s: %s, want %s", patterns, text, want)
		}
	}
}
