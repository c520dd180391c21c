package jsonscan

import (
	"encoding/binary"
	"math/bits"
)

const (
	ones   = 0x0101010101010101
	highs  = 0x80 * ones
	quotes = '"' * ones
	slants = '\\' * ones
	spaces = ' ' * ones
)

// TextEnd is where the text of a string ends that b goes on with: at a quote, or at the first
// backslash or control character, which are for others to judge; len(b) when nothing ends it.
// It looks at eight bytes at a time: most of a message is text.
func TextEnd(b []byte) int {
	i := 0
	for ; i+8 <= len(b); i += 8 {
		if found := ends(binary.LittleEndian.Uint64(b[i:])); found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for ; i < len(b); i++ {
		if c := b[i]; c == '"' || c == '\\' || c < ' ' {
			return i
		}
	}
	return i
}

// ends marks the bytes that end a text. The lowest one that is marked is right; those above may
// owe it their mark.
func ends(x uint64) uint64 {
	q, s := x^quotes, x^slants
	return ((q-ones)&^q | (s-ones)&^s | (x-spaces)&^x) & highs
}
