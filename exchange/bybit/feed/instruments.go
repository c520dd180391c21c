package feed

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// trading is the status of instruments-info at which orders are taken; others are PreLaunch,
// Delivering, Closed.
const trading = "Trading"

// row is one as the venue writes it. Source: the manual, "Get Instruments Info".
type row struct {
	Symbol       string          `json:"symbol"`
	ContractType string          `json:"contractType"` // LinearPerpetual, InverseFutures…; none on spot
	Status       string          `json:"status"`
	Margin       string          `json:"marginTrading"` // spot: who may borrow there
	Base         string          `json:"baseCoin"`
	Quote        string          `json:"quoteCoin"`
	Settle       string          `json:"settleCoin"`
	PreListing   bool            `json:"isPreListing"`
	Delivery     int64           `json:"deliveryTime,string"`
	Funding      int             `json:"fundingInterval"` // minutes
	Upper        jsonscan.Amount `json:"upperFundingRate"`
	Lower        jsonscan.Amount `json:"lowerFundingRate"`
	Price        struct {
		Tick jsonscan.Amount `json:"tickSize"`
	} `json:"priceFilter"`
	Lot struct {
		Step        jsonscan.Amount `json:"qtyStep"`       // contracts
		Precision   jsonscan.Amount `json:"basePrecision"` // spot
		MinQty      jsonscan.Amount `json:"minOrderQty"`
		MaxQty      jsonscan.Amount `json:"maxOrderQty"`
		MaxLimit    jsonscan.Amount `json:"maxLimitOrderQty"`
		MinNotional jsonscan.Amount `json:"minNotionalValue"` // contracts
		MinAmount   jsonscan.Amount `json:"minOrderAmt"`      // spot
	} `json:"lotSizeFilter"`
	Risk struct {
		RatioX jsonscan.Amount `json:"priceLimitRatioX"`
	} `json:"riskParameters"`
}

// assumedBrackets is said until they are asked for.
const assumedBrackets = "margin brackets"

// decodeListing understands one row; problem says why it can't be used.
func decodeListing(c api.Category, raw []byte) (l connect.Listing, problem error) {
	var r row
	if err := json.Unmarshal(raw, &r); err != nil {
		return l, fmt.Errorf("%.40q: %w", r.Symbol, err)
	}
	for _, name := range []string{r.Symbol, r.Base, r.Quote} {
		if name == "" || len(name) > 64 || !utf8.ValidString(name) || strings.ContainsAny(name, "\"\\:@/,\x00 \n\r\t") {
			return l, fmt.Errorf("symbol %.40q of %.40q in %.40q: want names of 1 to 64 printable bytes", r.Symbol, r.Base, r.Quote)
		}
	}
	blank := c.Blank(r.Symbol)
	in := &blank
	in.Base, in.Quote = r.Base, r.Quote
	l = connect.Listing{Instrument: in, Status: r.Status, Trading: r.Status == trading}
	lot := r.Lot.Step
	if c == api.Spot {
		lot = r.Lot.Precision
	}
	in.Tick, in.Lot = r.Price.Tick.Step(), lot.Step()
	if in.Tick.M == 0 || in.Lot.M == 0 {
		return l, fmt.Errorf("%s: tickSize %s and step %s: want both above zero, with at most 18 places", r.Symbol, r.Price.Tick, lot)
	}
	most := r.Lot.MaxLimit
	if most.IsZero() {
		most = r.Lot.MaxQty
	}
	in.MinQty, in.MaxQty = r.Lot.MinQty.Lots(in.Lot, true), most.Lots(in.Lot, false)
	if c == api.Spot { // minOrderQty is not looked at there any more: the amount is
		in.MinNotional = r.Lot.MinAmount.Decimal
		if r.Margin == "both" || r.Margin == "utaOnly" {
			in.Lending.Most = lentSome
		}
		return l, nil
	}
	err := contract(in, &r)
	if r.Delivery > 0 {
		l.Ends = exchange.UnixMilli(r.Delivery) // of a perpetual: it is about to be delisted
	}
	return l, err
}

// contract adds what only contracts have.
func contract(in *exchange.Instrument, r *row) error {
	in.MinNotional = r.Lot.MinNotional.Decimal
	in.Assumed += ", " + assumedBrackets
	if !in.Inverse() {
		in.Base, in.Multiplier = exchange.Unbundle(r.Base)
		if r.Settle != r.Quote {
			return fmt.Errorf("%s: settled in %s and quoted in %s: want a linear contract to be settled in its quote", r.Symbol, r.Settle, r.Quote)
		}
	}
	if x := r.Risk.RatioX.Decimal; x.IsPositive() && x.LessThan(decimal.NewFromInt(1)) {
		one := decimal.NewFromInt(1)
		in.PriceUp, in.PriceDown = one.Add(x), one.Sub(x)
	}
	if strings.HasSuffix(r.ContractType, "Futures") {
		in.InterestRate = decimal.Zero
		if in.Delivery = exchange.UnixMilli(r.Delivery); in.Delivery <= 0 {
			return fmt.Errorf("%s: a future without its deliveryTime", r.Symbol)
		}
		return nil
	}
	in.FundingHours = r.Funding / 60
	if in.FundingHours < 1 || in.FundingHours > 24 {
		in.FundingHours = 8
		in.Assumed += ", funding every 8 h"
	}
	if r.Upper.GreaterThan(r.Lower.Decimal) {
		in.FundingCap, in.FundingFloor = r.Upper.Decimal, r.Lower.Decimal
	} else {
		in.Assumed += ", bounds of funding"
	}
	return nil
}

// risk is one row of risk-limit. Source: the manual, "Get Risk Limit".
type risk struct {
	Symbol   string          `json:"symbol"`
	Cap      jsonscan.Amount `json:"riskLimitValue"`
	MMR      jsonscan.Amount `json:"maintenanceMargin"`
	Deducted jsonscan.Amount `json:"mmDeduction"`
	Leverage jsonscan.Amount `json:"maxLeverage"`
}

// brackets puts the steps of margin into an instrument, where they are such.
func brackets(in *exchange.Instrument, rows []risk) {
	var list []exchange.Bracket
	for _, r := range rows {
		if r.Symbol != in.Symbol || !r.Cap.IsPositive() || !r.MMR.IsPositive() || !r.MMR.LessThan(decimal.NewFromInt(1)) {
			continue
		}
		list = append(list, exchange.Bracket{Cap: r.Cap.Decimal, MMR: r.MMR.Decimal, Cum: r.Deducted.Decimal, MaxLeverage: int(r.Leverage.IntPart())})
	}
	if len(list) == 0 {
		return
	}
	in.Brackets = list
	in.Assumed = strings.Replace(in.Assumed, ", "+assumedBrackets, "", 1)
}
