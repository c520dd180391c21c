// Package exchange is the vocabulary of Perilune: instruments, orders, fills,
// and the events that markets and venues send. It imports nothing of ours, and
// everything of ours imports it.
//
// # Numbers
//
// Prices are integers of an instrument's tick ([Ticks]) and quantities are
// integers of its lot ([Lots]). Rates and mark prices, which have no tick, are
// integers of 1e-8 ([E8]). Amounts of money are decimals. Nothing here is a
// float except what an instrument offers to signals ([Instrument.PriceFloat]).
//
// # Time
//
// [Time] is nanoseconds since the Unix epoch, UTC. Every event has two: when it
// happened at the venue, and when this process may act on it. Nothing in this
// package reads a clock.
package exchange

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Time is nanoseconds since the Unix epoch, UTC.
type Time int64

// Durations in the unit of Time.
const (
	Microsecond = Time(1e3)
	Millisecond = Time(1e6)
	Second      = Time(1e9)
	Minute      = 60 * Second
	Hour        = 60 * Minute
	Day         = 24 * Hour
)

// UnixMilli converts the venue's usual unit.
func UnixMilli(ms int64) Time { return Time(ms) * Millisecond }

// Date returns midnight UTC of a day.
func Date(year, month, day int) Time {
	return Time(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).UnixNano())
}

// UTC returns t as a time.Time in UTC.
func (t Time) UTC() time.Time { return time.Unix(0, int64(t)).UTC() }

// String formats t as RFC 3339 in UTC with milliseconds.
func (t Time) String() string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Venue names where instruments trade under one set of rules and symbols: a house and
// its part, such as "binance.usdm". It is a value: any text without a colon names one.
// Within a session the house that is its default may be left out: "usdm".
type Venue string

// Wallet names a place of an account where assets are kept and back positions, in the
// manner of a Venue. Which wallet backs an instrument is the venue's to say
// (Instrument.Wallet): markets may have wallets of their own, and an account that is
// unified has one.
type Wallet string

// House is the part of a venue's name before the first dot; "" when it has none.
func (v Venue) House() string { return houseOf(string(v)) }

// House is the part of a wallet's name before the first dot; "" when it has none.
func (w Wallet) House() string { return houseOf(string(w)) }

func houseOf(name string) string {
	house, _, ok := strings.Cut(name, ".")
	if !ok {
		return ""
	}
	return house
}

// Within is the venue's name in a session whose default is a house.
func (v Venue) Within(house string) Venue { return Venue(Within(string(v), house)) }

// Within is the wallet's name in a session whose default is a house.
func (w Wallet) Within(house string) Wallet { return Wallet(Within(string(w), house)) }

// Within is a name or key without the house that it begins with, when that is the one.
func Within(name, house string) string {
	if n := len(house); n > 0 && len(name) > n && name[n] == '.' && name[:n] == house {
		return name[n+1:]
	}
	return name
}

// Dollars are the assets that stand for a dollar where something is worth dollars and
// can't be paid in them, such as an inverse contract; those that are preferred first.
// What one of them is worth is another question: see package valuation.
var Dollars = []string{"USDT", "USD", "USDC", "FDUSD", "USDE", "DAI"}

// IsDollar reports whether an asset stands for a dollar.
func IsDollar(asset string) bool { return slices.Contains(Dollars, asset) }

// Contract is what one buys and sells.
type Contract uint8

const (
	Spot    Contract = iota // the coins themselves
	Linear                  // margined and settled in the quote asset
	Inverse                 // sized in quote, margined and settled in the base asset
)

func (c Contract) String() string {
	switch c {
	case Spot:
		return "spot"
	case Linear:
		return "linear"
	case Inverse:
		return "inverse"
	}
	return "none"
}

// ParseContract is the inverse of String.
func ParseContract(s string) (Contract, error) {
	for _, c := range []Contract{Spot, Linear, Inverse} {
		if s == c.String() {
			return c, nil
		}
	}
	return 0, fmt.Errorf("unknown contract %q: want spot, linear or inverse", s)
}

// Side is the direction of an order or an aggressor, and names a side of a
// book: Buy is the bids, Sell is the asks.
type Side int8

const (
	Buy  Side = 1
	Sell Side = -1
)

// Opposite returns the other side.
func (s Side) Opposite() Side { return -s }

func (s Side) String() string {
	switch s {
	case Buy:
		return "buy"
	case Sell:
		return "sell"
	}
	return "none"
}

// Ticks is a price in units of an instrument's tick.
type Ticks int64

// Lots is a quantity in units of an instrument's lot. A position is signed.
type Lots int64

// Abs returns the magnitude.
func (q Lots) Abs() Lots {
	if q < 0 {
		return -q
	}
	return q
}

// Level is one price of a book. Qty is absolute: zero removes the level.
type Level struct {
	Price Ticks
	Qty   Lots
}
