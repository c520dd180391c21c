// Package rules knows Binance's instruments without asking it: those of a table, and
// cautious defaults where only the steps of the data are known.
package rules

import (
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// Known returns the rules of a well-known instrument as they stood in 2026-08,
// for sessions that cannot ask the venue: BTC, ETH and some twenty other coins
// against USDT on spot and USD-M, and against USD on COIN-M. ID is zero. What is
// not the venue's word of that date is named in Assumed; the venue's
// exchangeInfo and leverageBracket are to be preferred where they can be had.
func Known(m api.Market, symbol string) (exchange.Instrument, bool) {
	for _, r := range table[m] {
		if r.symbol(m) == symbol {
			return r.instrument(m), true
		}
	}
	return exchange.Instrument{}, false
}

// Symbols lists what Known knows of a market, in the order of the table.
func Symbols(m api.Market) []string {
	var out []string
	for _, r := range table[m] {
		out = append(out, r.symbol(m))
	}
	return out
}

// Assume returns an instrument for which only the steps of its data are known,
// such as a recording from years ago. Other rules are those of Known where it
// has the symbol or the perpetual of the same coin, and otherwise cautious
// defaults; Assumed names them.
//
// The coin is split from the quote (LTCBTC), a contract of many coins from its
// multiplier (1000SHIBUSDT is 1000×SHIB), and _PERP or a delivery date is taken
// off (BTCUSD_PERP, BTCUSDT_261225). A delivery contract pays no funding.
func Assume(m api.Market, symbol string, priceStep, qtyStep exchange.Step) exchange.Instrument {
	in, known := Known(m, perpetual(m, symbol))
	if known {
		in.Assumed += ", price and quantity steps (from the data)"
	} else {
		in = guess(m, symbol)
	}
	in.Symbol, in.Tick, in.Lot = symbol, priceStep, qtyStep
	if delivers(symbol) {
		in.Delivery = deliveryOf(symbol)
		in.FundingHours = 0
		in.FundingCap, in.FundingFloor, in.InterestRate = decimal.Zero, decimal.Zero, decimal.Zero
	}
	return in
}

// Nearest returns the rules of the symbol or of the perpetual of the same coin, and the
// market's defaults where neither is known.
func Nearest(m api.Market, symbol string) exchange.Instrument {
	if in, ok := Known(m, perpetual(m, symbol)); ok {
		return in
	}
	return unknown[m].instrument(m)
}

func guess(m api.Market, symbol string) exchange.Instrument {
	r := unknown[m]
	r.quote, r.base, r.multiplier = split(m, symbol)
	in := r.instrument(m)
	in.Assumed = "everything but the price and quantity steps (defaults)"
	if !isDollar(in.Quote) {
		in.MinNotional = decimal.Zero
	}
	return in
}

// rule is one row of the table. Empty columns take the market's default.
type rule struct {
	base        string
	tick, lot   string
	minNotional string // in quote
	band        string // PERCENT_PRICE as a fraction to both sides; also the take bound
	brackets    string // "cap rate leverage" of each step, by comma
	cap         string // of the funding rate, to both sides
	interest    string // per 8 hours
	quote       string
	multiplier  int64
	size        string // contract size in USD
}

func (r rule) symbol(m api.Market) string {
	if m == api.COINM {
		return r.base + "USD_PERP"
	}
	prefix := ""
	if r.multiplier > 1 {
		prefix = strconv.FormatInt(r.multiplier, 10)
	}
	return prefix + r.base + "USDT"
}

// Fees of an account without volume or discount, as fractions of notional. The
// sources disagree on COIN-M: 1.5/4 bp is the other answer.
var vip0 = map[api.Market]struct{ maker, taker string }{
	api.Spot:  {"0.001", "0.001"},
	api.USDM:  {"0.0002", "0.0005"},
	api.COINM: {"0.0002", "0.0005"},
}

// fundingHours is the interval of every contract of the table in 2025 and 2026.
const fundingHours = 8

func (r rule) instrument(m api.Market) exchange.Instrument {
	d := unknown[m]
	in := exchange.Instrument{
		Venue: m.Venue(), Contract: m.Contract(), Linking: m.Linking(), Symbol: r.symbol(m), Base: r.base, Quote: or(r.quote, d.quote),
		Tick: exchange.MustStep(or(r.tick, d.tick)), Lot: exchange.MustStep(or(r.lot, d.lot)),
		MinNotional:  number(or(r.minNotional, d.minNotional)),
		Multiplier:   max(r.multiplier, 1),
		ContractSize: number(or(r.size, d.size)),
		MakerFee:     number(vip0[m].maker), TakerFee: number(vip0[m].taker),
		Assumed: "fees of VIP 0, no maximum quantity",
	}
	if m == api.Spot {
		in.PriceUp, in.PriceDown = number("5"), number("0.2")
		return in
	}
	in.TakeBound = number(or(r.band, d.band))
	in.PriceUp, in.PriceDown = number("1").Add(in.TakeBound), number("1").Sub(in.TakeBound)
	in.FundingHours = fundingHours
	in.FundingCap = number(or(r.cap, d.cap))
	in.FundingFloor = in.FundingCap.Neg()
	in.InterestRate = number(or(r.interest, d.interest))
	in.Brackets = brackets(or(r.brackets, d.brackets))
	in.Assumed += ", funding every 8 h, its bounds and interest"
	if m == api.COINM {
		in.Assumed += ", margin brackets"
	} else {
		in.Assumed += ", margin brackets above the fifth"
	}
	return in
}

// brackets computes the maintenance amounts from the steps: each is what makes
// the margin continuous at the edge, as the venue does.
func brackets(text string) []exchange.Bracket {
	var out []exchange.Bracket
	var last exchange.Bracket
	for step := range strings.SplitSeq(text, ",") {
		col := strings.Fields(step)
		b := exchange.Bracket{Cap: number(col[0]), MMR: number(col[1])}
		b.MaxLeverage, _ = strconv.Atoi(col[2])
		b.Cum = last.Cum.Add(last.Cap.Mul(b.MMR.Sub(last.MMR)))
		out, last = append(out, b), b
	}
	out[0].Cum = decimal.Zero
	return out
}

func number(text string) decimal.Decimal {
	if text == "" {
		return decimal.Zero
	}
	return decimal.RequireFromString(text)
}

func or(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}

// quotes are the assets that symbols end with, longer ones before their ends.
var quotes = []string{"FDUSD", "USDT", "USDC", "BUSD", "TUSD", "USDP", "USD1", "BIDR", "BKRW", "USD", "DAI", "EUR", "GBP", "TRY",
	"BRL", "AUD", "JPY", "RUB", "UAH", "ZAR", "PLN", "MXN", "ARS", "COP", "BTC", "ETH", "BNB", "DOGE", "TRX", "XRP", "SOL", "DOT"}

func isDollar(quote string) bool { return strings.Contains(quote, "USD") }

// split takes a symbol apart.
func split(m api.Market, symbol string) (quote, base string, multiplier int64) {
	pair, _, _ := strings.Cut(symbol, "_")
	if m == api.COINM { // so that DOTUSD is not DO against TUSD
		return "USD", strings.TrimSuffix(pair, "USD"), 1
	}
	base = pair
	for _, q := range quotes {
		if head, ok := strings.CutSuffix(pair, q); ok && head != "" {
			quote, base = q, head
			break
		}
	}
	if m == api.Spot {
		return quote, base, 1
	}
	base, multiplier = exchange.Unbundle(base, Bundles...)
	return quote, base, multiplier
}

// perpetual returns the symbol of the perpetual of the same coin, or the symbol
// itself when it has no delivery date.
func perpetual(m api.Market, symbol string) string {
	if !delivers(symbol) {
		return symbol
	}
	pair, _, _ := strings.Cut(symbol, "_")
	if m == api.COINM {
		return pair + "_PERP"
	}
	return pair
}

// deliveryOf is the end that a symbol names, _YYMMDD: 08:00 UTC of that day; 0 when
// there is no such day. Source: the venue's rules of its quarterly futures.
func deliveryOf(symbol string) exchange.Time {
	_, date, _ := strings.Cut(symbol, "_")
	day, err := time.Parse("060102", date)
	if err != nil {
		return 0
	}
	return exchange.Time(day.Add(8 * time.Hour).UnixNano())
}

// delivers reports whether a symbol ends in a delivery date: _YYMMDD.
func delivers(symbol string) bool {
	_, date, ok := strings.Cut(symbol, "_")
	if !ok || len(date) != len("YYMMDD") {
		return false
	}
	_, err := strconv.ParseUint(date, 10, 32)
	return err == nil
}

// Bundles are coins that are bundled on spot too, so that the bundle itself is the coin
// there is.
var Bundles = []string{"1000SATS", "1000CAT", "1000CHEEMS", "1MBABYDOGE"}
