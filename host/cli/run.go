package cli

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/control/door"
)

// sessionFlags are the flags that run and backtest share.
type sessionFlags struct {
	set      []string
	config   string
	db       string
	journal  string
	balances []string
	curves   []string
	leverage int
	seed     uint64
	fees     float64
	latency  float64
	queue    string
	report   string
	fresh    bool
	sure     string

	clearHalt bool
	json      bool
	real      bool // orders go to the venue
	accept    bool // what nothing explains
	takeOver  bool
	quiet     bool
	doors     door.Options
	capMiB    string
	log       logFlags
	metrics   string // address
	fails     failIf
	stall     time.Duration
}

func (s *sessionFlags) define(f *pflag.FlagSet) {
	f.StringArrayVar(&s.set, "set", nil, "set a parameter: name=value or strategy.name=value (repeatable)")
	f.StringVar(&s.config, "config", "", "TOML file with the sections ["+strings.Join(host.ConfigSections(), "], [")+"]")
	f.StringVar(&s.db, "db", "", "ledger file (default perilune-paper.db)")
	f.StringVar(&s.journal, "journal", "", "directory for journals, or off (default: beside the ledger)")
	f.StringVar(&s.capMiB, "journal-cap", "", "MiB of journal to keep, oldest dropped first, or off (default 512 on the built-in market, off on others)")
	f.BoolVar(&s.fresh, "new", false, "begin a new session instead of going on with the last one")
	f.BoolVar(&s.clearHalt, "clear-halt", false, "lift the kill latch that the session was left with")
	f.DurationVar(&s.stall, "stall", 0, "give the session up when its loop stands still for this long; what rests at the venue is canceled (default 30s)")
	f.StringVar(&s.report, "report", "", "write an HTML report to this file")
	f.StringArrayVar(&s.balances, "balance", nil, "opening balance wallet:ASSET=amount, with HOUSE. before the wallet where it is not the default venue's (repeatable; default: what perilune venues shows)")
	f.StringArrayVar(&s.curves, "curve", nil, "volume curve that vwap follows, a file of perilune data curve: FILE, or SYMBOL=FILE for another instrument than it was learned from (repeatable)")
	f.IntVar(&s.leverage, "leverage", 0, "leverage of perpetuals (default 5)")
	f.Float64Var(&s.fees, "fees", 0, "every fee in bp (default: the venue's)")
	f.Float64Var(&s.latency, "latency", 0, "fixed latency to the paper venue in ms, one way (default: log-normal, median 20)")
	f.StringVar(&s.queue, "queue", "", "how resting orders queue: risk_averse, power:N, log; touch and through are bounds (default risk_averse)")
	f.StringVar(&s.sure, "sure", "auto", "runs on paper made again at the end, with other assumptions, to say how sure the profit is: a number, off, or auto (12 where that is cheap)")
	f.Uint64Var(&s.seed, "seed", 1, "seed of the built-in market and of simulated latency")
	f.BoolVar(&s.json, "json", false, "print one JSON object on stdout at the end")
	f.BoolVar(&s.quiet, "quiet", false, "no status line and no log on stderr, only errors")
	s.log.define(f)
}

// options turns the flags into options.
func (s *sessionFlags) options(f *pflag.FlagSet) (*host.Options, error) {
	set, err := paramSettings(s.set)
	if err != nil {
		return nil, err
	}
	if err := s.fails.parse(); err != nil {
		return nil, err
	}
	o := &host.Options{
		Set: set, Seed: s.seed, DB: s.db, Journal: s.journal,
		New: s.fresh, ClearHalt: s.clearHalt, Curves: s.curves, Report: s.report, Command: "perilune " + strings.Join(os.Args[1:], " "),
	}
	if o.Sure, err = parseSure(s.sure); err != nil {
		return nil, err
	}
	if s.seed == 0 {
		return nil, fail(ExitUsage, "--seed 0: want 1 or more")
	}
	if o.JournalCap, err = parseCap(s.capMiB); err != nil {
		return nil, err
	}
	if f.Changed("stall") && s.stall < time.Second {
		return nil, fail(ExitUsage, "--stall %s: want 1s or more", s.stall)
	}
	o.StallAfter = s.stall
	o.Paper.Leverage = s.leverage
	if f.Changed("leverage") && (s.leverage < 1 || s.leverage > 125) {
		return nil, fail(ExitUsage, "--leverage %d: want 1 to 125", s.leverage)
	}
	for _, b := range s.balances {
		d, err := host.ParseDeposit(b)
		if err != nil {
			return nil, fail(ExitUsage, "--balance: %w", err)
		}
		if slices.ContainsFunc(o.Paper.Balances, func(x host.Deposit) bool { return x.Wallet == d.Wallet && x.Asset == d.Asset }) {
			return nil, fail(ExitUsage, "--balance %s: that asset of that wallet is given twice: want one amount", b)
		}
		o.Paper.Balances = append(o.Paper.Balances, d)
	}
	if f.Changed("fees") {
		if err := within("--fees", s.fees, 0, 10_000, "bp"); err != nil {
			return nil, err
		}
		o.Paper.FeeBP = &s.fees
	}
	if f.Changed("latency") {
		if err := within("--latency", s.latency, 0, 3_600_000, "milliseconds"); err != nil {
			return nil, err
		}
		l := host.ConstLatency(s.latency)
		o.Paper.Latency = &l
	}
	if s.queue != "" {
		if o.Paper.Queue, err = paper.ParseQueue(s.queue); err != nil {
			return nil, fail(ExitUsage, "--queue: %w", err)
		}
	}
	o.Doors = s.doors
	if s.real {
		o.Account = &host.AccountOptions{Accept: s.accept, TakeOver: s.takeOver}
	}
	if s.config != "" {
		if err := o.LoadConfig(s.config); err != nil {
			return nil, err
		}
	}
	if err := o.Live.TakeEnvironment(os.LookupEnv); err != nil {
		return nil, err
	}
	return o, nil
}

