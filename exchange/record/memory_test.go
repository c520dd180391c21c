package record

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/datatest"
)

// TestWhatDiffersBetweenVenues is why cross.lua remembers weeks: arithmetic on the recorded
// rates of seven venues alone, of one coin's pair always held, at 5 bp an execution, with
// legs that stay kept. Who follows what differed yesterday pays it all away; who follows
// three weeks, for three weeks, does not. The chapter study of the manual has what they earn
// with prices, spreads and all.
func TestWhatDiffersBetweenVenues(t *testing.T) {
	h := recordedDifferences(t)
	first, second := h.hour(2022, 7), h.hour(2024, 1)
	yesterday := h.follow(24, 1, math.Inf(-1), 0, first)
	weeks := h.follow(21*24, 21, 1.5, first, second)
	t.Logf("a year: with a memory of a day %.1f %% (2021 to June 2022), with one of three weeks %.1f %% (after that)", 100*yesterday, 100*weeks)
	if yesterday > -0.25 || yesterday < -0.45 {
		t.Errorf("a memory of a day comes to %.1f %% a year, want about -34", 100*yesterday)
	}
	if weeks < 0.04 || weeks > 0.09 {
		t.Errorf("a memory of three weeks comes to %.1f %% a year, want 5 to 7", 100*weeks)
	}
}

// differences are the sums of what was paid until each hour since 2021, by coin and venue.
type differences struct {
	sums  [2][][]float64
	since [2][]int // the first hour of which something is known
}

func (h *differences) hour(year, month int) int {
	return int((exchange.Date(year, month, 1) - exchange.Date(2021, 1, 1)) / exchange.Hour)
}

func recordedDifferences(t *testing.T) *differences {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	o := FundingTables{Prices: datatest.Path(t, "history"), Ahead: map[string]exchange.Time{"": 3 * exchange.Hour, "gate": 0, "dydx": 0}}
	if err := houseFormats.ImportFunding(datatest.Path(t, "funding-7-venues"), out, o, func(connect.Imported) {}); err != nil {
		t.Fatal(err)
	}
	h := &differences{}
	for coin, symbol := range []string{"BTCUSDT", "ETHUSDT"} {
		for _, house := range []string{".", "bybit", "dydx", "gate", "htx", "kucoin", "mexc"} {
			var stats Stats
			list, err := loadFunding(filepath.Join(out, house, "funding", symbol+".csv"), &stats)
			if err != nil {
				t.Fatal(err)
			}
			sums, since := make([]float64, h.hour(2024, 1)+1), len(list)
			for _, s := range list {
				if i := int((s.at - exchange.Date(2021, 1, 1)) / exchange.Hour); i >= 0 && i < len(sums) {
					sums[i] += s.rate.Float()
					since = min(since, i)
				}
			}
			for i := 1; i < len(sums); i++ {
				sums[i] += sums[i-1]
			}
			h.sums[coin], h.since[coin] = append(h.sums[coin], sums), append(h.since[coin], since)
		}
	}
	return h
}

// follow holds of each coin long what paid least over some hours and short what paid most,
// and looks every eight hours. It moves when days of what it gains by it are worth so many
// times what a whole move costs. It returns what it earns in a year, of one leg's value.
func (h *differences) follow(memory int, days, hysteresis float64, from, to int) float64 {
	const execution = 5e-4
	total := 0.0
	for coin, sums := range h.sums {
		long, short := -1, -1
		for now := from; now < to; now++ {
			if short >= 0 && now > 0 {
				total += (sums[short][now] - sums[short][now-1]) - (sums[long][now] - sums[long][now-1])
			}
			if now%8 != 7 || now < memory {
				continue
			}
			paid := func(venue int) float64 { return (sums[venue][now] - sums[venue][now-memory]) * 24 / float64(memory) }
			low, high := -1, -1
			for venue := range sums {
				if h.since[coin][venue] > now-memory {
					continue
				}
				if low < 0 || paid(venue) < paid(low) {
					low = venue
				}
				if high < 0 || paid(venue) > paid(high) {
					high = venue
				}
			}
			held := 0.0
			if short >= 0 {
				held = paid(short) - paid(long)
			}
			if (paid(high)-paid(low)-held)*days <= hysteresis*4*execution {
				continue
			}
			moved := 0
			for _, leg := range [][2]int{{long, low}, {short, high}} {
				if leg[0] != leg[1] {
					moved += 2
				}
				if leg[0] < 0 {
					moved-- // opening is one execution
				}
			}
			total -= float64(moved) * execution
			long, short = low, high
		}
		total -= 2 * execution
	}
	return total / float64(len(h.sums)) * 365 * 24 / float64(to-from)
}
