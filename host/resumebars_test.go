package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/ledger"
)

// Days of trades are not looked at to their end for whoever does not wait for them any more.
func TestRecalledBarsCanBeInterrupted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.lua")
	if err := os.WriteFile(path, []byte(`local M = { name = "barred", bars = { "1h" }, universe = { "usdm:BTCUSDT" } }
function M.on_bar() end
return M
`), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Options{Scripts: []string{path}, DB: filepath.Join(filepath.Dir(path), "x.db"), For: exchange.Hour, Journal: "off"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	was := &ledger.Snapshot{LastTime: synth.Began + 2*exchange.Hour}
	if past, err := recallBars(t.Context(), s.r.o, s.r.core, was); err != nil || len(past) == 0 {
		t.Fatalf("%d events, %v: want bars", len(past), err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := recallBars(ctx, s.r.o, s.r.core, was); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("%v, want that it was interrupted", err)
	}
}

// In a journal nobody waits for a past that its lost beginning may have told.
func TestTheSupplyOfAJournal(t *testing.T) {
	for first, comes := range map[uint64]bool{0: true, 7: false} {
		s := supply{Past: true, PastComes: true, Scans: true}
		if s.journalled(first); s.Past || s.Scans || s.PastComes != comes {
			t.Errorf("from record %d: %+v", first, s)
		}
	}
}
