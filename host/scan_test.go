package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

func scanScript(t *testing.T, text string) string {
	path := filepath.Join(t.TempDir(), "s.lua")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// What the session does not trade is told too, and a replay, which end does, asks nobody.
func TestScanOfAVenue(t *testing.T) {
	v := newLiveVenue(t)
	r := v.runScript(scanScript(t, `local M = { name = "scan", universe = { "usdm:BTCUSDT" } }
function M.on_start()
  local rows, why = market.scan{}
  if rows or not why:find("being asked") then error("an answer before the question") end
  timer.every("t", "1s")
end
function M.on_timer()
  local rows, age = market.scan{ symbols = { "usdm:ETHUSDT", "*:BTCUSD_PERP" }, sort = "symbol" }
  if not rows then return end
  local keys = {}
  for i, r in ipairs(rows) do keys[i] = r.symbol .. "/" .. r.hours end
  log.info("scanned " .. table.concat(keys, " ") .. (age < 70 and " lately" or ""))
end
return M
`), filepath.Join(t.TempDir(), "x.db"), nil)
	r.until("a scan", func() bool { return r.said("scanned coinm:BTCUSD_PERP/8 usdm:ETHUSDT/8 lately") })
	r.end()
}

// Where there is nobody to ask, the reason says what would be right, and nothing is journalled.
func TestScanOfTheBuiltInMarket(t *testing.T) {
	path := scanScript(t, `local M = { name = "scan", universe = { "usdm:BTCUSDT" } }
function M.on_start()
  local rows, why = market.scan{ venues = "binance" }
  if rows or not why:find("--market live", 1, true) then error(why) end
end
return M
`)
	sum, err := Run(t.Context(), &Options{Scripts: []string{path}, DB: filepath.Join(t.TempDir(), "l.db"), For: exchange.Minute})
	if err != nil || sum.Errors > 0 {
		t.Fatalf("%v, %d errors", err, sum.Errors)
	}
}

type standings struct {
	list []connect.Standing
	err  error
}

func (s standings) Survey(context.Context) ([]connect.Standing, error) { return s.list, s.err }

// A venue that does not answer leaves the others' rows, is told of once, and is the reason
// when it is the last.
func TestScanWithASilentVenue(t *testing.T) {
	venue := func(house string, s standings) *scanned {
		c, ok := connectorOf(house)
		if !ok {
			t.Fatal(house)
		}
		return &scanned{liveMarket: &liveMarket{Section: c.Section()}, asked: s, listed: time.Now()}
	}
	in := exchange.Instrument{Venue: "bybit.linear", Symbol: "ABCUSDT", Contract: exchange.Linear, Base: "ABC", Quote: "USDT", FundingHours: 8}
	dead := venue("okx", standings{err: errors.New("no route")})
	list := []*scanned{venue("bybit", standings{list: []connect.Standing{surveyed(in, 10000, 8, "100", "10", "100.1", "10")}}), dead}
	for range 2 {
		ev := scanOf(t.Context(), list)
		if ev.Reason != "" || ev.Scan == nil || len(ev.Scan.Rows) != 1 || ev.Scan.Rows[0].Symbol != "bybit.linear:ABCUSDT" || ev.Scan.Rows[0].Depth != 1000 {
			t.Errorf("%+v", ev.Scan)
		}
	}
	if n := dead.takeNotices(); len(n) != 1 || !strings.Contains(n[0].Text, "okx does not tell what its perpetuals pay: no route") {
		t.Errorf("%+v: want one notice", n)
	}
	if ev := scanOf(t.Context(), list[1:]); ev.Scan != nil || !strings.Contains(ev.Reason, "okx: no route") {
		t.Errorf("%+v", ev)
	}
}

// The size of an answer is bounded; what is traded least is left out, of equals by the key.
func TestScanIsBounded(t *testing.T) {
	var list []FundingRate
	for i := range exchange.MostScanned + 3 {
		list = append(list, FundingRate{Symbol: fmt.Sprintf("x.linear:%05d", i), Turnover: float64(min(i, 5)), Rate: 1e300})
	}
	s := scanOfRates(list)
	if n := len(s.Rows); n != exchange.MostScanned || s.Rows[0].Symbol != "x.linear:00003" || s.Rows[n-1].Symbol != "x.linear:02002" {
		t.Errorf("%d rows from %s to %s", n, s.Rows[0].Symbol, s.Rows[n-1].Symbol)
	}
	if s.Rows[0].Rate <= 0 {
		t.Errorf("a rate beyond all sense became %d", s.Rows[0].Rate)
	}
}
