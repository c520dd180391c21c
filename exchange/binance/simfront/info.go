package simfront

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/binance/api"
)

// exchangeInfo lists the instruments of a market. Source: exchangeInfo of spot,
// USD-M and COIN-M, each in its own shape.
func (h *marketData) exchangeInfo(c *call) (any, *fault) {
	wanted, f := h.wanted(c)
	if f != nil {
		return nil, f
	}
	symbols, assets := list{}, list{}
	for _, m := range wanted {
		switch c.market {
		case api.Spot:
			symbols = append(symbols, m.info().spot())
		case api.USDM:
			symbols = append(symbols, m.info().usdm())
		default:
			symbols = append(symbols, m.info().coinm())
		}
	}
	info := object{{"timezone", "UTC"}, {"serverTime", millis(h.clock.Wall())}, {"rateLimits", h.quota.limits(c.market)}, {"exchangeFilters", list{}}}
	if c.market == api.USDM {
		for _, x := range h.marginAssets() {
			assets = append(assets, object{{"asset", x.asset}, {"marginAvailable", true}, {"autoAssetExchange", "-10000"}})
		}
		info = info.with(field{"assets", assets})
	}
	return info.with(field{"symbols", symbols}), nil
}

func (q *quota) limits(m api.Market) list {
	weight := q.allowed.FuturesWeight
	if m == api.Spot {
		weight = q.allowed.SpotWeight
	}
	out := list{rateLimit("REQUEST_WEIGHT", "MINUTE", 1, weight)}
	for _, r := range q.orderLimits(m) {
		out = append(out, r)
	}
	if m == api.Spot {
		out = append(out, rateLimit("RAW_REQUESTS", "MINUTE", 5, 300_000))
	}
	return out
}

// symbolInfo is what exchangeInfo says of an instrument.
type symbolInfo struct{ *market }

func (m *market) info() symbolInfo { return symbolInfo{m} }

func (m symbolInfo) spot() object {
	r := &m.Rules
	return object{
		{"symbol", m.In.Symbol}, {"status", m.status()},
		{"baseAsset", m.In.Base}, {"baseAssetPrecision", 8}, {"quoteAsset", m.In.Quote}, {"quotePrecision", 8}, {"quoteAssetPrecision", 8},
		{"baseCommissionPrecision", 8}, {"quoteCommissionPrecision", 8},
		{"orderTypes", list{"LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"}},
		{"icebergAllowed", false}, {"ocoAllowed", true}, {"otoAllowed", true}, {"opoAllowed", false},
		{"quoteOrderQtyMarketAllowed", true}, {"allowTrailingStop", false}, {"cancelReplaceAllowed", true}, {"amendAllowed", true},
		{"pegInstructionsAllowed", false}, {"isSpotTradingAllowed", true}, {"isMarginTradingAllowed", false},
		{"filters", list{
			m.priceFilter(), m.lotFilter("LOT_SIZE"),
			object{{"filterType", "MARKET_LOT_SIZE"}, {"minQty", decimal.Zero}, {"maxQty", r.MaxQty}, {"stepSize", decimal.Zero}},
			object{{"filterType", "NOTIONAL"}, {"minNotional", r.MinNotional}, {"applyMinToMarket", true}, {"maxNotional", decimal.NewFromInt(9_000_000)}, {"applyMaxToMarket", false}, {"avgPriceMins", 0}},
			object{{"filterType", "PERCENT_PRICE_BY_SIDE"}, {"bidMultiplierUp", m.In.PriceUp.String()}, {"bidMultiplierDown", m.In.PriceDown.String()},
				{"askMultiplierUp", m.In.PriceUp.String()}, {"askMultiplierDown", m.In.PriceDown.String()}, {"avgPriceMins", 0}},
			object{{"filterType", "MAX_NUM_ORDERS"}, {"maxNumOrders", maxOpenOrders}},
			object{{"filterType", "MAX_NUM_ALGO_ORDERS"}, {"maxNumAlgoOrders", maxStops}},
		}},
		{"permissions", list{}}, {"permissionSets", list{list{"SPOT"}}},
		{"defaultSelfTradePreventionMode", "EXPIRE_TAKER"}, {"allowedSelfTradePreventionModes", list{"EXPIRE_TAKER"}},
	}
}

