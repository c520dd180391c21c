package feed

import (
	"encoding/json"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// Filters are the rules an order of a symbol must pass. A zero means that there
// is no such rule. Prices are in quote, quantities in units or contracts.
type Filters struct {
	Tick, Lot          exchange.Step   // PRICE_FILTER and LOT_SIZE
	MinPrice, MaxPrice decimal.Decimal // PRICE_FILTER
	MinQty, MaxQty     decimal.Decimal // LOT_SIZE

	// MARKET_LOT_SIZE, for market orders, beside LOT_SIZE.
	MarketMinQty, MarketMaxQty decimal.Decimal
	MarketLot                  exchange.Step

	// MIN_NOTIONAL and NOTIONAL, in quote, and whether market orders must pass.
	MinNotional, MaxNotional   decimal.Decimal
	MinForMarket, MaxForMarket bool

	// PERCENT_PRICE and PERCENT_PRICE_BY_SIDE: the highest and lowest price of a
	// buy and of a sell, as multiples of the reference price (mark on futures).
	BuyUp, BuyDown, SellUp, SellDown decimal.Decimal

	MaxOrders, MaxAlgoOrders, MaxIcebergOrders int
	MaxOrderLists, MaxAmends, IcebergParts     int
	MaxPosition                                decimal.Decimal // MAX_POSITION, spot: in base

	// Other names the filters that are not understood.
	Other []string
}

// filterInfo has the fields of all filters. Those that several share mean the
// same in each.
type filterInfo struct {
	Type             string          `json:"filterType"`
	MinPrice         jsonscan.Amount `json:"minPrice"`
	MaxPrice         jsonscan.Amount `json:"maxPrice"`
	TickSize         jsonscan.Amount `json:"tickSize"`
	MinQty           jsonscan.Amount `json:"minQty"`
	MaxQty           jsonscan.Amount `json:"maxQty"`
	StepSize         jsonscan.Amount `json:"stepSize"`
	Notional         jsonscan.Amount `json:"notional"`    // futures
	MinNotional      jsonscan.Amount `json:"minNotional"` // spot
	MaxNotional      jsonscan.Amount `json:"maxNotional"`
	ApplyToMarket    bool            `json:"applyToMarket"`
	ApplyMinToMarket bool            `json:"applyMinToMarket"`
	ApplyMaxToMarket bool            `json:"applyMaxToMarket"`
	Up               jsonscan.Amount `json:"multiplierUp"`
	Down             jsonscan.Amount `json:"multiplierDown"`
	BidUp            jsonscan.Amount `json:"bidMultiplierUp"`
	BidDown          jsonscan.Amount `json:"bidMultiplierDown"`
	AskUp            jsonscan.Amount `json:"askMultiplierUp"`
	AskDown          jsonscan.Amount `json:"askMultiplierDown"`
	Limit            jsonscan.Amount `json:"limit"` // ICEBERG_PARTS, and counts of futures
	MaxNumOrders     jsonscan.Amount `json:"maxNumOrders"`
	MaxNumAlgo       jsonscan.Amount `json:"maxNumAlgoOrders"`
	MaxNumIceberg    jsonscan.Amount `json:"maxNumIcebergOrders"`
	MaxNumLists      jsonscan.Amount `json:"maxNumOrderLists"`
	MaxNumAmends     jsonscan.Amount `json:"maxNumOrderAmends"`
	MaxPosition      jsonscan.Amount `json:"maxPosition"`
}

func decodeFilters(list []json.RawMessage) (Filters, error) {
	var f Filters
	for i, raw := range list {
		var x filterInfo
		if err := json.Unmarshal(raw, &x); err != nil {
			return f, fmt.Errorf("filter %d (%.40q): %w", i+1, x.Type, err)
		}
		f.take(&x)
	}
	return f, nil
}

// take puts one filter where it belongs. Source: filters.md of the spot manual,
// common definitions of the derivatives manual.
func (f *Filters) take(x *filterInfo) {
	switch x.Type {
	case "PRICE_FILTER":
		f.Tick, f.MinPrice, f.MaxPrice = x.TickSize.Step(), x.MinPrice.Decimal, x.MaxPrice.Decimal
	case "LOT_SIZE":
		f.Lot, f.MinQty, f.MaxQty = x.StepSize.Step(), x.MinQty.Decimal, x.MaxQty.Decimal
	case "MARKET_LOT_SIZE":
		f.MarketLot, f.MarketMinQty, f.MarketMaxQty = x.StepSize.Step(), x.MinQty.Decimal, x.MaxQty.Decimal
	case "MIN_NOTIONAL":
		f.MinNotional, f.MinForMarket = x.Notional.Decimal, true
		if x.Notional.IsZero() {
			f.MinNotional, f.MinForMarket = x.MinNotional.Decimal, x.ApplyToMarket
		}
	case "NOTIONAL":
		f.MinNotional, f.MinForMarket = x.MinNotional.Decimal, x.ApplyMinToMarket
		f.MaxNotional, f.MaxForMarket = x.MaxNotional.Decimal, x.ApplyMaxToMarket
	case "PERCENT_PRICE":
		f.BuyUp, f.SellUp, f.BuyDown, f.SellDown = x.Up.Decimal, x.Up.Decimal, x.Down.Decimal, x.Down.Decimal
	case "PERCENT_PRICE_BY_SIDE":
		f.BuyUp, f.SellUp, f.BuyDown, f.SellDown = x.BidUp.Decimal, x.AskUp.Decimal, x.BidDown.Decimal, x.AskDown.Decimal
	default:
		f.takeCount(x)
	}
}

func (f *Filters) takeCount(x *filterInfo) {
	switch x.Type {
	case "MAX_NUM_ORDERS":
		f.MaxOrders = number32(x.MaxNumOrders, x.Limit)
	case "MAX_NUM_ALGO_ORDERS":
		f.MaxAlgoOrders = number32(x.MaxNumAlgo, x.Limit)
	case "MAX_NUM_ICEBERG_ORDERS":
		f.MaxIcebergOrders = number32(x.MaxNumIceberg, x.Limit)
	case "MAX_NUM_ORDER_LISTS":
		f.MaxOrderLists = number32(x.MaxNumLists, x.Limit)
	case "MAX_NUM_ORDER_AMENDS":
		f.MaxAmends = number32(x.MaxNumAmends, x.Limit)
	case "ICEBERG_PARTS":
		f.IcebergParts = number32(x.Limit)
	case "MAX_POSITION":
		f.MaxPosition = x.MaxPosition.Decimal
	default:
		f.Other = append(f.Other, x.Type)
	}
}

// number32 returns the first amount that is set, as a count.
func number32(list ...jsonscan.Amount) int {
	most := decimal.NewFromInt(1<<31 - 1)
	for _, a := range list {
		if a.IsPositive() {
			return int(decimal.Min(a.Decimal, most).IntPart())
		}
	}
	return 0
}

// priceBounds returns the bounds for both sides together, the looser of the two
// where they differ.
func (f *Filters) priceBounds() (up, down decimal.Decimal) {
	return decimal.Max(f.BuyUp, f.SellUp), decimal.Min(f.BuyDown, f.SellDown)
}
