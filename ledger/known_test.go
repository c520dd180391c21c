package ledger

import (
	"slices"
	"testing"
)

// TestFiltersKnowEverySpelling wants an instrument to be found under each of its names, by
// every query that has a symbol.
func TestFiltersKnowEverySpelling(t *testing.T) {
	r := newRig(t, WriterOptions{})
	r.post(everyRow(7)...)
	r.post(fillRow(8, spotBTC, 1, "61800.3", "0.004"))
	r.sync()
	for pattern, want := range map[string][]string{
		"usdm:BTCUSDT":         {"usdm:BTCUSDT"},
		"binance.usdm:BTCUSDT": {"usdm:BTCUSDT"},
		"BTCUSDT":              {"spot:BTCUSDT", "usdm:BTCUSDT"},
		"*:BTCUSDT":            {"spot:BTCUSDT", "usdm:BTCUSDT"},
		"binance.u*":           {"usdm:BTCUSDT"},
		"kraken.usdm:BTCUSDT":  nil,
		"usdm:ETHUSDT":         nil,
	} {
		keys, err := r.FitSymbol("binance", pattern)
		must(t, err)
		if !slices.Equal(keys, want) {
			t.Errorf("%s fits %v, want %v", pattern, keys, want)
		}
		f := Filter{House: "binance", Symbol: pattern}
		fills, err := r.Fills(f)
		must(t, err)
		funding, err := r.Funding(f)
		must(t, err)
		pairs, err := r.Pairs(f)
		must(t, err)
		perp := 0
		if slices.Contains(want, "usdm:BTCUSDT") {
			perp = 1
		}
		if len(fills) != len(want) || len(funding) != perp || len(pairs) != perp {
			t.Errorf("%s: %d fills, %d settlements, %d pairs, want %d, %d, %d", pattern, len(fills), len(funding), len(pairs), len(want), perp, perp)
		}
	}
	if _, err := r.Fills(Filter{Symbol: "["}); err == nil {
		t.Error("a pattern that is none is accepted")
	}
	if names, err := r.Strategies(); err != nil || !slices.Contains(names, "rotation") || slices.Contains(names, "") {
		t.Errorf("strategies %q, %v", names, err)
	}
}
