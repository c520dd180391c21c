package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/signing"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
)

// fake is a venue that answers what a test tells it to, for what the local
// exchange does not have. Requests are noted as "METHOD path?parameters", the
// signature's three left out.
type fake struct {
	*httptest.Server
	mu     sync.Mutex
	asked  []string
	answer func(method, path string, v url.Values) (status int, body string)
}

func newFake(t *testing.T, answer func(method, path string, v url.Values) (int, string)) (*fake, *Client) {
	t.Helper()
	f := &fake{answer: answer}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	at := "http" + strings.TrimPrefix(f.URL, "http")
	c, err := Open(context.Background(), Options{Key: sign.Key{API: sign.NewSecret("name"), Secret: sign.NewSecret("secret")},
		Endpoints: api.Endpoints{RestSpot: at, RestUSDM: at, RestCOINM: at}, HTTP: f.Client(), Log: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return f, c
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/time") {
		fmt.Fprintf(w, `{"serverTime":%d}`, time.Now().UnixMilli())
		return
	}
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	for _, k := range []string{"timestamp", "signature", "recvWindow"} {
		r.Form.Del(k)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	text, _ := url.QueryUnescape(r.Form.Encode())
	f.asked = append(f.asked, r.Method+" "+r.URL.Path+"?"+text)
	status, body := f.answer(r.Method, r.URL.Path, r.Form)
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

func (f *fake) said(t *testing.T, want ...string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if got := strings.Join(f.asked, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("asked:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
	}
	f.asked = nil
}

func number64(v url.Values, name string) int64 {
	n, _ := strconv.ParseInt(v.Get(name), 10, 64)
	return n
}

// Trades are read page by page from an id on, and none is read twice.
func TestTradesArePaged(t *testing.T) {
	const last = 2345
	f, c := newFake(t, func(_, _ string, v url.Values) (int, string) {
		var rows []string
		for id := number64(v, "fromId"); id <= last && len(rows) < int(number64(v, "limit")); id++ {
			rows = append(rows, fmt.Sprintf(`{"symbol":"BTCUSDT","id":%d,"orderId":1,"side":"BUY","price":"1","qty":"1","commission":"0","time":1}`, id))
		}
		return 200, "[" + strings.Join(rows, ",") + "]"
	})
	all, err := c.Executions(context.Background(), api.USDM.Venue(), "BTCUSDT", "12")
	if err != nil || len(all) != last-11 {
		t.Fatalf("%d trades, %v", len(all), err)
	}
	for i, x := range all {
		if x.TradeID != strconv.Itoa(i+12) {
			t.Fatalf("trade %d is %s", i, x.TradeID)
		}
	}
	f.said(t, "GET /fapi/v1/userTrades?fromId=12&limit=1000&symbol=BTCUSDT", "GET /fapi/v1/userTrades?fromId=1012&limit=1000&symbol=BTCUSDT",
		"GET /fapi/v1/userTrades?fromId=2012&limit=1000&symbol=BTCUSDT")
}

// A venue that does not know fromId would be asked for ever.
func TestTradesThatGoBack(t *testing.T) {
	_, c := newFake(t, func(string, string, url.Values) (int, string) {
		return 200, `[{"symbol":"BTCUSDT","id":3,"orderId":1,"side":"BUY","price":"1","qty":"1","commission":"0","time":1}]`
	})
	if _, err := c.Executions(context.Background(), api.USDM.Venue(), "BTCUSDT", "12"); err == nil {
		t.Error("trade 3 was taken for trade 12")
	}
}

// Income is paged, on COIN-M within windows of less than a year. tranId is a
// number on one market and a string on the other.
func TestIncomeIsPaged(t *testing.T) {
	f, c := newFake(t, func(_, path string, v url.Values) (int, string) {
		n := map[int64]int{1: 1000, 2: 7}[number64(v, "page")]
		if number64(v, "startTime") > 1577836800000 && strings.HasPrefix(path, "/dapi") && number64(v, "startTime") != 1591315200000 {
			n = 0
		}
		var rows []string
		for i := range n {
			id := strconv.FormatInt(number64(v, "page")*10000+int64(i), 10)
			if strings.HasPrefix(path, "/dapi") {
				id = strconv.Quote(id)
			}
			rows = append(rows, fmt.Sprintf(`{"symbol":"A","incomeType":"FUNDING_FEE","income":"-1","asset":"USDT","time":%d,"tranId":%s}`, 5000-i, id))
		}
		return 200, "[" + strings.Join(rows, ",") + "]"
	})
	since := exchange.Date(2020, 6, 5)
	all, err := c.Income(context.Background(), api.USDM.Wallet(), since)
	if err != nil || len(all) != 1007 || all[1005].ID != "10000" || all[0].Time != exchange.UnixMilli(4001) {
		t.Errorf("%d rows, %v", len(all), err)
	}
	f.said(t, "GET /fapi/v1/income?limit=1000&page=1&startTime=1591315200000", "GET /fapi/v1/income?limit=1000&page=2&startTime=1591315200000")
	all, err = c.Income(context.Background(), api.COINM.Wallet(), since)
	if err != nil || len(all) != 1007 || all[1005].ID != "10000" || all[0].Time != exchange.UnixMilli(4001) {
		t.Errorf("%d rows, %v", len(all), err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	year := int64(360 * exchange.Day / exchange.Millisecond)
	if want := fmt.Sprintf("GET /dapi/v1/income?endTime=%d&limit=1000&page=1&startTime=1591315200000", 1591315200000+year-1); f.asked[0] != want {
		t.Errorf("asked %s, want %s", f.asked[0], want)
	}
	for i, q := range f.asked[2:] {
		if want := fmt.Sprintf("startTime=%d", 1591315200000+int64(i+1)*year); !strings.HasSuffix(q, want) {
			t.Errorf("asked %s, want %s", q, want)
		}
	}
}

// What was booked last may be ahead of the clock that requests are stamped by: the window
// that COIN-M wants goes on beyond it.
func TestIncomeAheadOfTheClock(t *testing.T) {
	f, c := newFake(t, func(string, string, url.Values) (int, string) { return 200, "[]" })
	since := (c.Now() + 9*exchange.Day) / exchange.Millisecond * exchange.Millisecond
	if _, err := c.Income(t.Context(), api.COINM.Wallet(), since); err != nil {
		t.Fatal(err)
	}
	f.said(t, fmt.Sprintf("GET /dapi/v1/income?endTime=%d&limit=1000&page=1&startTime=%d", (since+oms.Ahead)/exchange.Millisecond, since/exchange.Millisecond))
}

// An endpoint that does not know page would be asked for ever.
func TestIncomeWithoutPages(t *testing.T) {
	_, c := newFake(t, func(string, string, url.Values) (int, string) {
		row := `{"symbol":"A","incomeType":"FUNDING_FEE","income":"-1","asset":"USDT","time":5,"tranId":5}`
		return 200, "[" + row + strings.Repeat(","+row, 999) + "]"
	})
	if _, err := c.Income(context.Background(), api.USDM.Wallet(), exchange.Date(2026, 1, 1)); err == nil {
		t.Error("page 1 was taken for page 2")
	}
}

// Transfers come newest first, so a new one shifts the pages.
func TestMovesArePaged(t *testing.T) {
	total := 150
	f, c := newFake(t, func(_, _ string, v url.Values) (int, string) {
		page, size := int(number64(v, "current")), int(number64(v, "size"))
		var rows []string
		for i := (page - 1) * size; i < min(total, page*size); i++ {
			rows = append(rows, fmt.Sprintf(`{"asset":"USDT","amount":"1","type":"MAIN_UMFUTURE","status":"CONFIRMED","tranId":%d,"timestamp":%d}`, total-i, total-i))
		}
		total++
		return 200, fmt.Sprintf(`{"total":%d,"rows":[%s]}`, total, strings.Join(rows, ","))
	})
	all, err := c.TransferHistory(context.Background(), api.Spot.Wallet(), api.USDM.Wallet(), exchange.UnixMilli(7))
	if err != nil || len(all) != 150 || all[0].ID != "1" || all[149].ID != "150" {
		t.Errorf("%d moves, %v", len(all), err)
	}
	f.said(t, "GET /sapi/v1/asset/transfer?current=1&size=100&startTime=7&type=MAIN_UMFUTURE", "GET /sapi/v1/asset/transfer?current=2&size=100&startTime=7&type=MAIN_UMFUTURE")
}

func TestMovesNone(t *testing.T) {
	_, c := newFake(t, func(string, string, url.Values) (int, string) { return 200, `{"total":0}` })
	if all, err := c.TransferHistory(context.Background(), api.COINM.Wallet(), api.Spot.Wallet(), 0); err != nil || len(all) != 0 {
		t.Errorf("%v %v", all, err)
	}
}

func TestConditionals(t *testing.T) {
	const row = `{"algoId":7,"clientAlgoId":"c-1","algoType":"CONDITIONAL","orderType":"STOP_MARKET","symbol":"BTCUSDT","side":"SELL","timeInForce":"GTC",` +
		`"quantity":"0.5","algoStatus":"NEW","actualOrderId":"","triggerPrice":"50000","price":"0","reduceOnly":true,"workingType":"MARK_PRICE","createTime":5}`
	for prefix, m := range map[string]api.Market{"/fapi": api.USDM, "/dapi": api.COINM} {
		f, c := newFake(t, func(method, path string, _ url.Values) (int, string) {
			switch {
			case strings.HasSuffix(path, "openAlgoOrders"):
				return 200, "[" + row + "]"
			case method == "DELETE":
				return 200, `{"algoId":7,"clientAlgoId":"c-1","code":"200","msg":"success"}`
			}
			return 200, row
		})
		ctx := context.Background()
		want := Conditional{Market: m, Symbol: "BTCUSDT", ClientID: "c-1", AlgoID: 7, Side: exchange.Sell, Kind: "STOP_MARKET", TIF: exchange.GTC,
			Trigger: number("50000"), Qty: number("0.5"), ReduceOnly: true, Mark: true, Status: "NEW", Time: exchange.UnixMilli(5)}
		same := func(o Conditional, err error) {
			t.Helper()
			if err != nil || conditionalLine(&o) != conditionalLine(&want) || !o.Mark || !o.ReduceOnly || o.Time != want.Time {
				t.Errorf("%+v %v", o, err)
			}
		}
		same(c.PlaceConditional(ctx, want))
		same(c.QueryConditional(ctx, m, "c-1"))
		all, err := c.OpenConditionals(ctx, m)
		if len(all) != 1 {
			t.Fatal(all, err)
		}
		same(all[0], err)
		if err := c.CancelConditional(ctx, m, "c-1"); err != nil {
			t.Error(err)
		}
		if err := c.CancelConditionals(ctx, m, "BTCUSDT"); err != nil {
			t.Error(err)
		}
		trailing := Conditional{Market: m, Symbol: "BTCUSDT", ClientID: "c-2", Side: exchange.Buy, Kind: "TRAILING_STOP_MARKET", Qty: number("1"), Callback: number("0.3"), Activate: number("9020")}
		if _, err := c.PlaceConditional(ctx, trailing); err != nil {
			t.Error(err)
		}
		limit := Conditional{Market: m, Symbol: "BTCUSDT", ClientID: "c-3", Side: exchange.Buy, Kind: "STOP", TIF: exchange.PostOnly, Qty: number("1"), Trigger: number("3"), Price: number("4")}
		if _, err := c.PlaceConditional(ctx, limit); err != nil {
			t.Error(err)
		}
		f.said(t,
			"POST "+prefix+"/v1/algoOrder?algoType=CONDITIONAL&clientAlgoId=c-1&quantity=0.5&reduceOnly=true&side=SELL&symbol=BTCUSDT&triggerPrice=50000&type=STOP_MARKET&workingType=MARK_PRICE",
			"GET "+prefix+"/v1/algoOrder?clientAlgoId=c-1",
			"GET "+prefix+"/v1/openAlgoOrders?",
			"DELETE "+prefix+"/v1/algoOrder?clientAlgoId=c-1",
			"DELETE "+prefix+"/v1/algoOpenOrders?symbol=BTCUSDT",
			"POST "+prefix+"/v1/algoOrder?activatePrice=9020&algoType=CONDITIONAL&callbackRate=0.3&clientAlgoId=c-2&quantity=1&side=BUY&symbol=BTCUSDT&type=TRAILING_STOP_MARKET",
			"POST "+prefix+"/v1/algoOrder?algoType=CONDITIONAL&clientAlgoId=c-3&price=4&quantity=1&side=BUY&symbol=BTCUSDT&timeInForce=GTX&triggerPrice=3&type=STOP")
	}
}

// Every type of order as its market spells it.
func TestSpelling(t *testing.T) {
	one, price := number("1"), number("61800.30")
	base := func(m api.Market, typ exchange.OrderType, tif exchange.TimeInForce) oms.Order {
		o := oms.Order{Venue: m.Venue(), Symbol: "S", ClientID: "i", Side: exchange.Sell, Type: typ, TIF: tif, Qty: one}
		if typ == exchange.Limit {
			o.Price = price
		}
		return o
	}
	const head, tail = "symbol=S&side=SELL&", "&newClientOrderId=i&newOrderRespType=RESULT"
	text := func(fill func(form)) string {
		var q signing.Query
		fill(&q)
		b, err := q.Unsigned()
		if err != nil {
			t.Error(err)
		}
		return strings.TrimSuffix(strings.TrimPrefix(string(b), head), tail)
	}
	reduce := base(api.COINM, exchange.MarketOrder, exchange.IOC)
	reduce.ReduceOnly = true
	spotReduce := base(api.Spot, exchange.MarketOrder, exchange.IOC)
	spotReduce.ReduceOnly = true
	for _, c := range []struct {
		o    oms.Order
		want string
	}{
		{base(api.Spot, exchange.Limit, exchange.GTC), "type=LIMIT&timeInForce=GTC&quantity=1&price=61800.3"},
		{base(api.Spot, exchange.Limit, exchange.IOC), "type=LIMIT&timeInForce=IOC&quantity=1&price=61800.3"},
		{base(api.Spot, exchange.Limit, exchange.FOK), "type=LIMIT&timeInForce=FOK&quantity=1&price=61800.3"},
		{base(api.Spot, exchange.Limit, exchange.PostOnly), "type=LIMIT_MAKER&quantity=1&price=61800.3"},
		{spotReduce, "type=MARKET&quantity=1"},
		{base(api.USDM, exchange.Limit, exchange.PostOnly), "type=LIMIT&timeInForce=GTX&quantity=1&price=61800.3"},
		{reduce, "type=MARKET&quantity=1&reduceOnly=true"},
	} {
		if got := text(func(f form) { fillOrder(f, &c.o) }); got != c.want {
			t.Errorf("%+v:\n got %s\nwant %s", c.o, got, c.want)
		}
		if got, want := text((&Special{Order: c.o}).fill), c.want; got != want {
			t.Errorf("special %+v:\n got %s\nwant %s", c.o, got, want)
		}
	}
	market := base(api.Spot, exchange.MarketOrder, exchange.IOC)
	byValue := market
	byValue.Qty = decimal.Zero
	for _, c := range []struct {
		o    Special
		want string
	}{
		{Special{Order: byValue, Quote: number("250")}, "type=MARKET&quoteOrderQty=250"},
		{Special{Order: market, Kind: StopLoss, Stop: price}, "type=STOP_LOSS&quantity=1&stopPrice=61800.3"},
		{Special{Order: base(api.Spot, exchange.Limit, exchange.GTC), Kind: TakeProfitLimit, Stop: one}, "type=TAKE_PROFIT_LIMIT&timeInForce=GTC&quantity=1&price=61800.3&stopPrice=1"},
		{Special{Order: market, Kind: TakeProfit, Trailing: 50}, "type=TAKE_PROFIT&quantity=1&trailingDelta=50"},
		{Special{Order: base(api.Spot, exchange.Limit, exchange.GTC), Iceberg: number("0.1")}, "type=LIMIT&timeInForce=GTC&quantity=1&price=61800.3&icebergQty=0.1"},
		{Special{Order: base(api.USDM, exchange.Limit, exchange.GTC), GoodTill: exchange.UnixMilli(1693207680999)}, "type=LIMIT&timeInForce=GTD&goodTillDate=1693207680000&quantity=1&price=61800.3"},
		{Special{Order: base(api.USDM, exchange.Limit, exchange.GTC), SelfTrade: "EXPIRE_BOTH"}, "type=LIMIT&timeInForce=GTC&quantity=1&price=61800.3&selfTradePreventionMode=EXPIRE_BOTH"},
	} {
		if got := text(c.o.fill); got != c.want || c.o.check() != nil {
			t.Errorf("%+v: %v\n got %s\nwant %s", c.o, c.o.check(), got, c.want)
		}
	}
	for _, o := range []Special{
		{Order: base(api.USDM, exchange.MarketOrder, exchange.IOC), Kind: StopLoss, Stop: one}, {Order: byValue, Kind: StopLoss},
		{Order: base(api.COINM, exchange.Limit, exchange.GTC), GoodTill: 1}, {Order: market, PriceMatch: "QUEUE"},
		{Order: base(api.USDM, exchange.MarketOrder, exchange.IOC), Quote: one},
	} {
		if o.check() == nil {
			t.Errorf("%+v passed", o)
		}
	}
}

// A reduced order keeps its client id.
func TestReduce(t *testing.T) {
	f, c := newFake(t, func(string, string, url.Values) (int, string) {
		return 200, `{"transactTime":9,"executionId":75,"amendedOrder":{"symbol":"BTCUSDT","orderId":33,"origClientOrderId":"i","clientOrderId":"i","price":"6","qty":"5","executedQty":"1","status":"PARTIALLY_FILLED","side":"SELL"}}`
	})
	r, err := c.Reduce(context.Background(), "BTCUSDT", "i", number("5"))
	if err != nil || orderLine(r) != "spot BTCUSDT i #33 sell partial 1/5@6 " || r.Time != exchange.UnixMilli(9) {
		t.Errorf("%+v %v", r, err)
	}
	f.said(t, "PUT /api/v3/order/amend/keepPriority?newClientOrderId=i&newQty=5&origClientOrderId=i&symbol=BTCUSDT")
}

// One refusal among the results of a batch does not hide the others, and a text
// of a batch is JSON.
func TestBatchText(t *testing.T) {
	text, err := batchText([]oms.Order{benchOrder, benchOrder})
	var orders []map[string]string
	if err != nil || json.Unmarshal([]byte(text), &orders) != nil || len(orders) != 2 || orders[1]["price"] != "61800.3" || orders[0]["timeInForce"] != "GTX" {
		t.Errorf("%s %v", text, err)
	}
}

// An order whose answer is cut off or makes no sense may be there; a question
// may be asked again, or never makes sense.
func TestAnswersThatMakeNoSense(t *testing.T) {
	for _, body := range []string{``, `{}`, `[]`, `<html>ok</html>`, `{"symbol":"BTCUSDT","orderId":1,"side":"BUY","status":"DANCING"}`} {
		_, c := newFake(t, func(string, string, url.Values) (int, string) { return 200, body })
		_, err := c.Place(context.Background(), benchOrder)
		if f, ok := err.(*exchange.VenueError); !ok || f.Class != exchange.ErrUnknown {
			t.Errorf("place: %q: %v", body, err)
		}
		_, err = c.Query(context.Background(), oms.OrderRef{Venue: api.USDM.Venue(), Symbol: "BTCUSDT", ClientID: "i"})
		if f, ok := err.(*exchange.VenueError); !ok || f.Class != exchange.ErrRefused {
			t.Errorf("query: %q: %v", body, err)
		}
	}
}

// An account in hedge mode has two positions in a contract, and says so beforehand.
func TestHedgeMode(t *testing.T) {
	dual := "false"
	f, c := newFake(t, func(_, path string, _ url.Values) (int, string) {
		if strings.HasSuffix(path, "/dual") {
			return 200, `{"dualSidePosition":` + dual + `}`
		}
		return 200, `[{"symbol":"BTCUSDT","positionSide":"LONG","positionAmt":"1","entryPrice":"2"},{"symbol":"BTCUSDT","positionSide":"SHORT","positionAmt":"-3","entryPrice":"2"}]`
	})
	if _, err := c.Positions(context.Background(), api.USDM.Venue()); err == nil || !strings.Contains(err.Error(), "is in hedge mode, and was in one-way mode") {
		t.Error(err)
	}
	dual = "true"
	if err := c.LearnModes(context.Background()); err != nil || !c.Hedged() {
		t.Fatal(err, c.Hedged())
	}
	for _, s := range c.Profile().Segments {
		if s.Hedged == s.Spot {
			t.Errorf("%+v", s)
		}
	}
	all, err := c.Positions(context.Background(), api.USDM.Venue())
	if err != nil || len(all) != 2 || all[0].Side != exchange.Buy || all[1].Side != exchange.Sell || all[1].Qty.String() != "-3" {
		t.Errorf("%+v %v", all, err)
	}
	o := benchOrder
	o.ReduceOnly, o.Side, o.PositionSide = true, exchange.Sell, exchange.Buy
	_, _ = c.Place(context.Background(), o) // the answer is of another kind
	f.mu.Lock()
	defer f.mu.Unlock()
	if sent := f.asked[len(f.asked)-1]; !strings.Contains(fmt.Sprint(sent), "positionSide=LONG") || strings.Contains(fmt.Sprint(sent), "reduceOnly") {
		t.Errorf("sent %v", sent)
	}
}

// A signed request is never carried to another host.
func TestRedirectsAreNotFollowed(t *testing.T) {
	_, c := newFake(t, func(_, path string, _ url.Values) (int, string) { return 302, "" })
	_, err := c.Place(context.Background(), benchOrder)
	if f, ok := err.(*exchange.VenueError); !ok || f.Class != exchange.ErrUnknown || f.HTTP != 302 {
		t.Error(err)
	}
}

// What a comparison of the account asks for goes before market data that have used up
// their part of the limit: it would wait for the next minute, and what the venue has
// paid with it.
func TestAComparisonDoesNotWaitForMarketData(t *testing.T) {
	f, c := newFake(t, func(string, string, url.Values) (int, string) { return 200, "[]" })
	e, err := weight.Find(http.MethodGet, "/fapi/v1/income")
	if err != nil {
		t.Fatal(err)
	}
	data := func() error {
		ctx, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer stop()
		return c.o.Throttle.Wait(ctx, e.Cost(weight.None{}), limit.Query)
	}
	for range 1000 {
		if err = data(); err != nil {
			break
		}
	}
	if err == nil {
		t.Fatal("market data have no limit")
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	for _, m := range []api.Market{api.USDM, api.COINM} {
		_, orders := c.OpenOrders(ctx, m.Venue())
		_, income := c.Income(ctx, m.Wallet(), exchange.Time(time.Now().UnixNano()))
		_, balances := c.Balances(ctx, m.Wallet())
		_, positions := c.Positions(ctx, m.Venue())
		_, trades := c.Executions(ctx, m.Venue(), "BTCUSDT", "")
		if err := errors.Join(orders, income, balances, positions, trades); err != nil {
			t.Errorf("%s: %v", m, err)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.asked) != 10 {
		t.Errorf("asked %q", f.asked)
	}
}
