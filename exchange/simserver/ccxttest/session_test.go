package ccxttest

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const venues = "binance,bybit,okx,deribit,hyperliquid"

func TestSession(t *testing.T) {
	if os.Getenv("PERILUNE_NPM") == "" {
		t.Skip("set PERILUNE_NPM=1 to fetch ccxt and okx-api with npm and run them")
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "point.mjs", "session.mjs", "okxapi.mjs"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, dir, "npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")
	sim := start(t, dir)
	t.Logf("%s", run(t, dir, "node", "session.mjs", sim))
	t.Logf("%s", run(t, dir, "node", "okxapi.mjs", sim))
}

func run(t *testing.T, dir, name string, args ...string) []byte {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return out
}

// start runs the simulator as a user does, and returns what it prints: a line of JSON.
func start(t *testing.T, dir string) string {
	t.Helper()
	binary := filepath.Join(dir, "perilune")
	run(t, ".", "go", "build", "-o", binary, "../../..")
	ctx, stop := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, binary, "sim", "--venues", venues, "--listen", "127.0.0.1:0", "--json")
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 10 * time.Second
	var said bytes.Buffer
	c.Stderr = &said
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = c.Wait() // it was interrupted
		if t.Failed() {
			t.Logf("the simulator said: %s", said.Bytes())
		}
	})
	line, err := bufio.NewReaderSize(out, 1<<16).ReadString('\n')
	if err != nil {
		t.Fatalf("the simulator's addresses: %v\n%s", err, said.Bytes())
	}
	return line
}
