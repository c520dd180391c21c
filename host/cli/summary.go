package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/perilune/perilune/host"
)

// printSummary tells people what a session came to.
func printSummary(w io.Writer, s *host.Summary) {
	band := strings.ToUpper(s.Mode)
	if s.Simulated {
		band += ", SIMULATED MARKET"
	}
	fmt.Fprintf(w, "%s: %s on %s, %s to %s (%.1f days)\n", band, strings.Join(s.Strategies, ", "), s.Market, s.From, s.To, s.Days)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, a ...any) { fmt.Fprintf(t, "  %s\t%s\n", name, fmt.Sprintf(format, a...)) }
	row("equity", "%s -> %s USDT (%+.3f %%)", s.StartEq.StringFixed(2), s.EndEq.StringFixed(2), change(s))
	row("profit", "%s USDT, of which funding %s, fees -%s", s.PnL.StringFixed(2), s.Funding.StringFixed(2), s.Fees.StringFixed(2))
	row("max drawdown", "%.3f %%", 100*s.Drawdown)
	row("pairs", "%d opened, %d closed, %d live", s.PairsOpened, s.PairsClosed, s.PairsLive)
	row("unhedged at most", "%s USDT, for %.2f s", s.MaxUnhedged.StringFixed(2), s.MaxUnhedSec)
	row("fills", "%d", s.Fills)
	row("events", "%d in %.1f s (%.0f/s)", s.Events, s.WallSeconds, float64(s.Events)/max(s.WallSeconds, 1e-9))
	row("reloads", "%d, refused %d", s.Reloads, s.ReloadsRefused)
	if s.Errors > 0 || s.Gaps > 0 || s.Malformed > 0 {
		row("trouble", "%d strategy errors, %d gaps, %d malformed lines", s.Errors, s.Gaps, s.Malformed)
	}
	if s.Halted != "" {
		row("HALTED", "%s", s.Halted)
	}
	row("ledger", "%s (session %s)", s.DB, s.Session)
	if s.Journal != "" {
		row("journal", "%s", s.Journal)
	}
	if s.Report != "" {
		row("report", "%s", s.Report)
	}
	row("effects hash", "%s", s.EffectsHash)
	t.Flush()
	fmt.Fprintln(w, "assumptions:")
	left := 0
	for _, a := range s.Assumptions {
		if strings.HasPrefix(a, "calibration: ") {
			left++
			continue
		}
		fmt.Fprintf(w, "  - %s\n", a)
	}
	if left > 0 {
		fmt.Fprintf(w, "  - how it was calibrated: %d figures, with --json or --report\n", left)
	}
}

func change(s *host.Summary) float64 {
	if s.StartEq.IsZero() {
		return 0
	}
	return 100 * s.PnL.InexactFloat64() / s.StartEq.InexactFloat64()
}
