package log_test

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/chart"
	"github.com/perilune/perilune/bindings/log"
	"github.com/perilune/perilune/bindings/market"
	"github.com/perilune/perilune/bindings/num"
)

func TestLog(t *testing.T) {
	bt := bindtest.New(t, log.Module(), num.Module(), market.Module())
	bt.Run(`log.info("basis", 0.5, true, nil)
log.warn({}, print, num.dec("1.50"), market.book("usdm:BTCUSDT"))
log.error(("x"):rep(5000))
log.debug()`)
	want := []string{"info test.lua:1 basis 0.5 true nil", "warn test.lua:2 table function 1.5 Book",
		"error test.lua:3 " + strings.Repeat("x", 4096) + "...", "debug test.lua:4 "}
	for i, w := range want {
		if bt.Env.Logged[i] != w {
			t.Errorf("line %d is %.80q, want %.80q", i+1, bt.Env.Logged[i], w)
		}
	}
}

func TestPlot(t *testing.T) {
	bt := bindtest.New(t, chart.Module())
	bt.Run(`chart.plot("basis", 0.5) chart.plot("basis", nil) chart.plot("basis", 0/0) chart.plot("basis", 1/0)`)
	if got := strings.Join(bt.Env.Plotted, ";"); got != "basis 0.5" {
		t.Errorf("plotted %q, want only the finite point", got)
	}
	bt.Fail(`chart.plot("basis", "1")`, "want a number")
}
