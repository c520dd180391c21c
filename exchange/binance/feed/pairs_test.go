package feed

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/rules"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/rest"
)

// asked is a question to the venue by the function that asks it in a session.
type asked func(ctx context.Context, r *public, m api.Market) (string, error)

// plain asks for a path and reads the answer.
func plain(path string, symbol string, read sampleReader) asked {
	return func(ctx context.Context, r *public, m api.Market) (string, error) {
		var query map[string][]string
		if symbol != "" {
			query = map[string][]string{"symbol": {symbol}}
		}
		body, err := r.get(ctx, m, path, query)
		return read(m, body), err
	}
}

func oneOf(m api.Market, symbol string) *exchange.Instrument {
	in := rules.Assume(m, symbol, exchange.MustStep("0.00000001"), exchange.MustStep("0.00000001"))
	return &in
}

func askedCandles(symbol, path string) asked {
	return func(ctx context.Context, r *public, m api.Market) (string, error) {
		list, err := r.candles(ctx, oneOf(m, symbol), path, exchange.Minute, 31)
		if err != nil || len(list) == 0 {
			return "", err
		}
		k := list[0]
		return k.opened.String() + " " + k.prices[0].String() + " " + k.prices[3].String(), nil
	}
}

func askedSettled(symbol string) asked {
	return func(ctx context.Context, r *public, m api.Market) (string, error) {
		list, err := (&venue{rest: r}).settled(ctx, []*exchange.Instrument{oneOf(m, symbol)}, exchange.UnixMilli(1000), 0)
		if err != nil || len(list) == 0 {
			return "", err
		}
		return symbol + " " + list[0].Rate.Decimal().String() + " " + list[0].VenueTime.String(), nil
	}
}

func askedRules(ctx context.Context, r *public, m api.Market) (string, error) {
	list, err := r.listings(ctx, m, func(connect.Notice) {})
	if err != nil || len(list) == 0 {
		return "", err
	}
	l := &list[0]
	return l.Instrument.Symbol + " " + l.Status + " tick " + l.Instrument.Tick.String() + " lot " + l.Instrument.Lot.String(), nil
}

