package simfront

import (
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// route is an endpoint.
type route struct {
	need      string // what the key must be allowed; empty: it needs no key
	perSecond func(*Limits, api.Category) int
	items     bool // a batch: every order counts
	run       func(c *call) (result, ext any, f *fault)
}

// plain is a handler whose answer has no extension.
func plain(run func(c *call) (any, *fault)) func(*call) (any, any, *fault) {
	return func(c *call) (any, any, *fault) {
		v, f := run(c)
		return v, nil, f
	}
}

// transferPath is that of a transfer between wallets.
const transferPath = "/v5/asset/transfer/inter-transfer"

// table is every endpoint.
func (d *door) table() map[string]route {
	data, view := &marketData{d}, &accountViews{d}
	orders := &orderEntry{d}
	t := map[string]route{
		"POST /v5/order/create":       {mayTrade, perOrder, false, plain(orders.create)},
		"POST /v5/order/amend":        {mayTrade, perOrder, false, plain(orders.amend)},
		"POST /v5/order/cancel":       {mayTrade, perOrder, false, plain(orders.cancel)},
		"POST /v5/order/cancel-all":   {mayTrade, perOrder, false, plain(orders.cancelAll)},
		"POST /v5/order/create-batch": {mayTrade, perOrder, true, orders.batch(orders.create)},
		"POST /v5/order/amend-batch":  {mayTrade, perOrder, true, orders.batch(orders.amend)},
		"POST /v5/order/cancel-batch": {mayTrade, perOrder, true, orders.batch(orders.cancel)},
		"POST " + transferPath:        {simserver.MayTransfer, fifty, false, plain(view.transfer)},
	}
	for path, run := range map[string]func(*call) (any, *fault){ // order does not matter: it is a map again
		"/v5/market/time": data.time, "/v5/market/instruments-info": data.instruments, "/v5/market/tickers": data.tickers,
		"/v5/market/orderbook": data.book, "/v5/market/recent-trade": data.trades, "/v5/market/kline": data.candles,
		"/v5/market/mark-price-kline": data.curve(simserver.CurveMark), "/v5/market/index-price-kline": data.curve(simserver.CurveIndex),
		"/v5/market/premium-index-price-kline": data.curve(simserver.CurvePremium), "/v5/market/funding/history": data.funding,
		"/v5/market/open-interest": data.interest, "/v5/market/risk-limit": data.risk, "/v5/market/price-limit": data.limits,
		"/v5/market/delivery-price": data.deliveries, "/v5/market/account-ratio": data.ratio, "/v5/market/insurance": data.insurance,
		"/v5/announcements/index": data.announcements, "/v5/spot-lever-token/info": data.none, "/v5/market/historical-volatility": data.none,
		"/v5/system/status": data.none, "/v5/spot-margin-trade/data": data.loans,
	} {
		t["GET "+path] = route{run: plain(run)}
	}
	for path, run := range map[string]func(*call) (any, *fault){ // likewise
		"/v5/order/realtime": view.realtime, "/v5/order/history": view.history, "/v5/execution/list": view.executions, "/v5/position/list": view.positions,
		"/v5/account/wallet-balance": view.balance, "/v5/account/info": view.info, "/v5/user/query-api": view.key, "/v5/account/user-setting-config": view.settings,
		"/v5/account/collateral-info": view.collateral, "/v5/asset/transfer/query-account-coins-balance": view.coins,
		"/v5/asset/transfer/query-account-coin-balance": view.coin, "/v5/asset/transfer/query-inter-transfer-list": view.transfers,
		"/v5/asset/coin/query-info": view.coinInfo, "/v5/order/spot-borrow-check": view.borrowable, "/v5/account/query-dcp-info": view.deadManInfo,
		"/v5/spot-margin-trade/state": view.spotMargin, "/v5/account/borrow-history": view.charged,
		"/v5/asset/deposit/query-record": view.nothing, "/v5/asset/withdraw/query-record": view.nothing,
	} {
		t["GET "+path] = route{need: simserver.MayRead, perSecond: fifty, run: plain(run)}
	}
	t["GET /v5/account/transaction-log"] = route{need: simserver.MayRead, perSecond: twentyFive, run: plain(view.log)}
	t["GET /v5/account/fee-rate"] = route{need: simserver.MayRead, perSecond: five, run: plain(view.fees)}
	t["GET /v5/position/closed-pnl"] = route{need: simserver.MayRead, perSecond: fifty, run: plain(view.closed)}
	for path, run := range map[string]func(*call) (any, *fault){ // likewise
		"/v5/position/set-leverage": view.setLeverage, "/v5/position/switch-mode": view.switchMode, "/v5/position/switch-isolated": view.switchIsolated,
		"/v5/account/set-margin-mode": view.setMargin, "/v5/account/set-limit-px-action": view.setBand, "/v5/order/disconnected-cancel-all": view.deadMan,
		"/v5/spot-margin-trade/switch-mode": view.switchMargin, "/v5/spot-margin-trade/set-leverage": view.setMarginLeverage,
	} {
		t["POST "+path] = route{need: simserver.MayFutures, perSecond: fifty, run: plain(run)}
	}
	return t
}
