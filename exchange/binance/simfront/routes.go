package simfront

import (
	"github.com/perilune/perilune/exchange/binance/api"
)

// route is one endpoint: a row of the tables below. Its weight is what the simulated
// exchange charges, from a table of its own: it judges the client, which reckons with
// that of package weight. A test compares the two.
type route struct {
	method string
	path   string // without the prefix of its market, but with that of the wallet
	sec    security
	weight func(*call) int
	orders counts
	run    func(*call) (any, *fault)
}

// counts is what a request counts as order entry in the two windows.
type counts struct{ short, long int }

// table finds the endpoints of a market by method and path.
type table map[string]route

// routes are the endpoints of each market.
func (h *handlers) routes() map[api.Market]table {
	byKey := func(lists ...[]route) table {
		t := table{}
		for _, list := range lists {
			for _, r := range list {
				t[r.method+" "+r.path] = r
			}
		}
		return t
	}
	return map[api.Market]table{
		api.Spot: byKey(h.spot()), api.USDM: byKey(h.futures(), h.usdm()), api.COINM: byKey(h.futures(), h.coinm()),
	}
}

func costs(n int) func(*call) int { return func(*call) int { return n } }

// single is cheap for one symbol and dear for all of them.
func single(one, all int) func(*call) int {
	return func(c *call) int {
		if c.has("symbol") {
			return one
		}
		return all
	}
}

