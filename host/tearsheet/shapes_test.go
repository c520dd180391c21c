package tearsheet

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

var (
	spotTerms = ledger.Terms{Contract: exchange.Spot, Base: "BTC", Quote: "USDT", Settle: "USDT", Multiplier: 1, ContractSize: decimal.NewFromInt(1)}
	coinTerms = ledger.Terms{Contract: exchange.Inverse, Base: "BTC", Quote: "USD", Settle: "BTC", Multiplier: 1, ContractSize: decimal.NewFromInt(100)}
)

// tape writes fills, an hour apart.
type tape struct{ Record }

func newTape() *tape {
	t := &tape{Record{Currency: "USDT"}}
	t.Equity = []Point{{hour(0), dec("10000")}}
	return t
}

func hour(n int) exchange.Time {
	return exchange.Date(2026, 3, 2) + exchange.Time(n)*exchange.Hour
}

func (t *tape) fill(n int, terms *ledger.Terms, side exchange.Side, qty, price, fee, asset string, pair exchange.PairID) {
	t.Fills = append(t.Fills, ledger.Fill{Time: hour(n), Account: "a", Strategy: "s", Pair: pair, Venue: exchange.Venue(terms.Contract.String()), Symbol: "X",
		Order: exchange.OrderID(n), Side: side, Qty: dec(qty), Price: dec(price), Fee: dec(fee), FeeAsset: asset, Terms: *terms})
}

func (t *tape) at(n int, terms *ledger.Terms, price string) {
	t.Prices = append(t.Prices, ledger.PricePoint{Time: hour(n), Account: "a", Venue: exchange.Venue(terms.Contract.String()), Symbol: "X", Price: dec(price)})
}

func (t *tape) sheet(end int, equity string) *Sheet {
	t.Equity = append(t.Equity, Point{hour(end), dec(equity)})
	return Compute(&t.Record)
}

func tripText(t *Trip) string {
	return fmt.Sprintf("%s %s %s>%s gross %s funding %s fees %s net %s mae %s mfe %s", t.Side, t.Qty, t.Entry, t.Exit, t.Gross.Round(6), t.Funding, t.Fees.Round(6), t.Net.Round(6), t.MAE.Round(6), t.MFE.Round(6))
}

func wantTrips(t *testing.T, got []Trip, want ...string) {
	t.Helper()
	var list []string
	for i := range got {
		list = append(list, tripText(&got[i]))
	}
	if a, b := strings.Join(list, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("trips\n%s\nwant\n%s", a, b)
	}
}

// A buy whose fee is taken in the coin leaves dust after the sale, which joins the next
// entry; nothing of it is a trade of its own.
func TestDustJoinsTheNextEntry(t *testing.T) {
	x := newTape()
	x.fill(1, &spotTerms, exchange.Buy, "1", "100", "0.001", "BTC", 0)
	x.fill(2, &spotTerms, exchange.Sell, "0.998", "110", "0", "USDT", 0)
	x.fill(3, &spotTerms, exchange.Buy, "1", "100", "0.001", "BTC", 0)
	x.fill(4, &spotTerms, exchange.Sell, "1", "110", "0", "USDT", 0)
	s := x.sheet(6, "10000")
	wantTrips(t, s.Trips,
		"long 0.998 100>110 gross 9.98 funding 0 fees 0.0999 net 9.8801 mae 0 mfe 9.98",
		"long 1 100>110 gross 10 funding 0 fees 0.1001 net 9.8999 mae 0 mfe 10")
	if len(s.Open) != 0 || s.Exposure.InMarket != 2./6 {
		t.Errorf("%d open, %v in the market", len(s.Open), s.Exposure.InMarket)
	}
}

// 100 contracts of 100 USD bought at 50000 and sold at 40000: 0.2 - 0.25 coins, at 40000.
func TestInverseTripIsValuedAtItsExit(t *testing.T) {
	x := newTape()
	x.fill(1, &coinTerms, exchange.Buy, "100", "50000", "0", "BTC", 0)
	x.fill(2, &coinTerms, exchange.Sell, "100", "40000", "0.001", "BTC", 0)
	s := x.sheet(3, "8000")
	wantTrips(t, s.Trips, "long 100 50000>40000 gross -2000 funding 0 fees 40 net -2040 mae -2000 mfe 0")
	if got := s.Totals.Turnover; !got.Equal(dec("20000")) {
		t.Errorf("turnover %s", got)
	}
}

