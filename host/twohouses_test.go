package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit"
	"github.com/perilune/perilune/exchange/bybit/bybittest"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/ledger"
)

// list makes Bybit known where it is not yet.
func listBybit() {
	if _, ok := connectorOf("bybit"); !ok {
		venueList = append(venueList, listing{connect: bybit.Connector{}})
	}
}

func init() { listBybit() }

// twoHouses are live options of a session on both.
func twoHouses(v *liveVenue, b *bybittest.Server) LiveOptions {
	l := v.options()
	l.Further = []connect.Section{bybit.At(b.Endpoints())}
	return l
}

// A start that fails leaves the ledger as free as it was: the next one may be on other venues.
func TestAStartThatFailsBindsNoLedger(t *testing.T) {
	t.Parallel()
	v, b := newLiveVenue(t), bybittest.Start(t)
	db := filepath.Join(t.TempDir(), "free.db")
	start := func(live LiveOptions) error {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		_, err := Run(ctx, &Options{Scripts: []string{"testdata/twohouses.lua"}, DB: db, Set: map[string]string{"symbols": "usdm:BTCUSDT,bybit.linear:BTCUSDT"},
			Market: []string{"live"}, Live: live, StatusEvery: 10 * time.Millisecond, Status: func(s Status) {
				if s.Events > 0 {
					stop()
				}
			}})
		return err
	}
	both := twoHouses(v, b)
	one := both
	one.Symbols = []string{"usdm:BTCUSDT"}
	if err := start(one); err == nil || !strings.Contains(err.Error(), "bybit") {
		t.Fatalf("%v; want the market that is missing to be named", err)
	}
	if err := start(both); err != nil {
		t.Error(err)
	}
}