func (h *handlers) spot() []route {
	return []route{
		{"GET", "v3/ping", open, costs(1), counts{}, h.data.ping},
		{"GET", "v3/time", open, costs(1), counts{}, h.data.serverTime},
		{"GET", "v3/exchangeInfo", open, costs(20), counts{}, h.data.exchangeInfo},
		{"GET", "v3/depth", open, spotDepthWeight, counts{}, h.data.depth},
		{"GET", "v3/trades", open, costs(25), counts{}, h.data.recentTrades},
		{"GET", "v3/historicalTrades", open, costs(25), counts{}, h.data.recentTrades},
		{"GET", "v3/aggTrades", open, costs(4), counts{}, h.data.aggTrades},
		{"GET", "v3/klines", open, costs(2), counts{}, h.candles.klines},
		{"GET", "v3/uiKlines", open, costs(2), counts{}, h.candles.klines},
		{"GET", "v3/avgPrice", open, costs(2), counts{}, h.tickers.avgPrice},
		{"GET", "v3/ticker/24hr", open, single(2, 80), counts{}, h.tickers.dayTicker},
		{"GET", "v3/ticker", open, eachSymbol(4, 200), counts{}, h.tickers.rollingTicker},
		{"GET", "v3/ticker/tradingDay", open, eachSymbol(4, 200), counts{}, h.tickers.tradingDayTicker},
		{"GET", "v3/referencePrice", open, costs(2), counts{}, h.data.referencePrice},
		{"GET", "v3/executionRules", open, single(2, 40), counts{}, h.data.executionRules},
		{"GET", "v3/ticker/price", open, single(2, 4), counts{}, h.tickers.priceTicker},
		{"GET", "v3/ticker/bookTicker", open, single(2, 4), counts{}, h.tickers.bookTicker},

		{"POST", "v3/order", signed, costs(1), counts{1, 1}, h.entry.placeOrder},
		{"POST", "v3/order/cancelReplace", signed, costs(1), counts{1, 1}, h.entry.cancelReplace},
		{"PUT", "v3/order/amend/keepPriority", signed, costs(4), counts{}, h.entry.amendOrder},
		{"GET", "v3/order/amendments", signed, costs(4), counts{}, h.history.spotAmendments},
		{"GET", "v3/myFilters", signed, costs(40), counts{}, h.views.myFilters},
		{"GET", "v3/myAllocations", signed, costs(20), counts{}, h.history.myAllocations},
		{"GET", "v3/myPreventedMatches", signed, costs(20), counts{}, h.history.myPreventedMatches},
		{"POST", "v3/orderList/oco", signed, costs(1), counts{2, 2}, h.entry.placeOCO},
		{"POST", "v3/orderList/oto", signed, costs(1), counts{2, 2}, h.entry.placeOTO},
		{"POST", "v3/orderList/otoco", signed, costs(1), counts{3, 3}, h.entry.placeOTOCO},
		{"POST", "v3/order/oco", signed, costs(1), counts{2, 2}, h.entry.oldOCO},
		{"DELETE", "v3/orderList", signed, costs(1), counts{}, h.entry.cancelList},
		{"GET", "v3/orderList", signed, costs(4), counts{}, h.history.queryList},
		{"GET", "v3/openOrderList", signed, costs(6), counts{}, h.history.openLists},
		{"GET", "v3/allOrderList", signed, costs(20), counts{}, h.history.allLists},
		{"POST", "v3/order/test", signed, costs(1), counts{}, h.entry.testOrder},
		{"GET", "v3/order", signed, costs(4), counts{}, h.history.queryOrder},
		{"DELETE", "v3/order", signed, costs(1), counts{}, h.entry.cancelOrder},
		{"GET", "v3/openOrders", signed, single(6, 80), counts{}, h.history.openOrders},
		{"DELETE", "v3/openOrders", signed, costs(1), counts{}, h.entry.cancelAll},
		{"GET", "v3/allOrders", signed, costs(20), counts{}, h.history.allOrders},
		{"GET", "v3/myTrades", signed, costs(20), counts{}, h.history.accountTrades},
		{"GET", "v3/account", signed, costs(20), counts{}, h.views.spotAccount},
		{"GET", "v3/account/commission", signed, costs(20), counts{}, h.views.spotCommission},
		{"GET", "v3/rateLimit/order", signed, costs(40), counts{}, h.views.orderUsage},
		{"POST", "sapi/v1/asset/transfer", signed, costs(300), counts{}, h.wallets.transfer},
		{"GET", "sapi/v1/asset/transfer", signed, costs(1), counts{}, h.wallets.transferHistory},
		{"GET", "sapi/v1/account/apiRestrictions", signed, costs(1), counts{}, h.wallets.apiRestrictions},
		{"GET", "sapi/v1/asset/wallet/balance", signed, costs(60), counts{}, h.wallets.walletBalance},
		{"POST", "sapi/v3/asset/getUserAsset", signed, costs(5), counts{}, h.wallets.userAssets},
		{"GET", "sapi/v1/system/status", open, costs(1), counts{}, h.wallets.systemStatus},
		{"GET", "sapi/v1/capital/config/getall", signed, costs(10), counts{}, h.wallets.coins},
		{"GET", "sapi/v1/capital/deposit/hisrec", signed, costs(1), counts{}, h.wallets.nothing},
		{"GET", "sapi/v1/capital/withdraw/history", signed, costs(1), counts{}, h.wallets.nothing},
		{"GET", "sapi/v1/asset/tradeFee", signed, costs(1), counts{}, h.wallets.tradeFees},
		{"GET", "sapi/v1/margin/allPairs", keyed, costs(1), counts{}, h.wallets.nothing},
		{"GET", "sapi/v1/margin/isolated/allPairs", signed, costs(10), counts{}, h.wallets.nothing},
	}
}

