package feed

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/rules"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/live"
)

// catalogue lists symbols with their turnover of the last day.
func catalogue(t *testing.T, turnover map[string]float64, halted ...string) *live.Catalogue {
	t.Helper()
	list := func(_ context.Context, segment string) (out connect.Listings, err error) {
		m, err := api.ParseMarket(segment)
		for _, symbol := range rules.Symbols(m) {
			in, _ := rules.Known(m, symbol)
			l := Listing{Instrument: in, Status: "TRADING"}
			if slices.Contains(halted, in.Key()) {
				l.Status = "HALT"
			}
			if _, listed := turnover[in.Key()]; listed {
				out = append(out, l.neutral())
			}
		}
		return out, err
	}
	c, err := live.Browse(context.Background(), live.Shop{House: api.House, Segments: marketNames, List: list,
		Turnover: func(context.Context, []string, connect.Listings) (map[string]float64, error) { return turnover, nil }}, []string{"*:*"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Globs stand for the coins that trade most, by their thinner leg.
func TestChoose(t *testing.T) {
	c := catalogue(t, map[string]float64{
		"spot:BTCUSDT": 900, "usdm:BTCUSDT": 5000, "coinm:BTCUSD_PERP": 100,
		"spot:ETHUSDT": 500, "usdm:ETHUSDT": 9000, "coinm:ETHUSD_PERP": 300,
		"spot:SOLUSDT": 700, "usdm:SOLUSDT": 600,
		"spot:SHIBUSDT": 50, "usdm:1000SHIBUSDT": 8000,
		"usdm:XRPUSDT": 9999, "spot:ADAUSDT": 9999, "usdm:ADAUSDT": 9999,
	}, "spot:ADAUSDT")
	for _, tt := range []struct {
		patterns string
		top      int
		want     string
	}{
		{"usdm:*", 2, "usdm:ADAUSDT usdm:XRPUSDT"},
		{"usdm:* spot:*", 2, "spot:BTCUSDT spot:SOLUSDT usdm:BTCUSDT usdm:SOLUSDT"},
		{"usdm:* spot:* usdm:XRPUSDT", 1, "spot:BTCUSDT usdm:BTCUSDT usdm:XRPUSDT"},
		{"spot:* coinm:*", 1, "spot:ETHUSDT coinm:ETHUSD_PERP"},
		{"spot:SHIB* usdm:*SHIB*", 5, "spot:SHIBUSDT usdm:1000SHIBUSDT"},
		{"*:BTC*", 5, "spot:BTCUSDT usdm:BTCUSDT coinm:BTCUSD_PERP"},
		{"spot:*", 0, "spot:BTCUSDT spot:ETHUSDT spot:SHIBUSDT spot:SOLUSDT"},
	} {
		got, err := c.Choose(context.Background(), strings.Fields(tt.patterns), tt.top)
		slices.Sort(got)
		want := strings.Fields(tt.want)
		slices.Sort(want)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s, top %d: %v, %v; want %v", tt.patterns, tt.top, got, err, want)
		}
	}
	for pattern, want := range map[string]string{
		"spot:ADAUSDT": "spot:ADAUSDT is not trading: its status is HALT",
		"spot:ADA*":    `"spot:ADA*" fits none of the`,
		"usdm:ETHUSTD": `did you mean "usdm:ETHUSDT"?`,
	} {
		if _, err := c.Choose(context.Background(), []string{pattern}, 5); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", pattern, err, want)
		}
	}
}

func TestTurnoverIsComparedInUSDT(t *testing.T) {
	last := map[string]decimal.Decimal{"spot:BTCUSDT": decimal.NewFromInt(100000), "spot:USDTTRY": decimal.NewFromInt(40)}
	for quote, want := range map[string]float64{"USDT": 1, "USD": 1, "BTC": 100000, "TRY": 0.025, "USDC": 1, "XYZ": 0} {
		if got := connect.InUSDT(api.Spot.String(), last, quote); got != want {
			t.Errorf("%s: %g, want %g", quote, got, want)
		}
	}
}

// Candles of REST are bars. On COIN-M, volume is the fifth field in contracts.
func TestCandles(t *testing.T) {
	in, _ := rules.Known(api.COINM, "BTCUSD_PERP")
	var k kline
	if err := json.Unmarshal([]byte(`[60000,"60000.1","60010.0","59990.5","60001.0","345",119999,"0.575",12,"100","0.16","0"]`), &k); err != nil {
		t.Fatal(err)
	}
	ev, ok := k.event(&in, exchange.Minute)
	if want := (exchange.Bar{Open: 600001, High: 600100, Low: 599905, Close: 600010, Volume: 345, Interval: exchange.Minute,
		Flow: exchange.Flow{Quote: 34500, TakerBuy: 100, Trades: 12, Known: exchange.FlowAll}}); !ok || ev.Bar != want || ev.VenueTime != 2*exchange.Minute {
		t.Errorf("%+v, %t", ev.Bar, ok)
	}
	for _, bad := range []string{`[1,"1","1","1"]`, `[1,2,3,4,5,6,"x"]`, `{}`} {
		if err := json.Unmarshal([]byte(bad), new(kline)); err == nil {
			t.Errorf("%s was taken for a candle", bad)
		}
	}
}
