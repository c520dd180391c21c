package host

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// cautions says of each script, in one line, what it waits for and will not be
// called with on this market, and what to change.
func cautions(c *core.Core, scripts []loaded, given *supply) []string {
	var out []string
	for i := range scripts {
		if list := append(waitsInVain(c, int32(i), given), quotesOnBars(scripts[i].program, given)...); len(list) > 0 {
			out = append(out, filepath.Base(scripts[i].path)+": "+strings.Join(list, "; "))
		}
	}
	return out
}

// waitsInVain lists the handlers of a strategy that nothing will call.
func waitsInVain(c *core.Core, strategy int32, given *supply) (out []string) {
	listens := func(h core.Handler) bool { return c.Listens(strategy, h) }
	watched, perps, forced := 0, 0, 0
	var silent []string
	for _, in := range c.Universe().All() {
		if c.Watches(strategy, in.ID) {
			watched++
			switch {
			case !in.Perp():
			case slices.Contains(given.silent, in.Venue):
				perps++
				silent = append(silent, in.Key())
			default:
				perps++
				forced++
			}
		}
	}
	var idle []string
	for _, h := range []core.Handler{core.OnBook, core.OnTrade, core.OnMark, core.OnLiquidation, core.OnBar} {
		if listens(h) && watched == 0 {
			idle = append(idle, h.String())
		}
	}
	if len(idle) > 0 {
		return append(out, strings.Join(idle, ", ")+" will not be called, because it watches nothing: declare M.universe, such as { \"usdm:BTCUSDT\" }")
	}
	only := given.BarsOnly
	if listens(core.OnTrade) && only {
		out = append(out, "on_trade will not be called, because a history of bars has no trades: use on_bar")
	}
	if listens(core.OnMark) && perps == 0 {
		out = append(out, "on_mark will not be called, because spot has no mark price: add a perpetual to M.universe")
	}
	switch {
	case !listens(core.OnLiquidation):
	case only:
		out = append(out, "on_liquidation will not be called, because a history of bars does not tell of any")
	case perps == 0:
		out = append(out, "on_liquidation will not be called, because on spot nothing is liquidated: add a perpetual to M.universe")
	case forced == 0:
		out = append(out, "on_liquidation will not be called, because the venue of "+strings.Join(silent[:min(3, len(silent))], ", ")+" does not tell of any: see perilune venues")
	}
	if listens(core.OnBook) && only {
		out = append(out, fmt.Sprintf("on_book is called once a bar (%s), with a book made of its close: quotes that rest between bars are filled by whole bars",
			exchange.BarLength(given.shortest())))
	}
	return out
}

// quotesOnBars warns of a market maker on bars: what decides its result, who stood before its
// quotes and who took them, is not in the data.
func quotesOnBars(p *script.Program, given *supply) []string {
	if !given.BarsOnly || !p.HasText("post_only") {
		return nil
	}
	return []string{"post_only orders are filled here when a bar's range goes beyond their price, by a share of its volume: " +
		"of the queue before them and of the trades between, which make or lose a market maker's money, bars know nothing; try it on recordings (perilune record, run --market)"}
}

// shortest is the length of the shortest bars that the market brings.
func (s *supply) shortest() (length exchange.Time) {
	for _, l := range s.Bars {
		if length == 0 || l < length {
			length = l
		}
	}
	return length
}