// futures are what USD-M and COIN-M have in common.
func (h *handlers) futures() []route {
	return []route{
		{"GET", "v1/ping", open, costs(1), counts{}, h.data.ping},
		{"GET", "v1/time", open, costs(1), counts{}, h.data.serverTime},
		{"GET", "v1/exchangeInfo", open, costs(1), counts{}, h.data.exchangeInfo},
		{"GET", "v1/depth", open, futuresDepthWeight, counts{}, h.data.depth},
		{"GET", "v1/trades", open, costs(5), counts{}, h.data.recentTrades},
		{"GET", "v1/historicalTrades", keyed, costs(200), counts{}, h.data.recentTrades},
		{"GET", "v1/aggTrades", open, costs(20), counts{}, h.data.aggTrades},
		{"GET", "v1/klines", open, klineWeight, counts{}, h.candles.klines},
		{"GET", "v1/markPriceKlines", open, klineWeight, counts{}, h.candles.markKlines},
		{"GET", "v1/indexPriceKlines", open, klineWeight, counts{}, h.candles.indexKlines},
		{"GET", "v1/premiumIndexKlines", open, klineWeight, counts{}, h.candles.premiumKlines},
		{"GET", "v1/continuousKlines", open, klineWeight, counts{}, h.candles.continuousKlines},
		{"GET", "v1/ticker/24hr", open, single(1, 40), counts{}, h.tickers.dayTicker},
		{"GET", "v1/ticker/price", open, single(1, 2), counts{}, h.tickers.priceTicker},
		{"GET", "v1/ticker/bookTicker", open, single(2, 5), counts{}, h.tickers.bookTicker},
		{"GET", "v1/premiumIndex", open, single(1, 10), counts{}, h.tickers.premiumIndex},
		{"GET", "v1/fundingRate", open, costs(1), counts{}, h.data.fundingRate},
		{"GET", "v1/fundingInfo", open, costs(0), counts{}, h.data.fundingInfo},
		{"GET", "v1/openInterest", open, costs(1), counts{}, h.data.openInterest},
		{"GET", "v1/constituents", open, costs(2), counts{}, h.data.constituents},
		{"GET", "futures/data/openInterestHist", open, costs(0), counts{}, h.stats.openInterestHist},
		{"GET", "futures/data/basis", open, costs(0), counts{}, h.stats.basisHist},
		{"GET", "futures/data/topLongShortPositionRatio", open, costs(0), counts{}, h.stats.longShortRatio},
		{"GET", "futures/data/topLongShortAccountRatio", open, costs(0), counts{}, h.stats.longShortRatio},
		{"GET", "futures/data/globalLongShortAccountRatio", open, costs(0), counts{}, h.stats.longShortRatio},
		{"GET", "futures/data/takerlongshortRatio", open, costs(0), counts{}, h.stats.takerRatio},
		{"GET", "futures/data/takerBuySellVol", open, costs(0), counts{}, h.stats.takerRatio},
		{"GET", "v1/orderAmendment", signed, costs(1), counts{}, h.history.futuresAmendments},
		{"POST", "v1/positionMargin", signed, costs(1), counts{}, h.modes.movePositionMargin},
		{"GET", "v1/positionMargin/history", signed, costs(1), counts{}, h.modes.marginHistory},

		{"POST", "v1/order", signed, costs(0), counts{1, 1}, h.entry.placeOrder},
		{"PUT", "v1/order", signed, costs(0), counts{1, 1}, h.entry.modifyOrder},
		{"POST", "v1/batchOrders", signed, costs(5), counts{5, 1}, h.entry.placeBatch},
		{"PUT", "v1/batchOrders", signed, costs(5), counts{5, 1}, h.entry.modifyBatch},
		{"POST", "v1/order/test", signed, costs(1), counts{}, h.entry.testOrder},
		{"DELETE", "v1/order", signed, costs(1), counts{}, h.entry.cancelOrder},
		{"DELETE", "v1/batchOrders", signed, costs(1), counts{}, h.entry.cancelBatch},
		{"DELETE", "v1/allOpenOrders", signed, costs(1), counts{}, h.entry.cancelAll},
		{"POST", "v1/countdownCancelAll", signed, costs(10), counts{}, h.entry.countdownCancelAll},
		{"GET", "v1/order", signed, costs(1), counts{}, h.history.queryOrder},
		{"GET", "v1/openOrder", signed, costs(1), counts{}, h.history.queryOpenOrder},
		{"GET", "v1/openOrders", signed, single(1, 40), counts{}, h.history.openOrders},
		{"POST", "v1/algoOrder", signed, costs(0), counts{1, 1}, h.algos.placeAlgo},
		{"DELETE", "v1/algoOrder", signed, costs(1), counts{}, h.algos.cancelAlgo},
		{"DELETE", "v1/algoOpenOrders", signed, costs(1), counts{}, h.algos.cancelAllAlgos},
		{"GET", "v1/algoOrder", signed, costs(1), counts{}, h.algos.queryAlgo},
		{"GET", "v1/openAlgoOrders", signed, single(1, 40), counts{}, h.algos.openAlgos},
		{"GET", "v1/allAlgoOrders", signed, costs(5), counts{}, h.algos.allAlgos},
		{"GET", "v1/allOrders", signed, costs(5), counts{}, h.history.allOrders},
		{"GET", "v1/userTrades", signed, costs(5), counts{}, h.history.accountTrades},
		{"GET", "v1/income", signed, costs(30), counts{}, h.history.income},
		{"GET", "v1/forceOrders", signed, single(20, 50), counts{}, h.history.forceOrders},
		{"GET", "v1/commissionRate", signed, costs(20), counts{}, h.views.commissionRate},
		{"POST", "v1/leverage", signed, costs(1), counts{}, h.modes.setLeverage},
		{"POST", "v1/marginType", signed, costs(1), counts{}, h.modes.setMarginType},
		{"GET", "v1/positionSide/dual", signed, costs(30), counts{}, h.modes.positionMode},
		{"POST", "v1/positionSide/dual", signed, costs(1), counts{}, h.modes.setPositionMode},
		{"GET", "v1/adlQuantile", signed, costs(5), counts{}, h.views.adlQuantile},
		{"GET", "v1/rateLimit/order", signed, costs(1), counts{}, h.views.orderUsage},
		{"POST", "v1/listenKey", keyed, costs(1), counts{}, h.keys.startListenKey},
		{"PUT", "v1/listenKey", keyed, costs(1), counts{}, h.keys.keepListenKey},
		{"DELETE", "v1/listenKey", keyed, costs(1), counts{}, h.keys.closeListenKey},
	}
}

