package record

import (
	"slices"
	"sync"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
)

// A loaded history gives every run what reading the files again would give it, also
// to several at once, and with whatever each of them changes.
func TestLoadedHistoryIsShared(t *testing.T) {
	dir := historyDir(t)
	h, err := formats.LoadHistory(dir)
	if err != nil {
		t.Fatal(err)
	}
	options := []HistoryOptions{
		{},
		{From: exchange.Date(2024, 1, 1) + 2*exchange.Hour},
		{To: exchange.Date(2024, 1, 1) + 2*exchange.Hour, ShiftFunding: 1},
		{RandomSign: 7},
		{Symbols: []string{"usdm:ABCUSDT"}},
	}
	var wg sync.WaitGroup
	for range 4 {
		for _, o := range options {
			wg.Go(func() {
				r, err := h.Open(o)
				if err != nil {
					t.Error(err)
					return
				}
				got, want := playAll(t, r), playAll(t, openHist(t, dir, o))
				if !slices.Equal(got, want) {
					t.Errorf("%+v: the loaded history gives\n%q\nand its files\n%q", o, got, want)
				}
				if len(got) < 3 {
					t.Errorf("%+v: only %d events", o, len(got))
				}
			})
		}
	}
	wg.Wait()
	if _, err := h.Open(HistoryOptions{Symbols: []string{"XYZUSDT"}}); err == nil {
		t.Error("a symbol that the history does not have was opened")
	}
}

func TestHistoryOfSomeSymbols(t *testing.T) {
	h, err := formats.LoadHistory(historyDir(t), "spot:ABCUSDT")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Open(HistoryOptions{Symbols: []string{"usdm:ABCUSDT"}}); err == nil {
		t.Error("a leg that was not loaded was opened")
	}
	r, err := h.Open(HistoryOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Universe().Len(); n != 1 {
		t.Errorf("%d instruments, want the spot market alone", n)
	}
}

func playAll(t *testing.T, r *Recording) (out []string) {
	evs, err := drain(t, r)
	if err != nil {
		t.Error(err)
	}
	for _, e := range evs {
		out = append(out, show(r.Universe(), e))
	}
	s := r.Stats()
	return append(out, s.Troubles()...)
}

// BenchmarkHistoryAgain is what one more run costs beside BenchmarkHistory, which
// reads the files each time.
func BenchmarkHistoryAgain(b *testing.B) {
	h, err := formats.LoadHistory(datatest.Path(b, "history"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		r, err := h.Open(HistoryOptions{})
		if err != nil {
			b.Fatal(err)
		}
		var ev exchange.Event
		n := 0
		for r.Next(&ev) == nil {
			n++
		}
		b.ReportMetric(float64(n), "events/op")
	}
}