// runFlags are those of run alone.
type runFlags struct {
	paper, live                *bool
	preflight                  *string
	market, contracts, symbols *[]string
	speed, length              *string
	shadow                     *string
	twin                       *bool
}

func (r *runFlags) define(f *pflag.FlagSet, s *sessionFlags) {
	r.paper = f.Bool("paper", false, "trade on a paper account (the default)")
	r.live = f.Bool("live", false, "trade with real orders on the accounts of the sections of venues in --config, such as "+host.VenueSection()+"; see perilune doctor")
	r.market = f.StringArray("market", []string{"synth"}, "synth, live (public data of the venue), the address of a tardis-machine stream, or a recording (repeatable, merged by time)")
	r.contracts = f.StringArray("contract", nil, "what a symbol of another venue's Tardis files is: exchange:symbol=linear, linear:0.1 (contracts of 0.1 coins), spot or inverse:BTC:100; how many coins a contract of a recording is: HOUSE.MARKET:SYMBOL=linear:1000 (repeatable)")
	r.symbols = f.StringSlice("symbols", nil, "of the live market: what to subscribe to, such as usdm:BTCUSDT,spot:* or HOUSE.MARKET:SYMBOL (default: what the scripts declare)")
	r.speed = f.String("speed", "", "virtual seconds per second, or max (default 3600 on synth, max on recordings)")
	r.length = f.String("for", "", "end after this much virtual time: 90m, 12h, 30d; the next run goes on from there")
	r.preflight = f.String("preflight", "", "what a new version of a script is tried for on the last minutes before it is swapped in: off, warn or enforce (default: enforce with --live, warn on paper); see perilune docs reload")
	r.shadow = f.String("shadow", "", "a script that trades on paper beside the one of its name, on the same events and from the same account; its ledger is NAME.shadow.db beside --db")
	r.twin = f.Bool("twin", false, "keep a paper twin of the session's orders, and tell what paper makes of them (see also perilune twin)")
	f.BoolVar(&s.accept, "accept-positions", false, "with --live: book positions that no record of the venue explains as traded by hand")
	f.BoolVar(&s.takeOver, "take-over", false, "with --live: cancel the orders that other runs have at the venue, instead of refusing to begin beside them")
	s.define(f)
	s.fails.ofReport(f)
	doorFlags(f, &s.doors)
	f.StringVar(&s.metrics, "metrics", "", "serve figures for Prometheus at this address or port (a port alone: of this machine only)")
}

func runVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("run", "[SCRIPT…] [flags]", "perilune run --paper scripts/funding_rotation.lua --for 30d --speed max")
	var s sessionFlags
	var r runFlags
	r.define(f, &s)
	if err := parse(f, args); err != nil {
		return err
	}
	if s.accept && !*r.live {
		return fail(ExitUsage, "--accept-positions: it is about an account with real orders: want --live")
	}
	if s.takeOver && !*r.live {
		return fail(ExitUsage, "--take-over: it is about an account with real orders: want --live")
	}
	if *r.live && *r.paper {
		return fail(ExitUsage, "--live and --paper: want one of them")
	}
	if *r.live && s.config == "" {
		return fail(ExitUsage, "--live: name the file with the key's place and the limits with --config")
	}
	s.real = *r.live
	o, err := s.options(f)
	if err != nil {
		return err
	}
	o.Market, o.Watch, o.Preflight.Tests = *r.market, true, testsBeside
	if f.Changed("preflight") {
		o.Preflight.Mode = *r.preflight
	}
	if *r.live && !f.Changed("market") {
		o.Market = []string{"live"}
	}
	o.Live.Symbols = *r.symbols
	o.Shadow, o.Twin = *r.shadow, *r.twin
	if o.Contracts, err = settings("--contract", "exchange:symbol=linear, =linear:0.1, =spot or =inverse:BTC:100", *r.contracts); err != nil {
		return err
	}
	if err := checkLive(f, o); err != nil {
		return err
	}
	if o.Speed, err = parseSpeed(*r.speed, *r.market); err != nil {
		return err
	}
	if o.For, err = parseLength(*r.length); err != nil {
		return err
	}
	if o.Scripts, err = e.scripts(f); err != nil {
		return err
	}
	doors, err := prepareDoors(&o.Doors)
	if err != nil {
		return err
	}
	return e.session(ctx, o, &s, doors)
}

