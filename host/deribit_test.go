package host

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
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
)

// openDeribit is openHouse of another venue.
func openDeribit(t *testing.T, seed uint64) *liveHouse {
	t.Helper()
	now := exchange.Time(time.Now().UnixNano())
	feed, err := synth.New(synth.Options{Seed: seed, Start: now - now%exchange.Minute - exchange.Minute, Step: 100 * exchange.Millisecond, Calm: true, Houses: []synth.House{simfront.House()}})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed, Begin: now, Opened: time.Unix(0, int64(now)), Speed: 1, Seed: seed})
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

// A paper session on its live market.
func TestDeribitOnPaper(t *testing.T) {
	t.Parallel()
	h := openDeribit(t, 5)
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
