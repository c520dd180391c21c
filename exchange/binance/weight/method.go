package weight

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/limit"
)

// spotMethods and futuresMethods are the WebSocket API methods that have no
// REST counterpart. Connecting costs weight; spot counts connections as well.
var (
	spotMethods = map[string]func(Params) limit.Cost{
		"connect":                            connectSpot,
		"session.logon":                      spot(2),
		"session.status":                     spot(2),
		"session.logout":                     spot(2),
		"session.subscriptions":              spot(2),
		"userDataStream.subscribe":           spot(2),
		"userDataStream.subscribe.signature": spot(2),
		"userDataStream.unsubscribe":         spot(2),
	}
	futuresMethods = map[string]func(Params) limit.Cost{
		"connect":        futures(5),
		"session.logon":  futures(2),
		"session.status": futures(2),
		"session.logout": futures(2),
	}
)

func connectSpot(Params) limit.Cost {
	c := spotCost(2, 0)
	c.Use[SpotConnects] = 1
	return c
}

// restOf names the REST endpoint whose limits a WebSocket API method shares.
var restOf = map[api.Market]map[string][2]string{
	api.Spot: {
		"ping":                      {"GET", "/api/v3/ping"},
		"time":                      {"GET", "/api/v3/time"},
		"exchangeInfo":              {"GET", "/api/v3/exchangeInfo"},
		"depth":                     {"GET", "/api/v3/depth"},
		"ticker.price":              {"GET", "/api/v3/ticker/price"},
		"ticker.book":               {"GET", "/api/v3/ticker/bookTicker"},
		"order.place":               {"POST", "/api/v3/order"},
		"order.test":                {"POST", "/api/v3/order/test"},
		"order.status":              {"GET", "/api/v3/order"},
		"order.cancel":              {"DELETE", "/api/v3/order"},
		"order.cancelReplace":       {"POST", "/api/v3/order/cancelReplace"},
		"order.amend.keepPriority":  {"PUT", "/api/v3/order/amend/keepPriority"},
		"openOrders.status":         {"GET", "/api/v3/openOrders"},
		"openOrders.cancelAll":      {"DELETE", "/api/v3/openOrders"},
		"orderList.place.oco":       {"POST", "/api/v3/orderList/oco"},
		"orderList.place.oto":       {"POST", "/api/v3/orderList/oto"},
		"orderList.place.otoco":     {"POST", "/api/v3/orderList/otoco"},
		"orderList.cancel":          {"DELETE", "/api/v3/orderList"},
		"orderList.status":          {"GET", "/api/v3/orderList"},
		"openOrderLists.status":     {"GET", "/api/v3/openOrderList"},
		"allOrderLists":             {"GET", "/api/v3/allOrderList"},
		"sor.order.place":           {"POST", "/api/v3/sor/order"},
		"account.status":            {"GET", "/api/v3/account"},
		"account.commission":        {"GET", "/api/v3/account/commission"},
		"account.rateLimits.orders": {"GET", "/api/v3/rateLimit/order"},
		"allOrders":                 {"GET", "/api/v3/allOrders"},
		"myTrades":                  {"GET", "/api/v3/myTrades"},
	},
	api.USDM: {
		"depth":                {"GET", "/fapi/v1/depth"},
		"ticker.price":         {"GET", "/fapi/v2/ticker/price"},
		"ticker.book":          {"GET", "/fapi/v1/ticker/bookTicker"},
		"order.place":          {"POST", "/fapi/v1/order"},
		"order.modify":         {"PUT", "/fapi/v1/order"},
		"order.cancel":         {"DELETE", "/fapi/v1/order"},
		"order.status":         {"GET", "/fapi/v1/order"},
		"algoOrder.place":      {"POST", "/fapi/v1/algoOrder"},
		"algoOrder.cancel":     {"DELETE", "/fapi/v1/algoOrder"},
		"account.balance":      {"GET", "/fapi/v2/balance"},
		"account.status":       {"GET", "/fapi/v2/account"},
		"account.position":     {"GET", "/fapi/v2/positionRisk"},
		"v2/account.balance":   {"GET", "/fapi/v3/balance"},
		"v2/account.status":    {"GET", "/fapi/v3/account"},
		"v2/account.position":  {"GET", "/fapi/v3/positionRisk"},
		"userDataStream.start": {"POST", "/fapi/v1/listenKey"},
		"userDataStream.ping":  {"PUT", "/fapi/v1/listenKey"},
		"userDataStream.stop":  {"DELETE", "/fapi/v1/listenKey"},
	},
	api.COINM: {
		"order.place":          {"POST", "/dapi/v1/order"},
		"order.modify":         {"PUT", "/dapi/v1/order"},
		"order.cancel":         {"DELETE", "/dapi/v1/order"},
		"order.status":         {"GET", "/dapi/v1/order"},
		"algoOrder.place":      {"POST", "/dapi/v1/algoOrder"},
		"algoOrder.cancel":     {"DELETE", "/dapi/v1/algoOrder"},
		"account.balance":      {"GET", "/dapi/v1/balance"},
		"account.status":       {"GET", "/dapi/v1/account"},
		"account.position":     {"GET", "/dapi/v1/positionRisk"},
		"userDataStream.start": {"POST", "/dapi/v1/listenKey"},
		"userDataStream.ping":  {"PUT", "/dapi/v1/listenKey"},
		"userDataStream.stop":  {"DELETE", "/dapi/v1/listenKey"},
	},
}