func TestPaperOnTwoHouses(t *testing.T) {
	v, b := newLiveVenue(t), bybittest.Start(t)
	dir := t.TempDir()
	db := filepath.Join(dir, "two.db")
	run := func(live LiveOptions, symbols string, until func(*liveRun) bool) *liveRun {
		ctx, cancel := context.WithCancel(context.Background())
		r := &liveRun{v: v, stop: cancel, ended: make(chan struct{})}
		o := &Options{Scripts: []string{"testdata/twohouses.lua"}, DB: db, Set: map[string]string{"symbols": symbols}, Market: []string{"live"}, Live: live,
			Paper:       PaperOptions{Balances: []Deposit{{Wallet: "bybit.unified", Asset: "USDT", Amount: decimal.NewFromInt(7000)}}},
			StatusEvery: 10 * time.Millisecond, Log: r.log, Status: r.see}
		go func() {
			defer close(r.ended)
			r.sum, r.err = Run(ctx, o)
		}()
		t.Cleanup(func() { cancel(); <-r.ended })
		if until == nil {
			<-r.ended
			return r
		}
		r.until("it is so", func() bool { return until(r) })
		cancel()
		<-r.ended
		if r.err != nil {
			t.Fatalf("%v\n%s", r.err, strings.Join(r.lines, "\n"))
		}
		return r
	}
	both := "usdm:BTCUSDT,bybit.linear:BTCUSDT"
	r := run(twoHouses(v, b), both, func(r *liveRun) bool { return r.state().Fills >= 6 })
	if feed := r.state().Feed; !strings.Contains(feed, "binance books 1/1") || !strings.Contains(feed, "bybit books 1/1") {
		t.Errorf("the feed is %q", feed)
	}
	if r.sum.Market != "live on binance at "+v.host+" + bybit at "+strings.TrimPrefix(b.URL, "http://") {
		t.Errorf("the market is called %q", r.sum.Market)
	}
	replayed, err := Replay(t.Context(), r.sum.Journal)
	if err != nil || replayed.Effects == 0 {
		t.Errorf("the replay: %+v, %v", replayed, err)
	}
	again := run(twoHouses(v, b), both, func(r *liveRun) bool { return r.state().Fills >= 1 })
	if !again.sum.Resumed {
		t.Error("the session was not gone on with")
	}
	one := run(v.options(), "usdm:BTCUSDT", nil)
	if one.err == nil || !strings.Contains(one.err.Error(), "binance + bybit") || !strings.Contains(one.err.Error(), "--new") {
		t.Errorf("on one house: %v", one.err)
	}

	led, err := ledger.Open(ledger.Options{Path: db, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer led.Close()
	var wallets []string
	rows, err := led.Query(t.Context(), "SELECT DISTINCT wallet FROM v_balances ORDER BY 1")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var w string
		if err := rows.Scan(&w); err != nil {
			t.Fatal(err)
		}
		wallets = append(wallets, w)
	}
	rows.Close()
	if want := []string{"binance.spot", "binance.usdm", "bybit.unified"}; !slices.Equal(wallets, want) {
		t.Errorf("wallets %v, want %v", wallets, want)
	}
	seen := map[exchange.Venue]int{}
	if err := led.EachFill(ledger.Filter{}, func(f *ledger.Fill) error { seen[f.Venue]++; return nil }); err != nil {
		t.Fatal(err)
	}
	if seen["binance.usdm"] == 0 || seen["bybit.linear"] == 0 {
		t.Errorf("fills by venue: %v", seen)
	}
}

// No equity is shown before all that the houses hold has a price, at the session's beginning
// and when it goes on.
func TestEquityIsOfAllHouses(t *testing.T) {
	v, b := newLiveVenue(t), bybittest.Start(t)
	db := filepath.Join(t.TempDir(), "two.db")
	for _, resumed := range []bool{false, true} {
		ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
		var first, last Status
		least, shown := decimal.Zero, 0
		sum, err := Run(ctx, &Options{Scripts: []string{"testdata/twohouses.lua"}, DB: db, Set: map[string]string{"acts": "0"}, Market: []string{"live"}, Live: twoHouses(v, b),
			Paper:       PaperOptions{Balances: []Deposit{{Wallet: "bybit.unified", Asset: "USDT", Amount: decimal.NewFromInt(7000)}, {Wallet: "bybit.unified", Asset: "BTC", Amount: decimal.NewFromInt(1)}}},
			StatusEvery: 10 * time.Millisecond, Status: func(s Status) {
				if s.Stuck {
					return
				}
				if first.Time == 0 {
					first = s
				}
				if last = s; s.Unvalued != "" {
					return
				}
				if shown++; shown == 1 || s.Equity.LessThan(least) {
					least = s.Equity
				}
				if shown == 20 {
					stop()
				}
			}})
		stop()
		if err != nil || sum.Resumed != resumed || shown < 20 {
			t.Fatalf("resumed %v: %v; the last status is %+v", resumed, err, last)
		}
		if first.Unvalued == "" || !first.Equity.IsZero() {
			t.Errorf("before any price came, the equity was %s (%q)", first.Equity, first.Unvalued)
		}
		if last.Unvalued != "" || least.LessThan(last.Equity.Mul(decimal.RequireFromString("0.9"))) {
			t.Errorf("an equity of %s was shown, and in the end %s (%q)", least, last.Equity, last.Unvalued)
		}
	}
}

// A pair has a leg at each venue, and its row is what its fills say.
func TestPairsOnTwoHouses(t *testing.T) {
	t.Parallel()
	h := openHouse(t, 12, nil)
	b := h.withBybit()
	o := twoHouseOptions(h.host, h.dir, b.URL, true, nil)
	o.Scripts = []string{"testdata/twopairs.lua"}
	s := begin(t, o, nil)
	s.until("three pairs are done", 2*time.Minute, func(st *liveState) bool { return st.resting && strings.Contains(s.log(), "pairs done: 3 closed") })
	s.end()
	if fills := h.agree(b); fills["binance.usdm"] < 6 || fills["bybit.linear"] < 6 {
		t.Errorf("fills: %v\n%s", fills, tail(s.log(), 3000))
	}
}

// What a symbol names decides which house it is of, and what can't be is one clear line.
func TestPatternsAreOfHouses(t *testing.T) {
	both := LiveOptions{Further: []connect.Section{bybit.Connector{}.Section()}}
	for _, tt := range []struct {
		live     LiveOptions
		patterns string
		want     string // house: patterns; or the error
	}{
		{both, "usdm:BTCUSDT bybit.linear:BTCUSDT", "binance: usdm:BTCUSDT; bybit: linear:BTCUSDT"},
		{both, "*.linear:BTC* binance.spot:*", "binance: spot:*; bybit: linear:BTC*"},
		{both, "*:BTC*", "binance: *:BTC*; bybit: *:BTC*"},
		{both, "*.spot:BTCUSDT", "binance: spot:BTCUSDT; bybit: spot:BTCUSDT"},
		{both, "bybit.spot:BTCUSDT", "bybit: spot:BTCUSDT"},
		{LiveOptions{}, "usdm:BTCUSDT bybit.linear:BTCUSDT", "binance: usdm:BTCUSDT; bybit: linear:BTCUSDT"},
		{LiveOptions{}, "linear:BTCUSDT", `symbol "linear:BTCUSDT": binance has no market "linear": did you mean ` + houseWith("linear") + `.linear:BTCUSDT?`},
		{both, "*.swap:BTC*", `symbol "*.swap:BTC*": none of the venues that are set up (binance, bybit) has a market "swap"`},
		{both, "nowhere.spot:BTC", `symbol "nowhere.spot:BTC": unknown venue "nowhere": want `},
	} {
		list, err := tt.live.assigned(strings.Fields(tt.patterns))
		var got []string
		for _, m := range list {
			got = append(got, fmt.Sprintf("%s: %s", m.House(), strings.Join(m.patterns, " ")))
		}
		text := strings.Join(got, "; ")
		if err != nil {
			text = err.Error()
		}
		if text != tt.want && (err == nil || !strings.HasPrefix(text, tt.want)) {
			t.Errorf("%s: %s\nwant %s", tt.patterns, text, tt.want)
		}
	}
}

// twoHouseOptions are those of a session with real orders on both, with a key for Bybit or
// without.
func twoHouseOptions(host, dir, bybitURL string, key bool, set map[string]string) *Options {
	o := liveOptions(host, dir, set)
	o.Scripts = []string{"testdata/twohouses.lua"}
	ws := "ws" + strings.TrimPrefix(bybitURL, "http")
	s := &bybit.Section{Rest: bybitURL, WSPublic: ws + "/v5/public", WSPrivate: ws + "/v5/private"}
	if key {
		s.Key, s.Secret = "file:"+filepath.Join(dir, "bybit-key"), "file:"+filepath.Join(dir, "bybit-secret")
	}
	o.Live.Further = []connect.Section{s}
	return o
}

// withBybit starts a Bybit beside an exchange and writes its key into the same directory.
func (h *liveHouse) withBybit() *bybittest.Server {
	b := bybittest.Start(h.t)
	h.write("bybit-key", bybittest.Key.API.Reveal())
	h.write("bybit-secret", bybittest.Key.Secret.Reveal())
	return b
}

// agree compares what the ledger has of both houses with what they have.
func (h *liveHouse) agree(b *bybittest.Server) (fills map[exchange.Venue]int) {
	h.t.Helper()
	db, err := ledger.Open(ledger.Options{Path: filepath.Join(h.dir, "live.db"), ReadOnly: true})
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	if err := soundLedger(db); err != nil {
		h.t.Error(err)
	}
	snap, err := db.Restore("live-1")
	if err != nil {
		h.t.Fatal(err)
	}
	tr, want := h.truth(), map[string]decimal.Decimal{}
	for key, v := range trueBalances(tr) {
		if !strings.HasPrefix(key, "coinm") { // which the session has nothing in
			want["binance."+key] = v
		}
	}
	for _, coin := range []string{"USDT", "BTC"} {
		want["bybit.unified "+coin] = b.Balance(coin)
	}
	differ(h.t, "balance", ledgerBalances(snap), want)
	have, held := map[string]decimal.Decimal{}, map[string]decimal.Decimal{"bybit.linear:BTCUSDT": b.Held("linear", "BTCUSDT")}
	for _, p := range snap.Positions {
		have[string(p.Venue)+":"+p.Symbol] = have[string(p.Venue)+":"+p.Symbol].Add(p.Qty)
	}
	for _, p := range tr.Positions {
		held["binance."+p.Market+":"+p.Symbol] = p.Qty
	}
	differ(h.t, "position", have, held)
	fills = map[exchange.Venue]int{}
	houses := map[string]bool{}
	if err := db.EachFill(ledger.Filter{}, func(f *ledger.Fill) error { fills[f.Venue]++; return nil }); err != nil {
		h.t.Fatal(err)
	}
	rows, err := db.Query(h.t.Context(), "SELECT DISTINCT venue FROM fills")
	if err != nil {
		h.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var house string
		if err := rows.Scan(&house); err != nil {
			h.t.Fatal(err)
		}
		houses[house] = true
	}
	if len(fills) > 1 && (!houses["binance"] || !houses["bybit"]) {
		h.t.Errorf("fills by houses: %v", houses)
	}
	checkJournals(h.t, db, withoutCrossings(h.t, checkFillsOf(h.t, db)))
	return fills
}

// Real orders go to the account of their venue, and the ledger is what both venues have.
func TestLiveOnTwoHouses(t *testing.T) {
	t.Parallel()
	h := openHouse(t, 5, nil)
	b := h.withBybit()
	o := twoHouseOptions(h.host, h.dir, b.URL, true, map[string]string{"acts": "6"})
	s := begin(t, o, nil)
	s.until("its acts are over", time.Minute, func(st *liveState) bool {
		return st.resting && strings.Contains(st.account, "binance: ") && s.fills() >= 12
	})
	s.end()
	fills := h.agree(b)
	if fills["binance.usdm"] < 6 || fills["bybit.linear"] < 6 {
		t.Errorf("fills: %v\n%s", fills, tail(s.log(), 4000))
	}
	led, err := ledger.Open(ledger.Options{Path: o.DB, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if led.Venue() != "binance+bybit" {
		t.Errorf("the ledger is of %q", led.Venue())
	}
	led.Close()

	// It is not gone on with on one of the two.
	alone := h.options(nil)
	alone.Log = nil
	_, err = Run(t.Context(), alone)
	if err == nil || !strings.Contains(err.Error(), "the file is live on binance+bybit") {
		t.Errorf("on one venue: %v", err)
	}
}

// A venue without a key brings market data, and an order at it is refused in one line.
func TestLiveWithoutAKeyForOneHouse(t *testing.T) {
	t.Parallel()
	h := openHouse(t, 6, nil)
	b := h.withBybit()
	s := begin(t, twoHouseOptions(h.host, h.dir, b.URL, false, map[string]string{"acts": "2"}), nil)
	s.until("it was refused", time.Minute, func(*liveState) bool {
		return strings.Contains(s.log(), "bybit.linear:BTCUSDT: risk: read-only: bybit has no key and is market data only: set api_key and secret in [venue.bybit] to trade there")
	})
	s.until("it traded on the other", time.Minute, func(*liveState) bool { return s.fills() >= 2 })
	s.end()
	if fills := h.agree0(); fills["binance.usdm"] == 0 || fills["bybit.linear"] != 0 {
		t.Errorf("fills: %v", fills)
	}
}

// fills are those that the loop has seen.
func (s *liveSession) fills() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.filled
}

func (h *liveHouse) agree0() map[exchange.Venue]int {
	h.t.Helper()
	db, err := ledger.Open(ledger.Options{Path: filepath.Join(h.dir, "live.db"), ReadOnly: true})
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	fills := map[exchange.Venue]int{}
	if err := db.EachFill(ledger.Filter{}, func(f *ledger.Fill) error { fills[f.Venue]++; return nil }); err != nil {
		h.t.Fatal(err)
	}
	return fills
}

// A session on both that is killed at any point knows, once it is started again, what both
// venues know.
func TestLiveOnTwoHousesKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	t.Parallel()
	for i, point := range []string{killIntent, killSend, killAck, killHeard, killFill, killCommit} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t, uint64(i+31), nil)
			b := h.withBybit()
			cmd := h.child(point)
			cmd.Env = append(cmd.Env, "HOST_LIVE_BYBIT="+b.URL)
			out, err := cmd.CombinedOutput()
			if err == nil || cmd.ProcessState.ExitCode() != -1 {
				t.Fatalf("the child was not killed: %v\n%s", err, tail(string(out), 4000))
			}
			s := begin(t, twoHouseOptions(h.host, h.dir, b.URL, true, map[string]string{"acts": "0"}), nil)
			s.until("nothing is under way", time.Minute, func(st *liveState) bool { return st.resting && st.clear })
			s.end()
			h.agree(b)
			if t.Failed() {
				t.Log(tail(s.log(), 8000))
			}
		})
	}
}

