package host_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

// TestAStudyReadsItsHistoryOnce: a directory that is gone once the first run has ended is
// missed by no other.
func TestAStudyReadsItsHistoryOnce(t *testing.T) {
	dir := madeHistory(t, map[string][]candle{"ABC": slices.Repeat([]candle{{10, 11, 9, 10, 5000}}, 20*24)})
	script := filepath.Join(t.TempDir(), "idle.lua")
	if err := os.WriteFile(script, []byte("return { name = 'idle', universe = { 'usdm:ABCUSDT' }, on_book = function() end }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := host.StudyOptions{Session: host.Options{Scripts: []string{script}, Market: []string{dir}},
		Progress: func(int, int, *host.StudyRun) { os.RemoveAll(dir) }}
	for day := range 11 {
		o.Splits = append(o.Splits, exchange.Date(2025, 1, 1+day))
	}
	st, err := host.RunStudy(context.Background(), &o)
	if err != nil || len(st.Runs) != 10 || st.Market != dir || st.Currency != "USDT" {
		t.Fatalf("%+v, %v", st, err)
	}
}
