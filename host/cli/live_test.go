package cli

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/simfront"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/ledger"
)

// liveDesk is a local exchange, a key for it and a configuration, as somebody has
// them who is about to trade for real.
type liveDesk struct {
	t    *testing.T
	sim  *simserver.Exchange
	dir  string
	host string
	keys simserver.Keys
	// The configuration; what is empty is left out.
	key, secret, limits, extra string
}

func newLiveDesk(t *testing.T) *liveDesk {
	t.Helper()
	now := exchange.Time(time.Now().UnixNano())
	feed, err := synth.New(synth.Options{Seed: 1, Start: now - now%exchange.Minute, Step: exchange.Second, Calm: true})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed, Begin: now, Opened: time.Unix(0, int64(now)), Speed: 1, Seed: 1, Accounts: 2})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	front := simfront.New(sim) // before any fault is armed
	go func() { ended <- sim.Serve(ctx, l, front) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	d := &liveDesk{t: t, sim: sim, dir: t.TempDir(), host: l.Addr().String(), keys: sim.Keys()[0]}
	d.key = "file:" + d.write("key", d.keys.HMAC.Key, 0o600)
	d.secret = "file:" + d.write("secret", d.keys.HMAC.Secret, 0o600)
	d.limits = "max_order_notional = 20000\nmax_position_notional = 200000\ndaily_loss = 1\n"
	return d
}

func (d *liveDesk) write(name, text string, mode os.FileMode) string {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.WriteFile(path, []byte(text+"\n"), mode); err != nil {
		d.t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask says
		d.t.Fatal(err)
	}
	return path
}

func (d *liveDesk) config() string {
	var b strings.Builder
	fmt.Fprintf(&b, "[venue.binance]\napi_key = %q\nsecret = %q\n", d.key, d.secret)
	for _, m := range []string{"spot", "usdm", "coinm"} {
		fmt.Fprintf(&b, "rest_%s = \"http://%s\"\nws_%s = \"ws://%s/%s\"\n", m, d.host, m, d.host, m)
	}
	fmt.Fprintf(&b, "ws_api_spot = \"ws://%s/ws-api/v3\"\nws_api_usdm = \"ws://%s/ws-fapi/v1\"\nws_api_coinm = \"ws://%s/ws-dapi/v1\"\n", d.host, d.host, d.host)
	fmt.Fprintf(&b, "%s\n[risk]\n%s", d.extra, d.limits)
	return d.write("perilune.toml", b.String(), 0o600)
}

// perilune runs the command and returns its exit code and what it said. Neither half
// of the key may be in that.
func (d *liveDesk) perilune(args ...string) (code int, out, errs string) {
	d.t.Helper()
	var o, e bytes.Buffer
	code = Main(args, nil, &o, &e)
	d.clean(o.String() + e.String())
	return code, o.String(), e.String()
}

func (d *liveDesk) clean(text string) {
	d.t.Helper()
	for _, k := range []string{d.keys.HMAC.Key, d.keys.HMAC.Secret, d.keys.Ed25519.Key} {
		if strings.Contains(text, k) {
			d.t.Errorf("a key was said:\n%s", text)
		}
	}
}

func (d *liveDesk) run(extra ...string) (int, string, string) {
	d.t.Helper()
	args := append([]string{"run", "--live", "--config", d.config(), "--db", d.db(), "--for", "1s", idle(d.t)}, extra...)
	return d.perilune(args...)
}

func (d *liveDesk) db() string { return filepath.Join(d.dir, "live.db") }

func (d *liveDesk) arm(f simserver.Fault) {
	d.t.Helper()
	if err := d.sim.Arm(f); err != nil {
		d.t.Fatal(err)
	}
}

func (d *liveDesk) set(s string) {
	d.t.Helper()
	resp, err := http.Post("http://"+d.host+"/sim/settings", "application/json", strings.NewReader(s))
	if err != nil {
		d.t.Fatal(err)
	}
	resp.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if resp.StatusCode != http.StatusOK {
		d.t.Fatalf("%s: %s", s, resp.Status)
	}
}

// futures gives the contracts a key of their own.
func (d *liveDesk) futures(key, secret string) {
	d.extra += fmt.Sprintf("api_key_futures = %q\nsecret_futures = %q\n", "file:"+d.write("futures.key", key, 0o600), "file:"+d.write("futures.secret", secret, 0o600))
}