func (h *handlers) usdm() []route {
	return []route{
		{"GET", "v2/ticker/price", open, single(1, 2), counts{}, h.tickers.priceTicker},
		{"GET", "v2/balance", signed, costs(5), counts{}, h.views.balances},
		{"GET", "v2/account", signed, costs(5), counts{}, h.views.futuresAccount},
		{"GET", "v2/positionRisk", signed, costs(5), counts{}, h.views.positionRisk},
		{"GET", "v3/balance", signed, costs(5), counts{}, h.views.balances},
		{"GET", "v3/account", signed, costs(5), counts{}, h.views.futuresAccount},
		{"GET", "v3/positionRisk", signed, costs(5), counts{}, h.views.positionRisk},
		{"GET", "v1/multiAssetsMargin", signed, costs(30), counts{}, h.modes.multiAssets},
		{"POST", "v1/multiAssetsMargin", signed, costs(1), counts{}, h.modes.setMultiAssets},
		{"GET", "v1/symbolConfig", signed, costs(5), counts{}, h.views.symbolConfig},
		{"GET", "v1/accountConfig", signed, costs(5), counts{}, h.views.accountConfig},
		{"GET", "v1/leverageBracket", signed, costs(1), counts{}, h.views.leverageBracket},
		{"GET", "v1/feeBurn", signed, costs(30), counts{}, h.modes.feeBurn},
		{"POST", "v1/feeBurn", signed, costs(1), counts{}, h.modes.setFeeBurn},
		{"GET", "v1/assetIndex", open, single(1, 10), counts{}, h.data.assetIndex},
	}
}

func (h *handlers) coinm() []route {
	return []route{
		{"GET", "v1/balance", signed, costs(1), counts{}, h.views.balances},
		{"GET", "v1/account", signed, costs(5), counts{}, h.views.futuresAccount},
		{"GET", "v1/positionRisk", signed, costs(1), counts{}, h.views.positionRisk},
		{"GET", "v1/leverageBracket", signed, costs(1), counts{}, h.views.pairBrackets},
		{"GET", "v2/leverageBracket", signed, costs(1), counts{}, h.views.leverageBracket},
	}
}

