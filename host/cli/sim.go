package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/host"
)

// simVerb runs a local exchange until it is interrupted.
func simVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("sim", "[flags]", "perilune sim --listen 127.0.0.1:8900 --seed 7")
	listen := f.String("listen", "127.0.0.1:8900", "address to listen on; port 0 takes a free one")
	venues := f.StringSlice("venues", nil, "venues behind the one address, with one market: "+strings.Join(host.SimVenues(), ",")+", or all; default the first")
	market := f.StringArray("market", []string{"synth"}, "synth, or a recording (repeatable, merged by time)")
	seed := f.Uint64("seed", 1, "seed of the built-in market and of the API keys")
	speed := f.Float64("speed", 1, "market seconds per second")
	past := f.String("past", "2h", "of the built-in market that lies before the opening, for candles and curves, at most 5d; worked out first, so give --speed too")
	symbols := f.Int("symbols", 0, "linear contracts of each venue in the built-in market, copies beyond the first ten, each with 10 book changes a second")
	accounts := f.Int("accounts", 1, "how many accounts, each with two API keys")
	relay := f.Bool("relay", false, "also a relay of the venues' perpetuals, at /v1/ws")
	queue := f.String("queue", "", "how resting orders wait behind others, as run --queue has it (default risk_averse)")
	faults := f.String("faults", "", "faults by seed: SEED[,every=5s][,kinds=drop+429+late_fill]")
	config := f.String("write-config", "", "write a configuration for doctor, run --live and run --market live that reaches this exchange, and its keys beside it")
	asJSON := f.Bool("json", false, "print one JSON object on stdout when it is ready")
	if err := parse(f, args); err != nil {
		return err
	}
	switch {
	case len(f.Args()) > 0:
		return fail(ExitUsage, "%q: sim takes no arguments", f.Args()[0])
	case !(*speed > 0) || *speed > 1e6:
		return fail(ExitUsage, "--speed %g: want a number above 0", *speed)
	case *symbols != 0 && (*symbols < 10 || *symbols > 5000 || len(*market) != 1 || (*market)[0] != "synth"):
		return fail(ExitUsage, "--symbols %d: want 10 to 5000, of the built-in market", *symbols)
	case *accounts < 1 || *accounts > 1000:
		return fail(ExitUsage, "--accounts %d: want 1 to 1000", *accounts)
	}
	before, err := parseLength(*past)
	switch {
	case err != nil || before <= 0 || before > 5*exchange.Day:
		return fail(ExitUsage, "--past %s: want a length of time up to 5d, such as 4d or 12h", *past)
	case f.Changed("past") && (len(*market) != 1 || (*market)[0] != "synth"):
		return fail(ExitUsage, "--past is of the built-in market, and --market %s is a recording: it begins where that does", strings.Join(*market, ", "))
	case f.Changed("past") && *symbols != 0:
		return fail(ExitUsage, "--past and --symbols exclude each other: a market of %d symbols has no past, it would take minutes to work out", *symbols)
	case !f.Changed("past"):
		before = 0 // what is usual there
	}
	var waits host.Queue
	if *queue != "" {
		if waits, err = paper.ParseQueue(*queue); err != nil {
			return fail(ExitUsage, "--queue: %w", err)
		}
	}
	chaos, err := readChaos(*faults)
	if err != nil {
		return fail(ExitUsage, "--faults %s: %v", *faults, err)
	}
	return host.Simulate(ctx, host.SimOptions{
		Listen: *listen, Market: *market, Seed: *seed, Speed: *speed, Accounts: *accounts, Symbols: *symbols, Faults: chaos, Venues: *venues, Relay: *relay, Config: *config, Past: before, Queue: waits,
		Ready: func(i host.SimInfo) { e.simReady(i, *asJSON) },
		Log:   func(line string) { fmt.Fprintln(e.err, line) },
	})
}

// simReady tells where the exchange is. The keys guard play money only.
func (e *env) simReady(i host.SimInfo, asJSON bool) {
	if host, _, err := net.SplitHostPort(i.Listen); err == nil {
		if ip := net.ParseIP(host); ip != nil && !ip.IsLoopback() {
			fmt.Fprintf(e.err, "warning: %s is reached by other machines; whoever does can trade, read the keys' accounts and send faults\n", i.Listen)
		}
	}
	if asJSON {
		_ = e.printJSON(i) // a closed stdout is no reason to stop the exchange
		return
	}
	fmt.Fprintf(e.out, "simulated exchange on %s (play money, no TLS)\n\n", i.Listen)
	for _, k := range sortedKeys(i.Relay) {
		fmt.Fprintf(e.out, "  relay %-14s %s\n", k, i.Relay[k])
	}
	if len(i.Venues) > 1 {
		e.simVenues(i)
		return
	}
	for _, k := range sortedKeys(i.URLs) {
		fmt.Fprintf(e.out, "  %-20s %s\n", k, i.URLs[k])
	}
	for _, v := range i.Venues { // there is one
		if _, usual := v.Keys.(simserver.Keys); !usual {
			fmt.Fprintf(e.out, "\n  keys                 %s\n", jsonText(v.Keys))
			return
		}
	}
	fmt.Fprintf(e.out, "\n  HMAC     key     %s\n           secret  %s\n  Ed25519  key     %s\n%s", i.Keys.HMAC.Key, i.Keys.HMAC.Secret, i.Keys.Ed25519.Key, i.Keys.Ed25519.PrivateKey)
}

// simVenues tells where each of several venues is.
func (e *env) simVenues(i host.SimInfo) {
	for _, house := range sortedKeys(i.Venues) {
		v := i.Venues[house]
		fmt.Fprintf(e.out, "%s\n", house)
		for _, k := range sortedKeys(v.URLs) {
			fmt.Fprintf(e.out, "  %-20s %s\n", k, v.URLs[k])
		}
		fmt.Fprintf(e.out, "  %-20s %s\n\n", "keys", jsonText(v.Keys))
	}
}

// jsonText is a value in one line.
func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// readChaos reads SEED[,every=DURATION][,kinds=A+B]; kinds may go on after commas
// too. Nothing means no faults by themselves.
func readChaos(text string) (*simserver.Chaos, error) {
	if text == "" {
		return nil, nil
	}
	parts := strings.Split(text, ",")
	seed, err := strconv.ParseUint(parts[0], 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%q is no seed: want a whole number first", parts[0])
	}
	c := &simserver.Chaos{Seed: seed}
	for _, part := range parts[1:] {
		name, value, named := strings.Cut(part, "=")
		switch {
		case name == "every" && named:
			if c.Every, err = time.ParseDuration(value); err != nil {
				return nil, fmt.Errorf("every: %w", err)
			}
		case name == "kinds" && named:
			c.Kinds = append(c.Kinds, strings.Split(value, "+")...)
		case !named && len(c.Kinds) > 0:
			c.Kinds = append(c.Kinds, part)
		default:
			return nil, fmt.Errorf("%q: want every=DURATION or kinds=A+B", part)
		}
	}
	return c, c.Check(host.SimFaults()...)
}
