package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

func dataCurve(ctx context.Context, e *env, args []string) error {
	f := e.flags("data curve", "--market PATH [flags]",
		"perilune data curve --market history --symbol usdm:BTCUSDT --days 28 --out btc.curve.json && perilune run scripts/vwap.lua --curve btc.curve.json")
	var o host.CurveOptions
	f.StringArrayVar(&o.Market, "market", nil, "what to learn from: a history or recordings, as run and backtest read them (repeatable), or synth (required); what was downloaded is imported first")
	f.StringVar(&o.Symbol, "symbol", "", "instrument, such as usdm:BTCUSDT (default: the only one)")
	f.IntVar(&o.Days, "days", 0, "the newest whole days, at most (default: all)")
	bucket := f.String("bucket", "", "steps of the curve: 5m, 15m, 1h (default 15m, or the length of the bars)")
	f.BoolVar(&o.Apart, "weekend", false, "tell weekdays and weekends apart, where there are three whole days of each")
	from := f.String("from", "", "first day, UTC: 2024-01-01 (default: the data's)")
	to := f.String("to", "", "day to end before, UTC (default: the data's)")
	f.Uint64Var(&o.Seed, "seed", 1, "seed of the built-in market")
	out := f.String("out", "", "file to write; a table is shown either way")
	asJSON := f.Bool("json", false, "print the file on stdout in the place of the table")
	if err := parseAlone(f, args); err != nil {
		return err
	}
	if len(o.Market) == 0 {
		return fail(ExitUsage, "--market is missing: want a history or recordings to learn from (see perilune data download)")
	}
	if f.Changed("days") && o.Days < 1 {
		return fail(ExitUsage, "--days %d: want 1 or more", o.Days)
	}
	var err error
	if *bucket != "" {
		if o.Bucket, err = exchange.ParseBarLength(*bucket); err != nil {
			return fail(ExitUsage, "--bucket: %w", err)
		}
	}
	if o.From, o.To, err = parseDays(*from, *to); err != nil {
		return err
	}
	p, err := host.LearnCurve(ctx, o)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	if *out != "" {
		if err := os.WriteFile(*out, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	if *asJSON {
		_, err = fmt.Fprintln(e.out, string(text))
		return err
	}
	return showCurve(e.out, p, *out)
}

// showCurve draws a curve, hour by hour.
func showCurve(w io.Writer, p *host.CurveProfile, file string) error {
	day := func(t exchange.Time) string { return t.String()[:len("2026-01-31")] }
	fmt.Fprintf(w, "%s: %d days from %s to %s (%s), steps of %s, %.6g a day\n", p.Symbol, p.Days, day(p.From), day(p.Until-exchange.Day),
		p.Learned, exchange.BarLength(p.Bucket), p.Volume)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	columns := []struct {
		name   string
		shares []float64
	}{{"all days", p.Shares}, {"weekdays", p.Weekday}, {"weekends", p.Weekend}}
	fmt.Fprint(t, "UTC")
	for _, c := range columns {
		if c.shares != nil {
			fmt.Fprint(t, "\t"+c.name)
		}
	}
	fmt.Fprintln(t)
	for hour := range 24 {
		fmt.Fprintf(t, "%02d:00", hour)
		for _, c := range columns {
			if c.shares != nil {
				share := hourly(c.shares, hour)
				fmt.Fprintf(t, "\t%5.2f %% %s", 100*share, strings.Repeat("#", min(24, int(share*24*8+0.5))))
			}
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, why := range p.LeftOut {
		fmt.Fprintf(w, "left out: %s\n", why)
	}
	fmt.Fprintln(w, "of each step the tenth of the days' weight at either end is left out")
	if file != "" {
		fmt.Fprintf(w, "written to %s\n", file)
	}
	return nil
}

// hourly is the share of an hour of the day, in whatever steps the day is.
func hourly(shares []float64, hour int) (sum float64) {
	n := float64(len(shares))
	from, to := float64(hour)*n/24, float64(hour+1)*n/24
	for i := int(from); i < len(shares) && float64(i) < to; i++ {
		sum += shares[i] * (min(to, float64(i+1)) - max(from, float64(i)))
	}
	return sum
}
