package simfront

import (
	"github.com/perilune/perilune/exchange/binance/api"
)

// routes are the endpoints of each market by method and path.
var routes = buildRoutes()

type table map[string]route

func (t table) add(key string, sec security, weight func(*call) int, run func(*sim, *call) (any, *fault)) {
	t[key] = route{sec: sec, weight: weight, run: run}
}

// enter adds order entry, which costs counts instead of weight.
func (t table) enter(key string, weight, short, long int, run func(*sim, *call) (any, *fault)) {
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
	t.add("GET v3/ping", open, costs(1), ping)
	t.add("GET v3/time", open, costs(1), serverTime)
	t.add("GET v3/exchangeInfo", open, costs(20), exchangeInfo)
	t.add("GET v3/depth", open, spotDepthWeight, depth)
	t.add("GET v3/trades", open, costs(25), recentTrades)
	t.add("GET v3/historicalTrades", open, costs(25), recentTrades)
	t.add("GET v3/aggTrades", open, costs(4), aggTrades)
	t.add("GET v3/klines", open, costs(2), klines)
	t.add("GET v3/uiKlines", open, costs(2), klines)
	t.add("GET v3/avgPrice", open, costs(2), avgPrice)
	t.add("GET v3/ticker/24hr", open, single(2, 80), dayTicker)
	t.add("GET v3/ticker", open, eachSymbol(4, 200), rollingTicker)
	t.add("GET v3/ticker/tradingDay", open, eachSymbol(4, 200), tradingDayTicker)
	t.add("GET v3/referencePrice", open, costs(2), referencePrice)
	t.add("GET v3/executionRules", open, single(2, 40), executionRules)
	t.add("GET v3/ticker/price", open, single(2, 4), priceTicker)
	t.add("GET v3/ticker/bookTicker", open, single(2, 4), bookTicker)

	t.enter("POST v3/order", 1, 1, 1, placeOrder)
	t.enter("POST v3/order/cancelReplace", 1, 1, 1, cancelReplace)
	t.add("PUT v3/order/amend/keepPriority", signed, costs(4), amendOrder)
	t.add("GET v3/order/amendments", signed, costs(4), spotAmendments)
	t.add("GET v3/myFilters", signed, costs(40), myFilters)
	t.add("GET v3/myAllocations", signed, costs(20), myAllocations)
	t.add("GET v3/myPreventedMatches", signed, costs(20), myPreventedMatches)
	t.add("POST v3/order/test", signed, costs(1), testOrder)
	t.add("GET v3/order", signed, costs(4), queryOrder)
	t.add("DELETE v3/order", signed, costs(1), cancelOrder)
	t.add("GET v3/openOrders", signed, single(6, 80), openOrders)
	t.add("DELETE v3/openOrders", signed, costs(1), cancelAll)
	t.add("GET v3/allOrders", signed, costs(20), allOrders)
	t.add("GET v3/myTrades", signed, costs(20), accountTrades)
	t.add("GET v3/account", signed, costs(20), spotAccount)
	t.add("GET v3/account/commission", signed, costs(20), spotCommission)
	t.add("GET v3/rateLimit/order", signed, costs(40), orderUsage)
	t.add(transferRoute, signed, costs(300), transfer)
	t.add("GET sapi/v1/asset/transfer", signed, costs(1), transferHistory)
	t.add("GET sapi/v1/account/apiRestrictions", signed, costs(1), apiRestrictions)
	t.add("GET sapi/v1/asset/wallet/balance", signed, costs(60), walletBalance)
	t.add("POST sapi/v3/asset/getUserAsset", signed, costs(5), userAssets)
	t.add("GET sapi/v1/system/status", open, costs(1), systemStatus)
	return t
}

