package record

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"strconv"

	"github.com/cespare/xxhash/v2"

	"github.com/perilune/perilune/exchange"
)

// settlement is one row of a funding file.
type settlement struct {
	at    exchange.Time // on the full minute
	venue exchange.Time // as recorded
	rate  exchange.E8
	hours int // as the file states them; else as their distances show
}

// loadFunding reads a funding file: time, funding_rate and, where the file states
// it, the interval in hours. The venue stamps a settlement some milliseconds late;
// it is moved to the minute it belongs to, so that nothing that happened at that
// minute is ordered before it.
func loadFunding(path string, stats *Stats) ([]settlement, error) {
	var list []settlement
	var lines []int32
	var p fundingParser
	err := rows(path, stats, p.header, func(line int, f [][]byte) error {
		s, err := p.parse(f)
		if err == nil {
			list, lines = append(list, s), append(lines, int32(line))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	list = inOrder(path, stats, list, lines, func(s *settlement) exchange.Time { return s.at },
		func(a, b *settlement) bool { return a.rate == b.rate && a.hours == b.hours })
	doubt(path, stats, list)
	setHours(list)
	return list, nil
}

// doubt takes the interval from settlements that state a longer one than lies on
// either side of them: a venue settles no sooner than it says.
func doubt(path string, stats *Stats, list []settlement) {
	n, first := 0, settlement{}
	for i := range list {
		every := hoursOf(list[i])
		before := i == 0 || list[i].at-list[i-1].at < every
		after := i == len(list)-1 || list[i+1].at-list[i].at < every
		if !before || !after || len(list) == 1 {
			continue
		}
		if n++; n == 1 {
			first = list[i]
		}
		list[i].hours = 0
	}
	if n > 0 {
		stats.note(path, 0, fmt.Sprintf("%d settlements, the first at %s, state an interval of %d hours and lie closer together: their times are believed",
			n, first.at, first.hours))
	}
}

type fundingParser struct{ at, rate, hours, width int }

func (p *fundingParser) header(c columns) (err error) {
	p.width = len(c)
	if p.at, err = c.find("time", "funding_time", "calc_time", "fundingtime", "date", "timestamp"); err != nil {
		return err
	}
	p.hours = -1
	for _, name := range [...]string{"interval_hours", "funding_interval_hours", "fundingintervalhours"} {
		if i, ok := c[name]; ok {
			p.hours = i
		}
	}
	p.rate, err = c.find("funding_rate", "last_funding_rate", "fundingrate", "rate")
	return err
}

func (p *fundingParser) parse(f [][]byte) (s settlement, err error) {
	if len(f) != p.width {
		return s, fmt.Errorf("%d fields where the header has %d", len(f), p.width)
	}
	if s, err = parseSettlement(f[p.at], f[p.rate]); err != nil || p.hours < 0 || len(bytes.TrimSpace(f[p.hours])) == 0 {
		return s, err
	}
	h, err := strconv.ParseFloat(string(bytes.TrimSpace(f[p.hours])), 64) // "8.0" is how some tools write it
	if err != nil || h != math.Trunc(h) || h < 1 || h > 24 {
		return s, fmt.Errorf("field interval_hours is %q: want whole hours, 1 to 24", f[p.hours])
	}
	s.hours = int(h)
	return s, nil
}

func parseSettlement(at, rate []byte) (s settlement, err error) {
	if s.venue, err = parseTime(at); err != nil {
		return s, err
	}
	s.at = (s.venue + exchange.Minute/2) / exchange.Minute * exchange.Minute
	s.rate, err = parseRate(rate)
	return s, err
}

// setHours derives the intervals that the file does not state from the distances
// between settlements. A shorter distance than the interval in force is always a
// change, because a venue settles no sooner than it said. A longer one is a change
// only when the settlements after it keep to it and lie where the venue's clock has
// them; otherwise rows are missing, and the interval stays.
func setHours(list []settlement) {
	hours := firstHours(list)
	for i := range list {
		if list[i].hours != 0 { // the file knows
			hours = list[i].hours
			continue
		}
		if i > 0 {
			if h, ok := usualHours(list[i].at - list[i-1].at); ok && (h < hours || h > hours && keeps(list, i, h, 3)) {
				hours = h
			}
		}
		list[i].hours = hours
	}
}

// keeps reports whether an interval of h hours holds from list[i-1] on: the next n
// distances are that long, and each settlement is at a full h hours of the day.
func keeps(list []settlement, i, h, n int) bool {
	if i+n > len(list) {
		return false
	}
	every := exchange.Time(h) * exchange.Hour
	for _, s := range list[i : i+n] {
		if s.at-list[i-1].at != every || s.at%every != 0 {
			return false
		}
		i++
	}
	return true
}

// firstHours is the interval that a list without any begins with: the first
// distance if the second is like it, else the shortest of the first ones, because
// missing rows make distances longer and never shorter.
func firstHours(list []settlement) int {
	const window = 6
	least := 0
	for i := 1; i < min(len(list), window+1); i++ {
		h, ok := usualHours(list[i].at - list[i-1].at)
		if ok && i == 1 && (len(list) == 2 || keeps(list, 1, h, 2)) {
			return h
		}
		if ok && (least == 0 || h < least) {
			least = h
		}
	}
	return cmp.Or(least, 8)
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
