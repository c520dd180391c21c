package host_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

// On a market that tells of liquidations a script with the handler hears of them, its
// session is the same again when it is replayed, and one without has none of them.
func TestLiquidations(t *testing.T) {
	run := func(handler string) (*host.Summary, string) {
		dir := t.TempDir()
		path := filepath.Join(dir, "s.lua")
		text := "local M = { name = \"forced\", universe = { \"usdm:*\", \"coinm:*\" } }\nlocal n = 0\n" + handler + "\nfunction M.on_stop() log.info(n) end\nreturn M\n"
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		var said []string
		o := &host.Options{Scripts: []string{path}, DB: filepath.Join(dir, "l.db"), For: 2 * exchange.Hour, New: true,
			Log: func(l host.Line) { said = append(said, l.Text) }}
		sum, err := host.Run(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		r, err := host.Replay(context.Background(), sum.Journal)
		if err != nil || r.Diff != nil || r.Effects != sum.Effects {
			t.Errorf("replay: %+v %v", r, err)
		}
		return sum, strings.Join(said, "\n")
	}
	heard, text := run(`function M.on_liquidation(l)
  if l.side ~= "buy" and l.side ~= "sell" or l.price <= 0 or l.qty <= 0 or math.abs(l.notional) < 1e-9 or not l.time then error("a liquidation of nothing") end
  if l.symbol == "coinm:BTCUSD_PERP" and math.abs(l.notional - 100 * l.qty) > 1e-6 then error("contracts of 100 USD") end
  n = n + 1
end`)
	deaf, _ := run(`function M.on_trade() end`)
	if heard.Errors > 0 || heard.Events <= deaf.Events {
		t.Errorf("%d events with the handler and %d without, %d errors:\n%s", heard.Events, deaf.Events, heard.Errors, text)
	}
	_, text = run(`function M.on_liquidation() n = n + 1 end
M.universe = { "spot:BTCUSDT" }`)
	if !strings.Contains(text, "on_liquidation will not be called, because on spot nothing is liquidated") {
		t.Errorf("on spot it is not told that nothing comes:\n%s", text)
	}
}
