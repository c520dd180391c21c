package record

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
)

// historyDir writes a small history of one pair: three hourly bars, with a
// settlement at 02:00 that the venue stamped 3 ms late.
func historyDir(t testing.TB, drop ...string) string {
	t.Helper()
	files := map[string]string{
		"spot_1h/ABCUSDT.csv": "date,open,high,low,close,volume\n" +
			"2024-01-01T00:00:00Z,99,101,98,100,1000\n2024-01-01T01:00:00Z,100,103,99.5,102,2000\n2024-01-01T02:00:00Z,102,102,100,101,0\n",
		"perp_1h/ABCUSDT.csv": "date,open,high,low,close,volume\n" +
			"2024-01-01T00:00:00Z,99,101,98,100.5,1000\n2024-01-01T01:00:00Z,100,103,99.5,102.5,2000\n2024-01-01T02:00:00Z,102,102,100,101.5,500\n",
		"mark_1h/ABCUSDT.csv": "date,open,high,low,close,volume\n" +
			"2024-01-01T00:00:00Z,99,101,98,100.41234567,0\n2024-01-01T01:00:00Z,100,103,99.5,102.4,0\n2024-01-01T02:00:00Z,102,120,100,120,0\n",
		"funding/ABCUSDT.csv": "time,funding_rate\n2023-12-31T18:00:00Z,0.0001\n2024-01-01T02:00:00.003Z,-5e-05\n2024-01-01T10:00:00Z,0.0003\n",
	}
	for _, d := range drop {
		delete(files, d+"/ABCUSDT.csv")
	}
	return put(t, t.TempDir(), files)
}

func openHist(t testing.TB, dir string, o HistoryOptions) *Recording {
	t.Helper()
	r, err := formats.Open([]string{dir}, Options{History: o})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// show renders an event in a line, for comparing whole histories.
func show(u *exchange.Universe, e exchange.Event) string {
	s := fmt.Sprintf("%s %s %s", e.Time.UTC().Format("15:04"), u.Get(e.Instrument).Segment(), e.Kind)
	switch e.Kind {
	case exchange.KindFunding:
		return fmt.Sprintf("%s %s mark %s %dh", s, e.Rate.Decimal(), e.Mark.Decimal(), e.Hours)
	case exchange.KindMark:
		return fmt.Sprintf("%s %s index %s est %s next %s", s, e.Mark.Decimal(), e.Index.Decimal(), e.Rate.Decimal(), e.NextFunding.UTC().Format("15:04"))
	case exchange.KindBar:
		return fmt.Sprintf("%s close %d", s, e.Bar.Close)
	}
	if e.Kind == exchange.KindGap {
		return s + " " + e.Reason
	}
	return fmt.Sprintf("%s %d/%d", s, e.Bids[0].Price, e.Asks[0].Price)
}

func TestHistoryOrder(t *testing.T) {
	zero := 0.0
	r := openHist(t, historyDir(t), HistoryOptions{SpreadBP: &zero, From: exchange.Date(2024, 1, 1) + 2*exchange.Hour, To: exchange.Date(2024, 1, 2)})
	evs, err := drain(t, r)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(`
02:00 usdm funding -0.00005 mark 102.4 8h
02:00 usdm mark 102.4 index 102 est -0.00005 next 10:00
02:00 spot snapshot 1020/1020
02:00 usdm snapshot 1025/1025
02:00 spot bar close 1020
02:00 usdm bar close 1025
03:00 usdm mark 120 index 101 est -0.00005 next 10:00
03:00 spot gap its bar has no volume
03:00 usdm snapshot 1015/1015
03:00 spot bar close 1010
03:00 usdm bar close 1015
10:00 usdm funding 0.0003 mark 120 8h`), "\n")
	for i := 0; i < max(len(want), len(evs)); i++ {
		got := "nothing"
		if i < len(evs) {
			got = show(r.Universe(), evs[i])
		}
		if i >= len(want) || got != want[i] {
			t.Errorf("event %d: %s, want %v", i, got, want[min(i, len(want)-1)])
		}
	}
	h := r.Stats().History
	if h.BadMarks != 1 || h.FundingMoved != 1 || h.FundingMarks != 1 || h.FundingHoles != 0 {
		t.Errorf("stats %+v: want one bad mark, one settlement moved, one priced by an earlier mark", *h)
	}
}

