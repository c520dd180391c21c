package tardis

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

const rows = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\nbinance-futures,BTCUSDT,1790812800000000,1790812800000900,42,sell,60000.1,0.015\n"

func zipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.Bytes()
}

// A gzip that is whole may still be another file: only the one that was asked for counts.
func TestOnlyTheFileAskedForCounts(t *testing.T) {
	day := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	header, _, _ := strings.Cut(rows, "\n")
	for text, want := range map[string]string{
		rows:                       "",
		header + "\n":              "",
		"<html>no</html>\n":        "want a header with exchange",
		strings.Repeat("x", 1<<20): "line 1 is longer than 64 KB",
		strings.ReplaceAll(rows, "BTCUSDT", "ETHUSDT"):       `symbol "ETHUSDT"`,
		strings.ReplaceAll(rows, "binance-futures", "okex"):  `exchange "okex"`,
		strings.ReplaceAll(rows, "1790812800", "1790899200"): "want microseconds within 2026-10-01",
		header + "\nbinance-futures,BTCUSDT\n":               "line 2 has 2 fields",
	} {
		file := filepath.Join(t.TempDir(), "x.csv.gz")
		if err := os.WriteFile(file, zipped(text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := belongs(file, "binance-futures", "BTCUSDT", day)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.80q: %v, want %q", text, err, want)
		}
	}
}
