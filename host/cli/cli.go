// Package cli is the command line: verbs, flags, exit codes, and what people
// read. It holds no logic of trading; everything it does, package host offers to
// other programs too.
//
// Data goes to stdout and everything else to stderr, so that output can be
// piped. With --json a verb prints exactly one JSON object on stdout.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strings"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/host"
)

// Exit codes. They are part of the interface: scripts and supervisors read them.
const (
	ExitOK         = 0
	ExitFailure    = 1  // anything without a code of its own
	ExitUsage      = 2  // unknown verb, flag or value
	ExitConfig     = 10 // the configuration file
	ExitScript     = 11 // a script does not load
	ExitStrategy   = 12 // a strategy was paused for its errors
	ExitTest       = 13 // a test of a strategy failed
	ExitCondition  = 14 // a figure is what --fail-if names
	ExitData       = 20 // market data that is missing, damaged or does not agree
	ExitDivergence = 21 // a replay came out differently
	ExitHalted     = 23 // the risk gate stopped the session
	ExitAccount    = 24 // the account at the venue can't be used
	ExitLedger     = 30 // the ledger or journal is unusable, or of another mode
	ExitDiskFull   = 31
	ExitLocked     = 32  // another process holds the ledger, or trades on the account
	ExitStalled    = 33  // the loop stood still, or the session did not end in time
	ExitKilled     = 130 // ended at once by signals, as shells have it for Ctrl-C
)

// env is what a verb may use of the world.
type env struct {
	in       io.Reader
	out, err io.Writer
	abandon  <-chan struct{}      // closed when a session is to end at once
	defined  func(*pflag.FlagSet) // told the flags of a verb, where somebody asks for them
}

// verb is one command.
type verb struct {
	name  string
	usage string // arguments
	short string
	run   func(ctx context.Context, e *env, args []string) error
}

