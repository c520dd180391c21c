package feed

import (
	"encoding/json"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/jsonscan"
)

const spotInfo = `{"timezone":"UTC","serverTime":1700000000000,"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000},{}],
"symbols":[{"symbol":"ABCUSDT","status":"CANCEL_ONLY","baseAsset":"ABC","quoteAsset":"USDT","newThing":{"a":[1]},"filters":[
{"filterType":"PRICE_FILTER","minPrice":"0.00000000","maxPrice":"922327.00000000","tickSize":"0.00050000"},
{"filterType":"LOT_SIZE","minQty":"0.25000000","maxQty":"100000.10000000","stepSize":"0.10000000"},
{"filterType":"MARKET_LOT_SIZE","minQty":"0.00000000","maxQty":"873.90727776","stepSize":"0.00000000"},
{"filterType":"NOTIONAL","minNotional":"5.00000000","applyMinToMarket":true,"maxNotional":"9000000.00000000","applyMaxToMarket":false,"avgPriceMins":5},
{"filterType":"PERCENT_PRICE_BY_SIDE","bidMultiplierUp":"5","bidMultiplierDown":"0.2","askMultiplierUp":"6","askMultiplierDown":"0.1","avgPriceMins":5},
{"filterType":"ICEBERG_PARTS","limit":100},{"filterType":"MAX_NUM_ORDERS","maxNumOrders":200},{"filterType":"MAX_NUM_ALGO_ORDERS","maxNumAlgoOrders":5},
{"filterType":"MAX_POSITION","maxPosition":"1000.5"},{"filterType":"FROM_THE_FUTURE","x":1}]},
{"symbol":"BADUSDT","status":"TRADING","baseAsset":"BAD","quoteAsset":"USDT","filters":[]},
{"symbol":"ABCUSDT","status":"TRADING","baseAsset":"ABC","quoteAsset":"USDT","filters":[{"filterType":"PRICE_FILTER","tickSize":"1"},{"filterType":"LOT_SIZE","stepSize":"1"}]},
{"symbol":"币安USDT","status":"TRADING","baseAsset":"币安","quoteAsset":"USDT","filters":[{"filterType":"PRICE_FILTER","tickSize":0.01},{"filterType":"LOT_SIZE","stepSize":1e-05}]},
7,{"symbol":"a\"b","baseAsset":"x","quoteAsset":"y"}]}`

func TestDecodeSpotInfo(t *testing.T) {
	info, err := DecodeExchangeInfo(api.Spot, []byte(spotInfo))
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Listings) != 2 || len(info.Problems) != 4 || len(info.RateLimits) != 1 || info.ServerTime != exchange.UnixMilli(1700000000000) {
		t.Fatalf("%d listings, problems %q, limits %v", len(info.Listings), info.Problems, info.RateLimits)
	}
	for i, want := range []string{"BADUSDT: PRICE_FILTER.tickSize", "ABCUSDT is there twice", "symbol 5", "printable"} {
		if !strings.Contains(info.Problems[i], want) {
			t.Errorf("problem %d is %q, want %q", i+1, info.Problems[i], want)
		}
	}
	l := &info.Listings[0]
	in, f := l.Instrument, l.Filters
	if l.Trading() || l.Status != "CANCEL_ONLY" || in.Key() != "spot:ABCUSDT" || in.Base != "ABC" || in.Quote != "USDT" {
		t.Errorf("%+v", l)
	}
	if in.Tick != (exchange.Step{M: 5, Scale: 4}) || in.Lot != (exchange.Step{M: 1, Scale: 1}) {
		t.Errorf("tick %v and lot %v, want 0.0005 and 0.1", in.Tick, in.Lot)
	}
	if in.MinQty != 3 || in.MaxQty != 1000001 || in.MinNotional.String() != "5" {
		t.Errorf("quantity %d to %d lots, notional %s, want 3 to 1000001 and 5", in.MinQty, in.MaxQty, in.MinNotional)
	}
	if in.PriceUp.String() != "6" || in.PriceDown.String() != "0.1" || f.BuyUp.String() != "5" || f.SellDown.String() != "0.1" {
		t.Errorf("price bounds %s and %s, filters %+v", in.PriceUp, in.PriceDown, f)
	}
	if f.MaxOrders != 200 || f.MaxAlgoOrders != 5 || f.IcebergParts != 100 || f.MarketLot.M != 0 || f.MarketMaxQty.String() != "873.90727776" ||
		!f.MinForMarket || f.MaxForMarket || f.MaxPosition.String() != "1000.5" || len(f.Other) != 1 || f.Other[0] != "FROM_THE_FUTURE" {
		t.Errorf("%+v", f)
	}
	if cn := info.Listings[1].Instrument; cn.Symbol != "币安USDT" || cn.Lot != (exchange.Step{M: 1, Scale: 5}) {
		t.Errorf("%+v", cn)
	}
}

