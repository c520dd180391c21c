package cli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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

// doctorOfRelays asks the doctor with all books from the relay, of its address and key and of
// others, and lets one be recorded.
func doctorOfRelays(t *testing.T, config string) {
	t.Helper()
	t.Setenv("USE_HOLYSHEEP", "true")
	code, out, errs := runLine("doctor", "--config", config, "--db", filepath.Join(t.TempDir(), "sim.db"))
	for _, house := range host.SimVenues() {
		if !strings.Contains(out, "OK    "+house+" books") || !strings.Contains(out, "active: the relay's, by USE_HOLYSHEEP=true; the relay at ") {
			t.Errorf("exit code %d, nothing is said of the books of %s:\n%s%s", code, house, out, errs)
		}
	}
	code, out, errs = runLine("record", "--config", config, "--symbols", "bybit.linear:BTCUSDT", "--for", "1s", "--out", t.TempDir())
	if code != ExitOK || !strings.Contains(errs, "recorded is what bybit itself sends, its books too: those of the relay") {
		t.Errorf("record: exit code %d\n%s%s", code, out, errs)
	}
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.toml")
	key := filepath.Join(t.TempDir(), "wrong.key")
	text = regexp.MustCompile(`(?s)(\[feed.relay\].*\nkey = )[^\n]*`).ReplaceAll(text, []byte(`${1}"file:`+key+`"`))
	for path, text := range map[string][]byte{other: text, key: []byte("wrong")} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs = runLine("doctor", "--config", other, "--db", filepath.Join(t.TempDir(), "sim.db"))
	if code != ExitAccount || !strings.Contains(out, "FAIL  bybit books") || !strings.Contains(out, "401") || !strings.Contains(out, "key in [feed.relay]") {
		t.Errorf("with a wrong key of the relay: exit code %d\n%s%s", code, out, errs)
	}
}

// What sim writes, the doctor is content with, at every venue that there is.
func TestSimWritesAConfiguration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sim.toml")
	ready := make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- host.Simulate(ctx, host.SimOptions{Listen: "127.0.0.1:0", Venues: host.SimVenues(), Seed: 3, Speed: 1, Config: path, Relay: true,
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
	doctorOfRelays(t, path)
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
