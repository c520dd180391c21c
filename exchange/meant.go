package exchange

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// UnknownError is a key that names no instrument of a universe.
type UnknownError struct {
	Key  string // as it was written
	Near string // the key that was probably meant; "": none is near
}

func (e *UnknownError) Error() string {
	form := ""
	if !strings.Contains(e.Key, ":") {
		form = ": write venue:SYMBOL, for example usdm:BTCUSDT"
	}
	return fmt.Sprintf("unknown symbol %q%s%s", e.Key, form, didYouMean(e.Near))
}

func didYouMean(near string) string {
	if near == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", near)
}

// Meant is the instrument of the same coin and currency as a key that is written in another
// venue's manner, or that names the wrong market: okx.swap:BTC-USDT-SWAP for
// "okx.swap:BTCUSDT". What is of the key's house comes first, there the same currency
// before another dollar, the named market before others and perpetuals before what is
// dated. nil: nothing is of that coin.
func (u *Universe) Meant(key string) (found *Instrument) {
	venue, symbol, named := strings.Cut(strings.ToLower(key), ":")
	if !named {
		venue, symbol = "", venue
	}
	if len(symbol) > longestTypo {
		return nil
	}
	house := u.house
	if v := Venue(venue); v.House() != "" {
		house = v.House()
	}
	typed := spelled(symbol)
	var best []int
	for _, in := range u.list {
		currency := in.spelledLike(typed)
		if currency < 0 {
			continue
		}
		short, full := string(in.Venue.Within(in.Venue.House())), string(in.Venue)
		rank := []int{
			choice(named && in.Venue.House() != house), currency,
			choice(named && venue != in.Segment() && venue != short && venue != full),
			choice(in.Dated()), unlikeness(symbol, strings.ToLower(in.Symbol))[1],
		}
		if found == nil || slices.Compare(rank, best) < 0 {
			found, best = in, rank
		}
	}
	return found
}

func choice(worse bool) int {
	if worse {
		return 1
	}
	return 0
}

// spelledLike is how far the currency of an instrument is from that of a symbol which
// stands for the same coin: 0 it is the same, 1 both are dollars, or none is named; -1: the
// coin is another.
func (in *Instrument) spelledLike(typed string) int {
	if typed == spelled(in.Symbol) {
		return 0
	}
	for _, end := range [...]string{"perpetual", "swap", "perp"} {
		typed = strings.TrimSuffix(typed, end)
	}
	currency, ok := strings.CutPrefix(typed, strings.ToLower(in.Base))
	switch {
	case !ok || in.Base == "":
		return -1
	case currency == strings.ToLower(in.Quote):
		return 0
	case currency == "" || IsDollar(strings.ToUpper(currency)) && IsDollar(in.Quote):
		return 1
	}
	return -1
}

// spelled leaves out what venues put between the parts of a symbol.
func spelled(symbol string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, symbol)
}