func TestHistoryBookShowsTheVolume(t *testing.T) {
	r := openHist(t, historyDir(t), HistoryOptions{Participation: 0.05, Levels: 2, Symbols: []string{"usdm:ABCUSDT"}})
	evs, err := drain(t, r)
	if err != nil {
		t.Fatal(err)
	}
	if r.Universe().Len() != 1 {
		t.Fatalf("%d instruments, want only the one asked for", r.Universe().Len())
	}
	lot := r.Universe().Get(0).Lot
	for _, e := range evs {
		if e.Kind != exchange.KindSnapshot {
			continue
		}
		if !e.Synthetic || len(e.Bids) != 2 || len(e.Asks) != 2 || e.Asks[0].Price-e.Bids[0].Price != 1 || e.Bids[0].Price-e.Bids[1].Price != 1 {
			t.Fatalf("book %v / %v: want two levels a side, a tick apart", e.Bids, e.Asks)
		}
		if got := lot.Float(int64(e.Bids[0].Qty)); got != 25 && got != 50 && got != 12.5 && got != 12 {
			t.Errorf("%s: a level shows %v, want 5 %% of the volume over two levels", e.Time, got)
		}
	}
}

func TestHistoryWithoutMarkAndFunding(t *testing.T) {
	r := openHist(t, historyDir(t, "mark_1h", "funding"), HistoryOptions{})
	evs, err := drain(t, r)
	if err != nil {
		t.Fatal(err)
	}
	marks := 0
	for _, e := range evs {
		if e.Kind == exchange.KindFunding {
			t.Error("funding without a file")
		}
		if e.Kind == exchange.KindMark {
			marks++
		}
	}
	h := r.Stats().History
	if marks != 3 || h.MarkFromBar != 3 || h.NoMark != 1 || h.NoFunding != 1 {
		t.Errorf("%d marks, stats %+v: want 3 made of bars", marks, *h)
	}
	for _, words := range []string{"pays no funding", "its mark is its own close", "last settled rate"} {
		if !strings.Contains(r.Describe(), words) {
			t.Errorf("description does not say %q:\n%s", words, r.Describe())
		}
	}
}

func TestHistoryRefusals(t *testing.T) {
	dir := historyDir(t)
	bad := 20000.0
	for want, o := range map[string]HistoryOptions{
		`no bars of "XYZUSDT"`: {Symbols: []string{"XYZUSDT"}},
		"spread":               {SpreadBP: &bad},
		"levels":               {Levels: -1},
		"participation":        {Participation: 2},
		"not later":            {From: 10, To: 5},
	} {
		if _, err := formats.Open([]string{dir}, Options{History: o}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %s", err, want)
		}
	}
	if _, err := formats.Open([]string{write(t, "a.jsonl", usdmLines)}, Options{History: HistoryOptions{From: 5}}); err == nil {
		t.Error("a raw recording was cut by time")
	}
}

func settlementsOf(rates ...exchange.E8) []settlement {
	var list []settlement
	for i, r := range rates {
		list = append(list, settlement{at: exchange.Time(i) * 8 * exchange.Hour, rate: r})
	}
	return list
}

func TestShiftedFunding(t *testing.T) {
	for n, want := range map[int][]exchange.E8{0: {1, 2, 3, 4}, 1: {0, 1, 2, 3}, -1: {2, 3, 4, 0}, 9: {0, 0, 0, 0}} {
		list := settlementsOf(1, 2, 3, 4)
		shiftRates(list, n)
		for i := range list {
			if list[i].rate != want[i] {
				t.Errorf("shift %d: rate %d is %d, want %d", n, i, list[i].rate, want[i])
			}
		}
	}
}

func TestRandomSignsAreReproducible(t *testing.T) {
	rates := make([]exchange.E8, 1000)
	for i := range rates {
		rates[i] = 100
	}
	a, b, c := settlementsOf(rates...), settlementsOf(rates...), settlementsOf(rates...)
	flipRates(a, "ABCUSDT", 1)
	flipRates(b, "ABCUSDT", 1)
	flipRates(c, "ABCUSDT", 2)
	negative, differ := 0, 0
	for i := range a {
		if a[i] != b[i] {
			t.Fatal("the same seed gave other signs")
		}
		if a[i].rate < 0 {
			negative++
		}
		if a[i].rate != c[i].rate {
			differ++
		}
	}
	if negative < 400 || negative > 600 || differ < 400 || differ > 600 {
		t.Errorf("%d of 1000 negative, %d differ between seeds; want about half", negative, differ)
	}
}

