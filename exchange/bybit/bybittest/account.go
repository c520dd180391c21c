package bybittest

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// account is the one of Key: one wallet, orders and what came of them.
type account struct {
	wallet    map[string]decimal.Decimal
	funding   map[string]decimal.Decimal
	moved     []map[string]any
	positions map[string]*position // by "category symbol"
	orders    []*order
	trades    []map[string]any
	log       []map[string]any

	Settings
}

// Settings are those of the key and the account.
type Settings struct {
	Permissions map[string][]string
	Kind        int // unifiedMarginStatus
	Margin      string
	Refuses     bool // orders beyond the price band
}

// Set changes settings.
func (s *Server) Set(change func(*Settings)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.account.Settings)
}

type position struct {
	category, symbol string
	qty, entry       decimal.Decimal
}

type order struct {
	Category   string          `json:"category"`
	Symbol     string          `json:"symbol"`
	Side       string          `json:"side"`
	Type       string          `json:"orderType"`
	Qty        decimal.Decimal `json:"qty"`
	Price      string          `json:"price"`
	TIF        string          `json:"timeInForce"`
	MarketUnit string          `json:"marketUnit"`
	ReduceOnly bool            `json:"reduceOnly"`
	ClientID   string          `json:"orderLinkId"`

	id, status, reason string
	filled             decimal.Decimal
}

func (a *account) begin() {
	a.wallet = map[string]decimal.Decimal{"USDT": decimal.NewFromInt(100000), "BTC": decimal.NewFromInt(2)}
	a.Settings = Settings{Kind: 5, Margin: "REGULAR_MARGIN", Refuses: true,
		Permissions: map[string][]string{"ContractTrade": {"Order", "Position"}, "Spot": {"SpotTrade"}, "Wallet": {"AccountTransfer"}}}
	a.positions, a.funding = map[string]*position{}, map[string]decimal.Decimal{}
}

func stamp() string { return strconv.FormatInt(time.Now().UnixMilli(), 10) }

func (o *order) row() map[string]any {
	return map[string]any{"category": o.Category, "symbol": o.Symbol, "orderId": o.id, "orderLinkId": o.ClientID, "side": o.Side, "orderType": o.Type, "price": o.Price,
		"qty": o.Qty.String(), "cumExecQty": o.filled.String(), "orderStatus": o.status, "rejectReason": o.reason, "timeInForce": o.TIF, "updatedTime": stamp()}
}

func (p *position) row() map[string]any {
	side := "Buy"
	if p.qty.IsNegative() {
		side = "Sell"
	}
	return map[string]any{"category": p.category, "symbol": p.symbol, "side": side, "size": p.qty.Abs().String(), "avgPrice": p.entry.String(), "positionIdx": 0, "markPrice": p.entry.String()}
}

// push sends an event to the private streams that want it.
func (s *Server) push(topic string, row map[string]any) {
	b, _ := json.Marshal(map[string]any{"topic": topic, "id": uuid(), "creationTime": time.Now().UnixMilli(), "data": []any{row}})
	for p := range s.peers {
		for _, t := range p.topics {
			if p.category == "" && t == topic {
				p.Send(b)
				if topic == "execution" && s.happens("event twice") {
					p.Send(b)
				}
			}
		}
	}
}

// private answers what needs a key.
func (s *Server) private(path string, q url.Values, body []byte) (any, *refusal) {
	a := &s.account
	var rows []any
	add := func(list []map[string]any, keep func(map[string]any) bool) {
		for i := len(list) - 1; i >= 0; i-- { // the newest first
			if keep(list[i]) {
				rows = append(rows, list[i])
			}
		}
	}
	within := func(key string) func(map[string]any) bool {
		return func(r map[string]any) bool {
			at, _ := strconv.ParseInt(r[key].(string), 10, 64)
			from, _ := strconv.ParseInt(q.Get("startTime"), 10, 64)
			to, _ := strconv.ParseInt(q.Get("endTime"), 10, 64)
			return at >= from && at <= to && (!q.Has("symbol") || r["symbol"] == q.Get("symbol")) && (!q.Has("category") || r["category"] == q.Get("category"))
		}
	}
	switch path {
	case "/v5/order/create":
		return s.create(body)
	case "/v5/order/cancel":
		return s.cancel(body)
	case "/v5/order/amend":
		return s.amend(body)
	case "/v5/order/create-batch":
		return s.each(body, s.create)
	case "/v5/order/cancel-batch":
		return s.each(body, s.cancel)
	case "/v5/order/realtime", "/v5/order/history":
		for _, o := range a.orders {
			open := o.status == "New"
			if o.Category == q.Get("category") && (!q.Has("symbol") || o.Symbol == q.Get("symbol")) && (!q.Has("orderLinkId") || o.ClientID == q.Get("orderLinkId")) &&
				open == (path == "/v5/order/realtime") && !strings.Contains(q.Get("settleCoin"), "USDC") {
				rows = append(rows, o.row())
			}
		}
	case "/v5/asset/transfer/inter-transfer":
		return a.transfer(body)
	case "/v5/asset/transfer/query-inter-transfer-list":
		add(a.moved, within("timestamp"))
	case "/v5/asset/transfer/query-account-coins-balance":
		for coin, total := range a.funding {
			rows = append(rows, map[string]any{"coin": coin, "walletBalance": total.String(), "transferBalance": total.String()})
		}
		return map[string]any{"balance": rows}, nil
	case "/v5/execution/list":
		add(a.trades, within("execTime"))
	case "/v5/account/transaction-log":
		add(a.log, within("transactionTime"))
	case "/v5/account/wallet-balance":
		var coins []any
		for coin, total := range a.wallet {
			coins = append(coins, map[string]any{"coin": coin, "walletBalance": total.String(), "locked": "0"})
		}
		rows = append(rows, map[string]any{"accountType": "UNIFIED", "coin": coins})
	case "/v5/position/list":
		for _, p := range a.positions {
			if p.category == q.Get("category") && !p.qty.IsZero() && q.Get("settleCoin") != "USDC" {
				rows = append(rows, p.row())
			}
		}
	default:
		return a.settings(path, q)
	}
	return map[string]any{"list": rows, "nextPageCursor": ""}, nil
}

