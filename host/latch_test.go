package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

const haltsItself = `
local M = { name = "wary", universe = { "spot:BTCUSDT" } }
function M.on_start() timer.every("look", "1m") end
function M.on_timer()
  if exec.halted() then log.info("halted: " .. exec.halted()) return end
  exec.halt("enough")
end
return M`

const tradesOn = `
local M = { name = "other", universe = { "spot:BTCUSDT" } }
function M.on_start() timer.after("buy", "3m") end
function M.on_timer()
  assert(not exec.halted())
  order.submit { symbol = "spot:BTCUSDT", side = "buy", type = "market", qty = 0.001 }
end
return M`

// A strategy that halted itself is halted after a restart, beside one that trades, until a
// person resumes it.
func TestAStrategysHaltSurvives(t *testing.T) {
	dir := t.TempDir()
	var scripts []string
	for i, code := range []string{haltsItself, tradesOn} {
		path := filepath.Join(dir, []string{"wary.lua", "other.lua"}[i])
		if err := os.WriteFile(path, []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
		scripts = append(scripts, path)
	}
	run := func(clear bool) (*Summary, string) {
		var log logged
		sum, err := Run(context.Background(), &Options{Scripts: scripts, For: 5 * exchange.Minute, DB: filepath.Join(dir, "x.db"), ClearHalt: clear, Log: log.add})
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for _, l := range log.lines {
			text.WriteString(l.Text + "\n")
		}
		return sum, text.String()
	}
	sum, text := run(false)
	if len(sum.Latched) != 1 || sum.Latched[0] != "wary: enough" || sum.Halted != "" || sum.Fills == 0 || !strings.Contains(text, "halted: enough") {
		t.Fatalf("latched %q, halted %q, %d fills, log\n%s", sum.Latched, sum.Halted, sum.Fills, text)
	}
	if sum, text = run(false); len(sum.Latched) != 1 || strings.Count(text, "HALTED") != 0 || !strings.Contains(text, "wary is still halted") {
		t.Errorf("after a restart: latched %q, log\n%s", sum.Latched, text)
	}
	if _, text = run(true); !strings.Contains(text, "resumed: its kill latch is lifted") || !strings.Contains(text, "HALTED, only what reduces its own") {
		t.Errorf("with ClearHalt it begins anew:\n%s", text)
	}
}
