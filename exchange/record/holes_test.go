package record

import (
	"fmt"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// told plays a history and returns what is said of it.
func told(t *testing.T, files map[string]string, o HistoryOptions) (Stats, string) {
	t.Helper()
	r := openHist(t, put(t, t.TempDir(), files), o)
	if _, err := drain(t, r); err != nil {
		t.Fatal(err)
	}
	s := r.Stats()
	return s, strings.Join(s.Troubles(), "\n")
}

// TestHolesAreToldWithTheirDates: bars, marks and settlements that are missing, and
// those that another price stood in for.
func TestHolesAreToldWithTheirDates(t *testing.T) {
	files := map[string]string{
		"perp_1h/ABCUSDT.csv": hourBars(48, 3, 4, 5, 6, 7, 20), "mark_1h/ABCUSDT.csv": hourBars(48, 3, 4, 5, 6, 7),
		"spot_1h/ABCUSDT.csv": hourBars(48), "funding/ABCUSDT.csv": settled(every(8, 48, 8, 24), 8)}
	s, text := told(t, files, HistoryOptions{})
	for _, want := range []string{
		"usdm:ABCUSDT: 6 bars are missing: 2024-01-01 03:00 to 2024-01-01 08:00 (5), 2024-01-01 20:00 to 2024-01-01 21:00 (1)",
		"usdm:ABCUSDT: 5 marks are missing: 2024-01-01 03:00 to 2024-01-01 08:00 (5)",
		"usdm:ABCUSDT: 1 settlements are missing: 2024-01-02 00:00 to 2024-01-02 08:00 (1)",
		"usdm:ABCUSDT: 1 settlements were priced at an earlier mark, because there is none of their moment: 2024-01-01 08:00",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it is not told that\n%s\ntold is\n%s", want, text)
		}
	}
	if h := s.History; h.BarHoles != 6 || h.MarkHoles != 5 || h.FundingHoles != 1 || len(h.Holes) != 4 || strings.Contains(text, "spot") {
		t.Errorf("%+v\n%s\nwant 6, 5 and 1 in four places, and nothing about spot", h, text)
	}
	// A part of it has only what lies in the part.
	if _, text := told(t, files, HistoryOptions{From: newYear + 10*exchange.Hour, To: newYear + 24*exchange.Hour}); text != "usdm:ABCUSDT: 1 bars are missing: 2024-01-01 20:00 to 2024-01-01 21:00 (1)" {
		t.Errorf("of a part without most of the holes is told\n%s", text)
	}
	if _, text := told(t, files, HistoryOptions{From: newYear + 6*exchange.Hour, To: newYear + 8*exchange.Hour}); !strings.Contains(text, "(2)") {
		t.Errorf("of a part inside of a hole is told\n%s\nwant two bars", text)
	}
}

// TestWholeDataAreNotTalkedAbout: no silence, and no noise.
func TestWholeDataAreNotTalkedAbout(t *testing.T) {
	for _, from := range []exchange.Time{0, newYear + 5*exchange.Hour} {
		_, text := told(t, map[string]string{"perp_1h/ABCUSDT.csv": hourBars(48), "mark_1h/ABCUSDT.csv": hourBars(48),
			"spot_1h/ABCUSDT.csv": hourBars(48), "funding/ABCUSDT.csv": settled(every(0, 48, 8), 0)}, HistoryOptions{From: from})
		if text != "" {
			t.Errorf("of whole data is told\n%s", text)
		}
	}
}

// TestManyHolesAreBounded: the first few of each kind, and how many more.
func TestManyHolesAreBounded(t *testing.T) {
	var skip []int
	for h := 2; h < 200; h += 3 {
		skip = append(skip, h)
	}
	s, text := told(t, map[string]string{"perp_1h/ABCUSDT.csv": hourBars(200, skip...)}, HistoryOptions{})
	if s.History.BarHoles != int64(len(skip)) || len(s.History.Holes) != keepHoles || !strings.Contains(text, fmt.Sprintf("(1) and %d more", len(skip)-keepHoles)) {
		t.Errorf("%d holes, %d kept\n%s", s.History.BarHoles, len(s.History.Holes), text)
	}
}

