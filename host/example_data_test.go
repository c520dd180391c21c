package host_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

// swing is a day of one's own data: a coin whose price goes up and down by 1 % an hour.
func swing() *host.SliceSource {
	s := &host.SliceSource{Info: host.SourceInfo{Name: "swing", Stale: 2 * exchange.Minute, Instruments: []exchange.Instrument{{
		Venue: "desk.spot", Symbol: "COIN", Base: "COIN", Quote: "USDT",
		Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.01"), Multiplier: 1,
	}}}}
	for minute := range exchange.Time(24 * 60) {
		up := minute % 120
		mid := exchange.Ticks(10_000 + 100*min(up, 120-up)/60)
		s.Events = append(s.Events, exchange.Event{Kind: exchange.KindSnapshot, LastID: int64(minute) + 1,
			Time: exchange.Date(2026, 1, 5) + minute*exchange.Minute,
			Bids: []exchange.Level{{Price: mid - 1, Qty: 100_000}}, Asks: []exchange.Level{{Price: mid + 1, Qty: 100_000}}})
	}
	return s
}

const swinger = `
local M = { name = "swinger", universe = { "desk.spot:COIN" } }
M.params = { below = { default = 100.2, doc = "buys at this price and sells 0.5 above" } }
local held = 0
function M.on_book(book)
  local ask, bid = (book:ask(1)), (book:bid(1))
  if held == 0 and ask <= params.below then held = 1; order.buy(book, 10, ask, { tif = "ioc" }) end
  if held == 1 and bid >= params.below + 0.5 then held = 0; order.sell(book, 9.9, bid, { tif = "ioc" }) end
end
return M
`

func writeScript(text string) (path string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "script")
	if err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, "swinger.lua")
	return path, func() { _ = os.RemoveAll(dir) }, os.WriteFile(path, []byte(text), 0o644)
}

// A strategy on data of one's own, with venues and instruments that nobody else has.
func ExampleSource() {
	script, remove, err := writeScript(swinger)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	sum, err := host.Run(context.Background(), &host.Options{Scripts: []string{script}, Source: swing(), Ledger: host.LedgerNone})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sum.Market, sum.Fills, "fills")
	// Output:
	// swing 25 fills
}

// A grid of parameters over the same data, on all processors. Every run comes out as it
// would alone.
func ExampleSweep() {
	script, remove, err := writeScript(swinger)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	runs, err := host.Sweep(context.Background(), host.SweepOptions{
		Session: host.Options{Scripts: []string{script}, Source: swing()},
		Grid:    map[string][]string{"below": {"100.1", "100.4", "99.9"}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range runs {
		fmt.Println(r.Params["below"], r.Summary.Fills, "fills", r.Err)
	}
	// Output:
	// 100.1 25 fills <nil>
	// 100.4 25 fills <nil>
	// 99.9 0 fills <nil>
}

// Years of bars are read once and shared by all sessions on them.
func ExampleLoadHistory() {
	dir, err := os.MkdirTemp("", "history")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	bars := "date,open,high,low,close,volume\n"
	for hour := range exchange.Time(48) {
		at := exchange.Date(2026, 1, 5) + hour*exchange.Hour
		bars += fmt.Sprintf("%s,100,101,99,%d,1000\n", at.String(), 100+hour%2)
	}
	for _, folder := range []string{"spot_1h", "perp_1h"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			fmt.Println(err)
			return
		}
		if err := os.WriteFile(filepath.Join(dir, folder, "ABCUSDT.csv"), []byte(bars), 0o644); err != nil {
			fmt.Println(err)
			return
		}
	}
	history, err := host.LoadHistory(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	for range 2 {
		sum, err := host.Run(context.Background(), &host.Options{
			Scripts: []string{"../scripts/baselines/hold.lua"}, Loaded: history, Ledger: host.LedgerNone,
		})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(sum.Events, "events")
	}
	// Output:
	// 716 events
	// 716 events
}