// apiMethods are the methods of the WebSocket APIs that are REST endpoints under
// another name.
var apiMethods = map[api.Market]map[string]string{
	api.Spot: {
		"ping": "GET v3/ping", "time": "GET v3/time", "exchangeInfo": "GET v3/exchangeInfo", "depth": "GET v3/depth",
		"trades.recent": "GET v3/trades", "trades.historical": "GET v3/historicalTrades", "trades.aggregate": "GET v3/aggTrades",
		"klines": "GET v3/klines", "uiKlines": "GET v3/uiKlines", "avgPrice": "GET v3/avgPrice",
		"ticker.24hr": "GET v3/ticker/24hr", "ticker.price": "GET v3/ticker/price", "ticker.book": "GET v3/ticker/bookTicker",
		"order.place": "POST v3/order", "order.test": "POST v3/order/test", "order.status": "GET v3/order", "order.cancel": "DELETE v3/order",
		"order.cancelReplace": "POST v3/order/cancelReplace", "order.amend.keepPriority": "PUT v3/order/amend/keepPriority", "openOrders.status": "GET v3/openOrders", "openOrders.cancelAll": "DELETE v3/openOrders",
		"allOrders": "GET v3/allOrders", "myTrades": "GET v3/myTrades", "account.status": "GET v3/account", "account.commission": "GET v3/account/commission",
		"account.rateLimits.orders": "GET v3/rateLimit/order",
		"orderList.place.oco":       "POST v3/orderList/oco", "orderList.place.oto": "POST v3/orderList/oto", "orderList.place.otoco": "POST v3/orderList/otoco",
		"orderList.cancel": "DELETE v3/orderList", "orderList.status": "GET v3/orderList", "openOrderLists.status": "GET v3/openOrderList", "allOrderLists": "GET v3/allOrderList",
	},
	api.USDM: {
		"depth": "GET v1/depth", "ticker.price": "GET v2/ticker/price", "ticker.book": "GET v1/ticker/bookTicker",
		"order.place": "POST v1/order", "order.modify": "PUT v1/order", "order.cancel": "DELETE v1/order", "order.status": "GET v1/order", "algoOrder.place": "POST v1/algoOrder", "algoOrder.cancel": "DELETE v1/algoOrder",
		"account.balance": "GET v2/balance", "v2/account.balance": "GET v3/balance", "account.status": "GET v2/account", "v2/account.status": "GET v3/account",
		"account.position": "GET v2/positionRisk", "v2/account.position": "GET v3/positionRisk",
		"userDataStream.start": "POST v1/listenKey", "userDataStream.ping": "PUT v1/listenKey", "userDataStream.stop": "DELETE v1/listenKey",
	},
	api.COINM: {
		"order.place": "POST v1/order", "order.modify": "PUT v1/order", "order.cancel": "DELETE v1/order", "order.status": "GET v1/order", "algoOrder.place": "POST v1/algoOrder", "algoOrder.cancel": "DELETE v1/algoOrder",
		"account.balance": "GET v1/balance", "account.status": "GET v1/account", "account.position": "GET v1/positionRisk",
		"userDataStream.start": "POST v1/listenKey", "userDataStream.ping": "PUT v1/listenKey", "userDataStream.stop": "DELETE v1/listenKey",
	},
}

// sessionMethod is a method that concerns the connection itself.
type sessionMethod struct {
	sec    security
	weight int
	run    func(*socketAPI, *client, *call) (any, *fault)
}

var sessionMethods = map[string]sessionMethod{
	"session.logon":                      {signed, 2, (*socketAPI).logon},
	"session.status":                     {open, 2, (*socketAPI).sessionStatus},
	"session.logout":                     {open, 2, (*socketAPI).logout},
	"session.subscriptions":              {open, 2, (*socketAPI).subscriptions},
	"userDataStream.subscribe":           {open, 2, (*socketAPI).subscribeSession},
	"userDataStream.subscribe.signature": {signed, 2, (*socketAPI).subscribeSigned},
	"userDataStream.unsubscribe":         {open, 2, (*socketAPI).unsubscribeUser},
}
