package host

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/deribit/simfront"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/ledger"
)

// openDeribit is openHouse of another venue.
func openDeribit(t *testing.T, seed uint64, chaos *simserver.Chaos) *liveHouse {
	t.Helper()
	now := exchange.Time(time.Now().UnixNano())
	feed, err := synth.New(synth.Options{Seed: seed, Start: now - now%exchange.Minute - 5*exchange.Minute, Step: 100 * exchange.Millisecond, Calm: true, Houses: []synth.House{simfront.House()}})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed, Begin: now, Speed: 1, Seed: seed, Chaos: chaos})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	front := simfront.New(sim)
	front.Limits = simfront.Limits{Matching: simfront.Bucket{Rate: 50, Burst: 100}, Other: simfront.Bucket{Rate: 100, Burst: 300}}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sim.Serve(ctx, l, front) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	h := &liveHouse{t: t, sim: sim, host: l.Addr().String(), dir: t.TempDir()}
	var keys simfront.Credentials
	raw, err := json.Marshal(sim.Credentials()[0])
	if err == nil {
		err = json.Unmarshal(raw, &keys)
	}
	if err != nil {
		t.Fatal(err)
	}
	h.write("key", keys.ID)
	h.write("secret", keys.Secret)
	return h
}

func (h *liveHouse) onDeribit(set map[string]string) *Options {
	o := h.options(set)
	o.Live.Venue = deribit.At(api.Endpoints{Rest: "http://" + h.host + "/api/v2", WS: "ws://" + h.host + "/ws/api/v2"})
	o.Scripts = []string{"testdata/deribitbusy.lua"}
	return o
}

// A session on Deribit, where something goes wrong every other second, ends with the
// venue's books: each order and fill once, and balances to the last digit, but for the
// funding of the session, which the venue pays at 08:00 UTC.
func TestDeribitUnderFaults(t *testing.T) {
	t.Parallel()
	if m := time.Now().UTC(); m.Hour() == 7 && m.Minute() > 50 {
		t.Skip("funding is paid at 08:00")
	}
	first, last, seconds := uint64(1), *faultSeeds, time.Duration(*faultEvents)*25/12
	if *faultSeed != 0 {
		first, last = *faultSeed, *faultSeed
	}
	for seed := first; seed <= last; seed++ {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { deribitUnderFaults(t, seed, seconds*time.Millisecond) })
	}
}

func deribitUnderFaults(t *testing.T, seed uint64, length time.Duration) {
	h := openDeribit(t, seed, &simserver.Chaos{Seed: seed, Every: 3 * time.Second})
	s := begin(t, h.onDeribit(map[string]string{"acts": fmt.Sprint(int(length / (300 * time.Millisecond)))}), nil)
	s.until("it has traded for long enough", length+3*time.Minute, func(*liveState) bool { return strings.Contains(s.log(), "nothing more is begun") })
	h.ask(http.MethodDelete, "/sim/faults", nil, nil)
	h.arm(simserver.Fault{Kind: "drop"})
	s.quiet(h, 3*time.Minute)
	st := s.state()
	s.end()
	trades := h.deribitAudited()
	fired := h.fired()
	t.Logf("seed %d: %d events, %d fills, %d faults (%s); %s", seed, st.events, trades, len(fired), strings.Join(fired, " "), st.account)
	if trades < 20 || len(fired) < 3 {
		t.Error("the test tested little")
	}
	if t.Failed() {
		t.Log(tail(s.log(), 20000))
	}
}

// deribitAudited is audited, without the funding that is not paid yet.
func (h *liveHouse) deribitAudited() int {
	h.t.Helper()
	db, err := ledger.Open(ledger.Options{Path: filepath.Join(h.dir, "live.db"), ReadOnly: true})
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	if err := soundLedger(db); err != nil {
		h.t.Error(err)
	}
	tr := h.truth()
	owed := map[string]decimal.Decimal{}
	for _, r := range tr.Income {
		if r.Type == "FUNDING_FEE" {
			owed[r.Asset] = owed[r.Asset].Add(r.Amount)
		}
	}
	for i := range tr.Balances {
		b := &tr.Balances[i]
		b.Total = b.Total.Sub(owed[b.Asset])
	}
	tr.Income = nil
	compareMoney(h.t, db, tr)
	compareFills(h.t, db, tr)
	compareOrders(h.t, db, tr)
	return len(tr.Trades)
}

// A paper session on its live market.
func TestDeribitOnPaper(t *testing.T) {
	t.Parallel()
	h := openDeribit(t, 5, nil)
	o := h.onDeribit(map[string]string{"acts": "20"})
	o.Paper.Balances = []Deposit{{Wallet: api.Wallet, Asset: "USDC", Amount: decimal.NewFromInt(100_000)}, {Wallet: api.Wallet, Asset: "BTC", Amount: decimal.NewFromInt(1)},
		{Wallet: api.Wallet, Asset: "ETH", Amount: decimal.NewFromInt(10)}}
	o.Account, o.DB = nil, filepath.Join(h.dir, "paper.db")
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	var said strings.Builder
	o.Log = func(l Line) {
		fmt.Fprintln(&said, l.Level, l.Text)
		if strings.Contains(l.Text, "nothing more is begun") {
			stop()
		}
	}
	sum, err := Run(ctx, o)
	if err != nil || sum.Fills < 5 {
		t.Fatalf("%+v %v\n%s", sum, err, tail(said.String(), 4000))
	}
	t.Logf("%d events, %d fills", sum.Events, sum.Fills)
}
