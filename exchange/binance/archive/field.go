package archive

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// canonical returns a field as it is written: numbers in plain digits, which every
// reader understands, ids as JSON has them.
func canonical(name string, v []byte) ([]byte, error) {
	switch name {
	case "is_buyer_maker":
		v = bytes.ToLower(v)
		if s := string(v); s != "true" && s != "false" {
			return nil, fmt.Errorf("field %s is %q: want true or false", name, v)
		}
		return v, nil
	case "id", "agg_trade_id", "first_trade_id", "last_trade_id", "update_id":
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("field %s is %q: want a whole number", name, v)
		}
		return strconv.AppendInt(nil, n, 10), nil
	case "transaction_time":
		at, err := epoch(v)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", name, err)
		}
		return strconv.AppendInt(nil, int64(at/exchange.Millisecond), 10), nil
	}
	return number(name, v)
}

// exponents is how far from the point a number in scientific notation may go:
// beyond it no price or quantity has been seen, and the digits would fill pages.
const exponents = 30

func number(name string, v []byte) ([]byte, error) {
	f, err := strconv.ParseFloat(string(v), 64)
	if err != nil || !digits(v) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("field %s is %q: want a number", name, v)
	}
	if !bytes.ContainsAny(v, "eE+") && v[0] != '.' && v[len(v)-1] != '.' {
		return v, nil
	}
	d, err := decimal.NewFromString(strings.TrimPrefix(string(v), "+"))
	if err != nil || d.Exponent() > exponents || d.Exponent() < -exponents {
		return nil, fmt.Errorf("field %s is %q: want a number with at most %d places", name, v, exponents)
	}
	return []byte(d.String()), nil
}

// digits keeps what only Go calls a number (Inf, NaN, 0x1p-2) out of the files.
func digits(v []byte) bool {
	for _, b := range v {
		if (b < '0' || b > '9') && b != '.' && b != '-' && b != '+' && b != 'e' && b != 'E' {
			return false
		}
	}
	return true
}

// epoch reads milliseconds or microseconds since 1970.
func epoch(v []byte) (exchange.Time, error) {
	n, err := strconv.ParseInt(string(v), 10, 64)
	switch {
	case err == nil && n > 0 && len(v) == 13:
		return exchange.Time(n) * exchange.Millisecond, nil
	case err == nil && n > 0 && len(v) == 16:
		return exchange.Time(n) * exchange.Microsecond, nil
	}
	return 0, fmt.Errorf("time %q: want milliseconds (13 digits) or microseconds (16) since 1970", v)
}

// value reads a field that canonical has accepted.
func value(v []byte) float64 {
	f, _ := strconv.ParseFloat(string(v), 64)
	return f
}

// checkBar wants a bar that encloses its prices; those of an index of premiums may
// be negative.
func checkBar(f [][]byte, positive bool) error {
	o, h, l, c := value(f[1]), value(f[2]), value(f[3]), value(f[4])
	switch {
	case positive && !(l > 0):
		return fmt.Errorf("field low is %s: want a price above 0", f[3])
	case h < max(o, c) || l > min(o, c):
		return fmt.Errorf("low %s and high %s do not enclose open %s and close %s", f[3], f[2], f[1], f[4])
	case value(f[5]) < 0:
		return fmt.Errorf("field volume is %s: want 0 or more", f[5])
	}
	for i, name := range [...]string{7: "quote_volume", 8: "count", 9: "taker_buy_volume"} {
		if name != "" && i < len(f) && value(f[i]) < 0 {
			return fmt.Errorf("field %s is %s: want 0 or more", name, f[i])
		}
	}
	return nil
}

func checkFunding(f [][]byte) error {
	if h, err := strconv.Atoi(string(f[1])); err != nil || h < 1 || h > 24 {
		return fmt.Errorf("field funding_interval_hours is %s: want 1 to 24", f[1])
	}
	if r := value(f[2]); r < -1 || r > 1 {
		return fmt.Errorf("field last_funding_rate is %s: want a fraction such as 0.0001", f[2])
	}
	return nil
}

func checkTrade(f [][]byte) error {
	switch {
	case !(value(f[1]) > 0):
		return fmt.Errorf("field price is %s: want a price above 0", f[1])
	case !(value(f[2]) > 0):
		return fmt.Errorf("field quantity is %s: want a quantity above 0", f[2])
	}
	return nil
}

// checkTicker allows a side without orders, which is zero.
func checkTicker(f [][]byte) error {
	for i, name := range [...]string{1: "best_bid_price", 2: "best_bid_qty", 3: "best_ask_price", 4: "best_ask_qty"} {
		if i > 0 && value(f[i]) < 0 {
			return fmt.Errorf("field %s is %s: want 0 or more", name, f[i])
		}
	}
	return nil
}

// length is the time that a bar of the archive covers; 0 for one unknown.
func length(interval string) exchange.Time {
	if days, ok := strings.CutSuffix(interval, "d"); ok {
		n, _ := strconv.Atoi(days)
		return exchange.Time(n) * exchange.Day
	}
	d, _ := time.ParseDuration(interval)
	return exchange.Time(d)
}