// UID is the account's.
const UID = "24617703"

// settings answers what is asked of the key and the account before a session.
func (a *account) settings(path string, q url.Values) (any, *refusal) {
	switch path {
	case "/v5/user/query-api":
		return map[string]any{"userID": json.Number(UID), "readOnly": 0, "uta": 1, "ips": []string{"127.0.0.1"},
			"permissions": a.Permissions}, nil
	case "/v5/account/info":
		return map[string]any{"unifiedMarginStatus": a.Kind, "marginMode": a.Margin}, nil
	case "/v5/account/user-setting-config":
		return map[string]any{"lpaSpot": !a.Refuses, "lpaPerp": a.Refuses}, nil
	case "/v5/account/query-dcp-info":
		return map[string]any{"dcpInfos": []any{}}, nil
	case "/v5/account/fee-rate":
		return map[string]any{"list": []map[string]any{{"symbol": q.Get("symbol"), "makerFeeRate": "0.0002", "takerFeeRate": "0.00055"}}}, nil
	}
	return nil, &refusal{10404, "no such path: " + path}
}

// Balance is what the one wallet of the account has of a coin.
func (s *Server) Balance(coin string) decimal.Decimal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.account.wallet[coin]
}

// Held is the position in a symbol of a category, signed.
func (s *Server) Held(category, symbol string) decimal.Decimal {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.account.positions[category+" "+symbol]; p != nil {
		return p.qty
	}
	return decimal.Zero
}

func (s *Server) create(body []byte) (any, *refusal) {
	a, o := &s.account, &order{}
	if err := json.Unmarshal(body, o); err != nil {
		return nil, &refusal{10001, err.Error()}
	}
	m := s.markets[o.Category+" "+o.Symbol]
	if m == nil || o.Type == "Market" && o.Category == "spot" && o.MarketUnit != "baseCoin" {
		return nil, &refusal{10001, "params error"}
	}
	for _, x := range a.orders {
		if x.ClientID == o.ClientID && x.Category == o.Category {
			return nil, &refusal{110072, "OrderLinkedID is duplicate"}
		}
	}
	if o.Qty.LessThan(decimal.New(1, -6)) {
		return nil, &refusal{10001, "The number of contracts exceeds minimum limit allowed"}
	}
	if o.Category != "inverse" && o.Qty.GreaterThan(decimal.NewFromInt(100)) {
		return nil, &refusal{map[string]int{"spot": 170131, "linear": 110007}[o.Category], "Insufficient balance."}
	}
	o.id, o.status = uuid(), "New"
	a.orders = append(a.orders, o)
	best := decimal.RequireFromString(price(m.mid + 1))
	if o.Side == "Sell" {
		best = decimal.RequireFromString(price(m.mid - 1))
	}
	limit, takes := best, o.Type == "Market"
	if o.Type == "Limit" {
		limit = decimal.RequireFromString(o.Price)
		takes = o.Side == "Buy" && limit.GreaterThanOrEqual(best) || o.Side == "Sell" && limit.LessThanOrEqual(best)
	}
	switch {
	case takes && o.TIF == "PostOnly":
		o.status, o.reason = "Cancelled", "EC_PostOnlyWillTakeLiquidity"
	case takes:
		s.fill(o, best)
	case o.TIF != "GTC" && o.TIF != "PostOnly":
		o.status, o.reason = "Cancelled", "EC_NoImmediateQtyToFill"
	}
	s.push("order", o.row())
	return map[string]any{"orderId": o.id, "orderLinkId": o.ClientID}, nil
}

