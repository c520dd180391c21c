package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/perilune/perilune/ledger"
)

// idle is a strategy that does nothing.
func idle(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "idle.lua")
	text := `return { name = "idle", universe = { "spot:BTCUSDT" }, on_start = function() end }`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// runOn runs a short session on a ledger and returns the exit code and stderr.
func runOn(t *testing.T, db string) (int, string) {
	t.Helper()
	var out, errs bytes.Buffer
	code := Main([]string{"run", idle(t), "--for", "10m", "--speed", "max", "--db", db, "--journal", "off"}, nil, &out, &errs)
	return code, errs.String()
}

func TestLedgerInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	holder, err := ledger.Open(ledger.Options{Path: path, Mode: ledger.Paper, Venue: "paper"})
	if err != nil {
		t.Fatal(err)
	}
	if code, errs := runOn(t, path); code != ExitLocked || !strings.Contains(errs, path) {
		t.Errorf("while another holds it: exit code %d, want %d: %s", code, ExitLocked, errs)
	}
	if err := holder.Close(); err != nil {
		t.Fatal(err)
	}
	if code, errs := runOn(t, path); code != ExitOK {
		t.Errorf("when it is free again: exit code %d: %s", code, errs)
	}
}

func TestLedgerOfAnotherMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live.db")
	other, err := ledger.Open(ledger.Options{Path: path, Mode: ledger.Live, Venue: "binance"})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if code, errs := runOn(t, path); code != ExitLedger || !strings.Contains(errs, "live") || !strings.Contains(errs, "paper") {
		t.Errorf("exit code %d, want %d and both modes named: %s", code, ExitLedger, errs)
	}
}

// TestExitCodes: an error keeps its code however it is wrapped on the way.
func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{fail(ExitUsage, "no"), ExitUsage},
		{fmt.Errorf("ledger a.db: %w", syscall.ENOSPC), ExitDiskFull},
		{fmt.Errorf("ledger a.db: %w", ledger.ErrFull), ExitDiskFull},
		{fmt.Errorf("ledger a.db: %w", ledger.ErrCorrupt), ExitLedger},
		{fmt.Errorf("ledger a.db: %w", ledger.ErrLocked), ExitLocked},
		{fmt.Errorf("something else"), ExitFailure},
	} {
		if got := codeOf(fmt.Errorf("wrapped: %w", c.err)); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.want)
		}
	}
}
