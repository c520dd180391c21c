package record

import (
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/perilune/perilune/exchange"
)

// settlement is one row of a funding file.
type settlement struct {
	at    exchange.Time // on the full minute
	venue exchange.Time // as recorded
	rate  exchange.E8
	hours int
}

// loadFunding reads a funding file: time and funding_rate. The venue stamps a
// settlement some milliseconds late; it is moved to the minute it belongs to,
// so that nothing that happened at that minute is ordered before it.
func loadFunding(path string, stats *Stats) ([]settlement, error) {
	var list []settlement
	var at, rate int
	header := func(c columns) (err error) {
		if at, err = c.find("time", "funding_time", "calc_time", "date", "timestamp"); err != nil {
			return err
		}
		rate, err = c.find("funding_rate", "last_funding_rate", "rate")
		return err
	}
	err := rows(path, stats, header, func(f [][]byte) error {
		if len(f) <= max(at, rate) {
			return fmt.Errorf("%d fields: want a time and a funding rate", len(f))
		}
		s, err := parseSettlement(f[at], f[rate])
		if err != nil {
			return err
		}
		if n := len(list); n > 0 && s.at <= list[n-1].at {
			return fmt.Errorf("the settlement of %s is not later than the one before it", s.venue)
		}
		list = append(list, s)
		return nil
	})
	setHours(list)
	return list, err
}

func parseSettlement(at, rate []byte) (s settlement, err error) {
	if s.venue, err = parseTime(at); err != nil {
		return s, err
	}
	s.at = (s.venue + exchange.Minute/2) / exchange.Minute * exchange.Minute
	s.rate, err = parseRate(rate)
	return s, err
}

// setHours derives each interval from the distance to the settlement before. A
// distance that no venue uses is a hole in the file and keeps the interval that
// was in force.
func setHours(list []settlement) {
	hours := 8
	for i := len(list) - 1; i > 0; i-- { // the first has no distance: take the earliest that is known
		if h, ok := usualHours(list[i].at - list[i-1].at); ok {
			hours = h
		}
	}
	for i := range list {
		if i > 0 {
			if h, ok := usualHours(list[i].at - list[i-1].at); ok {
				hours = h
			}
		}
		list[i].hours = hours
	}
}

func usualHours(d exchange.Time) (int, bool) {
	switch d {
	case exchange.Hour, 2 * exchange.Hour, 4 * exchange.Hour, 8 * exchange.Hour:
		return int(d / exchange.Hour), true
	}
	return 0, false
}

// shiftRates moves every rate n settlements later (earlier when n < 0), leaving
// zero where none comes from. A strategy that profits more from shifted funding
// was looking ahead.
func shiftRates(list []settlement, n int) {
	rates := make([]exchange.E8, len(list))
	for i := range list {
		if from := i - n; from >= 0 && from < len(list) {
			rates[i] = list[from].rate
		}
	}
	for i := range list {
		list[i].rate = rates[i]
	}
}

// flipRates gives every rate a random sign that depends on the seed, the symbol
// and the time only. A strategy should then earn about minus its costs.
func flipRates(list []settlement, symbol string, seed uint64) {
	for i := range list {
		h := xxhash.Sum64String(fmt.Sprintf("%d/%s/%d", seed, symbol, list[i].at))
		if h&1 == 1 {
			list[i].rate = -list[i].rate
		}
	}
}
