package record

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
)

// intervalOf is how long the bars of a file are: what its folder's name says
// (perp_1h), unless the rows lie closer than that or between its multiples.
func intervalOf(path string, stats *Stats, bars []bar) exchange.Time {
	common := commonInterval(bars)
	folder := filepath.Base(filepath.Dir(path))
	said, ok := saidInterval(folder)
	if !ok || said == common {
		return common
	}
	if common%said == 0 {
		return said
	}
	stats.note(path, 0, fmt.Sprintf("its bars are %s apart, and its folder is named %s: the bars are believed", time.Duration(common), folder))
	return common
}

// saidInterval reads the length at the end of a folder's name.
func saidInterval(folder string) (exchange.Time, bool) {
	_, text, _ := strings.Cut(folder, "_")
	if text == "" {
		return 0, false
	}
	unit := map[byte]exchange.Time{'s': exchange.Second, 'm': exchange.Minute, 'h': exchange.Hour, 'd': exchange.Day, 'w': 7 * exchange.Day}[text[len(text)-1]]
	n, err := strconv.Atoi(text[:len(text)-1])
	return exchange.Time(n) * unit, err == nil && n > 0 && unit > 0
}

// rare is the share of a file's distances that counts as chance.
const rare = 20

// commonInterval is the most frequent distance between bars. Where many bars are
// missing, that is a multiple of a shorter one which is found too.
func commonInterval(bars []bar) exchange.Time {
	count := map[exchange.Time]int{}
	for i := 1; i < len(bars); i++ {
		count[bars[i].open-bars[i-1].open]++
	}
	steps := slices.Sorted(maps.Keys(count))
	most := slices.MaxFunc(steps, func(a, b exchange.Time) int { return cmp.Or(cmp.Compare(count[a], count[b]), cmp.Compare(b, a)) })
	for _, d := range steps {
		if d < most && most%d == 0 && count[d] > 1 && count[d] > len(bars)/rare {
			return d
		}
	}
	return most
}

// apart leaves out the bars that begin within another one, off the grid on which
// most of them lie. Months, of which no two are alike, are none.
func apart(path string, stats *Stats, bars []bar, interval exchange.Time) []bar {
	if interval > 7*exchange.Day {
		return bars
	}
	phases := map[exchange.Time]int{}
	for i := range bars {
		phases[bars[i].open%interval]++
	}
	if len(phases) == 1 {
		return bars
	}
	keys := slices.Sorted(maps.Keys(phases))
	phase := slices.MaxFunc(keys, func(a, b exchange.Time) int { return cmp.Or(cmp.Compare(phases[a], phases[b]), cmp.Compare(b, a)) })
	out := make([]bar, 0, len(bars))
	for i, b := range bars {
		before := len(out) > 0 && b.open < out[len(out)-1].open+interval
		behind := i+1 < len(bars) && bars[i+1].open < b.open+interval
		if b.open%interval != phase && (before || behind) {
			stats.malformed(path, 0, fmt.Errorf("the bar of %s begins within another one: bars here are %s long", b.open, time.Duration(interval)))
			continue
		}
		out = append(out, b)
	}
	return out
}
