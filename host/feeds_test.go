package host

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/relay"
	"github.com/perilune/perilune/host/core"
)

func loadFeeds(t *testing.T, text string, env map[string]string) (*Options, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "c.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o := &Options{}
	if err := o.LoadConfig(file); err != nil {
		return nil, err
	}
	return o, o.Live.TakeEnvironment(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
}

// Which feed a venue's books come from is said by its section, and before it by the
// environment: the guide's USE_HOLYSHEEP, ours, ours of one venue.
func TestWhichFeed(t *testing.T) {
	for _, c := range []struct {
		file string
		env  map[string]string
		want string // active/shadow, by
	}{
		{"", nil, "venue/"},
		{`feed = "relay"`, nil, "relay/venue"},
		{`shadow = "relay"`, nil, "venue/relay"},
		{"feed = \"relay\"\nshadow = \"none\"", nil, "relay/"},
		{"", map[string]string{"USE_HOLYSHEEP": "true"}, "relay/venue USE_HOLYSHEEP=true"},
		{`feed = "relay"`, map[string]string{"USE_HOLYSHEEP": "False"}, "venue/ USE_HOLYSHEEP=False"},
		{`shadow = "relay"`, map[string]string{"PERILUNE_FEED": "relay"}, "relay/venue PERILUNE_FEED=relay"},
		{"", map[string]string{"USE_HOLYSHEEP": "true", "PERILUNE_FEED_BYBIT": "venue"}, "venue/ PERILUNE_FEED_BYBIT=venue"},
		{"", map[string]string{"PERILUNE_FEED_BINANCE": "relay"}, "venue/"},
		{`shadow = "venue"`, nil, `shadow = "venue": it is the feed itself`},
		{`feed = "relai"`, nil, `feed = "relai": want venue or relay; did you mean "relay"?`},
		{`fead = "relay"`, nil, `did you mean "feed"`},
		{"", map[string]string{"USE_HOLYSHEEP": "yes"}, "USE_HOLYSHEEP=yes: want true or false"},
		{"", map[string]string{"PERILUNE_FEED": "rely"}, `PERILUNE_FEED = "rely": want venue or relay`},
	} {
		o, err := loadFeeds(t, "[venue.bybit]\n"+c.file, c.env)
		got := ""
		if err == nil {
			var f feedChoice
			f, err = o.Live.feedOf("bybit", o.Live.section().Shared())
			got = strings.TrimSpace(f.active + "/" + f.shadow + " " + f.by)
		}
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != c.want || !strings.Contains(got, c.want) {
			t.Errorf("%s %v: %s, want %s", c.file, c.env, got, c.want)
		}
	}
}

func TestRelayIsRefused(t *testing.T) {
	t.Setenv("RELAY_TEST_KEY", "k")
	t.Setenv(relay.KeyName, "")
	const url = `url = "ws://127.0.0.1:1/{symbol}"` + "\n"
	for _, c := range []struct{ text, want string }{
		{"[feed.relay]\nurl = \"http://x\"", `[feed.relay] url "http://x": want ws:// or wss:// and a host`},
		{"[feed.relay]\nurll = \"ws://x\"", `did you mean "url"`},
		{"[feed.relai]\nurl = \"ws://x\"", `did you mean "relay"`},
		{"[feed.relay]\nkey = \"plain\"", "[feed.relay] key"},
		{"[feed.relay]\n" + url + "depth = 100000", "depth 100000: want 1 to 1000 levels"},
		{"[feed.relay]\n" + url + "switches_an_hour = 9999", "switches_an_hour = 9999: want 1 to 3600"},
		{"[venue.binance]\nfeed = \"relay\"", "[feed.relay] key"},
		{"[venue.binance]\nfeed = \"relay\"\nshadow = \"none\"\n[feed.relay]\nkey = \"env:RELAY_TEST_KEY\"\n" + url, "set alone_for_orders = true in [feed.relay]"},
		{"[venue.binance]\nfeed = \"relay\"\nshadow = \"none\"\n[feed.relay]\nkey = \"env:RELAY_TEST_KEY\"\nalone_for_orders = true\n" + url, ""},
		{"[venue.binance]\nfeed = \"relay\"\n[feed.relay]\nkey = \"env:RELAY_TEST_KEY\"\n" + url, ""},
	} {
		o, err := loadFeeds(t, c.text, nil)
		if err == nil {
			o.Market, o.Account = []string{"live"}, &AccountOptions{}
			err = o.checkFeeds()
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}

// A session whose books come from a relay goes on with the venue's when that falls silent; its
// summary compares both, and its replay is the same.
func TestASessionOnARelay(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for a feed to be called silent, which takes seconds of wall time")
	}
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan SimInfo, 1), make(chan error, 1)
	dir := t.TempDir()
	file := filepath.Join(dir, "sim.toml")
	go func() {
		ended <- Simulate(ctx, SimOptions{Listen: "127.0.0.1:0", Seed: 3, Speed: 1, Relay: true, Config: file, Ready: func(i SimInfo) { ready <- i }})
	}()
	defer func() { stop(); <-ended; http.DefaultClient.CloseIdleConnections() }()
	info := <-ready
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	config := strings.Replace(string(text), "[venue.binance]\n", "[venue.binance]\nfeed = \"relay\"\n", 1)
	config = strings.Replace(config, "[feed.relay]\n", "[feed.relay]\nswitch_stale_seconds = 2\nswitch_after_seconds = 1\n", 1)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	watcher := func() core.Strategy {
		return anywhere{&gopher{name: "watcher", wants: []core.Handler{core.OnBook, core.OnGap}, call: func(*core.Port, *core.Callback) error { return nil }}}
	}
	o := Options{Market: []string{"live"}, DB: filepath.Join(dir, "x.db"), Strategies: []Strategy{watcher()}}
	if err := o.LoadConfig(file); err != nil {
		t.Fatal(err)
	}
	o.Live.Symbols = []string{"usdm:BTCUSDT", "spot:BTCUSDT"}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		sum *Summary
		err error
	}
	out := make(chan outcome, 1)
	running, end := context.WithCancel(t.Context())
	defer end()
	go func() { sum, err := s.Run(running); out <- outcome{sum, err} }()
	active := func(want string, messages uint64) {
		t.Helper()
		for end := time.Now().Add(time.Minute); time.Now().Before(end); {
			if snap, err := s.Snapshot(running); err == nil && len(snap.Feeds) == 1 && snap.Feeds[0].Active == want && snap.Feeds[0].Feeds[1].Messages > messages {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		snap, err := s.Snapshot(running)
		t.Fatalf("the books never came from the %s: %+v, %v", want, snap, err)
	}
	active(exchange.FeedRelay, 5)
	a, err := http.Post(info.Relay["faults"], "application/json", strings.NewReader(`{"kind":"stall","seconds":3600}`))
	if err != nil || a.StatusCode != http.StatusOK {
		t.Fatal(err, a)
	}
	a.Body.Close()
	active(exchange.FeedVenue, 5)
	end()
	r := <-out
	if r.err != nil {
		t.Fatal(r.err)
	}
	if f := r.sum.Feeds; len(f) != 1 || f[0].House != "binance" || f[0].Prefer != exchange.FeedRelay || f[0].Switches != 1 || f[0].Books != 1 || f[0].Feeds[0].Messages == 0 {
		t.Errorf("%+v", f)
	}
	shown := false
	for _, m := range s.Metrics() {
		shown = shown || m.Name == "perilune_feed_active" && fmt.Sprint(m.Labels) == "[{venue binance} {feed venue}]" && m.Value == 1
	}
	if !shown {
		t.Error("the metrics do not show which feed is active")
	}
	if res, err := ReplayWith(t.Context(), r.sum.Journal, ReplayOptions{Strategies: []Strategy{watcher()}}); err != nil || res.Diff != nil || res.Events == 0 {
		t.Errorf("replay: %+v, %v", res, err)
	}
}