// One order turns a long into a short: it ends one trade and begins another.
func TestOneOrderTurnsAPosition(t *testing.T) {
	x := newTape()
	x.fill(1, &btc, exchange.Buy, "1", "100", "0.1", "USDT", 0)
	x.fill(2, &btc, exchange.Sell, "3", "104", "0.3", "USDT", 0)
	x.at(3, &btc, "101")
	s := x.sheet(4, "10000")
	wantTrips(t, s.Trips, "long 1 100>104 gross 4 funding 0 fees 0.2 net 3.8 mae 0 mfe 4")
	wantTrips(t, s.Open, "short 2 104>101 gross 6 funding 0 fees 0.2 net 5.8 mae 0 mfe 6")
	if g := s.Exposure.MaxGross; math.Abs(g-0.0208) > 1e-12 {
		t.Errorf("largest exposure %v", g)
	}
}

// Both legs of a pair are one trade, with the funding that came in between; its window has
// what both legs made meanwhile.
func TestAPairIsOneTrade(t *testing.T) {
	x := newTape()
	x.fill(1, &spotTerms, exchange.Buy, "1", "100", "0.1", "USDT", 7)
	x.fill(1, &btc, exchange.Sell, "1", "101", "0.05", "USDT", 7)
	x.at(2, &spotTerms, "120")
	x.at(2, &btc, "122")
	x.Funding = append(x.Funding, ledger.Funding{Settled: hour(3), Account: "a", Strategy: "s", Pair: 7, Venue: "linear", Symbol: "X", Mark: dec("122"), Amount: dec("0.5"), Asset: "USDT"})
	x.fill(4, &spotTerms, exchange.Sell, "1", "120", "0.1", "USDT", 7)
	x.fill(4, &btc, exchange.Buy, "1", "120.5", "0.05", "USDT", 7)
	x.Pairs = []ledger.Pair{{Account: "a", ID: 7, Spot: "spot:X", Perp: "linear:X", Done: true, Reason: "rotated", Tag: "t"}}
	s := x.sheet(5, "10000.7")
	if len(s.Trips) != 1 || s.Trips[0].Why != "rotated" || s.Trips[0].Tag != "t" || s.Trips[0].Held() != 3*exchange.Hour {
		t.Fatalf("trips %+v", s.Trips)
	}
	trip := s.Trips[0]
	for name, x := range map[string]struct {
		got  decimal.Decimal
		want string
	}{"gross": {trip.Gross, "0.5"}, "funding": {trip.Funding, "0.5"}, "fees": {trip.Fees, "0.3"}, "net": {trip.Net, "0.7"}} {
		if !x.got.Equal(dec(x.want)) {
			t.Errorf("%s %s, want %s", name, x.got, x.want)
		}
	}
	if len(s.Windows) != 1 || !s.Windows[0].Basis.Equal(dec("-1")) || !s.Windows[0].Funding.Equal(dec("0.5")) || !s.Windows[0].Fees.Equal(dec("0.15")) {
		t.Errorf("windows %+v", s.Windows)
	}
	if len(s.BySide) != 1 || s.BySide[0].Name != "pair" {
		t.Errorf("by side %+v", s.BySide)
	}
}

// What there is not enough of is not defined, and is null in JSON, never 0.
func TestWhatIsNotDefined(t *testing.T) {
	none := []string{"sharpe", "sharpe_autocorrelated", "sortino", "calmar", "volatility", "best_day", "win_rate", "profit_factor", "expectancy",
		"average_win", "average_loss", "payoff_ratio", "average_mae", "annual_return", "slippage_bp", "maker_share", "fees_share"}
	m := Compute(&Record{Currency: "USDT"}).Metrics()
	one := newTape()
	one.fill(1, &btc, exchange.Buy, "1", "100", "0", "USDT", 0)
	one.fill(2, &btc, exchange.Sell, "1", "104", "0", "USDT", 0)
	single := one.sheet(3, "10004").Metrics()
	for _, name := range none {
		if m.Get(name).Defined {
			t.Errorf("of nothing, %s is %v", name, m.Get(name).Value)
		}
	}
	for _, name := range []string{"sharpe", "profit_factor", "average_loss", "calmar", "payoff_ratio"} {
		if single.Get(name).Defined {
			t.Errorf("of one trade that won, %s is %v", name, single.Get(name).Value)
		}
	}
	raw, err := single.MarshalJSON()
	if err != nil || !strings.Contains(string(raw), `"sharpe":null`) || !strings.Contains(string(raw), `"expectancy":4`) {
		t.Errorf("%s, %v", raw, err)
	}
	var back Metrics
	if err := back.UnmarshalJSON(raw); err != nil || len(back) != len(single) || !back.Get("expectancy").Money.Equal(dec("4")) || back.Get("sharpe").Defined {
		t.Errorf("read back %v, %v", back, err)
	}
}