func verbs() []verb {
	return []verb{
		{"run", "[SCRIPT…]", "run strategies on a paper account (built-in market, live data, or recordings)", runVerb},
		{"backtest", "SCRIPT… --data DIR", "run strategies over bars and funding, with a report", backtestVerb},
		{"study", "SCRIPT… --data DIR --splits …", "compare strategies over parts of history, tuned only on what was before", studyVerb},
		{"replay", "JOURNAL_DIR", "run a journal again and compare every effect", replayVerb},
		{"debug", "[SCRIPT] --journal DIR", "stop a session anywhere, forward and backward: breakpoints, variables, editors (DAP)", debugVerb},
		{"check", "SCRIPT…", "load scripts without trading and say what is wrong", checkVerb},
		{"test", "[PATH…]", "run tests of strategies, *_test.lua, and tell which lines they cover", testVerb},
		{"data", "verify|download|import|curve …", "prove a recording; fetch past data, make a history of it, learn a volume curve", dataVerb},
		{"config", "show|check --config FILE", "each value of the configuration and where it is from; check a file", configVerb},
		{"doctor", "--config FILE", "look at all that run --live needs, and change nothing", doctorVerb},
		{"venues", "", "what venues there are, and what each has", venuesVerb},
		{"rates", "", "what perpetuals pay, and what a hedged position in each would cost and bring", ratesVerb},
		{"record", "--out DIR --symbols LIST", "record live market data, to verify and to run on", recordVerb},
		{"status", "[--watch]", "how the running session stands, in one look", statusVerb},
		{"strategies", "[--versions]", "its strategies, their versions and parameters", strategiesVerb},
		{"positions", "[--config FILE]", "its open positions; of one that is dead, by the venues' word", positionsVerb},
		{"accounts", "", "its balances and margin, by venue and wallet", accountsVerb},
		{"orders", "[--config FILE]", "its working orders; of one that is dead, by the venues' word", ordersVerb},
		{"pairs", "[--closed]", "its pairs, their legs and what they earned", pairsVerb},
		{"books", "[INSTRUMENT]", "its order books", booksVerb},
		{"explain", "order|pair|fill|event N", "how something came about: event, handler, order, fill; error: the functions and variables at a strategy's last error", explainVerb},
		{"commands", "", "who told the session what", commandsVerb},
		{"halt", "[--strategy S]", "pause a strategy, or let only orders pass that reduce", haltVerb},
		{"resume", "[--strategy S]", "the reverse of halt", resumeVerb},
		{"cancel-all", "[--config FILE]", "cancel working orders of strategies, also of a session that is dead", cancelAllVerb},
		{"flatten", "[--config FILE]", "close what strategies hold, also of a session that is dead", flattenVerb},
		{"reload", "STRATEGY [--to N]", "load a script again, or go back to a version of before", reloadVerb},
		{"set", "STRATEGY.PARAM=VALUE …", "set parameters while it runs", setVerb},
		{"signal", "NAME [PAYLOAD]", "tell strategies something: on_signal(name, payload)", signalVerb},
		{"attach", "[--strategy S]", "look into a running strategy with Lua", attachVerb},
		{"stop", "", "end the session in good order", stopVerb},
		{"mcp", "", "let a model ask a session, over the Model Context Protocol", mcpVerb},
		{"page", "[--db FILE]", "the address of a session's page, or the page of a ledger whose session has ended", pageVerb},
		{"fills", "[--db FILE]", "list fills", fillsVerb},
		{"logs", "[--db FILE]", "what sessions said, by level, strategy, time and text", logsVerb},
		{"twin", "[--db FILE]", "what paper would have made of a session's real orders, and how wrong it is", twinVerb},
		{"calibrate", "[--db FILE]", "fit the paper models to a session's real orders", calibrateVerb},
		{"schedules", "[--db FILE]", "what vwap, twap and pov orders did against the market", schedulesVerb},
		{"pnl", "[--db FILE]", "profit by strategy, pair and asset", pnlVerb},
		{"report", "[--db FILE]", "what a record came to: trades, risk, exposure, costs, by symbol and side", reportVerb},
		{"ledger", "verify|backup|restore|export …", "verify a ledger, copy it while it is written, put a copy back, export it", ledgerVerb},
		{"sql", "STATEMENT", "look into a ledger with SQL, which can't change it", sqlVerb},
		{"notify", "list|test", "what people were told and what waits to be; send a test message to each target", notifyVerb},
		{"reconcile", "--config FILE", "compare a ledger with what its venues have of a period", reconcileVerb},
		{"sim", "[--listen ADDR]", "run a local exchange that speaks the protocols of every venue", simVerb},
		{"new", "NAME", "write a strategy skeleton with a test and editor settings", newVerb},
		{"learn", "[N | check [N]]", "a tutorial in eight steps, each with a test that turns green", learnVerb},
		{"docs", "[CHAPTER|WORD…]", "the manual: a chapter of it, or where words stand in it", docsVerb},
		{"completion", "bash|zsh|fish|powershell", "print the completion of a shell", completionVerb},
		{"version", "", "which version this is, of which commit, built by what", versionVerb},
	}
}

// Main runs one command line and returns the process's exit code.
func Main(args []string, in io.Reader, out, errw io.Writer) int {
	limitMemory(errw)
	ctx, abandon, stop := interruptible(errw)
	defer stop()
	e := &env{in: in, out: out, err: errw, abandon: abandon}
	if len(args) > 1 && args[0] == "help" {
		args = []string{args[1], "--help"}
	}
	if len(args) == 0 || args[0] == "help" || args[0] == "--help" || args[0] == "-h" {
		usage(out)
		return ExitOK
	}
	if args[0] == completeVerb {
		complete(out, args[1:])
		return ExitOK
	}
	for _, v := range verbs() {
		if v.name == args[0] {
			return e.exit(v, v.run(ctx, e, args[1:]))
		}
	}
	fmt.Fprintf(errw, "perilune: unknown command %q%s (see perilune --help)\n", args[0], nearestVerb(args[0]))
	return ExitUsage
}