// checkLive refuses flags that the live market gives no meaning to, or only it.
func checkLive(f *pflag.FlagSet, o *host.Options) error {
	live := slices.Contains(o.Market, "live")
	switch {
	case live && len(o.Market) > 1:
		return fail(ExitUsage, "--market live: it can't be merged with another market")
	case live && f.Changed("speed"):
		return fail(ExitUsage, "--speed: the live market has its own pace")
	case !live && f.Changed("symbols"):
		return fail(ExitUsage, "--symbols: only --market live has symbols to choose from")
	}
	return nil
}

// session runs a session, tells about it while it runs and sums it up; nobody is let in where
// doors are nil.
func (e *env) session(ctx context.Context, o *host.Options, s *sessionFlags, doors *door.Prepared) error {
	logs, err := openLogs(e.err, &s.log, s.quiet)
	if err != nil {
		return err
	}
	manager := newService(ctx)
	defer manager.stop()
	o.Logger, o.Abandon = slog.New(logs), e.abandon
	o.Status = func(st host.Status) {
		manager.status(st)
		logs.screen.status(st)
	}
	if doors != nil {
		o.Opened = func(x *host.Session) func() { return openDoors(doors, x, o.Doors.MCP, logs) }
	}
	sessions.Add(1)
	run := func() (*host.Summary, error) { return host.Run(ctx, o) }
	if s.metrics != "" {
		address, err := metricsAddress(s.metrics)
		if err != nil {
			return err
		}
		run = func() (*host.Summary, error) {
			return runMeasured(ctx, o, address, func(text string) { logs.say(logs, host.Line{Level: host.LevelInfo, Strategy: "host", Text: text}) })
		}
	}
	sum, err := run()
	sessions.Add(-1)
	err = logs.ended(err)
	logs.close()
	if sum == nil {
		return err
	}
	if s.json {
		if jerr := e.printJSON(sum); jerr != nil {
			return jerr
		}
	} else {
		printSummary(e.out, sum)
	}
	switch {
	case err != nil:
		return err
	case sum.Halted != "":
		return &coded{code: ExitHalted, err: fmt.Errorf("halted: %s", sum.Halted)}
	case len(sum.Latched) > 0:
		return &coded{code: ExitHalted, err: fmt.Errorf("halted: %s", strings.Join(sum.Latched, "; "))}
	case len(sum.Paused) > 0:
		return &coded{code: ExitStrategy, err: fmt.Errorf("paused: %s", strings.Join(sum.Paused, "; "))}
	}
	return failed(s.fails.judge(e, "", sum.Metrics))
}

// within refuses the value of a flag that is no number, or not in its range.
func within(flag string, v, least, most float64, unit string) error {
	if v >= least && v <= most {
		return nil
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	return fail(ExitUsage, "%s %v: want %s to %s %s", flag, v, number(least), number(most), unit)
}

// parseCap reads MiB; 0 and "off" lift the cap, "" is the market's own.
func parseCap(s string) (int64, error) {
	switch s {
	case "":
		return 0, nil
	case "off", "0":
		return -1, nil
	}
	v, err := strconv.ParseInt(s, 10, 32)
	if err != nil || v < 1 {
		return 0, fail(ExitUsage, "--journal-cap %q: want 1 or more MiB, or off", s)
	}
	return v << 20, nil
}

func parseSpeed(s string, market []string) (float64, error) {
	switch {
	case s == "max":
		return 0, nil
	case s == "" && len(market) == 1 && market[0] == "synth":
		return 3600, nil
	case s == "":
		return 0, nil
	}
	v, err := strconv.ParseFloat(strings.TrimSuffix(s, "x"), 64)
	if err != nil || !(v > 0) || v > 1e9 {
		return 0, fail(ExitUsage, "--speed %q: want a number above 0, or max", s)
	}
	return v, nil
}

// parseLength reads a duration with days: 30d, 1.5d, 12h, 90m, 30s.
func parseLength(s string) (exchange.Time, error) {
	if s == "" {
		return 0, nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		v, err := strconv.ParseFloat(days, 64)
		if err == nil && v > 0 && v < 1e5 {
			return exchange.Time(v * float64(exchange.Day)), nil
		}
	} else if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return exchange.Time(d), nil
	}
	return 0, fail(ExitUsage, "--for %q: want a time such as 90m, 12h or 30d", s)
}
