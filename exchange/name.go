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
		if d < 0 || d > 9 || n > (1<<63-1-d)/10 {
			return hashed(text)
		}
		n = n*10 + d
	}
	return n
}

// hashed is FNV-1a of 64 bits without the sign.
func hashed[T string | []byte](text T) int64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return max(1, int64(h>>1))
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