func usage(w io.Writer) {
	fmt.Fprint(w, "perilune runs your own Lua trading strategies on perpetual and spot markets.\n\nusage: perilune COMMAND [arguments]\n\n")
	for _, v := range verbs() {
		fmt.Fprintf(w, "  %-34s %s\n", v.name+" "+v.usage, v.short)
	}
	fmt.Fprint(w, "\nperilune COMMAND --help tells the flags of a command. Paper trading is the default.\n")
}

func nearestVerb(s string) string {
	var names []string
	for _, v := range verbs() {
		names = append(names, v.name)
	}
	return bindings.DidYouMean(s, names)
}

// coded is an error with its exit code. quiet errors have been told already.
type coded struct {
	code  int
	quiet bool
	err   error
}

func (c *coded) Error() string { return c.err.Error() }
func (c *coded) Unwrap() error { return c.err }

func fail(code int, format string, a ...any) error {
	return &coded{code: code, err: fmt.Errorf(format, a...)}
}

// codeOf finds the exit code of an error by what it is.
func codeOf(err error) int {
	var c *coded
	if errors.As(err, &c) {
		return c.code
	}
	switch host.Classify(err) {
	case host.FaultScript:
		return ExitScript
	case host.FaultConfig:
		return ExitConfig
	case host.FaultData:
		return ExitData
	case host.FaultLedger:
		return ExitLedger
	case host.FaultDiskFull:
		return ExitDiskFull
	case host.FaultLocked:
		return ExitLocked
	case host.FaultAccount:
		return ExitAccount
	case host.FaultStalled:
		return ExitStalled
	}
	return ExitFailure
}

// exit tells an error once and returns its code.
func (e *env) exit(v verb, err error) int {
	if err == nil {
		return ExitOK
	}
	if errors.Is(err, pflag.ErrHelp) {
		return ExitOK
	}
	var c *coded
	if !errors.As(err, &c) || !c.quiet {
		fmt.Fprintf(e.err, "perilune %s: %v\n", v.name, err)
	}
	return codeOf(err)
}

// flags returns a flag set that reports its errors itself.
func (e *env) flags(name, synopsis, example string) *pflag.FlagSet {
	f := pflag.NewFlagSet(name, pflag.ContinueOnError)
	f.SetOutput(e.err)
	f.SortFlags = false
	if e.defined != nil {
		e.defined(f)
	}
	f.Usage = func() {
		fmt.Fprintf(e.out, "usage: perilune %s\n\n%s\n\nexample:\n  %s\n", name+" "+synopsis, "flags:\n"+strings.TrimRight(f.FlagUsages(), "\n"), example)
	}
	return f
}

// parse parses and turns a bad flag into a usage error.
func parse(f *pflag.FlagSet, args []string) error {
	err := f.Parse(args)
	if err == nil || errors.Is(err, pflag.ErrHelp) {
		return err
	}
	return &coded{code: ExitUsage, err: fmt.Errorf("%w (see perilune %s --help)", err, f.Name())}
}

// parseAlone parses the flags of a verb that takes no arguments beside them.
func parseAlone(f *pflag.FlagSet, args []string) error {
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fail(ExitUsage, "unexpected argument %q (see perilune %s --help)", f.Arg(0), f.Name())
	}
	return nil
}

// printJSON writes one object.
func (e *env) printJSON(v any) error {
	enc := json.NewEncoder(e.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// paramSettings are the values of --set.
func paramSettings(list []string) (map[string]string, error) {
	return settings("--set", "name=value, for example --set capital=10000", list)
}

// settings turns the values k=v of a repeated flag into a map.
func settings(flag, want string, list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, s := range list {
		k, v, ok := strings.Cut(s, "=")
		if !ok || k == "" {
			return nil, fail(ExitUsage, "%s %q: want %s", flag, s, want)
		}
		out[k] = v
	}
	return out, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m { // order does not matter: the keys are sorted next
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
