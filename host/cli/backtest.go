package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

func backtestVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("backtest", "SCRIPT… --data DIR [flags]", "perilune backtest scripts/funding_rotation.lua --data history --from 2023-01-01 --report report.html")
	var s sessionFlags
	var h historyFlags
	h.define(f)
	from := f.String("from", "", "first day, UTC: 2023-01-01")
	to := f.String("to", "", "day to end before, UTC")
	shift := f.Int("shift-funding", 0, "tell funding this many settlements late, to test for look-ahead")
	random := f.Uint64("random-sign", 0, "give funding a random sign from this seed, to test for luck")
	s.define(f)
	s.fails.ofReport(f)
	keep := f.Bool("keep-log", false, "keep lines of log.info in the ledger too, as run does, and not only warnings and errors")
	f.Lookup("db").Usage = "ledger file (default perilune-backtest.db)"
	f.Lookup("journal").Usage = "directory for journals (default: off, none is kept)"
	f.Lookup("journal-cap").Usage = "MiB of journal to keep, oldest dropped first, or off (default off)"
	if err := parse(f, args); err != nil {
		return err
	}
	o, err := s.options(f)
	if err != nil {
		return err
	}
	if err := h.set(o); err != nil {
		return err
	}
	o.History.ShiftFunding, o.History.RandomSign = *shift, *random
	if o.History.From, o.History.To, err = parseDays(*from, *to); err != nil {
		return err
	}
	if s.db == "" {
		o.DB = "perilune-backtest.db"
	}
	if s.journal == "" {
		o.Journal = "off"
	}
	if !*keep {
		o.KeepLog = host.KeepWarnings
	}
	if o.Scripts, err = e.scripts(f); err != nil {
		return err
	}
	return e.session(ctx, o, &s, nil)
}

// historyFlags are what every verb that plays a history takes.
type historyFlags struct {
	data          string
	symbols       []string
	spread, share float64
}

func (h *historyFlags) define(f *pflag.FlagSet) {
	f.StringVar(&h.data, "data", "", "directory with funding/, mark_*/, perp_*/ and spot_*/ of SYMBOL.csv[.gz] (required)")
	f.StringSliceVar(&h.symbols, "symbols", nil, "only these: BTCUSDT,ETHUSDT (default: all there are)")
	f.Float64Var(&h.spread, "spread", 1, "full bid-ask spread of the book made from a bar, in bp")
	f.Float64Var(&h.share, "participation", 0.1, "part of a bar's volume that can be had: the book shows it on each side, and resting orders share it")
}

// set makes the history the market of a session.
func (h *historyFlags) set(o *host.Options) error {
	if h.data == "" {
		return fail(ExitUsage, "--data: name the directory with the history")
	}
	if err := within("--spread", h.spread, 0, 9999, "bp"); err != nil {
		return err
	}
	if err := within("--participation", h.share, 1e-9, 1, "of a bar's volume"); err != nil {
		return err
	}
	o.Market = []string{h.data}
	o.History = host.HistoryOptions{Symbols: h.symbols, SpreadBP: &h.spread, Participation: h.share}
	return nil
}

// parseDays reads the two ends of a time, either of which may be left open.
func parseDays(from, to string) (first, end exchange.Time, err error) {
	if first, err = parseDay("--from", from); err != nil {
		return 0, 0, err
	}
	if end, err = parseDay("--to", to); err != nil {
		return 0, 0, err
	}
	return first, end, nil
}

// parseDay reads a day or a time in UTC.
func parseDay(flag, s string) (exchange.Time, error) {
	if s == "" {
		return 0, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, strings.TrimSpace(s), time.UTC); err == nil {
			return exchange.Time(t.UnixNano()), nil
		}
	}
	return 0, fail(ExitUsage, "%s %q: want a day such as 2023-01-31, in UTC", flag, s)
}
