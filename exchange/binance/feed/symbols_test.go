package feed

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// listed is a symbol of a catalogue that is hard to understand.
type listed struct {
	symbol, base, quote, status, contract string
	delivery                              int64
}

const never = 4133404800000 // the venue's placeholder for a perpetual

var tricky = map[api.Market][]listed{
	api.Spot: {
		{symbol: "BTCUSDT", base: "BTC", quote: "USDT"}, {symbol: "BTCUSDC", base: "BTC", quote: "USDC"},
		{symbol: "SHIBUSDT", base: "SHIB", quote: "USDT"}, {symbol: "PEPEUSDC", base: "PEPE", quote: "USDC"},
		{symbol: "1000SATSUSDT", base: "1000SATS", quote: "USDT"}, {symbol: "1MBABYDOGEUSDT", base: "1MBABYDOGE", quote: "USDT"},
		{symbol: "1INCHUSDT", base: "1INCH", quote: "USDT"}, {symbol: "币安人生USDT", base: "币安人生", quote: "USDT"},
		{symbol: "LUNAUSDT", base: "LUNA", quote: "USDT", status: "HALT"}, {symbol: "ETHBTC", base: "ETH", quote: "BTC"},
	},
	api.USDM: {
		{symbol: "BTCUSDT", base: "BTC", quote: "USDT"}, {symbol: "BTCUSDC", base: "BTC", quote: "USDC"},
		{symbol: "BTCUSDT_261225", base: "BTC", quote: "USDT", contract: "CURRENT_QUARTER", delivery: 1798185600000},
		{symbol: "1000SHIBUSDT", base: "1000SHIB", quote: "USDT"}, {symbol: "1000PEPEUSDC", base: "1000PEPE", quote: "USDC"},
		{symbol: "1000SATSUSDT", base: "1000SATS", quote: "USDT"}, {symbol: "1MBABYDOGEUSDT", base: "1MBABYDOGE", quote: "USDT"},
		{symbol: "1INCHUSDT", base: "1INCH", quote: "USDT"}, {symbol: "币安人生USDT", base: "币安人生", quote: "USDT"},
		{symbol: "1000000MOGUSDT", base: "1000000MOG", quote: "USDT"},
		{symbol: "TSLAUSDT", base: "TSLA", quote: "USDT", contract: "TRADIFI_PERPETUAL"},
	},
	api.COINM: {
		{symbol: "BTCUSD_PERP", base: "BTC", quote: "USD"},
		{symbol: "BTCUSD_261225", base: "BTC", quote: "USD", contract: "CURRENT_QUARTER", delivery: 1798185600000},
	},
}

func (l *listed) row() string {
	status, contract := cmp.Or(l.status, "TRADING"), cmp.Or(l.contract, "PERPETUAL")
	delivery := l.delivery
	if delivery == 0 {
		delivery = never
	}
	return fmt.Sprintf(`{"symbol":"%s","pair":"%s","status":"%s","contractStatus":"%s","contractType":"%s","contractSize":100,"baseAsset":"%s","quoteAsset":"%s",
		"onboardDate":1569398400000,"deliveryDate":%d,"underlyingType":"COIN","underlyingSubType":["PoW"],"triggerProtect":"0.0500","liquidationFee":"0.012500","marketTakeBound":"0.05","maxMoveOrderLimit":10000,
		"pricePrecision":7,"quantityPrecision":0,"baseAssetPrecision":8,"quotePrecision":8,"permissionSets":[["SPOT","MARGIN","TRD_GRP_004","TRD_GRP_005","TRD_GRP_006","TRD_GRP_008","TRD_GRP_009"]],
		"orderTypes":["LIMIT","LIMIT_MAKER","MARKET","STOP","STOP_MARKET","TAKE_PROFIT","TAKE_PROFIT_MARKET","TRAILING_STOP_MARKET"],"timeInForce":["GTC","IOC","FOK","GTX","GTD"],"filters":[
		{"filterType":"PRICE_FILTER","minPrice":"0.0000001","maxPrice":"200","tickSize":"0.0000001"},
		{"filterType":"LOT_SIZE","minQty":"1","maxQty":"100000000","stepSize":"1"},{"filterType":"MARKET_LOT_SIZE","minQty":"1","maxQty":"20000000","stepSize":"1"},
		{"filterType":"ICEBERG_PARTS","limit":100},{"filterType":"TRAILING_DELTA","minTrailingAboveDelta":10,"maxTrailingAboveDelta":2000,"minTrailingBelowDelta":10,"maxTrailingBelowDelta":2000},
		{"filterType":"PERCENT_PRICE_BY_SIDE","bidMultiplierUp":"5","bidMultiplierDown":"0.2","askMultiplierUp":"5","askMultiplierDown":"0.2","avgPriceMins":5},
		{"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,"maxNotional":"9000000.00000000","applyMaxToMarket":false,"avgPriceMins":5},
		{"filterType":"MIN_NOTIONAL","notional":"5","minNotional":"5"},{"filterType":"PERCENT_PRICE","multiplierUp":"1.1000","multiplierDown":"0.9000","multiplierDecimal":"4"},
		{"filterType":"MAX_NUM_ORDERS","maxNumOrders":200,"limit":200},{"filterType":"MAX_NUM_ALGO_ORDERS","maxNumAlgoOrders":5,"limit":10},{"filterType":"POSITION_RISK_CONTROL","positionControlSide":"NONE"}]}`,
		l.symbol, l.symbol, status, status, contract, l.base, l.quote, delivery)
}

