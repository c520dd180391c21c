package record

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// put writes files of a history, by name.
func put(t testing.TB, dir string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const barHeader = "open_time,open,high,low,close,volume\n"

// newYear is when the histories of these tests begin.
var newYear = exchange.Date(2024, 1, 1)

// hourBars are rows of hourly bars, without the hours to skip.
func hourBars(n int, skip ...int) string {
	return barHeader + strings.Join(hourRows(n, skip...), "")
}

func hourRows(n int, skip ...int) (rows []string) {
	missing := map[int]bool{}
	for _, h := range skip {
		missing[h] = true
	}
	for h := range n {
		if !missing[h] {
			at := newYear + exchange.Time(h)*exchange.Hour
			rows = append(rows, fmt.Sprintf("%d,%d,%d,%d,%d.5,100\n", at/exchange.Millisecond, 30000+h, 30005+h, 29995+h, 30001+h))
		}
	}
	return rows
}

// settled are settlements at the hours, stated intervals of 0 left out of the file.
func settled(hours []int, stated int) string {
	var b strings.Builder
	b.WriteString("time,funding_rate,interval_hours\n")
	for i, h := range hours {
		at := newYear + exchange.Time(h)*exchange.Hour + exchange.Time(i%5)*exchange.Millisecond
		fmt.Fprintf(&b, "%d,0.0001,", at/exchange.Millisecond)
		if stated > 0 {
			fmt.Fprint(&b, stated)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// every lists the hours from a to b in steps.
func every(a, b, step int, without ...int) (out []int) {
	missing := map[int]bool{}
	for _, h := range without {
		missing[h] = true
	}
	for h := a; h < b; h += step {
		if !missing[h] {
			out = append(out, h)
		}
	}
	return out
}

// TestFundingIntervalsStatedOrNot: the file's own column decides; without it, missing rows do
// not make an interval longer, and real changes are seen.
func TestFundingIntervalsStatedOrNot(t *testing.T) {
	join := func(lists ...[]int) (out []int) {
		for _, l := range lists {
			out = append(out, l...)
		}
		return out
	}
	for name, c := range map[string]struct {
		at     []int
		stated int
		want   func(hour int) int
	}{
		"stated 4, one missing":     {every(0, 72, 4, 28), 4, func(int) int { return 4 }},
		"stated 4, most missing":    {[]int{0, 8, 16, 24, 48}, 4, func(int) int { return 4 }},
		"stated 6":                  {every(0, 72, 6), 6, func(int) int { return 6 }},
		"4-hourly, one missing":     {every(0, 72, 4, 28), 0, func(int) int { return 4 }},
		"1-hourly, one missing":     {every(0, 72, 1, 30), 0, func(int) int { return 1 }},
		"1-hourly, 3 missing":       {every(0, 72, 1, 29, 30, 31), 0, func(int) int { return 1 }},
		"1-hourly, 7 missing":       {every(0, 72, 1, 33, 34, 35, 36, 37, 38, 39), 0, func(int) int { return 1 }},
		"1-hourly, the second":      {every(0, 72, 1, 1), 0, func(int) int { return 1 }},
		"1-hourly, the second last": {every(0, 72, 1, 70), 0, func(int) int { return 1 }},
		"8-hourly, a day missing":   {every(0, 240, 8, 80, 88, 96), 0, func(int) int { return 8 }},
		"8 to 4 to 1": {join(every(0, 80, 8), every(80, 120, 4), every(120, 150, 1)), 0, func(h int) int {
			return map[bool]int{true: 8, false: map[bool]int{true: 4, false: 1}[h < 121]}[h < 84]
		}},
		"1 to 4 to 8": {join(every(0, 24, 1), every(24, 72, 4), every(72, 168, 8)), 0, func(h int) int {
			return map[bool]int{true: 1, false: map[bool]int{true: 4, false: 8}[h < 80]}[h < 28]
		}},
		"8 to 1 to 8, each with holes": {join(every(0, 80, 8, 24), every(80, 104, 1, 90), every(104, 200, 8, 160)), 0, func(h int) int {
			return map[bool]int{true: 1, false: 8}[h > 80 && h < 112]
		}},
	} {
		var stats Stats
		list, err := loadFunding(write(t, "ABCUSDT.csv", settled(c.at, c.stated)), &stats)
		if err != nil || len(list) != len(c.at) {
			t.Errorf("%s: %d settlements, %v", name, len(list), err)
			continue
		}
		for _, s := range list {
			hour := int((s.at - newYear) / exchange.Hour)
			want := c.want(hour)
			// Of a change to a longer interval the first distances have to prove it.
			if s.hours != want {
				t.Errorf("%s: hour %d has %d hours, want %d", name, hour, s.hours, want)
			}
		}
	}
}

// TestHourlyFundingWithRowsMissingAtRandom: however the holes lie, a fifth of the
// rows missing does not make an hourly contract anything else for long.
func TestHourlyFundingWithRowsMissingAtRandom(t *testing.T) {
	wrong, all := 0, 0
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 9))
		var at []int
		for h := range 500 {
			if r.IntN(20) != 0 {
				at = append(at, h)
			}
		}
		var stats Stats
		list, err := loadFunding(write(t, "ABCUSDT.csv", settled(at, 0)), &stats)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			all++
			if s.hours != 1 {
				wrong++
			}
		}
	}
	if wrong*1000 > all {
		t.Errorf("%d of %d settlements are not hourly", wrong, all)
	}
}