// fill books a trade of the whole order.
func (s *Server) fill(o *order, at decimal.Decimal) {
	a := &s.account
	o.status, o.filled = "Filled", o.Qty
	sign, rate := decimal.NewFromInt(1), decimal.New(55, -5)
	if o.Side == "Sell" {
		sign = sign.Neg()
	}
	asset, closed, pnl, fee := "USDT", decimal.Zero, decimal.Zero, o.Qty.Mul(at).Mul(rate)
	switch o.Category {
	case "spot":
		a.add("BTC", o.Qty.Mul(sign))
		a.add("USDT", o.Qty.Mul(at).Mul(sign).Neg())
		if asset, fee = "BTC", o.Qty.Mul(rate); o.Side == "Sell" {
			asset, fee = "USDT", o.Qty.Mul(at).Mul(rate)
		}
	default:
		if o.Category == "inverse" {
			asset, fee = "BTC", o.Qty.DivRound(at, 8).Mul(rate)
		}
		closed, pnl = a.move(o, o.Qty.Mul(sign), at)
		a.add(asset, pnl)
	}
	a.add(asset, fee.Neg())
	id := uuid()
	row := map[string]any{"category": o.Category, "symbol": o.Symbol, "orderId": o.id, "orderLinkId": o.ClientID, "side": o.Side, "execId": id, "execPrice": at.String(),
		"execQty": o.Qty.String(), "execFee": fee.String(), "feeCurrency": asset, "execType": "Trade", "isMaker": false, "execTime": stamp(), "closedSize": closed.String()}
	a.trades = append(a.trades, row)
	a.log = append(a.log, map[string]any{"id": uuid(), "tradeId": id, "type": "TRADE", "category": o.Category, "symbol": o.Symbol, "currency": asset,
		"cashFlow": pnl.String(), "fee": fee.String(), "change": pnl.Sub(fee).String(), "transactionTime": stamp()})
	event := map[string]any{"execPnl": pnl.String()}
	for k, v := range row {
		event[k] = v
	}
	s.push("execution", event)
}

func (a *account) add(coin string, amount decimal.Decimal) {
	a.wallet[coin] = a.wallet[coin].Add(amount)
}

// move changes a position and returns what was closed, and its profit.
func (a *account) move(o *order, qty, at decimal.Decimal) (closed, pnl decimal.Decimal) {
	p := a.positions[o.Category+" "+o.Symbol]
	if p == nil {
		p = &position{category: o.Category, symbol: o.Symbol}
		a.positions[o.Category+" "+o.Symbol] = p
	}
	if p.qty.Mul(qty).IsNegative() { // it closes, never more than there is: what is tried does so
		closed = qty.Abs()
		if pnl = at.Sub(p.entry).Mul(qty.Neg()); o.Category == "inverse" {
			pnl = qty.Neg().DivRound(p.entry, 12).Sub(qty.Neg().DivRound(at, 12)).Round(8)
		}
	} else {
		all := p.qty.Add(qty)
		p.entry = p.entry.Mul(p.qty).Add(at.Mul(qty)).DivRound(all, 8)
	}
	p.qty = p.qty.Add(qty)
	return closed, pnl
}

func (s *Server) cancel(body []byte) (any, *refusal) {
	var q order
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, &refusal{10001, err.Error()}
	}
	for _, o := range s.account.orders {
		if o.Category != q.Category || o.ClientID != q.ClientID {
			continue
		}
		if o.status != "New" {
			return nil, &refusal{map[string]int{"spot": 170213, "linear": 110001, "inverse": 110001}[q.Category], "order not exists or too late to cancel"}
		}
		o.status = "Cancelled"
		s.push("order", o.row())
		return map[string]any{"orderId": o.id, "orderLinkId": o.ClientID}, nil
	}
	return nil, &refusal{110001, "order not exists or too late to cancel"}
}

func (a *account) transfer(body []byte) (any, *refusal) {
	var q struct {
		ID     string          `json:"transferId"`
		Coin   string          `json:"coin"`
		Amount decimal.Decimal `json:"amount"`
		From   string          `json:"fromAccountType"`
		To     string          `json:"toAccountType"`
	}
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, &refusal{10001, err.Error()}
	}
	from, to, kind := a.wallet, a.funding, "TRANSFER_OUT"
	if q.From == "FUND" {
		from, to, kind = a.funding, a.wallet, "TRANSFER_IN"
	}
	if from[q.Coin].LessThan(q.Amount) {
		return nil, &refusal{131212, "insufficient balance"}
	}
	from[q.Coin], to[q.Coin] = from[q.Coin].Sub(q.Amount), to[q.Coin].Add(q.Amount)
	a.moved = append(a.moved, map[string]any{"transferId": q.ID, "coin": q.Coin, "amount": q.Amount.String(), "fromAccountType": q.From, "toAccountType": q.To, "timestamp": stamp(), "status": "SUCCESS"})
	a.log = append(a.log, map[string]any{"id": uuid(), "tradeId": "", "type": kind, "category": "", "symbol": "", "currency": q.Coin, "cashFlow": "0", "change": q.Amount.String(), "transactionTime": stamp()})
	return map[string]any{"transferId": q.ID, "status": "SUCCESS"}, nil
}
