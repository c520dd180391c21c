package weight

import (
	"strings"

	"github.com/perilune/perilune/exchange/limit"
)

// spotEndpoints are below /api/v3. Placing and canceling cost no weight when
// they succeed (since 2026-04-02) and 1 when they fail, so 1 is reserved. An
// order list counts as the orders in it.
var spotEndpoints = []Endpoint{
	{"GET", "/ping", spot(1)},
	{"GET", "/time", spot(1)},
	{"GET", "/exchangeInfo", spot(20)},
	{"GET", "/depth", byLimit(spot, 100, step{100, 5}, step{500, 25}, step{1000, 50}, step{5000, 250})},
	{"GET", "/trades", spot(25)},
	{"GET", "/historicalTrades", spot(25)},
	{"GET", "/aggTrades", spot(4)},
	{"GET", "/klines", spot(2)},
	{"GET", "/uiKlines", spot(2)},
	{"GET", "/avgPrice", spot(2)},
	{"GET", "/ticker/24hr", when("symbol", spot(2), bySymbols)},
	{"GET", "/ticker/price", when("symbol", spot(2), spot(4))},
	{"GET", "/ticker/bookTicker", when("symbol", spot(2), spot(4))},
	{"GET", "/executionRules", when("symbol", spot(2), spot(40))},
	{"GET", "/referencePrice", spot(2)},
	{"GET", "/myFilters", spot(40)},

	{"POST", "/order", spotOrders(1, 1)},
	{"POST", "/order/test", when("computeCommissionRates", spot(20), spot(1))},
	{"GET", "/order", spot(4)},
	{"DELETE", "/order", spot(1)},
	{"POST", "/order/cancelReplace", spotOrders(1, 1)},
	{"PUT", "/order/amend/keepPriority", spot(4)},
	{"GET", "/openOrders", when("symbol", spot(6), spot(80))},
	{"DELETE", "/openOrders", spot(1)},
	{"GET", "/allOrders", spot(20)},
	{"GET", "/myTrades", when("orderId", spot(5), spot(20))},
	{"POST", "/orderList/oco", spotOrders(1, 2)},
	{"POST", "/orderList/oto", spotOrders(1, 2)},
	{"POST", "/orderList/otoco", spotOrders(1, 3)},
	{"POST", "/orderList/opo", spotOrders(1, 2)},
	{"POST", "/orderList/opoco", spotOrders(1, 3)},
	{"DELETE", "/orderList", spot(1)},
	{"GET", "/orderList", spot(4)},
	{"GET", "/openOrderList", spot(6)},
	{"GET", "/allOrderList", spot(20)},
	{"POST", "/order/oco", spotOrders(1, 2)},
	{"POST", "/sor/order", spotOrders(1, 1)},
	{"GET", "/rateLimit/order", spot(40)},
	{"GET", "/account", spot(20)},
	{"GET", "/account/commission", spot(20)},
}

// bySymbols is the weight of ticker/24hr without a single symbol: it goes by
// the length of the JSON array symbols, and all are the most.
func bySymbols(p Params) limit.Cost {
	list := p.Get("symbols")
	switch n := strings.Count(list, ",") + 1; {
	case list == "" || n > 100:
		return spotCost(80, 0)
	case n > 20:
		return spotCost(40, 0)
	}
	return spotCost(2, 0)
}

// walletEndpoints are below /sapi. The connectors of 2026-08 say 300 for a
// transfer, older manuals 900.
var walletEndpoints = []Endpoint{
	{"POST", "/v1/asset/transfer", meter(Wallet, WalletUID, 900)},
	{"GET", "/v1/asset/transfer", meter(Wallet, WalletIP, 1)},
	{"GET", "/v1/account/apiRestrictions", meter(Wallet, WalletIP, 1)},
	{"GET", "/v1/system/status", meter(Wallet, WalletIP, 1)},
}