// TestNextSettlementOverAHole: what is missing in the file was settled all the same.
func TestNextSettlementOverAHole(t *testing.T) {
	dir := put(t, t.TempDir(), map[string]string{
		"perp_1h/ABCUSDT.csv": hourBars(48), "mark_1h/ABCUSDT.csv": hourBars(48),
		"funding/ABCUSDT.csv": settled(every(0, 48, 4, 28), 4)})
	r := openHist(t, dir, HistoryOptions{})
	evs, err := drain(t, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range evs {
		if e.Kind != exchange.KindMark {
			continue
		}
		want := (e.Time/(4*exchange.Hour) + 1) * 4 * exchange.Hour
		if e.NextFunding != want || e.Hours != 4 {
			t.Errorf("%s: next settlement %s in force every %d h, want %s, 4", e.Time, e.NextFunding, e.Hours, want)
		}
	}
}

// TestHistoryRowsInAnyOrder: a reversed or shuffled file is the same history, and
// it is said that it was sorted.
func TestHistoryRowsInAnyOrder(t *testing.T) {
	straight, err := loadBars(write(t, "ABCUSDT.csv", hourBars(48)), &Stats{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	rows := hourRows(48)
	for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
		rows[i], rows[j] = rows[j], rows[i]
	}
	for name, list := range map[string][]string{"reversed": rows, "one late": append(hourRows(48, 7), hourRows(8)[7])} {
		var stats Stats
		s, err := loadBars(write(t, "ABCUSDT.csv", barHeader+strings.Join(list, "")), &stats, nil)
		if err != nil || fmt.Sprint(s.bars) != fmt.Sprint(straight.bars) || stats.Sorted != 1 || stats.Malformed != 0 {
			t.Errorf("%s: %v, %+v: want the bars in order, said to be sorted", name, err, stats)
		}
	}
	var stats Stats
	s, err := loadBars(write(t, "ABCUSDT.csv", hourBars(48)+hourRows(3)[2]+strings.Replace(hourRows(4)[3], ".5,100", ".5,101", 1)), &stats, nil)
	if err != nil || fmt.Sprint(s.bars) != fmt.Sprint(straight.bars) || stats.Repeated != 1 || stats.Malformed != 1 ||
		!strings.Contains(fmt.Sprint(stats.Problems), "contradicts line 5, which is kept") {
		t.Errorf("%v, %+v: want one row repeated and one refused with both lines", err, stats)
	}
}

// TestHistoryErrorsNameThePlace: what could not be read is told with file, line,
// field and value.
func TestHistoryErrorsNameThePlace(t *testing.T) {
	for want, text := range map[string]string{
		`ABCUSDT.csv:2: field close: "n/a"`:                  barHeader + "1704067200000,1,2,1,n/a,5\n1704070800000,1,2,1,n/a,5\n",
		`ABCUSDT.csv:3: time "yesterday"`:                    barHeader + "1704067200000,1,2,1,1,5\nyesterday,1,2,1,1,5\n",
		`ABCUSDT.csv:2: field volume is "NaN"`:               barHeader + "1704067200000,1,2,1,1,NaN\n",
		`ABCUSDT.csv:2: field volume is "+Inf"`:              barHeader + "1704067200000,1,2,1,1,+Inf\n",
		`do not enclose open`:                                barHeader + "1704067200000,-1,2,-1,1,1\n",
		`ABCUSDT.csv:1: the first line is a row ("170406720`: "1704067200000,1,2,1,1,5\n",
		`ABCUSDT.csv:1: the header has no column close`:      "open_time,open,high,low,volume\n",
		`the file is empty`:                                  "",
		`0 bars; at least two`:                               barHeader,
	} {
		_, err := loadBars(write(t, "ABCUSDT.csv", text), &Stats{}, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
	var stats Stats
	list, err := loadFunding(write(t, "ABCUSDT.csv", "time,interval_hours,funding_rate\n1704067200000,4,0.0001\n1704081600000,0,0.0001\n1704096000000,4,1e-2000000000\n1704110400000,4,nan\n"), &stats)
	if err != nil || len(list) != 1 || stats.Malformed != 3 || !strings.Contains(stats.Problems[0].String(), `ABCUSDT.csv:3: field interval_hours is "0": want whole hours`) {
		t.Errorf("%v, %+v: want one settlement and three refused", err, stats)
	}
}

// TestHistoryOfOtherTools: byte-order mark, carriage returns, blank lines, numbers
// in scientific notation, zip files, links.
func TestHistoryOfOtherTools(t *testing.T) {
	text := "\ufeffDate,Open,High,Low,Close,Volume\r\n2024-01-01 00:00:00+00:00,1.25e-05,2e-05,1e-05,1.5e-05,1e3\r\n\r\n2024-01-01 01:00:00+00:00,1.25e-05,2e-05,1e-05,1.5e-05,1e3"
	o := observe(formats[0], "binance.usdm", "ABCUSDT")
	var stats Stats
	s, err := loadBars(write(t, "ABCUSDT.csv", text), &stats, o)
	if err != nil || len(s.bars) != 2 || s.bars[0].o != 1250 || stats.Malformed != 0 {
		t.Fatalf("%+v, %+v, %v", s, stats, err)
	}
	if in, err := o.instrument(); err != nil || in.Tick.Scale != 7 {
		t.Errorf("tick %s, %v: want 0.0000001", in.Tick, err)
	}
	real, dir := t.TempDir(), t.TempDir()
	put(t, real, map[string]string{"x/ABCUSDT.csv": hourBars(5), "premium_1h/ABCUSDT.csv": hourBars(5), "x/notes.txt": "mine"})
	for link, to := range map[string]string{"perp_1h": "x", "premium_1h": "premium_1h"} {
		if err := os.Symlink(filepath.Join(real, to), filepath.Join(dir, link)); err != nil {
			t.Skip(err)
		}
	}
	r := openHist(t, dir, HistoryOptions{})
	defer r.Close()
	if r.Universe().Len() != 1 || !strings.Contains(r.Describe(), "premium_1h") || !strings.Contains(r.Describe(), "notes.txt") {
		t.Errorf("%d instruments in a linked folder\n%s\nwant one, and the folder that is not read named", r.Universe().Len(), r.Describe())
	}
}

func FuzzFundingRow(f *testing.F) {
	f.Add([]byte("1704067200000,4,0.0001"))
	f.Add([]byte("2024-01-01T00:00:00Z,8.0,5e-05"))
	f.Add([]byte("1704067200000,,1e-9999999999"))
	var p fundingParser
	if err := p.header(parseHeader([]byte("time,interval_hours,funding_rate"))); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		s, err := p.parse(splitCSV(line, nil))
		if err == nil && (s.at < 0 || s.hours < 0 || s.hours > 24 || s.rate > 1e8 || s.rate < -1e8 || s.at%exchange.Minute != 0) {
			t.Errorf("%q became %+v", line, s)
		}
	})
}
