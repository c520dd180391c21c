package api

import (
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Fees of an account without a level, secondary: the page of fees, 2026.
var (
	spotFee  = decimal.New(1, -3)
	makerFee = decimal.New(2, -4)
	takerFee = decimal.New(55, -5)
)

// AssumedFees is said of an instrument until the account's own fees are known.
const AssumedFees = "fees of VIP 0"

// usualRate is the formula's I: 0.03 % a day.
var usualRate = decimal.New(1, -4)

// Blank is an instrument with the rules that all of its category have. One contract of an
// inverse one is a dollar: quantities are in USD.
func (c Category) Blank(symbol string) exchange.Instrument {
	in := exchange.Instrument{Venue: c.Venue(), Symbol: symbol, Contract: c.Contract(), Wallet: Unified, Linking: Linking, Multiplier: 1,
		MakerFee: spotFee, TakerFee: spotFee, Assumed: AssumedFees}
	if c != Spot {
		in.MakerFee, in.TakerFee, in.InterestRate = makerFee, takerFee, usualRate
	}
	if c == Inverse {
		in.ContractSize = decimal.NewFromInt(1)
	}
	return in
}

// quotes are the assets that spot symbols end with, the longer before those that end them.
var quotes = []string{"USDT", "USDC", "USDE", "USD1", "USDQ", "USDR", "EUR", "BRL", "TRY", "PLN", "DAI", "MNT", "BTC", "ETH", "SOL"}

// Parse takes a symbol apart: BTCUSDT, BTCPERP (of USDC), BTC-26DEC25 (the same, dated),
// BTCUSDT-26DEC25, BTCUSD, BTCUSDU26 (the month's letter, and the year). delivery is 0 for
// what has no end. A symbol of another form is its own base, without a quote.
func (c Category) Parse(symbol string) (base, quote string, delivery exchange.Time) {
	name := symbol
	if c == Inverse {
		base, month, _ := strings.Cut(symbol, "USD")
		return base, "USD", ofMonth(month)
	}
	if c == Linear {
		head, day, dated := strings.Cut(symbol, "-")
		if at, err := time.Parse("2Jan06", day); dated && err == nil {
			name, delivery = head, exchange.Time(at.Add(8*time.Hour).UnixNano())
		}
		if dated && !strings.HasSuffix(head, "USDT") {
			return head, "USDC", delivery
		}
		if base, ok := strings.CutSuffix(name, "PERP"); ok {
			return base, "USDC", delivery
		}
	}
	for _, q := range quotes {
		if base, ok := strings.CutSuffix(name, q); ok && base != "" {
			return base, q, delivery
		}
	}
	return name, "", delivery
}

// ofMonth is the delivery of an inverse future: 08:00 on the last Friday of a month.
func ofMonth(code string) exchange.Time {
	if len(code) != 3 {
		return 0
	}
	month := strings.IndexByte("FGHJKMNQUVXZ", code[0]) // as all futures have them
	year, err := strconv.Atoi(code[1:])
	if month < 0 || err != nil {
		return 0
	}
	at := time.Date(2000+year, time.Month(month+2), 0, 8, 0, 0, 0, time.UTC)
	for at.Weekday() != time.Friday {
		at = at.AddDate(0, 0, -1)
	}
	return exchange.Time(at.UnixNano())
}
