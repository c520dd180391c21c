package tearsheet

import (
	"math"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

var btc = ledger.Terms{Contract: exchange.Linear, Base: "BTC", Quote: "USDT", Settle: "USDT", Multiplier: 1, ContractSize: decimal.NewFromInt(1)}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// five is a record that can be checked by hand. One perpetual, an account of 10000 USDT,
// 0.1 USDT of fee for each coin, prices between the fills as given:
//
//	day  hour  what                       price   seen between
//	1    6     buy 1   (order 1)          100     95, 112
//	     12    sell 1  (order 2)          110                   trade 1: +10 -0.2         = +9.8
//	2    6     sell 2  (order 3)          110     118, 108
//	     18    buy 2   (order 4)          115                   trade 2: -10 -0.4         = -10.4
//	3    3     buy 1   (order 5)          100
//	     6     buy 1   (order 6)          104
//	     8     funding -0.4 on 2 coins                          half of it for each
//	     12    sell 2  (order 7)          106                   trade 3: +6 -0.2 -0.2     = +5.6
//	                                                            trade 4: +2 -0.2 -0.2     = +1.6
//	4    0     buy 1   (order 8)          106     106
//	     12    sell 1  (order 9), in two  101                   trade 5: -5 -0.2          = -5.2
func five() *Record {
	day := exchange.Date(2026, 3, 2)
	at := func(d, h int) exchange.Time {
		return day + exchange.Time(d-1)*exchange.Day + exchange.Time(h)*exchange.Hour
	}
	r := &Record{Currency: "USDT", Orders: map[ledger.OrderKey]string{}, Arrivals: map[ledger.OrderKey]decimal.Decimal{}}
	fill := func(d, h int, side exchange.Side, qty, price string, order exchange.OrderID) {
		r.Fills = append(r.Fills, ledger.Fill{Time: at(d, h), Account: "paper-1", Strategy: "five", Venue: "usdm", Symbol: "BTCUSDT", Order: order,
			Side: side, Price: dec(price), Qty: dec(qty), Fee: dec(qty).Mul(dec("0.1")), FeeAsset: "USDT", Terms: btc, Maker: order == 1})
		k := ledger.OrderKey{Account: "paper-1", ID: order}
		r.Orders[k] = "limit"
	}
	price := func(d, h int, p string) {
		r.Prices = append(r.Prices, ledger.PricePoint{Time: at(d, h), Account: "paper-1", Venue: "usdm", Symbol: "BTCUSDT", Price: dec(p)})
	}
	equity := func(d int, v string) { r.Equity = append(r.Equity, Point{at(d, 0), dec(v)}) }
	equity(1, "10000")
	fill(1, 6, exchange.Buy, "1", "100", 1)
	price(1, 8, "95")
	price(1, 10, "112")
	fill(1, 12, exchange.Sell, "1", "110", 2)
	equity(2, "10009.8")
	fill(2, 6, exchange.Sell, "2", "110", 3)
	price(2, 8, "118")
	price(2, 10, "108")
	fill(2, 18, exchange.Buy, "2", "115", 4)
	equity(3, "9999.4")
	fill(3, 3, exchange.Buy, "1", "100", 5)
	fill(3, 6, exchange.Buy, "1", "104", 6)
	r.Funding = append(r.Funding, ledger.Funding{Time: at(3, 8), Settled: at(3, 8), Account: "paper-1", Strategy: "five", Venue: "usdm", Symbol: "BTCUSDT",
		Mark: dec("104"), Position: dec("2"), Amount: dec("-0.4"), Asset: "USDT"})
	fill(3, 12, exchange.Sell, "2", "106", 7)
	equity(4, "10006.6")
	fill(4, 0, exchange.Buy, "1", "106", 8)
	fill(4, 12, exchange.Sell, "0.4", "101", 9)
	fill(4, 12, exchange.Sell, "0.6", "101", 9)
	equity(5, "10001.4")
	r.Arrivals[ledger.OrderKey{Account: "paper-1", ID: 1}] = dec("100.5") // bought half a dollar better
	r.Arrivals[ledger.OrderKey{Account: "paper-1", ID: 2}] = dec("111")   // sold a dollar worse
	return r
}

func TestFiveTradesByHand(t *testing.T) {
	s := Compute(five())
	for i, want := range []struct{ side, qty, entry, exit, gross, funding, fees, net, mae, mfe string }{
		{"long", "1", "100", "110", "10", "0", "0.2", "9.8", "-5", "12"},
		{"short", "2", "110", "115", "-10", "0", "0.4", "-10.4", "-16", "4"},
		{"long", "1", "100", "106", "6", "-0.2", "0.2", "5.6", "0", "6"},
		{"long", "1", "104", "106", "2", "-0.2", "0.2", "1.6", "0", "2"},
		{"long", "1", "106", "101", "-5", "0", "0.2", "-5.2", "-5", "0"},
	} {
		if i >= len(s.Trips) {
			t.Fatalf("%d trips, want 5", len(s.Trips))
		}
		x := &s.Trips[i]
		for _, f := range []struct {
			name string
			got  decimal.Decimal
			want string
		}{{"qty", x.Qty, want.qty}, {"entry", x.Entry, want.entry}, {"exit", x.Exit, want.exit}, {"gross", x.Gross, want.gross},
			{"funding", x.Funding, want.funding}, {"fees", x.Fees, want.fees}, {"net", x.Net, want.net}, {"MAE", x.MAE, want.mae}, {"MFE", x.MFE, want.mfe}} {
			if !f.got.Equal(dec(f.want)) {
				t.Errorf("trade %d: %s %s, want %s", i+1, f.name, f.got, f.want)
			}
		}
		if x.Side != want.side || x.Why != "limit" {
			t.Errorf("trade %d: %s left by %q", i+1, x.Side, x.Why)
		}
	}
	if len(s.Trips) != 5 || len(s.Open) != 0 || len(s.Notes) != 0 {
		t.Errorf("%d trips, %d open, notes %q", len(s.Trips), len(s.Open), s.Notes)
	}
	m := s.Metrics()
	for name, want := range map[string]float64{
		"net": 1.4, "return": 0.00014, "days": 4, "trades": 5, "open_trades": 0,
		"win_rate":           0.6,        // 3 of 5
		"profit_factor":      17. / 15.6, // 9.8+5.6+1.6 over 10.4+5.2
		"expectancy":         0.28,       // 1.4 / 5
		"average_win":        5.66666667, // 17 / 3
		"average_loss":       -7.8,       // -15.6 / 2
		"payoff_ratio":       17. / 3 / 7.8,
		"best_trade":         9.8,
		"worst_trade":        -10.4,
		"average_mae":        -5.2, // -(5+16+0+0+5)/5
		"average_mfe":        4.8,  // (12+4+6+2+0)/5
		"longest_win_streak": 2, "longest_loss_streak": 1,
		"average_holding_hours": 9, "median_holding_hours": 9, // 6, 12, 9, 6, 12
		"time_in_market": 39. / 96, // 6+12+9+12 of four days
		"fills":          10, "maker_share": 0.1,
		"turnover":              1283, // 210 + 450 + 416 + 207
		"fees":                  1.2,  // 12 coins moved, 0.1 each
		"funding":               -0.4,
		"fees_share":            1.2 / 2.6, // of 1.4 + 1.2
		"funding_share":         -0.4 / 2.6,
		"max_drawdown":          10.4 / 10009.8,
		"max_drawdown_amount":   10.4,
		"max_drawdown_days":     3,
		"longest_drawdown_days": 3,
		"positive_days":         0.5,
		"max_gross_notional":    236, // two coins at 118
		"slippage_cost":         0.5, // -0.5 + 1
		"slippage_bp":           0.5 / 211.5 * 1e4,
		// By pandas 1.5.3: r = equity.pct_change(), r.std(), …
		"volatility": 0.018534088913811104, "sharpe": 0.6961847214728121, "sortino": 1.1627559452360003,
		"annual_return": 0.012856043244049209, "calmar": 12.37369439079646, "best_day": 0.00098, "worst_day": -0.0010389817978381233,
	} {
		x := m.Get(name)
		if got := x.InexactFloat64(); !x.Defined || math.Abs(got-want) > 1e-8 {
			t.Errorf("%s %v (defined %v), want %v", name, got, x.Defined, want)
		}
	}
}
