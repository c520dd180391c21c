package clienttest

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/hyperliquid/simfront"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
)

func TestSession(t *testing.T) {
	if os.Getenv("PERILUNE_NPM") == "" {
		t.Skip("set PERILUNE_NPM=1 to fetch @nktkas/hyperliquid with npm and run it")
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "session.mjs"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, dir, "npm", "install", "--silent", "--no-audit", "--no-fund")
	run(t, dir, "node", "session.mjs", start(t))
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// start runs a simulated venue and returns its addresses and keys as JSON.
func start(t *testing.T) string {
	t.Helper()
	begin := exchange.Time(time.Now().UnixNano())
	feed, err := synth.New(synth.Options{Seed: 2, Start: begin - begin%exchange.Minute - 10*exchange.Minute, Step: exchange.Second, Calm: true, Houses: []synth.House{{Name: api.House, List: simfront.Lists}}})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed, Begin: begin, Seed: 2, Speed: 1, Leverage: 10})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := simfront.New(sim)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sim.Serve(ctx, l, front) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	out := map[string]any{"keys": sim.Credentials()[0]}
	for name, at := range front.Describe(l.Addr().String()) { // order does not matter: it is a map again
		out[name] = at
	}
	text, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