func TestDecodeContracts(t *testing.T) {
	symbol := `{"serverTime":1,"symbols":[{"symbol":"%s","status":"TRADING","contractStatus":"DELIVERING","contractType":"%t","contractSize":10,
		"baseAsset":"%b","quoteAsset":"%q","marketTakeBound":"0.07","deliveryDate":1790000000000,"filters":[
		{"filterType":"PRICE_FILTER","tickSize":"0.10"},{"filterType":"LOT_SIZE","stepSize":"1","minQty":"1","maxQty":"1000"},
		{"filterType":"MIN_NOTIONAL","notional":"20.0"},{"filterType":"PERCENT_PRICE","multiplierUp":"1.15","multiplierDown":"0.85","multiplierDecimal":4},
		{"filterType":"MAX_NUM_ORDERS","limit":200}]}]}`
	decode := func(m api.Market, s, contract, base, quote string) Listing {
		t.Helper()
		info, err := DecodeExchangeInfo(m, []byte(strings.NewReplacer("%s", s, "%t", contract, "%b", base, "%q", quote).Replace(symbol)))
		if err != nil || len(info.Listings) != 1 {
			t.Fatalf("%s: %v, %v", s, err, info)
		}
		return info.Listings[0]
	}
	pepe := decode(api.USDM, "1000PEPEUSDT", "PERPETUAL", "1000PEPE", "USDT").Instrument
	if pepe.Base != "PEPE" || pepe.Multiplier != 1000 || pepe.FundingHours != 8 || pepe.TakeBound.String() != "0.07" || pepe.MinNotional.String() != "20" {
		t.Errorf("%+v", pepe)
	}
	l := decode(api.COINM, "ETHUSD_PERP", "PERPETUAL", "ETH", "USD")
	if l.Instrument.ContractSize.String() != "10" || l.Trading() || !l.Ends() || l.Filters.MaxOrders != 200 || l.Instrument.PriceUp.String() != "1.15" {
		t.Errorf("%+v", l)
	}
	if q := decode(api.USDM, "BTCUSDT_261225", "CURRENT_QUARTER", "BTC", "USDT").Instrument; q.FundingHours != 0 || !q.FundingCap.IsZero() {
		t.Errorf("a delivery contract pays funding: %+v", q)
	}
	if gold := decode(api.USDM, "XAUUSDT", "TRADIFI_PERPETUAL", "XAU", "USDT").Instrument; gold.FundingHours != 8 {
		t.Errorf("%+v", gold)
	}
}

func TestAmounts(t *testing.T) {
	for text, want := range map[string]string{`"1.50"`: "1.5", `1e-05`: "0.00001", `""`: "0", `null`: "0", `"1e3"`: "1000", `12`: "12"} {
		var a jsonscan.Amount
		if err := json.Unmarshal([]byte(text), &a); err != nil || a.String() != want {
			t.Errorf("%s is %s (%v), want %s", text, a, err, want)
		}
	}
	for _, text := range []string{`"1e999999999"`, `1e400`, `"x"`, `"1 "`, `{}`, `[]`, `true`, `"` + strings.Repeat("9", 50) + `"`} {
		var a jsonscan.Amount
		if err := json.Unmarshal([]byte(text), &a); err == nil {
			t.Errorf("%s was accepted as %s", text, a)
		}
	}
	for text, want := range map[string]exchange.Step{"0.10000000000000000000": {M: 1, Scale: 1}, "0": {}, "-1": {}, "0.00000000000000000001": {}, "5": {M: 5}} {
		if got := (jsonscan.Amount{Decimal: decimal.RequireFromString(text)}).Step(); got != want {
			t.Errorf("step of %s is %v, want %v", text, got, want)
		}
	}
}

