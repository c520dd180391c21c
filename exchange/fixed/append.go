package fixed

import (
	"math/bits"
	"strconv"

	"github.com/perilune/perilune/exchange"
)

// Append appends n steps as canonical decimal text: no exponent, no trailing
// zeros, no point without places, no negative zero. It is the text of
// Step.Decimal(n), and never overflows. An unusable step appends "0".
func Append(dst []byte, n int64, s exchange.Step) []byte {
	if n == 0 || !usable(s) {
		return append(dst, '0')
	}
	magnitude := uint64(n)
	if n < 0 {
		dst = append(dst, '-')
		magnitude = -magnitude
	}
	var buf [40]byte
	text := appendProduct(buf[:0], magnitude, uint64(s.M))
	return appendPoint(dst, text, int(s.Scale))
}

// appendProduct appends a×b, which may need 128 bits.
func appendProduct(dst []byte, a, b uint64) []byte {
	hi, lo := bits.Mul64(a, b)
	if hi == 0 {
		return strconv.AppendUint(dst, lo, 10)
	}
	// The product of two int64 is below 2^126, so hi < 10^19 and the quotient
	// fits 64 bits.
	head, tail := bits.Div64(hi, lo, pow10[19])
	dst = strconv.AppendUint(dst, head, 10)
	for place := 18; place >= 0; place-- {
		dst = append(dst, '0'+byte(tail/pow10[place]%10))
	}
	return dst
}

// appendPoint appends the digits with the point set scale places from the right
// and without what is not needed behind it.
func appendPoint(dst, digits []byte, scale int) []byte {
	for scale > 0 && digits[len(digits)-1] == '0' {
		digits, scale = digits[:len(digits)-1], scale-1
		if len(digits) == 0 {
			return append(dst, '0')
		}
	}
	if scale == 0 {
		return append(dst, digits...)
	}
	if len(digits) > scale {
		whole := len(digits) - scale
		dst = append(append(dst, digits[:whole]...), '.')
		return append(dst, digits[whole:]...)
	}
	dst = append(dst, '0', '.')
	for range scale - len(digits) {
		dst = append(dst, '0')
	}
	return append(dst, digits...)
}
