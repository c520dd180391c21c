package cli

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/perilune/perilune/host"
)

// printShadow sets a shadow beside the strategy that it may replace.
func printShadow(w io.Writer, s *host.Summary) {
	x := s.Shadow
	if x == nil {
		return
	}
	fmt.Fprintf(w, "\nSHADOW ON PAPER: %s beside %s, %s to %s UTC\n", x.Script, x.Strategy, second(x.From), second(x.To))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\torders\tcancels\tfills\trejected\tdenied\terrors\ttraded\tprofit, %s\t\n", s.Currency)
	row := func(name string, v *host.ShadowSide, errors int) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%.0f\t%s\t\n", name, v.Orders, v.Cancels, v.Fills, v.Rejected, v.Denied, errors, v.Traded, v.PnL.StringFixed(2))
	}
	row("running", &x.Running, s.Errors)
	row("shadow", &x.Shadow, x.Shadow.Errors)
	t.Flush()
	if x.Restarts > 0 {
		fmt.Fprintf(w, "begun anew %d times; the figures are since the last\n", x.Restarts)
	}
	if x.Stopped != "" {
		fmt.Fprintf(w, "it stood still in the end: %s\n", x.Stopped)
	}
	if x.DB != "" {
		fmt.Fprintf(w, "its orders and fills, none of them real: perilune fills --db %s\n", x.DB)
	}
}