func TestRestURL(t *testing.T) {
	q := url.Values{"symbol": {"币安USDT"}}
	for _, tt := range []struct{ base, want string }{
		{"https://api.binance.com", "https://api.binance.com/api/v3/depth?symbol=%E5%B8%81%E5%AE%89USDT"},
		{"https://testnet.binance.vision/api", "https://testnet.binance.vision/api/v3/depth?symbol=%E5%B8%81%E5%AE%89USDT"},
	} {
		if got := api.RestURL(tt.base, "/api/v3/depth", q); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
}

// Recorded answers of every market: everything is understood.
func TestRecordedExchangeInfo(t *testing.T) {
	for _, tt := range []struct {
		m      api.Market
		file   string
		least  int
		symbol string
		tick   string
	}{
		{api.Spot, "binance_spot_exchangeInfo_20211012.json.gz", 1695, "ETHBTC", "0.000001"},
		{api.USDM, "binance_usdm_exchangeInfo_20210722.json.gz", 122, "BTCUSDT", "0.01"},
		{api.COINM, "binance_coinm_exchangeInfo_20210722.json.gz", 36, "BTCUSD_PERP", "0.1"},
	} {
		info, err := DecodeExchangeInfo(tt.m, recordedInfo(t, tt.file))
		if err != nil || len(info.Listings) != tt.least || len(info.Problems) > 0 {
			t.Fatalf("%s: %v, %d listings of %d, problems %q", tt.file, err, len(info.Listings), tt.least, info.Problems)
		}
		list := make([]exchange.Instrument, len(info.Listings))
		for i, l := range info.Listings {
			list[i] = l.Instrument
			if len(l.Filters.Other) > 0 {
				t.Errorf("%s has filters that are not understood: %q", l.Instrument.Symbol, l.Filters.Other)
			}
		}
		u, err := exchange.NewUniverse(list)
		if err != nil {
			t.Fatal(err)
		}
		if in, ok := u.Find(tt.m.Venue(), tt.symbol); !ok || in.Tick.String() != tt.tick {
			t.Errorf("%s: %s has a tick of %v, want %s", tt.file, tt.symbol, in, tt.tick)
		}
	}
}

func recordedInfo(t testing.TB, file string) []byte {
	t.Helper()
	z := datatest.Gunzip(t, datatest.Path(t, "instruments/"+file))
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whatever exchangeInfo looks like, what is accepted can be computed with.
func FuzzExchangeInfo(f *testing.F) {
	f.Add(uint8(1), []byte(spotInfo))
	f.Add(uint8(2), []byte(`{"symbols":[{"symbol":"X","baseAsset":"X","quoteAsset":"Y","contractType":"PERPETUAL","filters":[{"filterType":"PRICE_FILTER","tickSize":"1e18"},{"filterType":"LOT_SIZE","stepSize":"0.000000000000000001","maxQty":"1e18"}]}]}`))
	f.Add(uint8(3), []byte(`{"symbols":[{"contractSize":"-1","filters":[null,3,{}]}]}`))
	f.Fuzz(func(t *testing.T, market uint8, body []byte) {
		m := api.Markets[int(market)%len(api.Markets)]
		info, err := DecodeExchangeInfo(m, body)
		if err != nil {
			return
		}
		list := make([]exchange.Instrument, len(info.Listings))
		for i, l := range info.Listings {
			list[i] = l.Instrument
		}
		u, err := exchange.NewUniverse(list)
		if err != nil {
			t.Fatalf("no universe: %v", err)
		}
		for _, in := range u.All() {
			if in.MinQty < 0 || in.MaxQty < 0 || in.Multiplier < 1 || !in.ContractSize.IsPositive() {
				t.Fatalf("%+v", in)
			}
			if in.Tick.Floor(in.Tick.Decimal(7)) != 7 || in.Lot.Ceil(in.Lot.Decimal(7)) != 7 {
				t.Fatalf("steps cannot be computed with: %v %v", in.Tick, in.Lot)
			}
		}
	})
}

func FuzzRows(f *testing.F) {
	f.Add([]byte(`[{"symbol":"BTCUSDT","fundingRate":"-0.0375","fundingTime":1570608000000,"markPrice":""}]`))
	f.Add([]byte(`{"symbol":"X","lastFundingRate":"1e18","nextFundingTime":9223372036854775807}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if list, _, err := rows[settlement](body); err == nil {
			for _, s := range list {
				if milli(s.Time) < 0 {
					t.Fatal("a time before 1970")
				}
				s.Rate.E8()
			}
		}
		if list, _, err := rows[premium](body); err == nil {
			in := exchange.Instrument{FundingHours: 8}
			for _, p := range list {
				if ev, ok := p.event(&in); ok && ev.Mark <= 0 {
					t.Fatal("a mark price that is none")
				}
			}
		}
	})
}

func FuzzClassify(f *testing.F) {
	f.Add([]byte(`{"stream":"btcusdt@trade","data":{}}`))
	f.Add([]byte(`{"result":null,"id":3}`))
	f.Add([]byte(`{"id":3,"error":{"code":2,"msg":"Invalid request"}}`))
	f.Add([]byte(`{"e":"serverShutdown","E":1}`))
	f.Fuzz(func(t *testing.T, frame []byte) { protocol{}.Classify(frame) })
}