// TestABookWithoutBarsIsLost: in a hole, and after the last bar of one that ends
// before the others do, nothing can be taken from its book; a bar makes a new one.
func TestABookWithoutBarsIsLost(t *testing.T) {
	r := openHist(t, put(t, t.TempDir(), map[string]string{
		"perp_1h/ABCUSDT.csv": hourBars(10, 3, 4), "perp_1h/XYZUSDT.csv": hourBars(20)}), HistoryOptions{})
	in, err := r.Universe().Lookup("usdm:ABCUSDT")
	if err != nil {
		t.Fatal(err)
	}
	b := book.New(in)
	var ev exchange.Event
	var got []string
	for r.Next(&ev) == nil {
		was := b.Ready()
		if ev.Instrument == in.ID {
			b.Apply(&ev)
		}
		if b.Ready() != was {
			got = append(got, fmt.Sprintf("%d:%v", (ev.Time-newYear)/exchange.Hour, b.Ready()))
		}
	}
	if want := "1:true 4:false 6:true 11:false"; strings.Join(got, " ") != want {
		t.Errorf("the book was ready as in %v, want %s", got, want)
	}
	s := r.Stats()
	if keys := s.EndedKeys(); len(keys) != 1 || keys[0] != "usdm:ABCUSDT" || !strings.Contains(strings.Join(s.Troubles(), "\n"), "its data end at 2024-01-01 10:00") {
		t.Errorf("%v\n%v", keys, s.Troubles())
	}
}

// depthLines is a recording of one symbol's book, a diff a second.
func depthLines(symbol string, from, n int) string {
	var b strings.Builder
	at := func(i int) int64 { return int64(newYear) + int64(i)*1e9 }
	fmt.Fprintf(&b, `%d {"e":"depthUpdate","E":1,"T":1,"s":"%s","U":1,"u":2,"pu":1,"b":[["100.0","5"]],"a":[["101.0","5"]]}`+"\n", at(from), symbol)
	fmt.Fprintf(&b, `%d {"lastUpdateId":2,"symbol":"%s","bids":[["100.0","5"]],"asks":[["101.0","5"]]}`+"\n", at(from), symbol)
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, `%d {"e":"depthUpdate","E":1,"T":1,"s":"%s","U":%d,"u":%d,"pu":%d,"b":[["100.0","%d"]],"a":[]}`+"\n", at(from+i), symbol, i+2, i+2, i+1, 5+i%7)
	}
	return b.String()
}

// gapsOf plays recordings and lists the gaps, in seconds, with their reasons.
func gapsOf(t *testing.T, paths ...string) (gaps []string, r *Recording) {
	t.Helper()
	r, err := formats.Open(paths, Options{Venue: "binance.usdm"})
	if err != nil {
		t.Fatal(err)
	}
	evs, err := drain(t, r)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range evs {
		if e.Kind == exchange.KindGap {
			gaps = append(gaps, fmt.Sprintf("%s at %d: %s", r.Universe().Get(e.Instrument).Symbol, (e.Time-newYear)/exchange.Second, e.Reason))
		}
	}
	return gaps, r
}

// TestARecordingThatEndsBeforeOthers: its book is lost once the others are well
// beyond it, and it is named.
func TestARecordingThatEndsBeforeOthers(t *testing.T) {
	a, b := write(t, "usdm-abc.jsonl", depthLines("ABCUSDT", 0, 20)), write(t, "usdm-xyz.jsonl", depthLines("XYZUSDT", 0, 60))
	gaps, r := gapsOf(t, a, b)
	if fmt.Sprint(gaps) != "[ABCUSDT at 24: its recording has ended]" {
		t.Errorf("gaps %q", gaps)
	}
	if s := r.Stats(); len(s.Ended) != 1 || s.Ended[0].Instrument != "usdm:ABCUSDT" || !strings.Contains(fmt.Sprint(s.Troubles()), "its data end at") {
		t.Errorf("%+v", r.Stats())
	}
	// Files of one moment do not end at the same line, which is nothing to tell.
	c := write(t, "usdm-xyz.jsonl", depthLines("XYZUSDT", 0, 22))
	if gaps, r := gapsOf(t, a, c); len(gaps) != 0 || len(r.Stats().Ended) != 0 {
		t.Errorf("two recordings that end together: %q", gaps)
	}
	// Consecutive files are one stream.
	if gaps, _ := gapsOf(t, a, b, write(t, "usdm-abc2.jsonl", strings.Join(strings.SplitAfter(depthLines("ABCUSDT", 20, 40), "\n")[2:], ""))); len(gaps) > 1 {
		t.Errorf("a stream in two files: %q", gaps)
	}
}

func said(r *Recording) string {
	s := r.Stats()
	return strings.Join(s.Troubles(), "\n")
}

// TestASymbolThatFallsSilent inside of a recording of several is lost, too.
func TestASymbolThatFallsSilent(t *testing.T) {
	text := depthLines("ABCUSDT", 0, 20) + depthLines("XYZUSDT", 20, 900)
	gaps, r := gapsOf(t, write(t, "usdm-both.jsonl", text))
	if len(gaps) != 1 || !strings.HasPrefix(gaps[0], "ABCUSDT at ") || !strings.Contains(said(r), "nothing came of usdm:ABCUSDT for 10 minutes") {
		t.Errorf("gaps %q\n%v", gaps, said(r))
	}
}
