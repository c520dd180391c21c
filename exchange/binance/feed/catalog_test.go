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
)

// catalogue lists symbols with their turnover of the last day.
func catalogue(t *testing.T, turnover map[string]float64, halted ...string) *Catalog {
	t.Helper()
	c := &Catalog{turnover: turnover}
	for _, m := range api.Markets {
		for _, symbol := range rules.Symbols(m) {
			in, _ := rules.Known(m, symbol)
			l := Listing{Instrument: in, Status: "TRADING"}
			if slices.Contains(halted, in.Key()) {
				l.Status = "HALT"
			}
			if _, listed := turnover[in.Key()]; listed {
				c.listings = append(c.listings, l)
			}
		}
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

// Candles are sent once and in order; one behind a hole waits for those that
// are missing. On COIN-M, volume is the fifth field in contracts.
func TestBars(t *testing.T) {
	in, _ := rules.Known(api.COINM, "BTCUSD_PERP")
	tr, sink := newTrack(&in), &pile{}
	m := &Market{sink: sink}
	m.o.Interval, m.o.Now = exchange.Minute, func() exchange.Time { return 1 }
	row := func(minute int64) *kline {
		var k kline
		raw := strings.ReplaceAll(`[T,"60000.1","60010.0","59990.5","60001.0","345",0,"0.575",12,"100","0.16","0"]`, "T", decimal.NewFromInt(minute*60000).String())
		if err := json.Unmarshal([]byte(raw), &k); err != nil {
			t.Fatal(err)
		}
		return &k
	}
	for _, minute := range []int64{1, 2, 2, 1, 4, 3} {
		tr.bar(m, row(minute))
	}
	var got []exchange.Time
	for _, ev := range sink.events {
		got = append(got, ev.VenueTime/exchange.Minute)
		if b := ev.Bar; b != (exchange.Bar{Open: 600001, High: 600100, Low: 599905, Close: 600010, Volume: 345, Interval: exchange.Minute}) {
			t.Errorf("%+v", b)
		}
	}
	if want := []exchange.Time{2, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("bars that closed at minutes %v, want %v", got, want)
	}
	if now := 6*exchange.Minute + barGrace; tr.overdue(m, 5*exchange.Minute) || !tr.overdue(m, now) {
		t.Error("the bar of minute 4 is overdue some seconds after minute 5, and not before")
	}
	for _, bad := range []string{`[1,"1","1","1"]`, `[1,2,3,4,5,6,"x"]`, `{}`} {
		if err := json.Unmarshal([]byte(bad), new(kline)); err == nil {
			t.Errorf("%s was taken for a candle", bad)
		}
	}
}

// pile keeps what is posted.
type pile struct{ events []*exchange.Event }

func (p *pile) Post(ev *exchange.Event) { p.events = append(p.events, ev) }