func TestFundingIntervals(t *testing.T) {
	list := settlementsOf(0, 0, 0, 0, 0, 0)
	for i, h := range []int{0, 8, 16, 32, 36, 40} { // a hole of one, then 4-hourly
		list[i].at = exchange.Time(h) * exchange.Hour
	}
	setHours(list)
	for i, want := range []int{8, 8, 8, 8, 4, 4} {
		if list[i].hours != want {
			t.Errorf("settlement %d: %d h, want %d", i, list[i].hours, want)
		}
	}
}

func TestBadBarsAreSkippedAndCounted(t *testing.T) {
	path := write(t, "ABCUSDT.csv", "date,open,high,low,close,volume\n2024-01-01T00:00:00Z,1,2,0.5,1,5\n2024-01-01T01:00:00Z,1,x,0.5,1,5\n"+
		"2024-01-01T02:00:00Z,1,0.9,0.5,1,5\n2024-01-01T03:00:00Z,1,2,0.5,1\n2024-01-01T00:00:00Z,1,2,0.5,1,5\n2024-01-01T01:00:00Z,1,2,0.5,1,5\n")
	var stats Stats
	s, err := loadBars(path, &stats, nil)
	if err != nil || len(s.bars) != 2 || stats.Malformed != 3 || stats.Repeated != 1 || s.interval != exchange.Hour {
		t.Fatalf("series %+v, stats %+v, error %v; want 2 bars, 3 bad rows, one repeated, an hour", s, stats, err)
	}
}

func TestRecordedHistory(t *testing.T) {
	r := openHist(t, datatest.Path(t, "history"), HistoryOptions{})
	var ev exchange.Event
	var last exchange.Time
	rank := map[exchange.Kind]int{exchange.KindFunding: 0, exchange.KindMark: 1, exchange.KindGap: 2, exchange.KindSnapshot: 2, exchange.KindBar: 3}
	lastRank, n := 0, 0
	for r.Next(&ev) == nil {
		if ev.Time < last || ev.Time == last && rank[ev.Kind] < lastRank {
			t.Fatalf("%s %s after kind rank %d at %s", ev.Time, ev.Kind, lastRank, last)
		}
		last, lastRank = ev.Time, rank[ev.Kind]
		n++
	}
	s := r.Stats()
	if n < 1e6 || s.Malformed != 0 || len(r.Universe().Pairs(exchange.Perpetuals(exchange.Linear))) < 7 {
		t.Errorf("%d events, stats %+v, %d pairs", n, s, len(r.Universe().Pairs(exchange.Perpetuals(exchange.Linear))))
	}
}

func FuzzBarRow(f *testing.F) {
	f.Add([]byte("2024-01-01T00:00:00Z,1,2,0.5,1,5"))
	f.Add([]byte("1704067200000,1,2,0.5,1,5e3"))
	f.Add([]byte("2024-01-01 00:00:00.001,1,2,0.5,1,"))
	var p barParser
	if err := p.header(parseHeader([]byte("date,open,high,low,close,volume"))); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, row []byte) {
		b, err := p.parse(splitCSV(row, nil), observe(formats[0], "binance.spot", "ABCUSDT"))
		if err == nil && (b.l <= 0 || b.h < b.l || b.open < 0 || !(b.volume >= 0)) {
			t.Fatalf("%q was read as %+v", row, b)
		}
		if fields := splitCSV(row, nil); len(fields) > 1 {
			_, _ = parseSettlement(fields[0], fields[1])
		}
	})
}

func BenchmarkHistory(b *testing.B) {
	dir := datatest.Path(b, "history")
	b.ReportAllocs()
	for b.Loop() {
		r := openHist(b, dir, HistoryOptions{})
		var ev exchange.Event
		n := 0
		for r.Next(&ev) == nil {
			n++
		}
		b.ReportMetric(float64(n), "events/op")
	}
}
