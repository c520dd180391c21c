package fixed

import (
	"math"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// CeilDecimal returns the smallest whole number of steps that is not below d,
// exactly. The error is an *Error: ErrNegative, ErrRange or ErrBadStep.
func CeilDecimal(d decimal.Decimal, s exchange.Step) (int64, error) {
	n, inexact, err := floorDecimal(d, s)
	if err == nil && inexact {
		n++
	}
	return n, err
}

// FloorText parses decimal text that need not be a whole number of steps, and
// rounds it down; inexact reports whether that lost anything. The error is an
// *Error: ErrSyntax, ErrNegative, ErrRange or ErrBadStep.
func FloorText(text []byte, s exchange.Step) (n int64, inexact bool, err error) {
	n, inexact, reason := floorText(text, s)
	if reason != nil {
		return 0, false, &Error{Value: string(text), Step: s, Err: reason}
	}
	return n, inexact, nil
}

// floorDecimal rounds d down, and reports whether that lost anything.
func floorDecimal(d decimal.Decimal, s exchange.Step) (n int64, inexact bool, err error) {
	var reason error
	switch top := d.NumDigits() + int(d.Exponent()); {
	case d.IsZero():
		n, inexact, reason = floorText([]byte("0"), s)
	// The text of a number with a far-off exponent would be very long.
	case top > 2*maxScale:
		reason = ErrRange
	case top < -2*maxScale:
		n, inexact, reason = floorText([]byte(tiny(d)), s)
	default:
		n, inexact, reason = floorText([]byte(d.String()), s)
	}
	if reason != nil {
		return 0, false, decimalError(d, s, reason)
	}
	return n, inexact, nil
}

// tiny stands for a value too small to matter except that it is not zero.
func tiny(d decimal.Decimal) string {
	return decimal.New(int64(d.Sign()), -2*maxScale).String()
}

func decimalError(d decimal.Decimal, s exchange.Step, reason error) error {
	value := d.Coefficient().String() + "e" + strconv.Itoa(int(d.Exponent()))
	if e := d.Exponent(); e > -2*maxScale && e <= maxScale {
		value = d.String()
	}
	return &Error{Value: value, Step: s, Err: reason}
}

// floorText rounds plain decimal text down. n+1 never overflows when inexact is
// set, so that the callers can round up.
func floorText(text []byte, s exchange.Step) (n int64, inexact bool, reason error) {
	if !usable(s) {
		return 0, false, ErrBadStep
	}
	num, ok := split(text)
	switch {
	case !ok:
		return 0, false, ErrSyntax
	case num.negative:
		return 0, false, ErrNegative
	}
	v, rest, ok := num.scaled(int(s.Scale))
	n = int64(v / uint64(s.M))
	inexact = len(rest) > 0 || v%uint64(s.M) != 0
	if !ok || inexact && n == math.MaxInt64 {
		return 0, false, ErrRange
	}
	return n, inexact, nil
}
