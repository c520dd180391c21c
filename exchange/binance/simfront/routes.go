package simfront

import (
	"github.com/perilune/perilune/exchange/binance/api"
)

// routes are the endpoints of each market by method and path.
var routes = buildRoutes()

type table map[string]route

func (t table) addRoute(key string, sec security, weight func(*call) int, run func(*sim, *call) (any, *fault)) {
	t[key] = route{sec: sec, weight: weight, run: run}
}

// addOrderEntry adds order entry, which costs counts instead of weight.
func (t table) addOrderEntry(key string, weight, short, long int, run func(*sim, *call) (any, *fault)) {
	t[key] = route{sec: signed, weight: costs(weight), short: short, long: long, run: run}
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

func buildRoutes() map[api.Market]table {
	return map[api.Market]table{api.Spot: spotRoutes(), api.USDM: usdmRoutes(), api.COINM: coinmRoutes()}
}

func spotRoutes() table {
	t := table{}
	t.addRoute("GET v3/ping", open, costs(1), ping)
	t.addRoute("GET v3/time", open, costs(1), serverTime)
	t.addRoute("GET v3/exchangeInfo", open, costs(20), exchangeInfo)
	t.addRoute("GET v3/depth", open, spotDepthWeight, depth)
	t.addRoute("GET v3/trades", open, costs(25), recentTrades)
	t.addRoute("GET v3/historicalTrades", open, costs(25), recentTrades)
	t.addRoute("GET v3/aggTrades", open, costs(4), aggTrades)
	t.addRoute("GET v3/klines", open, costs(2), klines)
	t.addRoute("GET v3/uiKlines", open, costs(2), klines)
	t.addRoute("GET v3/avgPrice", open, costs(2), avgPrice)
	t.addRoute("GET v3/ticker/24hr", open, single(2, 80), dayTicker)
	t.addRoute("GET v3/ticker", open, eachSymbol(4, 200), rollingTicker)
	t.addRoute("GET v3/ticker/tradingDay", open, eachSymbol(4, 200), tradingDayTicker)
	t.addRoute("GET v3/referencePrice", open, costs(2), referencePrice)
	t.addRoute("GET v3/executionRules", open, single(2, 40), executionRules)
	t.addRoute("GET v3/ticker/price", open, single(2, 4), priceTicker)
	t.addRoute("GET v3/ticker/bookTicker", open, single(2, 4), bookTicker)

	t.addOrderEntry("POST v3/order", 1, 1, 1, placeOrder)
	t.addOrderEntry("POST v3/order/cancelReplace", 1, 1, 1, cancelReplace)
	t.addRoute("PUT v3/order/amend/keepPriority", signed, costs(4), amendOrder)
	t.addRoute("GET v3/order/amendments", signed, costs(4), spotAmendments)
	t.addRoute("GET v3/myFilters", signed, costs(40), myFilters)
	t.addRoute("GET v3/myAllocations", signed, costs(20), myAllocations)
	t.addRoute("GET v3/myPreventedMatches", signed, costs(20), myPreventedMatches)
	t.addRoute("POST v3/order/test", signed, costs(1), testOrder)
	t.addRoute("GET v3/order", signed, costs(4), queryOrder)
	t.addRoute("DELETE v3/order", signed, costs(1), cancelOrder)
	t.addRoute("GET v3/openOrders", signed, single(6, 80), openOrders)
	t.addRoute("DELETE v3/openOrders", signed, costs(1), cancelAll)
	t.addRoute("GET v3/allOrders", signed, costs(20), allOrders)
	t.addRoute("GET v3/myTrades", signed, costs(20), accountTrades)
	t.addRoute("GET v3/account", signed, costs(20), spotAccount)
	t.addRoute("GET v3/account/commission", signed, costs(20), spotCommission)
	t.addRoute("GET v3/rateLimit/order", signed, costs(40), orderUsage)
	t.addRoute(transferRoute, signed, costs(300), transfer)
	t.addRoute("GET sapi/v1/asset/transfer", signed, costs(1), transferHistory)
	t.addRoute("GET sapi/v1/account/apiRestrictions", signed, costs(1), apiRestrictions)
	t.addRoute("GET sapi/v1/asset/wallet/balance", signed, costs(60), walletBalance)
	t.addRoute("POST sapi/v3/asset/getUserAsset", signed, costs(5), userAssets)
	t.addRoute("GET sapi/v1/system/status", open, costs(1), systemStatus)
	return t
}

// futuresRoutes are what USD-M and COIN-M have in common.
func futuresRoutes() table {
	t := table{}
	t.addRoute("GET v1/ping", open, costs(1), ping)
	t.addRoute("GET v1/time", open, costs(1), serverTime)
	t.addRoute("GET v1/exchangeInfo", open, costs(1), exchangeInfo)
	t.addRoute("GET v1/depth", open, futuresDepthWeight, depth)
	t.addRoute("GET v1/trades", open, costs(5), recentTrades)
	t.addRoute("GET v1/historicalTrades", keyed, costs(200), recentTrades)
	t.addRoute("GET v1/aggTrades", open, costs(20), aggTrades)
	t.addRoute("GET v1/klines", open, klineWeight, klines)
	t.addRoute("GET v1/markPriceKlines", open, klineWeight, markKlines)
	t.addRoute("GET v1/indexPriceKlines", open, klineWeight, indexKlines)
	t.addRoute("GET v1/premiumIndexKlines", open, klineWeight, premiumKlines)
	t.addRoute("GET v1/continuousKlines", open, klineWeight, continuousKlines)
	t.addRoute("GET v1/ticker/24hr", open, single(1, 40), dayTicker)
	t.addRoute("GET v1/ticker/price", open, single(1, 2), priceTicker)
	t.addRoute("GET v1/ticker/bookTicker", open, single(2, 5), bookTicker)
	t.addRoute("GET v1/premiumIndex", open, single(1, 10), premiumIndex)
	t.addRoute("GET v1/fundingRate", open, costs(1), fundingRate)
	t.addRoute("GET v1/fundingInfo", open, costs(0), fundingInfo)
	t.addRoute("GET v1/openInterest", open, costs(1), openInterest)
	t.addRoute("GET v1/constituents", open, costs(2), constituents)
	t.addRoute("GET futures/data/openInterestHist", open, costs(0), openInterestHist)
	t.addRoute("GET futures/data/basis", open, costs(0), basisHist)
	for _, name := range []string{"topLongShortPositionRatio", "topLongShortAccountRatio", "globalLongShortAccountRatio"} {
		t.addRoute("GET futures/data/"+name, open, costs(0), longShortRatio)
	}
	t.addRoute("GET futures/data/takerlongshortRatio", open, costs(0), takerRatio)
	t.addRoute("GET futures/data/takerBuySellVol", open, costs(0), takerRatio)
	t.addRoute("GET v1/orderAmendment", signed, costs(1), futuresAmendments)
	t.addRoute("GET v1/positionMargin/history", signed, costs(1), marginHistory)

	t.addOrderEntry("POST v1/order", 0, 1, 1, placeOrder)
	t.addOrderEntry("PUT v1/order", 0, 1, 1, modifyOrder)
	t.addOrderEntry("POST v1/batchOrders", 5, 5, 1, placeBatch)
	t.addOrderEntry("PUT v1/batchOrders", 5, 5, 1, modifyBatch)
	t.addRoute("POST v1/order/test", signed, costs(1), testOrder)
	t.addRoute("DELETE v1/order", signed, costs(1), cancelOrder)
	t.addRoute("DELETE v1/batchOrders", signed, costs(1), cancelBatch)
	t.addRoute("DELETE v1/allOpenOrders", signed, costs(1), cancelAll)
	t.addRoute("POST v1/countdownCancelAll", signed, costs(10), countdownCancelAll)
	t.addRoute("GET v1/order", signed, costs(1), queryOrder)
	t.addRoute("GET v1/openOrder", signed, costs(1), queryOpenOrder)
	t.addRoute("GET v1/openOrders", signed, single(1, 40), openOrders)
	t.addOrderEntry("POST v1/algoOrder", 0, 1, 1, placeAlgo)
	t.addRoute("DELETE v1/algoOrder", signed, costs(1), cancelAlgo)
	t.addRoute("DELETE v1/algoOpenOrders", signed, costs(1), cancelAllAlgos)
	t.addRoute("GET v1/algoOrder", signed, costs(1), queryAlgo)
	t.addRoute("GET v1/openAlgoOrders", signed, single(1, 40), openAlgos)
	t.addRoute("GET v1/allAlgoOrders", signed, costs(5), allAlgos)
	t.addRoute("GET v1/allOrders", signed, costs(5), allOrders)
	t.addRoute("GET v1/userTrades", signed, costs(5), accountTrades)
	t.addRoute("GET v1/income", signed, costs(30), income)
	t.addRoute("GET v1/forceOrders", signed, single(20, 50), forceOrders)
	t.addRoute("GET v1/commissionRate", signed, costs(20), commissionRate)
	t.addRoute("POST v1/leverage", signed, costs(1), setLeverage)
	t.addRoute("POST v1/marginType", signed, costs(1), setMarginType)
	t.addRoute("GET v1/positionSide/dual", signed, costs(30), positionMode)
	t.addRoute("POST v1/positionSide/dual", signed, costs(1), setPositionMode)
	t.addRoute("GET v1/adlQuantile", signed, costs(5), adlQuantile)
	t.addRoute("GET v1/rateLimit/order", signed, costs(1), orderUsage)
	t.addRoute("POST v1/listenKey", keyed, costs(1), startListenKey)
	t.addRoute("PUT v1/listenKey", keyed, costs(1), keepListenKey)
	t.addRoute("DELETE v1/listenKey", keyed, costs(1), closeListenKey)
	return t
}

func usdmRoutes() table {
	t := futuresRoutes()
	t.addRoute("GET v2/ticker/price", open, single(1, 2), priceTicker)
	for _, v := range []string{"v2", "v3"} {
		t.addRoute("GET "+v+"/balance", signed, costs(5), balances)
		t.addRoute("GET "+v+"/account", signed, costs(5), futuresAccount)
		t.addRoute("GET "+v+"/positionRisk", signed, costs(5), positionRisk)
	}
	t.addRoute("GET v1/multiAssetsMargin", signed, costs(30), multiAssets)
	t.addRoute("POST v1/multiAssetsMargin", signed, costs(1), setMultiAssets)
	t.addRoute("GET v1/symbolConfig", signed, costs(5), symbolConfig)
	t.addRoute("GET v1/accountConfig", signed, costs(5), accountConfig)
	t.addRoute("GET v1/leverageBracket", signed, costs(1), leverageBracket)
	t.addRoute("GET v1/feeBurn", signed, costs(30), feeBurn)
	t.addRoute("POST v1/feeBurn", signed, costs(1), setFeeBurn)
	t.addRoute("GET v1/assetIndex", open, single(1, 10), assetIndex)
	return t
}

func coinmRoutes() table {
	t := futuresRoutes()
	t.addRoute("GET v1/balance", signed, costs(1), balances)
	t.addRoute("GET v1/account", signed, costs(5), futuresAccount)
	t.addRoute("GET v1/positionRisk", signed, costs(1), positionRisk)
	t.addRoute("GET v1/leverageBracket", signed, costs(1), pairBrackets)
	t.addRoute("GET v2/leverageBracket", signed, costs(1), leverageBracket)
	return t
}
