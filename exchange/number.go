package exchange

import (
	"math"
	"strconv"

	"github.com/shopspring/decimal"
)

// E8 is a decimal with eight places held in an integer: 1.0 is 100 000 000.
// Funding rates and mark prices come in it.
type E8 int64

// E8One is 1.0.
const E8One E8 = 1e8

// Decimal returns the exact value.
func (e E8) Decimal() decimal.Decimal { return decimal.New(int64(e), -8) }

// Float returns the nearest float64, for signals only.
func (e E8) Float() float64 { return float64(e) / 1e8 }

// E8FromDecimal rounds half away from zero to eight places.
func E8FromDecimal(d decimal.Decimal) E8 { return E8(d.Shift(8).Round(0).IntPart()) }

// Float returns the float64 nearest to d, for signals only, as d.InexactFloat64
// does, which reduces a fraction for it.
func Float(d decimal.Decimal) float64 {
	const exact = 15 // digits that a float64 holds for certain
	digits, e := d.NumDigits(), d.Exponent()
	switch {
	case digits <= exact && e <= 0 && e >= -shortDigits:
		return float64(d.CoefficientInt64()) / pow10[-e] // one division of two exact numbers
	case e < -2*shortDigits || e > shortDigits:
		return d.InexactFloat64()
	}
	f, err := strconv.ParseFloat(d.String(), 64)
	if err != nil {
		return d.InexactFloat64()
	}
	return f
}

// Step is a price or quantity increment: exactly M×10^-Scale.
type Step struct {
	M     int64
	Scale uint8
}

var pow10 = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// Decimal returns n steps exactly.
func (s Step) Decimal(n int64) decimal.Decimal {
	return decimal.New(n*s.M, -int32(s.Scale))
}

// Float returns the float64 nearest to n steps, for signals only. One division
// of two exact integers is correctly rounded, so 618003 steps of 0.1 is 61800.3
// and not 61800.30000000001.
func (s Step) Float(n int64) float64 { return float64(n*s.M) / pow10[s.Scale] }

// shortDigits is how many digits an int64 holds for certain. Longer decimals are
// rare and take the general way.
const shortDigits = 18

var intPow10 = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// short divides d into whole steps, rounded towards zero, and the sign of what is
// left. It is false where plain integers might not do.
func (s Step) short(d decimal.Decimal) (n int64, rest int, ok bool) {
	digits, e := d.NumDigits(), int(d.Exponent())+int(s.Scale)
	if digits > shortDigits || digits+e > shortDigits || e < -shortDigits {
		return 0, 0, false
	}
	num, den := d.CoefficientInt64(), s.M
	if e >= 0 {
		num *= intPow10[e]
	} else {
		if den > math.MaxInt64/intPow10[-e] {
			return 0, 0, false
		}
		den *= intPow10[-e]
	}
	if num%den != 0 {
		rest = d.Sign()
	}
	return num / den, rest, true
}

// Floor returns the largest n with n steps <= d.
func (s Step) Floor(d decimal.Decimal) int64 {
	if n, rest, ok := s.short(d); ok {
		return n + int64(min(rest, 0))
	}
	// A quotient that is rounded could reach over the next step.
	q, rest := d.Shift(int32(s.Scale)).QuoRem(decimal.NewFromInt(s.M), 0)
	if rest.IsNegative() {
		return q.IntPart() - 1
	}
	return q.IntPart()
}

// Ceil returns the smallest n with n steps >= d.
func (s Step) Ceil(d decimal.Decimal) int64 {
	if n, rest, ok := s.short(d); ok {
		return n + int64(max(rest, 0))
	}
	q, rest := d.Shift(int32(s.Scale)).QuoRem(decimal.NewFromInt(s.M), 0)
	if rest.IsPositive() {
		return q.IntPart() + 1
	}
	return q.IntPart()
}

// Exact reports whether d is a whole number of steps, and how many.
func (s Step) Exact(d decimal.Decimal) (int64, bool) {
	n := s.Floor(d)
	return n, s.Decimal(n).Equal(d)
}

// Nearest returns the number of steps closest to f. It is for signals such as a
// synthetic price; an order's price is quantised by the core with a named
// direction.
func (s Step) Nearest(f float64) int64 {
	return int64(math.Round(f * pow10[s.Scale] / float64(s.M)))
}

func (s Step) String() string { return s.Decimal(1).String() }

// StepOf converts a positive decimal such as 0.10 or 5 to a Step. It returns
// the zero Step for a value that is not positive or has over 18 places.
func StepOf(d decimal.Decimal) Step {
	if !d.IsPositive() {
		return Step{}
	}
	m, e := d.CoefficientInt64(), d.Exponent()
	for m%10 == 0 && e < 0 {
		m, e = m/10, e+1
	}
	for e > 0 {
		m, e = m*10, e-1
	}
	if e < -18 {
		return Step{}
	}
	return Step{M: m, Scale: uint8(-e)}
}

// MustStep is StepOf for constants in code; it panics on a bad one.
func MustStep(s string) Step {
	st := StepOf(decimal.RequireFromString(s))
	if st.M == 0 {
		panic("exchange: bad step " + s)
	}
	return st
}
