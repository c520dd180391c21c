package host

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

func coinSession(path string) *Options {
	return &Options{Scripts: []string{"testdata/coin_carry.lua"}, DB: path, For: 30 * exchange.Minute,
		Set: map[string]string{"notional": "6000", "hold": "5m"}}
}

// killer ends a session when the n-th effect of a kind was decided: before its rows
// reach the ledger, or once they have.
type killer struct {
	*recorder
	when   func(*core.Effect) bool
	n      int
	ledger bool // the rows are in the ledger
}

func (k *killer) After(ev *exchange.Event, fx []core.Effect) error {
	for i := range fx {
		if k.when(&fx[i]) {
			k.n--
			if k.n == 0 {
				if !k.ledger {
					k.recorder.sink = nil
				}
				return errors.Join(k.recorder.After(ev, fx), errStopped)
			}
		}
	}
	return k.recorder.After(ev, fx)
}

// departs and arrives tell of a transfer out of a wallet: that it was sent, and that it
// ended.
func departs(from exchange.Wallet) func(*core.Effect) bool {
	return func(e *core.Effect) bool {
		b, ok := e.Body.(core.SendTransfer)
		return ok && b.Transfer.From == from
	}
}

func arrives(from exchange.Wallet) func(*core.Effect) bool {
	return func(e *core.Effect) bool {
		b, ok := e.Body.(core.TransferEnded)
		return ok && b.Transfer.From == from
	}
}

// killPoints are the moments of a coin-margined pair's life at which it is killed.
func killPoints() map[string]func(*core.Effect) bool {
	is := func(o *exchange.Order, venue exchange.Venue, side exchange.Side) bool {
		return o != nil && o.Side == side && marketOf[o.Leg] == venue
	}
	sent := func(venue exchange.Venue, side exchange.Side) func(*core.Effect) bool {
		return func(e *core.Effect) bool {
			b, ok := e.Body.(core.Submit)
			return ok && is(b.Order, venue, side)
		}
	}
	filled := func(venue exchange.Venue, side exchange.Side) func(*core.Effect) bool {
		return func(e *core.Effect) bool {
			b, ok := e.Body.(*core.Filled)
			return ok && is(b.Order, venue, side)
		}
	}
	state := func(s intent.PairState) func(*core.Effect) bool {
		return func(e *core.Effect) bool {
			b, ok := e.Body.(core.PairChanged)
			return ok && b.Pair.State == s
		}
	}
	return map[string]func(*core.Effect) bool{
		"coins ordered":         sent("spot", exchange.Buy),
		"coins bought":          filled("spot", exchange.Buy),
		"coins on their way":    departs("spot"),
		"coins arrived":         arrives("spot"),
		"short ordered":         sent("coinm", exchange.Sell),
		"short sold":            filled("coinm", exchange.Sell),
		"open":                  state(intent.PairOpen),
		"asked to close":        state(intent.PairClosing),
		"cover ordered":         sent("coinm", exchange.Buy),
		"covered":               filled("coinm", exchange.Buy),
		"coins on the way back": departs("coinm"),
		"coins back":            arrives("coinm"),
		"sale ordered":          sent("spot", exchange.Sell),
		"coins sold":            filled("spot", exchange.Sell),
	}
}

var marketOf = map[uint8]exchange.Venue{1: "spot", 2: "coinm"}

// A coin-margined pair that is killed at any point of its life, with a transfer
// under way or not, ends flat in the next run, and no coin is lost.
func TestAKilledCoinPairEndsFlat(t *testing.T) {
	for name, when := range killPoints() {
		for _, n := range []int{1, 2} {
			if name == "open" || name == "asked to close" {
				n = 1
			}
			for _, posted := range []bool{false, true} {
				label := name + map[int]string{1: "", 2: " again"}[n] + map[bool]string{false: ", before the ledger", true: ""}[posted]
				t.Run(label, func(t *testing.T) { killCoinPair(t, when, n, posted) })
			}
			if testing.Short() {
				break
			}
		}
	}
}

func killCoinPair(t *testing.T, when func(*core.Effect) bool, n int, posted bool) {
	path := filepath.Join(t.TempDir(), "coin.db")
	r := openWith(t, coinSession(path))
	r.loop.Recorder = &killer{r.record.rec, when, n, posted}
	if _, err := r.finish(context.Background(), r.loop.Run(context.Background())); !errors.Is(err, errStopped) {
		t.Fatalf("%v; want the session to be killed", err)
	}
	r.close()
	r = openWith(t, coinSession(path))
	sum, err := r.finish(context.Background(), r.loop.Run(context.Background()))
	if err != nil || !sum.Resumed {
		t.Fatalf("%+v, %v", sum, err)
	}
	checkCoinPair(t, r)
	if res, err := Replay(context.Background(), sum.Journal); err != nil || res.Diff != nil {
		t.Errorf("replay: %+v, %v", res, err)
	}
}