// Each venue has its own section: the first of them is the session's default.
func TestSectionsOfSeveralVenues(t *testing.T) {
	path := filepath.Join(t.TempDir(), "two.toml")
	load := func(text string, account *AccountOptions) (*Options, error) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o := &Options{Account: account}
		return o, o.LoadConfig(path)
	}
	o, err := load("[venue.binance]\napi_key = \"env:A\"\nsecret = \"env:B\"\ntop = 3\n[venue.bybit]\napi_key = \"env:C\"\nsecret = \"env:D\"\nbars = \"15m\"\ndead_man_seconds = 60\n", &AccountOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if o.Live.Venue.House() != "binance" || len(o.Live.Further) != 1 || o.Live.Further[0].House() != "bybit" || o.Live.Top != 3 {
		t.Errorf("%+v", o.Live)
	}
	for house, want := range map[string]AccountOptions{"binance": {Key: "env:A", Secret: "env:B"}, "bybit": {Key: "env:C", Secret: "env:D", Countdown: exchange.Minute}} {
		if got, ok := o.keysOf(house); !ok || got != want {
			t.Errorf("%s: %+v, %v, want %+v", house, got, ok, want)
		}
	}
	markets, err := o.Live.assigned([]string{"usdm:BTCUSDT", "bybit.linear:BTCUSDT"})
	if err != nil || markets[0].bars != 0 || markets[1].bars != 15*exchange.Minute {
		t.Errorf("%+v, %v", markets, err)
	}
	if o, err = load("[venue.bybit]\n", nil); err != nil || o.Live.Venue.House() != "bybit" {
		t.Errorf("bybit alone: %+v, %v", o.Live, err)
	}
	o, err = load("[venue.binance]\n[venue.bybit]\napi_key = \"env:C\"\n", &AccountOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.checkKeys(); err == nil || !strings.Contains(err.Error(), "[venue.bybit] has one half of a key") {
		t.Errorf("half a key: %v", err)
	}
	if o, err = load("[venue.binance]\n[venue.bybit]\n", &AccountOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := o.checkKeys(); err == nil || !strings.Contains(err.Error(), "real orders need a key") {
		t.Errorf("no key: %v", err)
	}
	o.Live.Further = append(o.Live.Further, bybit.Connector{}.Section())
	if err := o.Live.checkSections(); err == nil || !strings.Contains(err.Error(), "bybit is set up twice") {
		t.Errorf("twice: %v", err)
	}
}

// The doctor looks at every venue that has a key, and at what they share once.
func TestDoctorOfTwoHouses(t *testing.T) {
	t.Parallel()
	h := openHouse(t, 8, nil)
	b := h.withBybit()
	x := Examine(t.Context(), twoHouseOptions(h.host, h.dir, b.URL, true, nil))
	if !x.Ready() || !strings.HasPrefix(x.Account, "binance ") || !strings.HasSuffix(x.Account, ", bybit "+bybittest.UID) {
		t.Errorf("%q, %+v", x.Account, x.Findings)
	}
	counts := map[string]int{}
	for _, f := range x.Findings {
		counts[f.Name]++
	}
	for _, name := range []string{"configuration", "disk", "ledger", "binance key", "bybit key", "binance account streams", "bybit account streams", "bybit account mode"} {
		if counts[name] != 1 {
			t.Errorf("%q was looked at %d times: %v", name, counts[name], counts)
		}
	}
	x = Examine(t.Context(), twoHouseOptions(h.host, h.dir, b.URL, false, nil))
	if !x.Ready() || !slices.ContainsFunc(x.Findings, func(f Finding) bool {
		return f.Name == "bybit" && f.Verdict == Skip && strings.Contains(f.Text, "market data only")
	}) {
		t.Errorf("without a key: %+v", x.Findings)
	}
}

// A venue that can't be reached is told to the core, and the other one goes on.
func TestDarkHouse(t *testing.T) {
	t.Parallel()
	h := openHouse(t, 9, nil)
	b := h.withBybit()
	o := twoHouseOptions(h.host, h.dir, b.URL, true, map[string]string{"acts": "1000", "every": "0.5"})
	s := begin(t, o, nil)
	s.until("it trades on both", time.Minute, func(*liveState) bool { return s.fills() >= 4 })
	b.Vanish()
	s.until("it is dark", time.Minute, func(*liveState) bool {
		return strings.Contains(s.log(), "bybit: market data are dark") && strings.Contains(s.log(), "bybit: orders are dark")
	})
	s.end()
	db, err := ledger.Open(ledger.Options{Path: o.DB, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	runs, err := db.Runs("")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := Replay(t.Context(), runs[0].Journal); err != nil || r.Diff != nil || r.Effects == 0 {
		t.Errorf("the replay: %+v, %v", r, err)
	}
}
