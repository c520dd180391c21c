package exchange

import (
	"path"
	"strings"
)

// Scan is what perpetuals paid at one time, and what holding them would cost, by symbol.
type Scan struct {
	Rows []ScanRow
}

// MostScanned is how many rows a Scan has at most: those with the greatest turnover.
const MostScanned = 2000

// ScanRow is the funding of a perpetual. Fractions are E8, amounts whole dollars.
type ScanRow struct {
	Symbol          string
	Hedge           string // the other leg that earns its cost back soonest; "": none does
	Rate            E8     // estimate of the coming settlement
	After           *E8    // of the one after it; nil: the venue does not tell
	Hours           int    // between settlements; 0: it accrues, and Rate is that of 8 hours
	Next            Time   // 0: it accrues, or is not told
	Basis, Spread   E8
	Net, Cost       E8 // a year of both legs, and taking both and leaving them again
	Depth, Turnover int64
}

// Annual is what 365 days of the rate are, without compounding.
func (r *ScanRow) Annual() float64 {
	hours := r.Hours
	if hours == 0 {
		hours = 8
	}
	return r.Rate.Float() * 365 * 24 / float64(hours)
}

// Days is when Net has paid for Cost; 0 without a hedge.
func (r *ScanRow) Days() float64 {
	if r.Net <= 0 {
		return 0
	}
	return float64(r.Cost) / float64(r.Net) * 365
}

// KeyHouse is the house that a key with its house names: "bybit" of "bybit.linear:BTCUSDT".
func KeyHouse(key string) string {
	venue, _, _ := strings.Cut(key, ":")
	return Venue(venue).House()
}

// KeyFits reports whether a glob fits a key with its house, or what is left without it.
func KeyFits(glob, key string) bool {
	full, _ := path.Match(glob, key)
	short, _ := path.Match(glob, Within(key, KeyHouse(key)))
	return full || short
}