func openWith(t *testing.T, o *Options) *runner {
	t.Helper()
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	r := newRunner(o)
	t.Cleanup(r.close)
	if err := r.open(context.Background()); err != nil {
		t.Fatal(err)
	}
	return r
}

// checkCoinPair wants one pair, flat, and books that agree: ours, the venue's and
// the postings.
func checkCoinPair(t *testing.T, r *runner) {
	t.Helper()
	pairs, err := r.record.db.Pairs(ledger.Filter{})
	if err != nil || len(pairs) == 0 {
		t.Fatal(pairs, err)
	}
	for _, p := range pairs {
		if !p.Done || !p.PerpQty.IsZero() || p.SpotQty.GreaterThan(decimal.New(6, -5)) {
			t.Errorf("pair %d is %s (%s) with %s coins on spot and %s contracts", p.ID, p.State, p.Reason, p.SpotQty, p.PerpQty)
		}
	}
	for _, h := range r.core.Holdings() {
		if got := onPaper(r).Balance(h.Wallet, h.Asset).Total; !got.Equal(h.Total) {
			t.Errorf("%s %s: %s in our books, %s at the venue", h.Wallet, h.Asset, h.Total, got)
		}
		if h.Asset == "BTC" && h.Total.Abs().GreaterThan(decimal.New(12, -5)) {
			t.Errorf("%s %s are left in the %s wallet", h.Total, h.Asset, h.Wallet)
		}
	}
	if err := soundLedger(r.record.db); err != nil {
		t.Error(err)
	}
	snap, err := r.record.db.Restore(r.record.session)
	if err != nil || len(snap.Transit) > 0 || len(snap.Orders) > 0 {
		t.Errorf("%d transfers and %d orders are left, %v", len(snap.Transit), len(snap.Orders), err)
	}
}

// One cycle with the venue's own latencies: bought, moved, shorted, held over a
// settlement and brought back. A buffer saves the time of the transfer.
func TestOneCycleOfACoinPair(t *testing.T) {
	for _, tt := range []struct {
		name, buffer string
		most         time.Duration
	}{{"the short waits for the coins", "", 30 * time.Second}, {"both legs at once", "0.05", time.Second}} {
		t.Run(tt.name, func(t *testing.T) {
			o := coinSession(filepath.Join(t.TempDir(), "cycle.db"))
			o.For = 10 * exchange.Hour
			o.Set["hold"] = "9h"
			if tt.buffer != "" {
				o.Set["buffer"] = tt.buffer
				o.Paper.Balances = []paper.Deposit{{Wallet: "spot", Asset: "USDT", Amount: decimal.NewFromInt(50000)},
					{Wallet: "coinm", Asset: "BTC", Amount: decimal.RequireFromString("0.05")}}
			}
			r := openWith(t, o)
			var opened *intent.Pair
			r.loop.Recorder = &killer{recorder: r.record.rec, when: func(e *core.Effect) bool {
				if b, ok := e.Body.(core.PairChanged); ok && b.Pair.State == intent.PairOpen && opened == nil {
					opened = &b.Pair
				}
				return false
			}}
			if _, err := r.finish(context.Background(), r.loop.Run(context.Background())); err != nil {
				t.Fatal(err)
			}
			pairs, err := r.record.db.Pairs(ledger.Filter{})
			if err != nil || len(pairs) != 1 || !pairs[0].Done || pairs[0].State != "closed" {
				t.Fatalf("%+v, %v; want one pair, closed", pairs, err)
			}
			if p := pairs[0]; p.Settlements == 0 || p.Funding.IsZero() || p.MaxUnhedged.GreaterThan(decimal.NewFromInt(2600)) {
				t.Errorf("%d settlements, funding %s, %s unhedged; want at least one, some, and half of 5000", p.Settlements, p.Funding, p.MaxUnhedged)
			}
			if opened == nil || time.Duration(opened.MaxUnhedgedTime) > tt.most || opened.PerpQty != -60 {
				t.Errorf("opened %+v; want 60 contracts, unhedged for at most %s", opened, tt.most)
			}
		})
	}
}
