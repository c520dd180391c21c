package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/host/control"
)

// table writes rows under a heading; none are said in words.
func table(w io.Writer, none string, heading string, rows [][]string) {
	if len(rows) == 0 {
		fmt.Fprintln(w, none)
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, heading)
	for _, r := range rows {
		fmt.Fprintln(t, strings.Join(r, "\t"))
	}
	t.Flush()
}

// cell is an amount that may not be known.
func cell(d *decimal.Decimal, places int32) string {
	if d == nil {
		return "-"
	}
	return d.StringFixed(places)
}

func bp(fraction float64) string { return fmt.Sprintf("%+.2f", 1e4*fraction) }

func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

func printStatus(w io.Writer, s *control.Status) {
	fmt.Fprintf(w, "%s\n", band(&s.Identity))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, a ...any) { fmt.Fprintf(t, "  %s\t%s\n", name, fmt.Sprintf(format, a...)) }
	if s.Halted != "" {
		row("HALTED", "%s", s.Halted)
	}
	row("time", "%s UTC", clock(s.Time))
	if s.Equity != nil {
		row("equity", "%s %s, today %s, this run %s, drawdown %.2f %% (at most %.2f %%)", s.Equity.StringFixed(2), s.Identity.Currency,
			cell(s.Today, 2), cell(s.PnL, 2), 100*s.Drawdown, 100*s.MaxDraw)
	} else {
		row("equity", "not yet known: %s", s.Unvalued)
	}
	row("earned", "funding %s, fees %s, interest %s", s.Funding.StringFixed(2), s.Fees.Neg().StringFixed(2), s.Interest.StringFixed(2))
	row("open", "%d pairs (unhedged %s), %d orders, %d fills so far", s.Pairs, s.Unhedged.StringFixed(2), s.Orders, s.Fills)
	for _, h := range s.Held {
		row("held", "%s", h)
	}
	for _, l := range s.Late {
		row("late", "%s", l)
	}
	for _, beside := range []string{s.Shadow, s.Twin} {
		if beside != "" {
			row("on paper", "%s", beside)
		}
	}
	if s.Loop.Failing != "" {
		row("ledger", "%s", s.Loop.Failing)
	}
	row("loop", "lag %.1f ms, %d events wait, last beat %.1f s ago", s.Loop.Lag, s.Loop.Inbox, s.Loop.BeatAge/1000)
	t.Flush()
	printStrategies(w, s.Strategies)
}

func printStrategies(w io.Writer, list []control.Strategy) {
	var rows [][]string
	for i := range list {
		s := &list[i]
		state := s.State
		if s.Why != "" {
			state += ": " + s.Why
		}
		if s.Refused != "" {
			state += " (the last save was refused: " + s.Refused + ")"
		}
		rows = append(rows, []string{s.Name, fmt.Sprintf("v%d", s.Version), fmt.Sprint(s.Pairs), fmt.Sprint(s.Orders), fmt.Sprint(s.Errors),
			fmt.Sprintf("%.0f", s.HandlerP99), cell(s.PnL, 2), state})
	}
	table(w, "no strategies", "STRATEGY\tVERSION\tPAIRS\tORDERS\tERRORS\tP99 µs\tBOOKED\tSTATE", rows)
}

func printParams(w io.Writer, list []control.Strategy) {
	var rows [][]string
	for i := range list {
		for _, p := range list[i].Params {
			rows = append(rows, []string{list[i].Name + "." + p.Name, p.Value, p.Default, allowed(&p), p.Doc})
		}
	}
	if len(rows) > 0 {
		fmt.Fprintln(w)
		table(w, "", "PARAMETER\tVALUE\tDEFAULT\tALLOWED\t", rows)
	}
}

// allowed is what a parameter may be.
func allowed(p *control.Param) string {
	switch {
	case len(p.Choices) > 0:
		return strings.Join(p.Choices, "|")
	case p.Min != "" && p.Max != "":
		return p.Min + " to " + p.Max
	case p.Min != "":
		return p.Min + " or more"
	case p.Max != "":
		return p.Max + " or less"
	}
	return p.Type
}

func printPositions(w io.Writer, list []control.Position) {
	var rows [][]string
	for i := range list {
		p := &list[i]
		rows = append(rows, []string{p.Instrument, p.Qty.String(), p.Entry.String(), cell(p.Mark, 4), cell(p.Notional, 2), cell(p.Unrealised, 2), p.Realised.StringFixed(2), cell(p.Liquidation, 4)})
	}
	table(w, "no open positions", "INSTRUMENT\tQTY\tENTRY\tMARK\tNOTIONAL\tUNREALISED\tREALISED\tLIQUIDATION", rows)
}

func printAccounts(w io.Writer, list []control.Account) {
	var rows [][]string
	for i := range list {
		a := &list[i]
		for j := range a.Balances {
			b := &a.Balances[j]
			margin := "-"
			if a.Margin != nil && j == 0 {
				margin = fmt.Sprintf("%.1f %% of %s", 100*a.Margin.Ratio, a.Margin.Equity.StringFixed(2))
			}
			rows = append(rows, []string{a.Venue, a.Wallet, b.Asset, b.Total.String(), cell(b.Free, 8), cell(b.Value, 2), margin})
		}
	}
	table(w, "no balances", "VENUE\tWALLET\tASSET\tTOTAL\tFREE\tVALUE\tMAINTENANCE MARGIN", rows)
}