// venueListing answers exchangeInfo and ticker/24hr.
func venueListing(t *testing.T, lists map[api.Market][]listed) Options {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := map[string]api.Market{"/api": api.Spot, "/fap": api.USDM, "/dap": api.COINM}[r.URL.Path[:4]]
		var rows []string
		for i := range lists[m] {
			if l := &lists[m][i]; strings.HasSuffix(r.URL.Path, "exchangeInfo") {
				rows = append(rows, l.row())
			} else {
				rows = append(rows, fmt.Sprintf(`{"symbol":"%s","priceChange":"-94.99999800","priceChangePercent":"-95.960","weightedAvgPrice":"0.29628482","prevClosePrice":"0.10002000","lastPrice":"1.5","lastQty":"200.00000000","openPrice":"99.00000000","highPrice":"100.00000000","lowPrice":"0.10000000","volume":"8913.30000000","quoteVolume":"%d","baseVolume":"%d","openTime":1499783499040,"closeTime":1499869899040,"firstId":28385,"lastId":28460,"count":76}`,
					l.symbol, 1000+i, 1000+i))
			}
		}
		body := "[" + strings.Join(rows, ",") + "]"
		if strings.HasSuffix(r.URL.Path, "exchangeInfo") {
			body = `{"timezone":"UTC","serverTime":1700000000000,"rateLimits":[],"exchangeFilters":[],"symbols":` + body + "}"
		}
		_, _ = io.WriteString(w, body) // the client sees what is missing
	}))
	t.Cleanup(srv.Close)
	return Options{Endpoints: api.Endpoints{RestSpot: srv.URL, RestUSDM: srv.URL, RestCOINM: srv.URL}}
}

// Spot and perpetuals of one coin find each other, whatever the venue calls them.
func TestPairsOfTrickySymbols(t *testing.T) {
	c, err := List(context.Background(), venueListing(t, tricky), []string{"*:*"})
	if err != nil {
		t.Fatal(err)
	}
	u, err := exchange.NewUniverse(c.Instruments())
	if err != nil {
		t.Fatal(err)
	}
	text := func(list []exchange.Pair) (out []string) {
		for _, p := range list {
			out = append(out, fmt.Sprintf("%s %s %s x%d", p.Base, p.Spot.Symbol, p.Perp.Symbol, p.Perp.Multiplier))
		}
		return out
	}
	for _, tt := range []struct {
		name string
		got  []exchange.Pair
		want []string
	}{
		{"usdm", u.Pairs(exchange.Perpetuals(exchange.Linear)), []string{"1000SATS 1000SATSUSDT 1000SATSUSDT x1", "1INCH 1INCHUSDT 1INCHUSDT x1", "1MBABYDOGE 1MBABYDOGEUSDT 1MBABYDOGEUSDT x1",
			"BTC BTCUSDC BTCUSDC x1", "BTC BTCUSDT BTCUSDT x1", "PEPE PEPEUSDC 1000PEPEUSDC x1000", "SHIB SHIBUSDT 1000SHIBUSDT x1000", "币安人生 币安人生USDT 币安人生USDT x1"}},
		{"coinm", u.Pairs(exchange.Perpetuals(exchange.Inverse)), []string{"BTC BTCUSDT BTCUSD_PERP x1"}},
		{"usdm dated", u.Pairs(exchange.Futures(exchange.Linear)), []string{"BTC BTCUSDT BTCUSDT_261225 x1"}},
	} {
		if got := text(tt.got); !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
	mog, _ := u.Find(api.USDM.Venue(), "1000000MOGUSDT")
	if mog.Base != "MOG" || mog.Multiplier != 1_000_000 {
		t.Errorf("%+v", mog)
	}
}

// What is not known or not trading is named, with the nearest that is.
func TestChooseNamesWhatIsWrong(t *testing.T) {
	c, err := List(context.Background(), venueListing(t, tricky), []string{"*:*"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ symbol, want string }{
		{"usdm:SHIBUSDT", `unknown symbol "usdm:SHIBUSDT"; did you mean "usdm:1000SHIBUSDT"?`},
		{"usdm:BTCUSTD", `did you mean "usdm:BTCUSDT"?`},
		{"coinm:BTCUSD", `did you mean "coinm:BTCUSD_PERP"?`},
		{"spot:币安人USDT", `did you mean "spot:币安人生USDT"?`},
		{"spot:LUNAUSDT", "spot:LUNAUSDT is not trading: its status is HALT"},
		{"spot:LUNA*", `"spot:LUNA*" fits none of the`},
	} {
		if _, err := c.Choose(context.Background(), []string{tt.symbol}, 0); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.symbol, err, tt.want)
		}
	}
	if keys, err := c.Choose(context.Background(), []string{"spot:币安人生USDT", "usdm:1M*"}, 0); err != nil || len(keys) != 2 {
		t.Errorf("%q %v", keys, err)
	}
}

