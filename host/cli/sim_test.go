package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/host"
)

// What --faults takes, and what it refuses.
func TestReadChaos(t *testing.T) {
	for text, want := range map[string]string{
		"7":                               "7 0s []",
		"7,every=250ms":                   "7 250ms []",
		"7,kinds=drop+429,every=1s":       "7 1s [drop 429]",
		"7,every=1s,kinds=drop,late_fill": "7 1s [drop late_fill]",
	} {
		c, err := readChaos(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := fmt.Sprint(c.Seed, c.Every, c.Kinds); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"x", "-1", "7,every=fast", "7,kinds=earthquake", "7,drop", "7,every=" + time.Nanosecond.String(), "7,typo=1"} {
		if c, err := readChaos(text); err == nil {
			t.Errorf("%s is accepted: %+v", text, c)
		}
	}
	if c, err := readChaos(""); c != nil || err != nil {
		t.Errorf("nothing: %v %v", c, err)
	}
}

// What sim writes, the doctor is content with, at every venue that there is.
func TestSimWritesAConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sim.toml")
	ready := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- host.Simulate(ctx, host.SimOptions{Listen: "127.0.0.1:0", Venues: host.SimVenues(), Seed: 3, Speed: 1, Config: path,
			Ready: func(host.SimInfo) { close(ready) }})
	}()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	code := Main([]string{"doctor", "--config", path, "--db", filepath.Join(t.TempDir(), "sim.db")}, nil, &out, &errs)
	if text := out.String(); code != ExitOK || !strings.Contains(text, "yes: run --live would start") {
		t.Errorf("doctor: exit code %d\n%s%s", code, text, errs.String())
	}
	for _, house := range host.SimVenues() {
		if !strings.Contains(out.String(), "OK    "+house+" key") {
			t.Errorf("nothing is said of the key at %s:\n%s", house, out.String())
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	own := []byte("[venue.binance]\n")
	if err := os.WriteFile(path, own, 0o600); err != nil {
		t.Fatal(err)
	}
	err := host.Simulate(t.Context(), host.SimOptions{Listen: "127.0.0.1:0", Config: path})
	if err == nil || !strings.Contains(err.Error(), path+" is there and was not written by sim") {
		t.Errorf("a file of somebody else's: %v", err)
	}
	if kept, err := os.ReadFile(path); err != nil || !bytes.Equal(kept, own) {
		t.Errorf("it was changed to %q (%v)", kept, err)
	}
}
