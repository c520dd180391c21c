package bybittest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/wire"
)

// Key is the one of its account.
var Key = sign.Key{API: sign.NewSecret("test_api_key"), Secret: sign.NewSecret("test_secret")}

func (s *Server) signs(text string, signature any) bool {
	v, err := sign.NewVerifier(Key.Secret)
	return err == nil && v.Verify([]byte(text), fmt.Sprint(signature)) == nil
}

// refusal is an answer that says no.
type refusal struct {
	code int
	msg  string
}

func reply(w http.ResponseWriter, code int, msg string, result any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"retCode": code, "retMsg": msg, "result": result, "retExtInfo": map[string]any{}, "time": time.Now().UnixMilli()})
}

// rest answers a request.
func (s *Server) rest(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	if public := s.public(r.URL.Path, q.Get("category"), q.Get("symbol")); public != nil {
		reply(w, 0, "OK", public)
		return
	}
	text := r.URL.RawQuery
	if r.Method == http.MethodPost {
		text = string(body)
	}
	h := r.Header
	if !s.signs(h.Get("X-BAPI-TIMESTAMP")+h.Get("X-BAPI-API-KEY")+h.Get("X-BAPI-RECV-WINDOW")+text, h.Get("X-BAPI-SIGN")) {
		reply(w, 10004, "error sign!", nil)
		return
	}
	at, _ := strconv.ParseInt(h.Get("X-BAPI-TIMESTAMP"), 10, 64)
	if now := time.Now().UnixMilli(); at < now-5000 || at >= now+1000 {
		reply(w, 10002, "timestamp", nil)
		return
	}
	w.Header().Set("X-Bapi-Limit", "50")
	w.Header().Set("X-Bapi-Limit-Status", "49")
	if r.Method == http.MethodPost {
		switch {
		case s.happens("limited"):
			w.Header().Set("X-Bapi-Limit-Reset-Timestamp", strconv.FormatInt(time.Now().UnixMilli()+500, 10))
			reply(w, 10006, "Too many visits!", nil)
			return
		case s.happens("unavailable"):
			reply(w, 170191, "order is busy", nil)
			return
		}
	}
	result, no := s.private(r.URL.Path, q, body)
	switch {
	case no != nil:
		reply(w, no.code, no.msg, nil)
	case r.Method == http.MethodPost && s.happens("reset"):
		wire.Reset(w)
	case r.Method == http.MethodPost && s.happens("unknown"):
		reply(w, 10016, "internal error", nil)
	default:
		if b, ok := result.(batch); ok {
			_ = json.NewEncoder(w).Encode(map[string]any{"retCode": 0, "retMsg": "OK", "result": map[string]any{"list": b.list}, "retExtInfo": map[string]any{"list": b.codes}})
			return
		}
		reply(w, 0, "OK", result)
	}
}

// public answers what needs no key; nil: it is none of these.
func (s *Server) public(path, category, symbol string) any {
	list := []any{}
	switch path {
	case "/v5/market/time":
		now := time.Now()
		return map[string]any{"timeSecond": strconv.FormatInt(now.Unix(), 10), "timeNano": strconv.FormatInt(now.UnixNano(), 10)}
	case "/v5/market/orderbook":
		return map[string]any{"s": symbol, "ts": time.Now().UnixMilli()}
	case "/v5/market/instruments-info":
		for _, m := range s.markets {
			if m.category == category {
				list = append(list, m.info())
			}
		}
	case "/v5/market/risk-limit":
		list = append(list, map[string]any{"symbol": symbol, "riskLimitValue": "2000000", "maintenanceMargin": "0.005", "mmDeduction": "", "maxLeverage": "100"},
			map[string]any{"symbol": symbol, "riskLimitValue": "4000000", "maintenanceMargin": "0.01", "mmDeduction": "10000", "maxLeverage": "50"})
	case "/v5/market/tickers":
		for _, m := range s.markets {
			if m.category == category {
				bid, ask := m.mid-1, m.mid+1
				list = append(list, map[string]any{"symbol": m.symbol, "lastPrice": price(m.mid), "turnover24h": "1000000", "bid1Price": price(bid), "bid1Size": m.bids[bid],
					"ask1Price": price(ask), "ask1Size": m.asks[ask], "markPrice": price(m.mid), "indexPrice": price(m.mid), "fundingRate": "-0.0002",
					"nextFundingTime": strconv.FormatInt(time.Now().Truncate(8*time.Hour).Add(8*time.Hour).UnixMilli(), 10), "fundingIntervalHour": "4"})
			}
		}
	case "/v5/market/kline": // the newest first, and that of the present minute
		at := time.Now().Truncate(time.Minute)
		for i := range 10 {
			list = append(list, []string{strconv.FormatInt(at.Add(-time.Duration(i)*time.Minute).UnixMilli(), 10), "60000.0", "60010.5", "59990", "60001", "12.5", "750012.5"})
		}
	case "/v5/market/funding/history":
		at := time.Now().Truncate(8 * time.Hour)
		for i := range 5 {
			list = append(list, map[string]any{"symbol": symbol, "fundingRate": "0.0001", "fundingRateTimestamp": strconv.FormatInt(at.Add(-8*time.Hour*time.Duration(i)).UnixMilli(), 10)})
		}
	default:
		return nil
	}
	return map[string]any{"category": category, "list": list, "nextPageCursor": ""}
}

func (m *market) info() any {
	base := m.symbol[:3]
	if m.category == "spot" {
		return map[string]any{"symbol": m.symbol, "status": "Trading", "baseCoin": base, "quoteCoin": "USDT", "priceFilter": map[string]any{"tickSize": "0.1"},
			"lotSizeFilter": map[string]any{"basePrecision": "0.000001", "quotePrecision": "0.0000001", "minOrderQty": "0.000048", "maxLimitOrderQty": "83", "minOrderAmt": "5"}}
	}
	quote, settle, kind, step := "USDT", "USDT", "LinearPerpetual", "0.001"
	if m.category == "inverse" {
		quote, settle, kind, step = "USD", base, "InversePerpetual", "1"
	}
	return map[string]any{"symbol": m.symbol, "contractType": kind, "status": "Trading", "baseCoin": base, "quoteCoin": quote, "settleCoin": settle, "deliveryTime": "0",
		"fundingInterval": 480, "upperFundingRate": "0.00375", "lowerFundingRate": "-0.00375", "priceFilter": map[string]any{"tickSize": "0.1"},
		"lotSizeFilter": map[string]any{"qtyStep": step, "minOrderQty": step, "maxOrderQty": "1000000", "minNotionalValue": "5"}}
}
