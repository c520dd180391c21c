package fixed

import (
	"math"

	"github.com/perilune/perilune/exchange"
)

// maxScale is the most places a step can have; 10^18 is the largest power of
// ten that an int64 holds.
const maxScale = 18

var pow10 = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19}

// Ticks parses a price. The error is an *Error: ErrSyntax, ErrStep, ErrRange or
// ErrBadStep.
func Ticks(text []byte, tick exchange.Step) (exchange.Ticks, error) {
	n, err := Steps(text, tick)
	return exchange.Ticks(n), err
}

// Lots parses a quantity, which may be negative (a position). Errors are as for
// Ticks.
func Lots(text []byte, lot exchange.Step) (exchange.Lots, error) {
	n, err := Steps(text, lot)
	return exchange.Lots(n), err
}

// Steps parses decimal text that must be exactly n steps, and returns n.
// "1.54698000" is 154698 steps of 0.00001. Errors are as for Ticks.
func Steps(text []byte, s exchange.Step) (int64, error) {
	if n, used := Prefix(text, s); used == len(text) && used > 0 {
		return n, nil
	}
	return slowSteps(text, s)
}

// Prefix is the inner loop of the decoders: it parses the digits[.digits] that
// b begins with, up to the first byte that is neither, and returns how many
// bytes it used. It returns used = 0 for whatever is not plainly a non-negative
// whole number of steps of at most 18 digits; Steps then knows better, or says
// what is wrong.
func Prefix(b []byte, s exchange.Step) (n int64, used int) {
	var v uint64
	i := 0
	for ; i < len(b); i++ {
		d := b[i] - '0'
		if d > 9 {
			break
		}
		v = v*10 + uint64(d)
	}
	// Digits in front of the point plus places of the step bound v, so that
	// nothing below can overflow.
	if i == 0 || i+int(s.Scale) > maxScale {
		return 0, 0
	}
	left := int(s.Scale)
	if i < len(b) && b[i] == '.' {
		point := i
		i++
		for ; i < len(b) && left > 0; i++ {
			d := b[i] - '0'
			if d > 9 {
				break
			}
			v = v*10 + uint64(d)
			left--
		}
		for i < len(b) && b[i] == '0' {
			i++
		}
		if i == point+1 || i < len(b) && b[i]-'0' <= 9 {
			return 0, 0
		}
	}
	v *= pow10[left]
	if s.M != 1 {
		if s.M <= 0 || v%uint64(s.M) != 0 {
			return 0, 0
		}
		v /= uint64(s.M)
	}
	return int64(v), i
}

// slowSteps handles signs, long numbers and every error.
func slowSteps(text []byte, s exchange.Step) (int64, error) {
	fail := func(err error) (int64, error) {
		return 0, &Error{Value: string(text), Step: s, Err: err}
	}
	if !usable(s) {
		return fail(ErrBadStep)
	}
	num, ok := split(text)
	if !ok {
		return fail(ErrSyntax)
	}
	v, rest, ok := num.scaled(int(s.Scale))
	if !ok {
		return fail(ErrRange)
	}
	if len(rest) > 0 || v%uint64(s.M) != 0 {
		return fail(ErrStep)
	}
	return num.signed(v / uint64(s.M)), nil
}

var e8Step = exchange.Step{M: 1, Scale: 8}

// E8 parses a rate or a mark price. Places beyond the eighth are rounded half
// away from zero, as exchange.E8FromDecimal does. The error is an *Error:
// ErrSyntax or ErrRange.
func E8(text []byte) (exchange.E8, error) {
	if n, used := Prefix(text, e8Step); used == len(text) && used > 0 {
		return exchange.E8(n), nil
	}
	num, ok := split(text)
	if !ok {
		return 0, &Error{Value: string(text), Err: ErrSyntax}
	}
	v, rest, ok := num.scaled(8)
	if ok && len(rest) > 0 && rest[0] >= '5' {
		v++
	}
	if !ok || v > math.MaxInt64 {
		return 0, &Error{Value: string(text), Err: ErrRange}
	}
	return exchange.E8(num.signed(v)), nil
}

// number is decimal text taken apart: the digits on both sides of the point.
type number struct {
	negative    bool
	whole, frac []byte
}

// split checks the syntax. Trailing zeros of the fraction are dropped.
func split(text []byte) (number, bool) {
	var num number
	if len(text) > 0 && text[0] == '-' {
		num.negative, text = true, text[1:]
	}
	i := digits(text)
	num.whole, text = text[:i], text[i:]
	if i == 0 {
		return num, false
	}
	if len(text) == 0 {
		return num, true
	}
	num.frac = text[1:]
	if text[0] != '.' || len(num.frac) == 0 || digits(num.frac) != len(num.frac) {
		return num, false
	}
	for n := len(num.frac); n > 0 && num.frac[n-1] == '0'; n-- {
		num.frac = num.frac[:n-1]
	}
	return num, true
}

// digits counts the leading digits.
func digits(b []byte) int {
	for i, c := range b {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(b)
}

// scaled returns the magnitude times 10^places, cut off, and the digits that
// were cut. It reports false when the result does not fit an int64.
func (num number) scaled(places int) (v uint64, rest []byte, ok bool) {
	head := num.frac[:min(places, len(num.frac))]
	rest = num.frac[len(head):]
	for _, part := range [...][]byte{num.whole, head} {
		for _, c := range part {
			if v > (math.MaxInt64-uint64(c-'0'))/10 {
				return 0, nil, false
			}
			v = v*10 + uint64(c-'0')
		}
	}
	pad := pow10[places-len(head)]
	if v > math.MaxInt64/pad {
		return 0, nil, false
	}
	return v * pad, rest, true
}

func (num number) signed(v uint64) int64 {
	if num.negative {
		return -int64(v)
	}
	return int64(v)
}