// recordedPairs are requests and answers that another client's authors recorded;
// those of the same directories that are missing here belong to endpoints that
// nothing asks: see sampleUnused.
var recordedPairs = []struct {
	file string // below Endpoints
	ask  asked
	sent string // method, path and query that must go out
	want string
}{
	// A symbol without filters cannot be traded by their rules, so it is left out.
	{"Spot/ExchangeData/GetExchangeInfo", plain("/exchangeInfo", "", rulesOf), "GET /api/v3/exchangeInfo", "0 limits, 1 problems"},
	{"Spot/ExchangeData/GetKlines", askedCandles("BTCUSDT", "/klines"), "GET /api/v3/klines?interval=1m&limit=31&symbol=BTCUSDT", `2017-07-03T00:00:00.000Z 0.0163479 0.015771`},
	{"Spot/ExchangeData/GetTicker", plain("/ticker/24hr", "", turnover), "GET /api/v3/ticker/24hr", `BNBBTC last 4.000002 quote 15.3 base 0`},
	{"UsdFutures/ExchangeData/GetExchangeInfo", askedRules, "GET /fapi/v1/exchangeInfo", `BLZUSDT TRADING tick 0.0001 lot 1`},
	{"UsdFutures/ExchangeData/GetOrderBook", plain("/depth", "BTCUSDT", streamed), "GET /fapi/v1/depth?symbol=BTCUSDT", `snapshot 0-1027024 after 0 1:431@4 1:12@4.000002`},
	{"UsdFutures/ExchangeData/GetKlines", askedCandles("BTCUSDT", "/klines"), "GET /fapi/v1/klines?interval=1m&limit=31&symbol=BTCUSDT", `2017-07-03T00:00:00.000Z 0.0163479 0.015771`},
	{"UsdFutures/ExchangeData/GetTicker", plain("/ticker/24hr", "", turnover), "GET /fapi/v1/ticker/24hr", `BTCUSDT last 4.000002 quote 15.3 base 0`},
	{"UsdFutures/ExchangeData/GetFundingRates", askedSettled("BTCUSDT"), "GET /fapi/v1/fundingRate?limit=100&startTime=1000&symbol=BTCUSDT", `BTCUSDT 0.0001 2023-10-31T16:00:00.000Z`},
	{"UsdFutures/ExchangeData/GetFundingInfo", plain("/fundingInfo", "", termsOf), "GET /fapi/v1/fundingInfo", `BLZUSDT 8 h -0.025 to 0.025`},
	{"UsdFutures/ExchangeData/GetMarkPrice", plain("/premiumIndex", "", premiumsOf), "GET /fapi/v1/premiumIndex", `BTCUSDT 11793.63104562 index 11781.8049597 rate 0.00038246 interest 0.0001 next 2020-08-14T08:00:00.000Z`},
	{"UsdFutures/ExchangeData/GetOpenInterest", plain("/openInterest", "BTCUSDT", openings), "GET /fapi/v1/openInterest?symbol=BTCUSDT", `BTCUSDT 10659.509 at 2020-05-14T06:25:30.011Z`},
	{"UsdFutures/ExchangeData/GetPremiumIndexKlines", askedCandles("BTCUSDT", "/premiumIndexKlines"), "GET /fapi/v1/premiumIndexKlines?interval=1m&limit=31&symbol=BTCUSDT", `2023-08-09T17:57:00.000Z -0.00042931 -0.00043659`},
	{"CoinFutures/ExchangeData/GetExchangeInfo", askedRules, "GET /dapi/v1/exchangeInfo", `BTCUSD_200925 TRADING tick 0.1 lot 1`},
	{"CoinFutures/ExchangeData/GetOrderBook", plain("/depth", "BTCUSD_PERP", streamed), "GET /dapi/v1/depth?symbol=BTCUSD_PERP", `snapshot 0-16769853 after 0 1:431@9638 1:12@9638.2`},
	{"CoinFutures/ExchangeData/GetKlines", askedCandles("BTCUSD_PERP", "/klines"), "GET /dapi/v1/klines?interval=1m&limit=31&symbol=BTCUSD_PERP", `2020-06-04T08:12:00.000Z 9640.7 9642`},
	{"CoinFutures/ExchangeData/GetTickers", plain("/ticker/24hr", "", turnover), "GET /dapi/v1/ticker/24hr", `BTCUSD_200925 last 9651.6 quote 0 base 5192.94797687`},
	{"CoinFutures/ExchangeData/GetFundingRates", askedSettled("BTCUSD_PERP"), "GET /dapi/v1/fundingRate?limit=100&startTime=1000&symbol=BTCUSD_PERP", `BTCUSD_PERP -0.003 2023-10-31T16:00:00.000Z`},
	{"CoinFutures/ExchangeData/GetFundingInfo", plain("/fundingInfo", "", termsOf), "GET /dapi/v1/fundingInfo", `BLZUSDT 8 h -0.025 to 0.025`},
	{"CoinFutures/ExchangeData/GetMarkPrices", plain("/premiumIndex", "", premiumsOf), "GET /dapi/v1/premiumIndex", `BTCUSD_PERP 11029.69574559 index 10979.144375 rate 0.00071003 interest 0.0001 next 2020-07-30T08:00:00.000Z; BTCUSD_200925 12077.0134375 index 10979.103125 rate 0 interest 0 next 1970-01-01T00:00:00.000Z`},
	{"CoinFutures/ExchangeData/GetOpenInterest", plain("/openInterest", "BTCUSD_200626", openings), "GET /dapi/v1/openInterest?symbol=BTCUSD_200626", `BTCUSD_200626 15004 at 2020-06-04T08:57:22.378Z`},
	{"CoinFutures/ExchangeData/GetPremiumIndexKlines", askedCandles("BTCUSD_PERP", "/premiumIndexKlines"), "GET /dapi/v1/premiumIndexKlines?interval=1m&limit=31&symbol=BTCUSD_PERP", `2023-08-09T17:57:00.000Z -0.00042931 -0.00043659`},
}

// TestRecordedPairs asks as a session does and gets the recorded answers.
func TestRecordedPairs(t *testing.T) {
	root := datatest.Path(t, "fixtures/jkorf_binance/Endpoints")
	for _, p := range recordedPairs {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(p.file)+".txt"))
		if err != nil {
			t.Error(err)
			continue
		}
		// Method, path, whether it is signed, and the answer.
		parts := bytes.SplitN(text, []byte("\n"), 4)
		sent := ""
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			sent = r.Method + " " + r.URL.RequestURI()
			if r.Method != string(bytes.TrimSpace(parts[0])) || r.URL.Path != string(bytes.TrimSpace(parts[1])) {
				http.NotFound(w, r)
				return
			}
			_, _ = w.Write(parts[3]) // the client sees what is missing
		}))
		m := map[byte]api.Market{'S': api.Spot, 'U': api.USDM, 'C': api.COINM}[p.file[0]]
		l, err := weight.NewLedger(limit.Options{})
		if err != nil {
			t.Fatal(err)
		}
		now := func() exchange.Time { return exchange.Date(2026, 1, 1) + 30*exchange.Second }
		r := &public{endpoints: api.Endpoints{RestSpot: srv.URL, RestUSDM: srv.URL, RestCOINM: srv.URL}, client: rest.New(rest.Options{HTTP: srv.Client(), MaxBody: maxBody}), throttle: limit.NewThrottle(l, now), now: now}
		got, err := p.ask(t.Context(), r, m)
		srv.Close()
		if err != nil || sent != p.sent || got != p.want {
			t.Errorf("%s: %v\nsent %s\nwant %s\n got %s\nwant %s", p.file, err, sent, p.sent, got, p.want)
		}
	}
}