// A strategy's curve is what it made, and nothing of what another one did.
func TestACurveOfOneStrategy(t *testing.T) {
	x := newTape()
	x.fill(1, &btc, exchange.Buy, "1", "100", "0.1", "USDT", 0)
	x.fill(2, &btc, exchange.Buy, "5", "100", "1", "USDT", 0)
	x.Fills[1].Strategy = "other"
	x.at(3, &btc, "103")
	x.Strategy = "s"
	s := x.sheet(4, "10016.9")
	if got := s.Curve[len(s.Curve)-1].Value; !got.Equal(dec("10002.9")) || s.Totals.Fills != 1 {
		t.Errorf("ends at %s after %d fills", got, s.Totals.Fills)
	}
}

// What was held before the first day of a sheet is known when it is sold within it.
func TestASheetThatBeginsLater(t *testing.T) {
	x := newTape()
	x.fill(1, &btc, exchange.Buy, "1", "100", "0.1", "USDT", 0)
	x.Equity = append(x.Equity, Point{hour(2), dec("9999.9")})
	x.fill(4, &btc, exchange.Sell, "1", "104", "0.1", "USDT", 0)
	x.From = hour(2)
	s := x.sheet(6, "10003.8")
	wantTrips(t, s.Trips, "long 1 100>104 gross 4 funding 0 fees 0.2 net 3.8 mae 0 mfe 4")
	if n := s.Metrics().Get("net"); !n.Money.Equal(dec("3.9")) || s.Totals.Fills != 1 || s.Exposure.InMarket != 0.5 {
		t.Errorf("net %s, %d fills, %v in the market", n.Money, s.Totals.Fills, s.Exposure.InMarket)
	}
}

// Whatever was bought and sold: once flat, the trades' gross is the cash that came of it.
func TestTradesAddUpToTheCash(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		x := newTape()
		cash, held, fees := decimal.Zero, decimal.Zero, decimal.Zero
		add := func(n int, qty int64, price int64) {
			side, q := exchange.Buy, decimal.NewFromInt(qty)
			if qty < 0 {
				side = exchange.Sell
			}
			cash, held, fees = cash.Sub(q.Mul(decimal.NewFromInt(price))), held.Add(q), fees.Add(dec("0.1"))
			x.fill(n, &btc, side, q.Abs().String(), fmt.Sprint(price), "0.1", "USDT", 0)
		}
		n := rapid.IntRange(1, 20).Draw(r, "fills")
		for i := range n {
			if qty := rapid.Int64Range(-5, 5).Draw(r, "qty"); qty != 0 {
				add(i+1, qty, rapid.Int64Range(50, 150).Draw(r, "price"))
			}
		}
		if !held.IsZero() {
			add(n+1, -held.IntPart(), 100)
		}
		g := x.sheet(n+2, "10000").All()
		if !g.Gross.Sub(cash).Round(8).IsZero() || !g.Fees.Sub(fees).Round(8).IsZero() {
			r.Fatalf("gross %s and fees %s, want %s and %s", g.Gross, g.Fees, cash, fees)
		}
	})
}

func TestMonths(t *testing.T) {
	list := Months([]Point{{exchange.Date(2025, 12, 20), dec("100")}, {exchange.Date(2025, 12, 31), dec("110")}, {exchange.Date(2026, 2, 3), dec("121")}, {exchange.Date(2026, 3, 1), dec("60.5")}})
	var text []string
	for _, m := range list {
		text = append(text, fmt.Sprintf("%d-%d %+.2f %v", m.Year, m.Month, m.Return, m.Whole))
	}
	if got, want := strings.Join(text, ", "), "2025-12 +0.10 false, 2026-1 +0.00 true, 2026-2 -0.45 true"; got != want {
		t.Errorf("months %s, want %s", got, want)
	}
	if y := Years(list); len(y) != 2 || y[1].Months[0] == nil || y[1].Months[2] != nil || math.Abs(y[1].Return+0.45) > 1e-12 {
		t.Errorf("years %+v", y)
	}
}
