package exchange

import (
	"strconv"
	"strings"
)

// TextID is the ID of an event that a venue names in text: the number that the text is, or
// else one that is nearly certainly no other text's, above zero.
func TextID[T string | []byte](text T) int64 {
	if len(text) == 0 {
		return hashed(text)
	}
	n := int64(0)
	for i := range len(text) {
		d := int64(text[i]) - '0'
		if d < 0 || d > 9 || i >= 18 && n > (1<<63-1-d)/10 { // 18 digits always fit
			return hashed(text)
		}
		n = n*10 + d
	}
	return n
}

// hashed mixes eight bytes at a time: venues name trades by UUIDs, of which there are many.
func hashed[T string | []byte](text T) int64 {
	h := uint64(14695981039346656037) + uint64(len(text))
	for len(text) >= 8 {
		x := uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 | uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
		h, text = mixed(h^x), text[8:]
	}
	x := uint64(0)
	for i := range len(text) {
		x = x<<8 | uint64(text[i])
	}
	return max(1, int64(mixed(mixed(h^x))>>1))
}

// mixed spreads every bit over the others, and is one to one.
func mixed(h uint64) uint64 {
	h *= 0x9e3779b97f4a7c15
	return h ^ h>>32
}

// Unbundle splits 1000SHIB into the coin and how many of it one unit stands for. coins are
// those that are named like a bundle and are none on the venue.
func Unbundle(base string, coins ...string) (coin string, multiplier int64) {
	for _, c := range coins {
		if base == c {
			return base, 1
		}
	}
	for _, m := range [...]int64{1000000, 10000, 1000} {
		coin, ok := strings.CutPrefix(base, strconv.FormatInt(m, 10))
		if ok && coin != "" && (coin[0] < '0' || coin[0] > '9') {
			return coin, m
		}
	}
	return base, 1
}

// OneOf names a choice for people: "spot, usdm or coinm".
func OneOf(names []string) string {
	last := len(names) - 1
	if last <= 0 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
