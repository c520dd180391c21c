package record

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// What is written is read back, over two recordings in one directory; time that
// runs back does not, and a file that is there is not overwritten.
func TestRawWriter(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tape")
	in, _ := formats[0].Known("binance.spot", "BTCUSDT")
	frames := []string{
		`{"lastUpdateId":10,"bids":[["100.00","1.00000"]],"asks":[["101.00","2.00000"]]}`,
		"{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"BTCUSDT\",\n\"U\":11,\"u\":12,\"b\":[[\"100.00\",\"3.00000\"]],\"a\":[]}}",
	}
	for round := range exchange.Time(2) {
		w, err := formats.NewRawWriter(dir, (1+round)*exchange.Day)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range frames {
			w.Add(&in, (1+round)*exchange.Day-exchange.Time(i), []byte(f))
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if n, lines, _ := w.Written(); n != 1 || lines != 2 {
			t.Errorf("%d files, %d lines", n, lines)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	w, err := formats.NewRawWriter(dir, exchange.Day)
	if err != nil {
		t.Fatal(err)
	}
	w.Add(&in, 1, []byte(frames[0]))
	if err := w.Flush(); !errors.Is(err, os.ErrExist) || !strings.Contains(err.Error(), "recording of spot:BTCUSDT") {
		t.Errorf("over a file that is there: %v", err)
	}
	w.Close()
	rec, err := formats.Open([]string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	var kinds []string
	var ev exchange.Event
	for err = rec.Next(&ev); err == nil; err = rec.Next(&ev) {
		kinds = append(kinds, ev.Kind.String())
	}
	if got := strings.Join(kinds, " "); err != io.EOF || got != "snapshot diff snapshot diff" {
		t.Errorf("%s, %v", got, err)
	}
}

// Instruments of several universes have the same ids, and files of their own.
func TestRawWriterOfSeveralVenues(t *testing.T) {
	dir := t.TempDir()
	spot, _ := formats[0].Known("binance.spot", "BTCUSDT")
	perp, _ := formats[0].Known("binance.usdm", "BTCUSDT")
	spot.ID, perp.ID = 0, 0
	w, err := formats.NewRawWriter(dir, exchange.Day)
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []*exchange.Instrument{&spot, &perp, &spot} {
		w.Add(in, exchange.Day, []byte(`{"lastUpdateId":10,"bids":[],"asks":[]}`))
	}
	if n, lines, _ := w.Written(); n != 2 || lines != 3 {
		t.Errorf("%d files, %d lines; want 2 files", n, lines)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(names) != 2 || !strings.Contains(names[0], "spot-BTCUSDT") || !strings.Contains(names[1], "usdm-BTCUSDT") {
		t.Errorf("%q", names)
	}
}
