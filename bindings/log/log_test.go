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

// Long lines count for several: what is written is bounded in bytes.
func TestLongLinesCountForSeveral(t *testing.T) {
	bindtest.New(t, log.Module()).Run(`for i = 1, 200 do log.info(("x"):rep(1000)) end`)
	bindtest.New(t, log.Module()).Fail(`for i = 1, 41 do log.info(("x"):rep(4096)) end`, "log.info: one callback may ask for at most 200 log lines")
}

func TestPlot(t *testing.T) {
	bt := bindtest.New(t, chart.Module())
	bt.Run(`chart.plot("basis", 0.5) chart.plot("basis", nil) chart.plot("basis", 0/0) chart.plot("basis", 1/0)`)
	if got := strings.Join(bt.Env.Plotted, ";"); got != "basis 0.5" {
		t.Errorf("plotted %q, want only the finite point", got)
	}
	bt.Fail(`chart.plot("basis", "1")`, "want a number")
}
