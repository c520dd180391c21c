package fixed

import (
	"errors"
	"math"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Reasons that only floats give.
var (
	ErrNotFinite    = errors.New("not a finite number")
	ErrNegativeZero = errors.New("negative zero")
)

// FloorTo returns the largest whole number of steps that is not above f. Use it
// for quantities and for bids.
//
// A float64 stands for the shortest decimal that reads back as it, which is
// what a person or a script wrote: FloorTo of 0.3 in steps of 0.1 is 3,
// although the binary value of 0.3 is below three tenths. NaN and infinities
// are ErrNotFinite, -0 is ErrNegativeZero (it is the mark of a sign error
// upstream), other negative values are ErrNegative, and what does not fit is
// ErrRange; all are in an *Error.
func FloorTo(f float64, s exchange.Step) (int64, error) {
	n, _, err := floorFloat(f, s)
	return n, err
}

// CeilTo returns the smallest whole number of steps that is not below f. Use it
// for asks. Floats are read and refused as by FloorTo.
func CeilTo(f float64, s exchange.Step) (int64, error) {
	n, inexact, err := floorFloat(f, s)
	if err == nil && inexact {
		n++
	}
	return n, err
}

// ExactTo returns f as a whole number of steps, or ErrStep when it is not one.
// Floats are read and refused as by FloorTo.
func ExactTo(f float64, s exchange.Step) (int64, error) {
	n, inexact, err := floorFloat(f, s)
	if err == nil && inexact {
		return 0, floatError(f, s, ErrStep)
	}
	return n, err
}

// FloorDecimal returns the largest whole number of steps that is not above d,
// exactly. The error is an *Error: ErrNegative, ErrRange or ErrBadStep.
func FloorDecimal(d decimal.Decimal, s exchange.Step) (int64, error) {
	n, _, err := floorDecimal(d, s)
	return n, err
}

// CeilDecimal returns the smallest whole number of steps that is not below d,
// exactly. Errors are as for FloorDecimal.
func CeilDecimal(d decimal.Decimal, s exchange.Step) (int64, error) {
	n, inexact, err := floorDecimal(d, s)
	if err == nil && inexact {
		n++
	}
	return n, err
}

// ExactDecimal returns d as a whole number of steps, or ErrStep when it is not
// one. Other errors are as for FloorDecimal.
func ExactDecimal(d decimal.Decimal, s exchange.Step) (int64, error) {
	n, inexact, err := floorDecimal(d, s)
	if err == nil && inexact {
		return 0, decimalError(d, s, ErrStep)
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

// floorFloat rounds f down, and reports whether that lost anything.
func floorFloat(f float64, s exchange.Step) (n int64, inexact bool, err error) {
	reason := checkFloat(f)
	if reason == nil {
		var buf [64]byte
		n, inexact, reason = floorText(strconv.AppendFloat(buf[:0], f, 'f', -1, 64), s)
	}
	if reason != nil {
		return 0, false, floatError(f, s, reason)
	}
	return n, inexact, nil
}

func checkFloat(f float64) error {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return ErrNotFinite
	case f == 0 && math.Signbit(f):
		return ErrNegativeZero
	}
	return nil
}

func floatError(f float64, s exchange.Step, reason error) error {
	return &Error{Value: strconv.FormatFloat(f, 'g', -1, 64), Step: s, Err: reason}
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
