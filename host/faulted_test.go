package host

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/host/risk"
)

var (
	faultedFor   = flag.Duration("faulted", 20*time.Second, "how long TestFaultedVenues trades at each venue")
	faultedSeeds = flag.Uint64("faulted-seeds", 1, "how many seeds it runs")
	faultedFirst = flag.Uint64("faulted-first", 1, "the first of them")
	faultedEvery = flag.Duration("faulted-every", 3*time.Second, "mean distance of the venue's faults")
	faultedAt    = flag.String("faulted-venue", "all", "at which venue")
	faultedKinds = flag.String("faulted-kinds", "", "of what kinds they are, with a + between them; all when left out")
)

// simulated is a venue of the list, as somebody has it who knows its simulator alone: what
// perilune sim prints and what its section of the configuration is called.
type simulated struct {
	house   string
	symbols []string
	pairs   []string // legs: LONG>SHORT
	moves   []string // transfers: ASSET>WALLET>WALLET>AMOUNT
	every   float64  // seconds between actions
}

// simulatedVenues are all there are: each with coins, linear and inverse contracts where it has
// them, and pairs across.
var simulatedVenues = []simulated{
	{house: "binance", every: 0.4,
		symbols: []string{"spot:BTCUSDT", "usdm:BTCUSDT", "coinm:BTCUSD_PERP", "spot:ETHUSDT", "usdm:ETHUSDT", "coinm:ETHUSD_PERP"},
		pairs:   []string{"spot:BTCUSDT>usdm:BTCUSDT", "usdm:ETHUSDT>coinm:ETHUSD_PERP", "spot:ETHUSDT>usdm:ETHUSDT"},
		moves:   []string{"USDT>spot>usdm>11", "BTC>spot>coinm>0.001"}},
	{house: "bybit", every: 0.4,
		symbols: []string{"bybit.spot:BTCUSDT", "bybit.linear:BTCUSDT", "bybit.inverse:BTCUSD", "bybit.spot:ETHUSDT", "bybit.linear:ETHUSDT", "bybit.inverse:ETHUSD"},
		pairs:   []string{"bybit.spot:BTCUSDT>bybit.linear:BTCUSDT", "bybit.linear:ETHUSDT>bybit.inverse:ETHUSD", "bybit.spot:ETHUSDT>bybit.linear:ETHUSDT"}},
	{house: "okx", every: 0.4,
		symbols: []string{"okx.spot:BTC-USDT", "okx.swap:BTC-USDT-SWAP", "okx.swap:BTC-USD-SWAP", "okx.spot:ETH-USDT", "okx.swap:ETH-USDT-SWAP", "okx.swap:ETH-USD-SWAP"},
		pairs:   []string{"okx.spot:BTC-USDT>okx.swap:BTC-USDT-SWAP", "okx.swap:ETH-USDT-SWAP>okx.swap:ETH-USD-SWAP", "okx.spot:ETH-USDT>okx.swap:ETH-USDT-SWAP"}},
	{house: "deribit", every: 0.4,
		symbols: []string{"deribit.spot:BTC_USDC", "deribit.linear:BTC_USDC-PERPETUAL", "deribit.inverse:BTC-PERPETUAL", "deribit.spot:ETH_USDC", "deribit.linear:ETH_USDC-PERPETUAL", "deribit.inverse:ETH-PERPETUAL"},
		pairs: []string{"deribit.spot:BTC_USDC>deribit.linear:BTC_USDC-PERPETUAL", "deribit.linear:ETH_USDC-PERPETUAL>deribit.inverse:ETH-PERPETUAL",
			"deribit.spot:ETH_USDC>deribit.linear:ETH_USDC-PERPETUAL"}},
	{house: "hyperliquid", every: 1,
		symbols: []string{"hyperliquid.spot:@100", "hyperliquid.perp:BTC", "hyperliquid.spot:@101", "hyperliquid.perp:ETH"},
		pairs:   []string{"hyperliquid.spot:@100>hyperliquid.perp:BTC", "hyperliquid.spot:@101>hyperliquid.perp:ETH"},
		moves:   []string{"USDC>hyperliquid.spot>hyperliquid.perp>11"}},
}