func printOrders(w io.Writer, list []control.Order) {
	var rows [][]string
	for i := range list {
		o := &list[i]
		of := ""
		switch {
		case o.Pair != 0:
			of = fmt.Sprintf("pair %d", o.Pair)
		case o.Schedule != 0:
			of = fmt.Sprintf("schedule %d", o.Schedule)
		case o.Parent != 0:
			of = fmt.Sprintf("order %d", o.Parent)
		case o.Group != 0 && o.Group != o.ID:
			of = fmt.Sprintf("%s of %d", o.Role, o.Group)
		case o.Group != 0:
			of = o.Role
		}
		price := o.Price.String()
		if o.Price.IsZero() {
			price = "market"
		}
		if o.Trigger != nil {
			price += fmt.Sprintf(" (%s %s)", o.Source, o.Trigger)
		}
		rows = append(rows, []string{fmt.Sprint(o.ID), o.Strategy, o.Instrument, o.Side, o.Qty.String(), o.Filled.String(), price, o.Type + " " + o.TIF, o.Status, cell(o.Ahead, 4), of})
	}
	table(w, "no working orders", "ORDER\tSTRATEGY\tINSTRUMENT\tSIDE\tQTY\tFILLED\tPRICE\tTYPE\tSTATUS\tAHEAD\tOF", rows)
	if slices.ContainsFunc(list, func(o control.Order) bool { return o.Held }) {
		fmt.Fprintln(w, "\nOrders that are held, waiting or triggered are kept by this program: at the venue there is nothing of them, and they do nothing while nothing runs.")
	}
}

func printPairs(w io.Writer, list []control.Pair) {
	var rows [][]string
	for i := range list {
		p := &list[i]
		var legs []string
		for _, l := range p.Legs {
			legs = append(legs, fmt.Sprintf("%s %s %s", l.Side, l.Qty.Abs(), l.Instrument))
		}
		basis, next := "-", "-"
		if p.Basis != nil {
			basis = bp(*p.Basis)
		}
		if p.Next != nil {
			next = p.Next.UTC().Format("02 15:04")
		}
		state := p.State
		if p.Why != "" {
			state += ": " + p.Why
		}
		unhedged := p.Unhedged.StringFixed(2)
		if p.UnhedgedMS > 0 {
			unhedged += " for " + ago(time.Duration(p.UnhedgedMS*float64(time.Millisecond)))
		}
		rows = append(rows, []string{fmt.Sprint(p.ID), p.Strategy, strings.Join(legs, " / "), p.Notional.StringFixed(2), unhedged, bp(p.OpenBasis), basis,
			p.Funding.StringFixed(4), p.Fees.StringFixed(4), next, state})
	}
	table(w, "no pairs", "PAIR\tSTRATEGY\tLEGS\tNOTIONAL\tUNHEDGED\tENTRY bp\tNOW bp\tFUNDING\tFEES\tNEXT\tSTATE", rows)
}

func printBooks(w io.Writer, list []control.Book) {
	for i := range list {
		b := &list[i]
		state := b.State
		if b.Integrity != "" {
			state += ", " + b.Integrity
		}
		fmt.Fprintf(w, "%s  %s, %s old\n", b.Instrument, state, ago(time.Duration(b.AgeMS*float64(time.Millisecond))))
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		for n := range max(len(b.Bids), len(b.Asks)) {
			var bid, ask [2]string
			if n < len(b.Bids) {
				bid = b.Bids[n]
			}
			if n < len(b.Asks) {
				ask = b.Asks[n]
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t\n", bid[1], bid[0], ask[0], ask[1])
		}
		t.Flush()
	}
	if len(list) == 0 {
		fmt.Fprintln(w, "no books")
	}
}

func printCommands(w io.Writer, list []control.Command) {
	var rows [][]string
	for i := range list {
		c := &list[i]
		rows = append(rows, []string{clock(c.Time), c.By, c.Op, c.Args, c.Outcome})
	}
	table(w, "nobody told the session anything", "TIME\tBY\tWHAT\tARGUMENTS\tOUTCOME", rows)
}

func printVersions(w io.Writer, list []control.Version) {
	var rows [][]string
	for i := range list {
		v := &list[i]
		ms := "-"
		if v.TookMS > 0 {
			ms = fmt.Sprintf("%.1f", v.TookMS)
		}
		rows = append(rows, []string{v.Strategy, fmt.Sprintf("v%d", v.Number), clock(v.Time), cmp.Or(v.By, "-"), ms, v.Hash[:min(12, len(v.Hash))], versionState(v)})
	}
	table(w, "no versions", "STRATEGY\tVERSION\tTIME\tBY\tMS\tHASH\tSTATE", rows)
}

// versionState is what became of a version, in a line.
func versionState(v *control.Version) string {
	state := "loaded"
	switch {
	case v.Running:
		state = "running"
	case !v.Loaded:
		state = "refused"
	case v.Undone != "":
		state = "rolled back"
	}
	if v.Rollback {
		state += ", a version of before"
	}
	if why := cmp.Or(v.Problem, v.Undone, v.Why); why != "" {
		first, _, _ := strings.Cut(why, "\n")
		state += ": " + first
	}
	return state
}

func printTrace(w io.Writer, tr *control.Trace) {
	fmt.Fprintln(w, tr.Subject)
	layout := "15:04:05.000000"
	if n := len(tr.Steps); n > 0 && tr.Steps[n-1].Time.Sub(tr.Steps[0].Time) > 12*time.Hour {
		layout = "2006-01-02 15:04:05"
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := range tr.Steps {
		s := &tr.Steps[i]
		after := ""
		if i > 0 {
			after = "+" + ago(time.Duration(s.AfterUS*float64(time.Microsecond)))
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", s.Time.UTC().Format(layout), after, s.Kind, s.Text)
	}
	t.Flush()
}