// futuresRoutes are what USD-M and COIN-M have in common.
func futuresRoutes() table {
	t := table{}
	t.add("GET v1/ping", open, costs(1), ping)
	t.add("GET v1/time", open, costs(1), serverTime)
	t.add("GET v1/exchangeInfo", open, costs(1), exchangeInfo)
	t.add("GET v1/depth", open, futuresDepthWeight, depth)
	t.add("GET v1/trades", open, costs(5), recentTrades)
	t.add("GET v1/historicalTrades", keyed, costs(200), recentTrades)
	t.add("GET v1/aggTrades", open, costs(20), aggTrades)
	t.add("GET v1/klines", open, klineWeight, klines)
	t.add("GET v1/markPriceKlines", open, klineWeight, markKlines)
	t.add("GET v1/indexPriceKlines", open, klineWeight, indexKlines)
	t.add("GET v1/premiumIndexKlines", open, klineWeight, premiumKlines)
	t.add("GET v1/continuousKlines", open, klineWeight, continuousKlines)
	t.add("GET v1/ticker/24hr", open, single(1, 40), dayTicker)
	t.add("GET v1/ticker/price", open, single(1, 2), priceTicker)
	t.add("GET v1/ticker/bookTicker", open, single(2, 5), bookTicker)
	t.add("GET v1/premiumIndex", open, single(1, 10), premiumIndex)
	t.add("GET v1/fundingRate", open, costs(1), fundingRate)
	t.add("GET v1/fundingInfo", open, costs(0), fundingInfo)
	t.add("GET v1/openInterest", open, costs(1), openInterest)
	t.add("GET v1/constituents", open, costs(2), constituents)
	t.add("GET futures/data/openInterestHist", open, costs(0), openInterestHist)
	t.add("GET futures/data/basis", open, costs(0), basisHist)
	for _, name := range []string{"topLongShortPositionRatio", "topLongShortAccountRatio", "globalLongShortAccountRatio"} {
		t.add("GET futures/data/"+name, open, costs(0), longShortRatio)
	}
	t.add("GET futures/data/takerlongshortRatio", open, costs(0), takerRatio)
	t.add("GET futures/data/takerBuySellVol", open, costs(0), takerRatio)
	t.add("GET v1/orderAmendment", signed, costs(1), futuresAmendments)
	t.add("GET v1/positionMargin/history", signed, costs(1), marginHistory)

	t.enter("POST v1/order", 0, 1, 1, placeOrder)
	t.enter("PUT v1/order", 0, 1, 1, modifyOrder)
	t.enter("POST v1/batchOrders", 5, 5, 1, placeBatch)
	t.enter("PUT v1/batchOrders", 5, 5, 1, modifyBatch)
	t.add("POST v1/order/test", signed, costs(1), testOrder)
	t.add("DELETE v1/order", signed, costs(1), cancelOrder)
	t.add("DELETE v1/batchOrders", signed, costs(1), cancelBatch)
	t.add("DELETE v1/allOpenOrders", signed, costs(1), cancelAll)
	t.add("POST v1/countdownCancelAll", signed, costs(10), countdownCancelAll)
	t.add("GET v1/order", signed, costs(1), queryOrder)
	t.add("GET v1/openOrder", signed, costs(1), queryOpenOrder)
	t.add("GET v1/openOrders", signed, single(1, 40), openOrders)
	t.enter("POST v1/algoOrder", 0, 1, 1, placeAlgo)
	t.add("DELETE v1/algoOrder", signed, costs(1), cancelAlgo)
	t.add("DELETE v1/algoOpenOrders", signed, costs(1), cancelAllAlgos)
	t.add("GET v1/algoOrder", signed, costs(1), queryAlgo)
	t.add("GET v1/openAlgoOrders", signed, single(1, 40), openAlgos)
	t.add("GET v1/allAlgoOrders", signed, costs(5), allAlgos)
	t.add("GET v1/allOrders", signed, costs(5), allOrders)
	t.add("GET v1/userTrades", signed, costs(5), accountTrades)
	t.add("GET v1/income", signed, costs(30), income)
	t.add("GET v1/forceOrders", signed, single(20, 50), forceOrders)
	t.add("GET v1/commissionRate", signed, costs(20), commissionRate)
	t.add("POST v1/leverage", signed, costs(1), setLeverage)
	t.add("POST v1/marginType", signed, costs(1), setMarginType)
	t.add("GET v1/positionSide/dual", signed, costs(30), positionMode)
	t.add("POST v1/positionSide/dual", signed, costs(1), setPositionMode)
	t.add("GET v1/adlQuantile", signed, costs(5), adlQuantile)
	t.add("GET v1/rateLimit/order", signed, costs(1), orderUsage)
	t.add("POST v1/listenKey", keyed, costs(1), startListenKey)
	t.add("PUT v1/listenKey", keyed, costs(1), keepListenKey)
	t.add("DELETE v1/listenKey", keyed, costs(1), closeListenKey)
	return t
}

func usdmRoutes() table {
	t := futuresRoutes()
	t.add("GET v2/ticker/price", open, single(1, 2), priceTicker)
	for _, v := range []string{"v2", "v3"} {
		t.add("GET "+v+"/balance", signed, costs(5), balances)
		t.add("GET "+v+"/account", signed, costs(5), futuresAccount)
		t.add("GET "+v+"/positionRisk", signed, costs(5), positionRisk)
	}
	t.add("GET v1/multiAssetsMargin", signed, costs(30), multiAssets)
	t.add("POST v1/multiAssetsMargin", signed, costs(1), setMultiAssets)
	t.add("GET v1/symbolConfig", signed, costs(5), symbolConfig)
	t.add("GET v1/accountConfig", signed, costs(5), accountConfig)
	t.add("GET v1/leverageBracket", signed, costs(1), leverageBracket)
	t.add("GET v1/feeBurn", signed, costs(30), feeBurn)
	t.add("POST v1/feeBurn", signed, costs(1), setFeeBurn)
	t.add("GET v1/assetIndex", open, single(1, 10), assetIndex)
	return t
}

func coinmRoutes() table {
	t := futuresRoutes()
	t.add("GET v1/balance", signed, costs(1), balances)
	t.add("GET v1/account", signed, costs(5), futuresAccount)
	t.add("GET v1/positionRisk", signed, costs(1), positionRisk)
	t.add("GET v1/leverageBracket", signed, costs(1), pairBrackets)
	t.add("GET v2/leverageBracket", signed, costs(1), leverageBracket)
	return t
}
