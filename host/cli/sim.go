package cli

import (
	"context"
	"fmt"

	"github.com/perilune/perilune/host"
)

// simVerb runs a local exchange until it is interrupted.
func simVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("sim", "[flags]", "perilune sim --listen 127.0.0.1:8900 --seed 7")
	listen := f.String("listen", "127.0.0.1:8900", "address to listen on; port 0 takes a free one")
	market := f.StringArray("market", []string{"synth"}, "synth, or a recording (repeatable, merged by time)")
	seed := f.Uint64("seed", 1, "seed of the built-in market and of the API keys")
	speed := f.Float64("speed", 1, "market seconds per second")
	accounts := f.Int("accounts", 1, "how many accounts, each with two API keys")
	asJSON := f.Bool("json", false, "print one JSON object on stdout when it is ready")
	if err := parse(f, args); err != nil {
		return err
	}
	switch {
	case len(f.Args()) > 0:
		return fail(ExitUsage, "%q: sim takes no arguments", f.Args()[0])
	case !(*speed > 0) || *speed > 1e6:
		return fail(ExitUsage, "--speed %g: want a number above 0", *speed)
	case *accounts < 1 || *accounts > 1000:
		return fail(ExitUsage, "--accounts %d: want 1 to 1000", *accounts)
	}
	return host.Simulate(ctx, host.SimOptions{
		Listen: *listen, Market: *market, Seed: *seed, Speed: *speed, Accounts: *accounts,
		Ready: func(i host.SimInfo) { e.simReady(i, *asJSON) },
		Log:   func(line string) { fmt.Fprintln(e.err, line) },
	})
}

// simReady tells where the exchange is. The keys guard play money only.
func (e *env) simReady(i host.SimInfo, asJSON bool) {
	if asJSON {
		_ = e.printJSON(i) // a closed stdout is no reason to stop the exchange
		return
	}
	fmt.Fprintf(e.out, "simulated exchange on %s (play money, no TLS)\n\n", i.Listen)
	for _, k := range sortedKeys(i.URLs) {
		fmt.Fprintf(e.out, "  %-20s %s\n", k, i.URLs[k])
	}
	fmt.Fprintf(e.out, "\n  HMAC     key     %s\n           secret  %s\n  Ed25519  key     %s\n%s", i.Keys.HMAC.Key, i.Keys.HMAC.Secret, i.Keys.Ed25519.Key, i.Keys.Ed25519.PrivateKey)
}
