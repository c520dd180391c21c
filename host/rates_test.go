package host

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance"
	"github.com/perilune/perilune/exchange/connect"
)

// surveyed makes a row: "rate/hours" of a perpetual, and a book "bid bid-size ask ask-size".
func surveyed(in exchange.Instrument, rate exchange.E8, hours int, book ...string) connect.Standing {
	s := connect.Standing{Instrument: &in, Rate: rate, Hours: hours}
	for i, to := range []*decimal.Decimal{&s.Bid, &s.BidQty, &s.Ask, &s.AskQty} {
		if i < len(book) {
			*to = decimal.RequireFromString(book[i])
		}
	}
	return s
}

// TestRatesTable: legs are compared by coin, whatever their bundle, contract, interval and
// venue; a spot market that lends nothing can only be bought.
func TestRatesTable(t *testing.T) {
	fee := decimal.RequireFromString("0.001")
	in := func(venue, symbol string, c exchange.Contract, base, quote string, multiplier int64) exchange.Instrument {
		return exchange.Instrument{Venue: exchange.Venue(venue), Symbol: symbol, Contract: c, Base: base, Quote: quote, Multiplier: multiplier,
			TakerFee: fee, ContractSize: decimal.NewFromInt(10)}
	}
	dated := in("north.linear", "ABCUSDT-26", exchange.Linear, "ABC", "USDT", 1)
	dated.Delivery = exchange.Date(2027, 1, 1)
	rows := ratesOf([]connect.Standing{
		surveyed(in("north.spot", "ABCUSDT", exchange.Spot, "ABC", "USDT", 1), 0, 0, "99.9", "10", "100.1", "10"),
		surveyed(in("north.spot", "ABCEUR", exchange.Spot, "ABC", "EUR", 1), 0, 0, "1", "1", "2", "1"),
		surveyed(in("north.linear", "1000ABCUSDT", exchange.Linear, "ABC", "USDT", 1000), 10000, 8, "100100", "0.01", "100300", "0.03"),
		surveyed(in("south.inverse", "ABCUSD", exchange.Inverse, "ABC", "USD", 1), -5000, 4, "99.8", "70", "100", "50"),
		surveyed(in("west.linear", "ABC", exchange.Linear, "ABC", "USDC", 1), 2500, 1, "99.9", "5", "100.1", "1"),
	})
	var got []string
	for _, r := range rows {
		got = append(got, fmt.Sprintf("%s year %.4f basis %.4f depth %.0f hedge %s net %.4f cost %.4f days %.1f", r.Symbol, r.Annual, r.Basis, r.Depth, r.Hedge, r.Net, r.Cost, r.Days))
	}
	want := []string{
		"west.linear:ABC year 0.2190 basis 0.0000 depth 100 hedge south.inverse:ABCUSD net 0.3285 cost 0.0080 days 8.9",
		"south.inverse:ABCUSD year -0.1095 basis -0.0010 depth 500 hedge west.linear:ABC net 0.3285 cost 0.0080 days 8.9",
		"north.linear:1000ABCUSDT year 0.1095 basis 0.0020 depth 1001 hedge south.inverse:ABCUSD net 0.2190 cost 0.0080 days 13.3",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	rows = ratesOf([]connect.Standing{
		surveyed(in("north.linear", "LONEUSDT", exchange.Linear, "LONE", "USDT", 1), -10000, 8, "1", "1", "1.02", "1"),
		surveyed(in("north.spot", "LONEUSDT", exchange.Spot, "LONE", "USDT", 1), 0, 0, "1", "1", "1.02", "1"),
		surveyed(in("east.linear", "ABCUSDT", exchange.Linear, "ABC", "USDT", 1), 8000, 0),
		surveyed(dated, 0, 0, "101", "1", "102", "1"),
	})
	if len(rows) != 2 || rows[0].Hedge != "" || rows[1].Hedge != "" || rows[0].Symbol != "east.linear:ABCUSDT" || rows[0].Annual < 0.0875 || rows[0].Annual > 0.0877 {
		t.Errorf("%+v: want no hedge for what pays the short side, nor without a book, and eight hours for what accrues", rows)
	}
}

// A perpetual that is paid to be held is hedged with coins that are lent, net of the loan.
func TestRatesOfBorrowedCoins(t *testing.T) {
	in := func(c exchange.Contract, venue string) exchange.Instrument {
		return exchange.Instrument{Venue: exchange.Venue(venue), Symbol: "ABCUSDT", Contract: c, Base: "ABC", Quote: "USDT", Multiplier: 1, TakerFee: decimal.RequireFromString("0.001")}
	}
	spot, perp := in(exchange.Spot, "north.spot"), in(exchange.Linear, "north.linear")
	for _, tt := range []struct{ rate, hedge string }{{"0", ""}, {"0.00001", "north.spot:ABCUSDT net 0.2409 borrow 0.0876"}, {"0.00004", ""}} {
		if spot.Lending = (exchange.Lending{}); tt.rate != "0" {
			spot.Lending = exchange.Lending{Rate: decimal.RequireFromString(tt.rate), Most: decimal.NewFromInt(10)}
		}
		rows := ratesOf([]connect.Standing{surveyed(spot, 0, 0, "99.9", "10", "100.1", "10"), surveyed(perp, -30000, 8, "99.9", "10", "100.1", "10")})
		got := ""
		if r := rows[0]; r.Hedge != "" {
			got = fmt.Sprintf("%s net %.4f borrow %.4f", r.Hedge, r.Net, r.Borrow)
		}
		if got != tt.hedge {
			t.Errorf("lent at %s an hour: hedge %q, want %q", tt.rate, got, tt.hedge)
		}
	}
}

// TestSurveyRates asks a simulated venue, and one that is not there.
func TestSurveyRates(t *testing.T) {
	h := openHouse(t, 1, nil)
	at := []connect.Section{binance.At(endpointsAt(h.host))}
	db := filepath.Join(h.dir, "x.db")
	r, err := SurveyRates(t.Context(), RatesOptions{Venues: at, Symbols: []string{"usdm:BTC*", "*.coinm:BTCUSD_PERP"}, DB: db})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != 2 || r.Rows[0].Hours != 8 || r.Rows[0].Depth <= 0 || r.Rows[0].Turnover < 0 || r.Rows[0].Next.IsZero() {
		t.Errorf("%+v", r.Rows)
	}
	var data *DataError
	if _, err := SurveyRates(t.Context(), RatesOptions{Venues: at, Symbols: []string{"usdm:NOT"}, DB: db}); !errors.As(err, &data) {
		t.Errorf("a symbol that there is not: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := SurveyRates(ctx, RatesOptions{Venues: at, DB: db}); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("cancelled: %v", err)
	}
}