// many returns a catalogue as large as the venue's own.
func many(n int) map[api.Market][]listed {
	lists := make(map[api.Market][]listed)
	for i := range n {
		base := fmt.Sprintf("C%04d", i)
		for _, m := range []api.Market{api.Spot, api.USDM} {
			lists[m] = append(lists[m], listed{symbol: base + "USDT", base: base, quote: "USDT"})
		}
	}
	return lists
}

// An exchangeInfo of the size of the venue's, some megabytes, is understood as a
// whole, and ranking goes by thousands of rows.
func TestCatalogueOfRealSize(t *testing.T) {
	const n = 2500
	c, err := List(context.Background(), venueListing(t, many(n)), []string{"spot:*", "usdm:*"})
	if err != nil {
		t.Fatal(err)
	}
	if got := len(c.Instruments()); got != 2*n {
		t.Fatalf("%d instruments of %d", got, 2*n)
	}
	keys, err := c.Choose(context.Background(), []string{"spot:*USDT", "usdm:*USDT"}, 2)
	if want := []string{"spot:C2498USDT", "spot:C2499USDT", "usdm:C2498USDT", "usdm:C2499USDT"}; err != nil || !slices.Equal(keys, want) {
		t.Errorf("%q %v, want %q", keys, err, want)
	}
}

// bigInfo is an exchangeInfo of so many symbols; padding makes a symbol as long as
// the longest of the venue, whose permission sets alone are kilobytes.
func bigInfo(n, padding int) []byte {
	var rows []string
	sets, err := json.Marshal(slices.Repeat([]string{"TRD_GRP_000"}, padding/14))
	if err != nil {
		panic(err)
	}
	for _, l := range many(n)[api.Spot] {
		rows = append(rows, strings.Replace(l.row(), `"permissionSets":[`, `"permissionSets":[`+string(sets)+`,`, 1))
	}
	return []byte(`{"timezone":"UTC","serverTime":1,"rateLimits":[],"symbols":[` + strings.Join(rows, ",") + "]}")
}

// What is kept of 15 MB is not 15 MB: no part of the answer stays referenced.
func TestBigExchangeInfoIsNotKept(t *testing.T) {
	body := bigInfo(2500, 4000)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	info, err := DecodeExchangeInfo(api.Spot, body)
	if err != nil || len(info.Listings) != 2500 || len(info.Problems) > 0 {
		t.Fatalf("%v, %d listings, problems %.3q", err, len(info.Listings), info.Problems)
	}
	size := len(body)
	body = nil
	runtime.GC()
	runtime.ReadMemStats(&after)
	if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); size < 14<<20 || kept > int64(size)/2 {
		t.Errorf("of %d bytes, %d are kept", size, kept)
	}
	runtime.KeepAlive(info)
}

func BenchmarkExchangeInfo(b *testing.B) {
	body := bigInfo(2500, 4000)
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := DecodeExchangeInfo(api.Spot, body); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("everything into maps", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			var all map[string]any
			if err := json.Unmarshal(body, &all); err != nil {
				b.Fatal(err)
			}
		}
	})
}