// settles is how long after the begin the hour is full, at which funding is settled.
func settles() time.Duration { return *faultedFor / 2 }

// openSimulated starts what perilune sim starts for the venue, and writes a configuration for it.
// The market, other than its clock, is up to an hour ahead.
func openSimulated(t *testing.T, v *simulated, seed uint64, faults *simserver.Chaos) *liveHouse {
	t.Helper()
	ready := make(chan SimInfo, 1)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	now := time.Now().Add(settles())
	hour := now.Truncate(time.Hour).Add(time.Hour)
	o := SimOptions{Listen: "127.0.0.1:0", Venues: []string{v.house}, Seed: seed, Faults: faults, Ready: func(i SimInfo) { ready <- i },
		ahead: hour.Sub(now)}
	go func() { ended <- Simulate(ctx, o) }()
	t.Cleanup(stop)
	h := &liveHouse{t: t, dir: t.TempDir(), hour: exchange.Time(hour.UnixNano())}
	select {
	case i := <-ready:
		h.host = i.Listen
		h.configure(v.house, i.Venues[v.house])
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Simulate: %v", err)
		}
	})
	return h
}

// configure writes the venue's section and the files of its keys.
func (h *liveHouse) configure(house string, v SimVenue) {
	h.t.Helper()
	raw, err := json.Marshal(v.Keys)
	if err != nil {
		h.t.Fatal(err)
	}
	type credentials struct{ Key, Secret, Passphrase string }
	var keys struct {
		credentials
		HMAC credentials
	}
	if err := json.Unmarshal(raw, &keys); err != nil {
		h.t.Fatal(err)
	}
	k := keys.HMAC
	if k.Key == "" {
		k = keys.credentials
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[venue.%s]\n", house)
	for name, text := range map[string]string{"api_key": k.Key, "secret": k.Secret, "passphrase": k.Passphrase} {
		if text != "" {
			h.write(name, text)
			fmt.Fprintf(&b, "%s = \"file:%s\"\n", name, filepath.Join(h.dir, name))
		}
	}
	if house == defaultVenue().House() {
		for _, m := range []string{"spot", "usdm", "coinm"} {
			fmt.Fprintf(&b, "rest_%[1]s = \"http://%[2]s\"\nws_%[1]s = \"ws://%[2]s/%[1]s\"\nws_api_%[1]s = %[3]q\n", m, h.host, v.URLs["api_"+m])
		}
	} else {
		for name, url := range v.URLs {
			fmt.Fprintf(&b, "%s = %q\n", name, url)
		}
	}
	h.write("perilune.toml", b.String())
}

// options are those of a session with the configuration that was written into a directory.
func (v *simulated) options(dir string, acts int) (*Options, error) {
	o := &Options{Scripts: []string{"testdata/faulted.lua"}, Market: []string{"live"}, DB: filepath.Join(dir, "live.db"), StatusEvery: 50 * time.Millisecond,
		Set:     map[string]string{"symbols": strings.Join(v.symbols, ","), "pairs": strings.Join(v.pairs, ","), "every": fmt.Sprint(v.every), "acts": fmt.Sprint(acts)},
		Limits:  risk.Limits{MaxOrderNotional: decimal.NewFromInt(20_000), MaxPositionNotional: decimal.NewFromInt(200_000), DailyLoss: decimal.NewFromInt(1_000_000)},
		Account: &AccountOptions{}}
	if len(v.moves) > 0 {
		o.Set["moves"] = strings.Join(v.moves, ",")
	}
	return o, o.LoadConfig(filepath.Join(dir, "perilune.toml"))
}

func (h *liveHouse) configured(v *simulated, acts int) *Options {
	h.t.Helper()
	o, err := v.options(h.dir, acts)
	if err != nil {
		h.t.Fatal(err)
	}
	return o
}

// post arms a fault by the control door.
func (h *liveHouse) post(f simserver.Fault) {
	h.t.Helper()
	h.ask(http.MethodPost, "/sim/faults", f, nil)
}

// A session that trades without rest at a venue where something goes wrong every three seconds
// ends with the venue's own books, whichever venue it is: orders, trades, positions, balances and
// funding to the last digit, pairs hedged or flat, nothing resting, a ledger that verifies and a
// journal that replays. Ten minutes on three seeds of one venue:
//
//	go test ./host -run TestFaultedVenues -faulted 10m -faulted-seeds 3 -faulted-venue okx -timeout 60m -v
func TestFaultedVenues(t *testing.T) {
	t.Parallel()
	found := false
	for i := range simulatedVenues {
		v := &simulatedVenues[i]
		if *faultedAt != "all" && *faultedAt != v.house {
			continue
		}
		found = true
		for seed := *faultedFirst; seed < *faultedFirst+*faultedSeeds; seed++ {
			t.Run(fmt.Sprintf("%s seed %d", v.house, seed), func(t *testing.T) {
				t.Parallel()
				faulted(t, v, seed, *faultedFor)
			})
		}
	}
	if !found {
		t.Errorf("-faulted-venue %s: want all, or one of %v", *faultedAt, SimVenues())
	}
}

func faulted(t *testing.T, v *simulated, seed uint64, length time.Duration) {
	h := openSimulated(t, v, seed, &simserver.Chaos{Seed: seed, Every: *faultedEvery, Kinds: strings.FieldsFunc(*faultedKinds, func(r rune) bool { return r == '+' })})
	h.post(simserver.Fault{Kind: "funding", Hours: 1})
	s := h.beginAmidFaults(v, int(length.Seconds()/v.every))
	s.until("its acts are over", 2*length+4*time.Minute, func(*liveState) bool { return strings.Contains(s.log(), "nothing more is begun") })
	h.ask(http.MethodDelete, "/sim/faults", nil, nil)
	h.post(simserver.Fault{Kind: "drop"})
	s.settled(h)
	fired := h.fired()
	kinds := slices.Clone(fired)
	slices.Sort(kinds)
	kinds = slices.Compact(kinds)
	a := h.compareAll(v.house)
	t.Logf("%s seed %d, %s: %d faults of %d kinds (%s)\n%s", v.house, seed, length, len(fired), len(kinds), strings.Join(kinds, " "), a)
	if len(fired) < 3 || a.trades < 5 || a.pairs == 0 {
		t.Error("the test tested little")
	}
	if t.Failed() {
		t.Log(tail(s.log(), 20_000))
	}
}

// settled ends a session once nothing is under way and its accounts have agreed after that.
func (s *liveSession) settled(h *liveHouse) {
	s.t.Helper()
	s.until("nothing is under way", 4*time.Minute, func(st *liveState) bool { return st.resting && st.clear })
	h.settled()
	since := atVenue(s.r).client.Now()
	h.post(simserver.Fault{Kind: "drop"}) // a stream that was lost makes the order manager compare
	s.until("the accounts agree", 2*time.Minute, func(st *liveState) bool { return st.resting && st.clear && st.settled > since })
	s.end()
}

// startsAmidFaults is how often a session may be refused its start, as by a venue that is in
// maintenance just then, before that is a fault of ours.
const startsAmidFaults = 8

// beginAmidFaults starts a session as an operator does whose start a venue refuses: again.
func (h *liveHouse) beginAmidFaults(v *simulated, acts int) *liveSession {
	h.t.Helper()
	for n := 1; ; n++ {
		s, err := tryBegin(h.t, h.configured(v, acts), nil)
		if err == nil {
			return s
		}
		h.t.Logf("start %d: %v", n, err)
		if n == startsAmidFaults {
			h.t.Fatalf("no start in %d\n%s", n, tail(s.log(), 4000))
		}
		time.Sleep(8 * time.Second) // a limit by the minute counts what a start has asked for
	}
}