// Two keys of one account, each of which may trade its part alone, are enough.
func TestALiveSessionWithAKeyForFutures(t *testing.T) {
	d := newLiveDesk(t)
	d.futures(d.keys.Ed25519.Key, d.keys.Ed25519.PrivateKey)
	d.arm(simserver.Fault{Kind: "permissions", Key: d.keys.HMAC.Key, Permissions: []string{"reading", "spot", "transfer"}})
	d.arm(simserver.Fault{Kind: "permissions", Key: d.keys.Ed25519.Key, Permissions: []string{"reading", "futures"}})
	if code, out, errs := d.run(); code != ExitOK {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	if code, out, errs := d.perilune("doctor", "--config", d.config(), "--db", d.db()); code != ExitOK || !holds(out, []string{"futures key      reading and futures; no withdrawals", "both keys are of account"}) {
		t.Errorf("doctor: exit code %d\n%s%s", code, out, errs)
	}
}

// An account in multi-assets mode is traded, and the doctor says what assets count for.
func TestALiveSessionInMultiAssetsMode(t *testing.T) {
	d := newLiveDesk(t)
	d.set(`{"multi_assets_margin":true}`)
	if code, out, errs := d.run(); code != ExitOK {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	if code, out, errs := d.perilune("doctor", "--config", d.config(), "--db", d.db()); code != ExitOK || !holds(out, []string{"multi-assets: ", "BTC 95 %", "USDT 99.99 %"}) {
		t.Errorf("doctor: exit code %d\n%s%s", code, out, errs)
	}
}

// Each thing that stands in the way of a session with real orders is one line that
// says what to do, before anything is written; doctor says the same.
func TestWhatKeepsALiveSessionFromStarting(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*liveDesk)
		code   int
		want   []string // in the last line
		doctor []string
	}{
		{"wrong key", func(d *liveDesk) { d.key = "file:" + d.write("other", strings.Repeat("k", 64), 0o600) }, ExitAccount,
			[]string{"does not know the key", "permissions"}, []string{"does not know the key"}},
		{"wrong secret", func(d *liveDesk) { d.secret = "file:" + d.write("other", strings.Repeat("s", 64), 0o600) }, ExitAccount,
			[]string{"the secret does not belong to the key"}, []string{"the secret does not belong to the key"}},
		{"key file that others can read", func(d *liveDesk) { d.write("key", d.keys.HMAC.Key, 0o644) }, ExitConfig,
			[]string{"chmod 0600"}, []string{"chmod 0600"}},
		{"no key file", func(d *liveDesk) { d.key = "file:/nowhere/key" }, ExitConfig, []string{"/nowhere/key", "no such file"}, []string{"/nowhere/key"}},
		{"wrong key of futures", func(d *liveDesk) { d.futures(strings.Repeat("k", 64), d.keys.HMAC.Secret) }, ExitAccount,
			[]string{"does not know the key", "test network"}, []string{"does not know the key"}},
		{"half a key of futures", func(d *liveDesk) { d.extra = "api_key_futures = \"" + d.key + "\"\n" }, ExitConfig,
			[]string{"api_key_futures and secret_futures go together"}, []string{"secret_futures"}},
		{"key of futures in the configuration", func(d *liveDesk) { d.extra = "api_key_futures = \"kkkk\"\nsecret_futures = \"ssss\"\n" }, ExitConfig,
			[]string{"api_key_futures", "env:"}, []string{"env:"}},
		{"key of futures of another account", func(d *liveDesk) {
			other := d.sim.Keys()[1].HMAC
			d.futures(other.Key, other.Secret)
		}, ExitAccount, []string{"take both keys from one account"}, []string{"take both keys from one account"}},
		{"key of futures that may not trade them", func(d *liveDesk) {
			d.futures(d.keys.Ed25519.Key, d.keys.Ed25519.PrivateKey)
			d.arm(simserver.Fault{Kind: "permissions", Key: d.keys.Ed25519.Key, Permissions: []string{"reading"}})
		}, ExitAccount, []string{"futures false", "reading and futures", "api_key_futures"}, []string{"api_key_futures"}},
		{"recv_window", func(d *liveDesk) { d.extra = "recv_window = 70000\n" }, ExitConfig, []string{"recv_window = 70000", "60000"}, []string{"recv_window"}},
		{"no key", func(d *liveDesk) { d.key = "" }, ExitConfig, []string{"api_key", "env:NAME"}, []string{"api_key"}},
		{"key in the configuration", func(d *liveDesk) { d.key = strings.Repeat("k", 64) }, ExitConfig, []string{"env:", "file:"}, []string{"env:"}},
		{"key of another environment", func(d *liveDesk) { d.key = "file:" + d.write("other", "short", 0o600) }, ExitAccount,
			[]string{"not one of this venue"}, []string{"not one of this venue"}},
		{"withdrawals", func(d *liveDesk) {
			d.arm(simserver.Fault{Kind: "permissions", Permissions: []string{"reading", "spot", "futures", "transfer", "withdraw"}})
		}, ExitAccount, []string{"can withdraw", "Enable Withdrawals"}, []string{"Enable Withdrawals"}},
		{"no futures", func(d *liveDesk) {
			d.arm(simserver.Fault{Kind: "permissions", Permissions: []string{"reading", "spot", "transfer"}})
		}, ExitAccount, []string{"futures false", "enable"}, []string{"futures false"}},
		{"clock", func(d *liveDesk) { d.arm(simserver.Fault{Kind: "skew", Millis: 3_600_000}) }, ExitAccount,
			[]string{"our clock is", "ms behind", "synchronise"}, []string{"synchronise"}},
		{"no limits", func(d *liveDesk) { d.limits = "max_order_notional = 20000\n" }, ExitConfig,
			[]string{"max_position_notional, daily_loss", "[risk]"}, []string{"max_position_notional, daily_loss"}},
		{"nobody there", func(d *liveDesk) { d.host = "127.0.0.1:1" }, ExitData, []string{"127.0.0.1:1", "refused", "[venue.binance]"}, []string{"127.0.0.1:1", "addresses"}},
		{"spot is down", func(d *liveDesk) { d.arm(simserver.Fault{Kind: "maintenance", Market: "spot", Millis: 60_000}) }, ExitData,
			[]string{"503"}, []string{"no longer available"}},
		{"futures are down", func(d *liveDesk) { d.arm(simserver.Fault{Kind: "maintenance", Market: "usdm", Millis: 60_000}) }, ExitAccount,
			[]string{"Service Unavailable"}, []string{"Service Unavailable"}},
		{"ledger of paper", func(d *liveDesk) { makeLedger(d, ledger.Options{Mode: ledger.Paper, Venue: "paper"}) }, ExitLedger,
			[]string{"live.db", "paper", "live"}, []string{"live.db", "paper"}},
		{"ledger of another account", func(d *liveDesk) {
			makeLedger(d, ledger.Options{Mode: ledger.Live, Venue: "binance", Account: "4711"})
		}, ExitLedger, []string{"live.db", "4711"}, []string{"4711"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newLiveDesk(t)
			c.change(d)
			_, before := os.Stat(d.db())
			code, out, errs := d.run()
			lines := strings.Split(strings.TrimSpace(errs), "\n")
			said := lines[len(lines)-1]
			if code != c.code || out != "" || !holds(said, c.want) {
				t.Errorf("run --live: exit code %d, want %d and a line with %q:\n%s%s", code, c.code, c.want, out, errs)
			}
			if _, after := os.Stat(d.db()); before != nil && after == nil {
				t.Error("it left a ledger behind")
			}
			code, out, errs = d.perilune("doctor", "--config", d.config(), "--db", d.db())
			if code == ExitOK || !holds(out+errs, c.doctor) {
				t.Errorf("doctor: exit code %d, want %q:\n%s%s", code, c.doctor, out, errs)
			}
		})
	}
}

