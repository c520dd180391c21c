package record

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/frames"
)

// formats are those that a program has.
var formats = Formats{frames.Format{}}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// write puts text in a file of a temporary directory, compressed by its name.
func write(t testing.TB, name, text string) string {
	t.Helper()
	var buf bytes.Buffer
	var w io.WriteCloser
	switch filepath.Ext(name) {
	case ".gz":
		w = gzip.NewWriter(&buf)
	case ".zst":
		w, _ = zstd.NewWriter(&buf)
	}
	if w == nil {
		buf.WriteString(text)
	} else {
		io.WriteString(w, text)
		w.Close()
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// drain reads a feed to its end and returns copies of its events and the error
// that ended it, nil for io.EOF. Time must never run back.
func drain(t testing.TB, f exchange.Feed) ([]exchange.Event, error) {
	t.Helper()
	defer f.Close()
	var out []exchange.Event
	var ev exchange.Event
	for {
		err := f.Next(&ev)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if n := len(out); n > 0 && ev.Time < out[n-1].Time {
			t.Fatalf("event %d (%s): time %s after %s", n, ev.Kind, ev.Time, out[n-1].Time)
		}
		cp := ev
		cp.Bids = append([]exchange.Level(nil), ev.Bids...)
		cp.Asks = append([]exchange.Level(nil), ev.Asks...)
		out = append(out, cp)
	}
}

func kinds(evs []exchange.Event) string {
	var s []string
	for _, e := range evs {
		s = append(s, e.Kind.String())
	}
	return strings.Join(s, " ")
}