func (m symbolInfo) priceFilter() object {
	r := &m.Rules
	return object{{"filterType", "PRICE_FILTER"}, {"minPrice", m.step(r.MinPrice)}, {"maxPrice", m.step(r.MaxPrice)}, {"tickSize", m.step(r.Tick)}}
}

func (m symbolInfo) lotFilter(kind string) object {
	r := &m.Rules
	return object{{"filterType", kind}, {"minQty", m.step(r.MinQty)}, {"maxQty", m.step(r.MaxQty)}, {"stepSize", m.step(r.Step)}}
}

// step formats an increment: eight places on spot, plain on futures.
func (m symbolInfo) step(d decimal.Decimal) string {
	if api.Of(m.In.Venue) == api.Spot {
		return d.StringFixed(8)
	}
	return d.String()
}

// The delivery date that perpetual contracts state, and one on which they began.
const (
	perpetualEnd = 4133404800000
	onboarded    = 1569398400000
)

// status is how exchangeInfo tells whether an instrument is traded.
func (m symbolInfo) status() string {
	switch {
	case !m.Rules.Halted:
		return "TRADING"
	case m.In.Perp():
		return "SETTLING"
	}
	return "BREAK"
}

func (m symbolInfo) delivery() int64 {
	if m.Rules.Ends == 0 {
		return perpetualEnd
	}
	return m.Rules.Ends
}

func (m symbolInfo) futures() object {
	return object{
		{"symbol", m.In.Symbol}, {"pair", m.pair()}, {"contractType", "PERPETUAL"},
		{"deliveryDate", m.delivery()}, {"onboardDate", onboarded},
		{"maintMarginPercent", "2.5000"}, {"requiredMarginPercent", "5.0000"},
		{"baseAsset", m.futuresBase()}, {"quoteAsset", m.In.Quote}, {"marginAsset", m.In.Settle()},
		{"pricePrecision", int(m.pricePlaces)}, {"quantityPrecision", int(m.qtyPlaces)},
		{"baseAssetPrecision", 8}, {"quotePrecision", 8},
		{"underlyingType", "COIN"}, {"underlyingSubType", list{}},
		{"triggerProtect", "0.0500"}, {"liquidationFee", "0.000000"}, {"marketTakeBound", m.In.TakeBound.String()},
		{"orderTypes", list{"LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET"}}, {"timeInForce", m.policies()},
	}
}

// policies are the times in force of a contract: COIN-M has no GTD.
func (m symbolInfo) policies() list {
	out := list{"GTC", "IOC", "FOK", "GTX"}
	if m.In.Inverse() {
		return out
	}
	return append(out, "GTD")
}

// futuresBase is the base asset as the contract spells it: 1000SHIB.
func (m symbolInfo) futuresBase() string {
	if m.In.Inverse() {
		return m.In.Base
	}
	return strings.TrimSuffix(m.In.Symbol, m.In.Quote)
}

func (m symbolInfo) percentPrice() object {
	return object{{"filterType", "PERCENT_PRICE"}, {"multiplierUp", m.In.PriceUp.StringFixed(4)}, {"multiplierDown", m.In.PriceDown.StringFixed(4)}, {"multiplierDecimal", "4"}}
}

func (m symbolInfo) usdm() object {
	return m.futures().with(field{"status", m.status()}, field{"settlePlan", 0}, field{"filters", list{
		m.priceFilter(), m.lotFilter("LOT_SIZE"), m.lotFilter("MARKET_LOT_SIZE"),
		object{{"filterType", "MAX_NUM_ORDERS"}, {"limit", maxOpenOrders}},
		object{{"filterType", "MIN_NOTIONAL"}, {"notional", m.Rules.MinNotional.String()}},
		m.percentPrice(),
	}})
}

func (m symbolInfo) coinm() object {
	return m.futures().with(field{"contractStatus", m.status()}, field{"contractSize", number(m.In.ContractSize.String())}, field{"equalQtyPrecision", 4},
		field{"filters", list{
			m.priceFilter(), m.lotFilter("LOT_SIZE"), m.lotFilter("MARKET_LOT_SIZE"),
			object{{"filterType", "MAX_NUM_ORDERS"}, {"limit", maxOpenOrders}},
			m.percentPrice(),
		}})
}
