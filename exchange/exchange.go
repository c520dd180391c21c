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

// Market is one of the three Binance-style markets; it is also the wallet that
// backs them, because each market has a wallet of its own.
type Market uint8

const (
	Spot  Market = iota + 1
	USDM         // linear perpetuals and futures, margined in the quote asset
	COINM        // inverse perpetuals and futures, margined in the base asset
)

// Markets lists every market, in wallet order.
var Markets = [...]Market{Spot, USDM, COINM}

func (m Market) String() string {
	switch m {
	case Spot:
		return "spot"
	case USDM:
		return "usdm"
	case COINM:
		return "coinm"
	}
	return fmt.Sprintf("market(%d)", uint8(m))
}

// ParseMarket is the inverse of String.
func ParseMarket(s string) (Market, error) {
	switch strings.ToLower(s) {
	case "spot":
		return Spot, nil
	case "usdm":
		return USDM, nil
	case "coinm":
		return COINM, nil
	}
	return 0, fmt.Errorf("unknown market %q: want spot, usdm or coinm", s)
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