func holds(text string, all []string) bool {
	for _, part := range all {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

func makeLedger(d *liveDesk, o ledger.Options) {
	d.t.Helper()
	o.Path = d.db()
	db, err := ledger.Open(o)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		d.t.Fatal(err)
	}
}

// busyLive is the host's own test strategy.
const busyLive = "../testdata/livebusy.lua"

// A live session leaves a ledger that every verb can read, a journal that replays,
// and no key.
func TestALiveSessionFromTheCommandLine(t *testing.T) {
	if testing.Short() {
		t.Skip("trades for some seconds")
	}
	d := newLiveDesk(t)
	code, out, errs := d.perilune("run", "--live", "--config", d.config(), "--db", d.db(), "--for", "9s",
		"--set", "every=0.3", "--set", "acts=18", "--report", filepath.Join(d.dir, "report.html"), busyLive)
	if code != ExitOK || !strings.Contains(out, "live-1") {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	for _, want := range []string{"LIVE: livebusy on LIVE DATA", "spot wallet at the opening: 1 BTC 20 ETH 100000 USDT",
		"LIVE, REAL ORDERS  ", " equity ", "spot agreed ", "books 6/6"} {
		if !strings.Contains(errs, want) {
			t.Errorf("it did not say %q:\n%s", want, errs)
		}
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"fills", "--db", d.db()}, []string{"usdm:BTCUSDT", "coinm:ETHUSD_PERP", "spot:ETHUSDT"}},
		{[]string{"pnl", "--db", d.db()}, []string{"livebusy"}},
		{[]string{"pnl", "--pairs", "--db", d.db()}, []string{"usdm:ETHUSDT", "closed"}},
		{[]string{"replay", filepath.Join(d.dir, "live.journal", "live-1-run-1")}, []string{"identical: "}},
	} {
		code, out, errs := d.perilune(c.args...)
		if code != ExitOK || !holds(out, c.want) {
			t.Errorf("%s: exit code %d, want %q:\n%s%s", c.args, code, c.want, out, errs)
		}
	}
	d.cleanFiles()
}

// cleanFiles looks for the key in every file but its own.
func (d *liveDesk) cleanFiles() {
	d.t.Helper()
	seen := 0
	err := filepath.WalkDir(d.dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == "key" || e.Name() == "secret" {
			return err
		}
		raw, err := os.ReadFile(path)
		d.clean(string(raw))
		seen++
		return err
	})
	if err != nil || seen < 4 {
		d.t.Errorf("%d files were searched: %v", seen, err)
	}
}

// Two sessions on one account would take each other's fills for foreign ones: the
// ledger lets only one in.
func TestASecondLiveSessionIsRefused(t *testing.T) {
	d := newLiveDesk(t)
	holder, err := ledger.Open(ledger.Options{Path: d.db(), Mode: ledger.Live, Venue: "binance"})
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	if code, _, errs := d.run(); code != ExitLocked || !strings.Contains(errs, "live.db") {
		t.Errorf("exit code %d, want %d and the ledger named: %s", code, ExitLocked, errs)
	}
}
