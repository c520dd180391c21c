package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/wire"
	"github.com/perilune/perilune/host"
)

// ratesVerb shows what perpetuals pay, without a session.
func ratesVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("rates", "[flags]", "perilune rates --symbols '*:BTC*' --top 10")
	venues := f.StringSlice("venues", nil, "houses to ask: "+exchange.OneOf(houses())+" (default: those of --config, else all)")
	symbols := f.StringSlice("symbols", nil, "perpetuals to show: keys and globs, such as usdm:BTCUSDT or '*:ETH*' (default: all)")
	top := f.Int("top", 40, "rows at most; 0: all")
	watch := f.Bool("watch", false, "ask again until Ctrl-C")
	every := f.String("every", "15s", "how often with --watch; at least 5s, for a question to all symbols is a dear one")
	config := f.String("config", "", "TOML file with sections of venues, such as "+host.VenueSection())
	db := f.String("db", "", "the ledger beside which bans of this address are remembered")
	asJSON := f.Bool("json", false, "print one JSON object on stdout, with --watch one each time")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	if err := within("--top", float64(*top), 0, 1e6, "rows"); err != nil {
		return err
	}
	pause, err := parseLength(*every)
	if err != nil || pause < 5*exchange.Second || pause > exchange.Day {
		return fail(ExitUsage, "--every %s: want a time from 5s to 24h", *every)
	}
	o := host.RatesOptions{Symbols: *symbols, DB: *db, Log: func(text string) { fmt.Fprintln(e.err, text) }}
	if o.Venues, err = sections(*config, *venues); err != nil {
		return err
	}
	for {
		r, err := host.SurveyRates(ctx, o)
		if err != nil {
			if *watch && ctx.Err() != nil {
				return nil
			}
			return err
		}
		if *top > 0 && len(r.Rows) > *top {
			r.Rows = r.Rows[:*top]
		}
		if *asJSON {
			err = e.printJSON(r)
		} else {
			err = printRates(e.out, r)
		}
		if err != nil || !*watch {
			return err
		}
		if wire.Sleep(ctx, time.Duration(pause)) != nil {
			return nil
		}
	}
}

func houses() (out []string) {
	for _, c := range host.Venues() {
		out = append(out, c.House())
	}
	return out
}

// sections are those of the venues that are named, else of those that the configuration
// sets up, else of all there are.
func sections(config string, named []string) (out []connect.Section, err error) {
	o := host.Options{}
	if config != "" {
		if err := o.LoadConfig(config); err != nil {
			return nil, err
		}
	}
	for _, name := range named {
		if !slices.Contains(houses(), name) {
			return nil, fail(ExitUsage, "--venues: unknown venue %q: want %s", name, exchange.OneOf(houses()))
		}
	}
	given := map[string]connect.Section{}
	for _, v := range append([]connect.Section{o.Live.Venue}, o.Live.Further...) {
		if v != nil {
			given[v.House()] = v
		}
	}
	for _, c := range host.Venues() {
		v, set := given[c.House()]
		switch {
		case len(named) > 0 && !slices.Contains(named, c.House()), len(named) == 0 && len(given) > 0 && !set:
		case set:
			out = append(out, v)
		default:
			out = append(out, c.Section())
		}
	}
	return out, nil
}

func printRates(w io.Writer, r *host.Rates) error {
	fmt.Fprintf(w, "%s  funding as it would be settled next; a year is 365 days of it; cost: both legs taken, and left again\n", r.At.Format("2006-01-02 15:04:05Z"))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "PERPETUAL\tRATE\tAFTER\tEVERY\tNEXT\tYEAR\tBASIS\tSPREAD\tDEPTH\tTURNOVER\tNET YEAR\tCOST\tDAYS\tHEDGE\t")
	for i := range r.Rows {
		x := &r.Rows[i]
		after, every, next, depth := "-", "always", "-", "-"
		if x.After != nil {
			after = percent(*x.After, 4)
		}
		if x.Depth > 0 {
			depth = dollars(x.Depth)
		}
		if x.Hours > 0 {
			every = fmt.Sprintf("%d h", x.Hours)
		}
		if !x.Next.IsZero() {
			next = x.Next.Format("15:04")
		}
		hedge := []string{"-", "-", "-", "-"}
		if x.Hedge != "" {
			hedge = []string{percent(x.Net, 1), percent(x.Cost, 2), fmt.Sprintf("%.1f", x.Days), x.Hedge}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", x.Symbol, percent(x.Rate, 4), after, every, next, percent(x.Annual, 1),
			percent(x.Basis, 3), percent(x.Spread, 3), depth, dollars(x.Turnover), strings.Join(hedge, "\t")+loanText(x.Borrow))
	}
	err := t.Flush()
	if list := shallow(r.Rows); len(list) > 0 {
		fmt.Fprintf(w, "depth is - where a venue tells the best prices without their quantities: %s\n", strings.Join(list, ", "))
	}
	for _, s := range r.Silent {
		fmt.Fprintf(w, "no answer: %s\n", s)
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(w, "%s does not tell its rates without a subscription\n", s)
	}
	return err
}

// shallow are the venues, in the order of the rows, of which a row has no depth.
func shallow(rows []host.FundingRate) (out []string) {
	for i := range rows {
		venue, _, _ := strings.Cut(rows[i].Symbol, ":")
		if rows[i].Depth == 0 && !slices.Contains(out, venue) {
			out = append(out, venue)
		}
	}
	return out
}

// loanText marks a hedge that is borrowed; "": it is not.
func loanText(yearly float64) string {
	if yearly == 0 {
		return ""
	}
	return " borrowed at " + percent(yearly, 1)
}

func percent(x float64, places int) string { return fmt.Sprintf("%.*f%%", places, 100*x) }

// dollars is an amount for people.
func dollars(x float64) string {
	switch {
	case x >= 1e9:
		return fmt.Sprintf("%.1fB", x/1e9)
	case x >= 1e6:
		return fmt.Sprintf("%.1fM", x/1e6)
	case x >= 1e3:
		return fmt.Sprintf("%.1fk", x/1e3)
	}
	return fmt.Sprintf("%.0f", x)
}
