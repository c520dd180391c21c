package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// smallHistory is some days of one coin.
func smallHistory(t *testing.T, hours int) string {
	t.Helper()
	dir := t.TempDir()
	rows := "date,open,high,low,close,volume\n"
	for hour := range exchange.Time(hours) {
		price := 100 + float64(hour*hour%17)
		rows += fmt.Sprintf("%s,%g,%g,%g,%g,100000\n", exchange.Date(2026, 1, 1)+hour*exchange.Hour, price, price+1, price-1, price)
	}
	for _, folder := range []string{"spot_1h", "perp_1h"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, folder, "ABCUSDT.csv"), []byte(rows), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const buyer = `local M = { name = "buyer", universe = { "spot:ABCUSDT" } }
M.params = { size = { default = 500, min = 100, max = 1000 }, wait = { type = "integer", default = 2, min = 1, max = 4 } }
function M.on_start() timer.every("buy", params.wait .. "h") end
function M.on_timer()
  local book = market.book("spot:ABCUSDT")
  if book:ready() then order.buy("spot:ABCUSDT", params.size / book:ask(1), book:ask(1), { tif = "ioc" }) end
end
return M
`

// TestASearchFromTheCommandLine tells how far it is off a terminal, goes on from its file,
// and stops a build.
func TestASearchFromTheCommandLine(t *testing.T) {
	dir := smallHistory(t, 4*24)
	t.Chdir(t.TempDir())
	if err := os.WriteFile("buyer.lua", []byte(buyer), 0o644); err != nil {
		t.Fatal(err)
	}
	study := []string{"study", "buyer.lua", "--data", dir, "--search", "grid", "--tune", "size=100,1000", "--tune", "wait", "--objective", "net"}
	code, out, errs := runLine(append(study, "--report", "s.html", "--fail-if", "trades<1")...)
	if code != ExitCondition || !strings.Contains(out, "mean net by") || !strings.Contains(out, "UNKNOWN") || !strings.Contains(errs, "9 of 9 runs") ||
		!strings.Contains(errs, "--fail-if trades<1: it is 0") || strings.Count(errs, "runs") > 11 {
		t.Errorf("exit %d\n%s%s", code, out, errs)
	}
	if kept, err := filepath.Glob("perilune-trials/buyer-*.jsonl"); err != nil || len(kept) != 1 {
		t.Errorf("kept in %v, %v", kept, err)
	}
	if code, again, errs := runLine(append(study, "--report", "s.html")...); code != ExitOK || again != out || !strings.Contains(errs, "9 kept from before") {
		t.Errorf("exit %d, the same again: %v\n%s", code, again == out, errs)
	}
	for _, c := range []struct{ args, want string }{
		{"--search tree", "want grid, random or tpe"},
		{"--search grid --splits 2026-01-01,2026-01-02", "--splits: a search has"},
		{"--trials 5", "it is of a search"},
		{"--walk-forward train=1d", "want both train and test"},
		{"--folds k=1", "want k=2"},
		{"--search grid --fail-if pob>1", "did you mean"},
		{"--search random --tune size=1..2", "at least 100"},
	} {
		if code, out, errs := runLine(append([]string{"study", "buyer.lua", "--data", dir}, strings.Fields(c.args)...)...); code == ExitOK || !strings.Contains(errs, c.want) {
			t.Errorf("%s: exit %d, want an error with %q\n%s%s", c.args, code, c.want, out, errs)
		}
	}
}
