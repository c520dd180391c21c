package weight

// klines is the weight of every kind of candle on futures.
var klines = byLimit(futures, 500, step{99, 1}, step{499, 2}, step{1000, 5}, step{1500, 10})

// futuresEndpoints are below /fapi and /dapi alike. Placing and modifying count
// as orders and have no weight; a batch counts 5 in ten seconds, however few are
// in it, and 1 in the minute.
var futuresEndpoints = []Endpoint{
	{"GET", "/v1/ping", futures(1)},
	{"GET", "/v1/time", futures(1)},
	{"GET", "/v1/exchangeInfo", futures(1)},
	{"GET", "/v1/depth", byLimit(futures, 500, step{50, 2}, step{100, 5}, step{500, 10}, step{1000, 20})},
	{"GET", "/v1/rpiDepth", futures(20)},
	{"GET", "/v1/trades", futures(5)},
	{"GET", "/v1/historicalTrades", futures(200)},
	{"GET", "/v1/aggTrades", futures(20)},
	{"GET", "/v1/klines", klines},
	{"GET", "/v1/continuousKlines", klines},
	{"GET", "/v1/indexPriceKlines", klines},
	{"GET", "/v1/markPriceKlines", klines},
	{"GET", "/v1/premiumIndexKlines", klines},
	{"GET", "/v1/ticker/24hr", when("symbol", futures(1), futures(40))},
	{"GET", "/v1/ticker/price", when("symbol", futures(1), futures(2))},
	{"GET", "/v1/ticker/bookTicker", when("symbol", futures(2), futures(5))},
	{"GET", "/v1/openInterest", futures(1)},
	{"GET", "/v1/constituents", futures(2)},

	{"POST", "/v1/order", always(futuresCost(0, 1, 1))},
	{"PUT", "/v1/order", always(futuresCost(0, 1, 1))},
	{"POST", "/v1/order/test", futures(1)},
	{"GET", "/v1/order", futures(1)},
	{"DELETE", "/v1/order", futures(1)},
	{"POST", "/v1/batchOrders", always(futuresCost(5, 5, 1))},
	{"PUT", "/v1/batchOrders", always(futuresCost(5, 5, 1))},
	{"DELETE", "/v1/batchOrders", futures(1)},
	{"GET", "/v1/openOrder", futures(1)},
	{"GET", "/v1/openOrders", when("symbol", futures(1), futures(40))},
	{"DELETE", "/v1/allOpenOrders", futures(1)},
	{"GET", "/v1/allOrders", futures(5)},
	{"GET", "/v1/userTrades", futures(5)},
	{"GET", "/v1/orderAmendment", futures(1)},
	{"POST", "/v1/countdownCancelAll", futures(10)},
	{"POST", "/v1/algoOrder", always(futuresCost(0, 1, 1))},
	{"GET", "/v1/algoOrder", futures(1)},
	{"DELETE", "/v1/algoOrder", futures(1)},
	{"DELETE", "/v1/algoOpenOrders", futures(1)},
	{"GET", "/v1/openAlgoOrders", when("symbol", futures(1), futures(40))},
	{"GET", "/v1/allAlgoOrders", futures(5)},

	{"POST", "/v1/leverage", futures(1)},
	{"POST", "/v1/marginType", futures(1)},
	{"GET", "/v1/positionSide/dual", futures(30)},
	{"POST", "/v1/positionSide/dual", futures(1)},
	{"POST", "/v1/positionMargin", futures(1)},
	{"GET", "/v1/leverageBracket", futures(1)},
	{"GET", "/v1/commissionRate", futures(20)},
	{"GET", "/v1/forceOrders", when("symbol", futures(20), futures(50))},
	{"GET", "/v1/adlQuantile", futures(5)},
	{"GET", "/v1/order/asyn", futures(1000)},
	{"GET", "/v1/trade/asyn", futures(1000)},
	{"GET", "/v1/income/asyn", futures(1000)},
	{"POST", "/v1/listenKey", futures(1)},
	{"PUT", "/v1/listenKey", futures(1)},
	{"DELETE", "/v1/listenKey", futures(1)},
}

// linearEndpoints are USD-M's own, below /fapi. A notice of 2024 doubles the
// weight of the v2 account calls, the manual does not.
var linearEndpoints = []Endpoint{
	{"GET", "/v2/ticker/price", when("symbol", futures(1), futures(2))},
	{"GET", "/v1/premiumIndex", when("symbol", futures(1), futures(10))},
	{"GET", "/v1/fundingRate", meter(Futures, FundingRequests, 1)},
	{"GET", "/v1/fundingInfo", meter(Futures, FundingRequests, 1)},
	{"GET", "/v1/tradingSchedule", futures(5)},
	{"GET", "/v1/insuranceBalance", futures(1)},
	{"GET", "/v1/symbolAdlRisk", futures(1)},
	{"GET", "/v1/assetIndex", when("symbol", futures(1), futures(10))},
	{"GET", "/v1/indexInfo", futures(1)},

	{"GET", "/v2/balance", futures(10)},
	{"GET", "/v3/balance", futures(5)},
	{"GET", "/v2/account", futures(10)},
	{"GET", "/v3/account", futures(5)},
	{"GET", "/v2/positionRisk", futures(10)},
	{"GET", "/v3/positionRisk", futures(5)},
	{"GET", "/v1/symbolConfig", futures(5)},
	{"GET", "/v1/accountConfig", futures(5)},
	{"GET", "/v1/multiAssetsMargin", futures(30)},
	{"POST", "/v1/multiAssetsMargin", futures(1)},
	{"GET", "/v1/income", futures(30)},
	{"GET", "/v1/rateLimit/order", futures(1)},
	{"GET", "/v1/feeBurn", futures(30)},
	{"POST", "/v1/feeBurn", futures(1)},
	{"GET", "/v1/pmAccountInfo", futures(5)},
}

// inverseEndpoints are COIN-M's own, below /dapi. Its fundingInfo is charged as
// USD-M's, which it resembles; the manual gives no limit.
var inverseEndpoints = []Endpoint{
	{"GET", "/v1/premiumIndex", futures(10)},
	{"GET", "/v1/fundingRate", futures(1)},
	{"GET", "/v1/fundingInfo", meter(Futures, FundingRequests, 1)},
	{"GET", "/v1/balance", futures(1)},
	{"GET", "/v1/account", futures(5)},
	{"GET", "/v1/positionRisk", futures(1)},
	{"GET", "/v2/leverageBracket", when("symbol", futures(1), futures(2))},
	{"GET", "/v1/income", futures(20)},
}

// dataEndpoints are below /futures/data, for both markets: no weight, but a
// count of their own, which no header reports.
var dataEndpoints = []Endpoint{
	{"GET", "/openInterestHist", futuresData},
	{"GET", "/topLongShortAccountRatio", futuresData},
	{"GET", "/topLongShortPositionRatio", futuresData},
	{"GET", "/globalLongShortAccountRatio", futuresData},
	{"GET", "/takerlongshortRatio", futuresData},
	{"GET", "/takerBuySellVol", futuresData},
	{"GET", "/basis", futuresData},
}

var futuresData = meter(Futures, FuturesData, 1)
