package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

// rotateCoins is a session of the rotation on coin margin, without fees, in which
// one coin is bought, moved, shorted, and brought back within hours because its
// funding turns, and then another.
func rotateCoins(path string) *Options {
	free := 0.0
	o := &Options{Scripts: []string{"../scripts/funding_rotation.lua"}, DB: path, Seed: 3, For: 12 * exchange.Hour,
		Set: map[string]string{"margin": "coin", "max_pairs": "1", "persistence": "0.99", "capital": "5000"}}
	o.Paper.FeeBP = &free
	return o
}

// The rotation on coin margin completes a cycle, with transfers both ways, and is
// killed and restarted in the middle of each of them.
func TestRotationOnCoinMargin(t *testing.T) {
	for _, tt := range []struct {
		name   string
		when   func(*core.Effect) bool
		posted bool
	}{
		{"undisturbed", nil, true},
		{"killed with coins on their way, before the ledger", departs("spot"), false},
		{"killed with coins on their way", departs("spot"), true},
		{"killed as they arrive", arrives("spot"), false},
		{"killed with coins on the way back, before the ledger", departs("coinm"), false},
		{"killed with coins on the way back", departs("coinm"), true},
		{"killed as they are back", arrives("coinm"), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "coins.db")
			if tt.when != nil {
				r := openWith(t, rotateCoins(path))
				r.loop.Recorder = &killer{r.record.rec, tt.when, 1, tt.posted}
				if _, err := r.finish(context.Background(), r.loop.Run(context.Background())); !errors.Is(err, errStopped) {
					t.Fatalf("%v; want the session to be killed", err)
				}
				r.close()
			}
			r := openWith(t, rotateCoins(path))
			sum, err := r.finish(context.Background(), r.loop.Run(context.Background()))
			if err != nil || sum.Resumed != (tt.when != nil) || sum.Errors != 0 {
				t.Fatalf("%+v, %v", sum, err)
			}
			checkCoinRotation(t, r)
			if res, err := Replay(context.Background(), sum.Journal); err != nil || res.Diff != nil {
				t.Errorf("replay: %+v, %v", res, err)
			}
		})
	}
}

// checkCoinRotation wants a cycle that went both ways, nothing left of it but what
// is open, and books that agree with the venue's.
func checkCoinRotation(t *testing.T, r *runner) {
	t.Helper()
	pairs, err := r.record.db.Pairs(ledger.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	closed, live := 0, map[string]bool{}
	for _, p := range pairs {
		if p.Done && p.State == "closed" && p.PerpQty.IsZero() {
			closed++
		}
		if !p.Done {
			live[p.Spot] = true
		}
	}
	if closed == 0 {
		t.Errorf("%d pairs, none closed: %+v", len(pairs), pairs)
	}
	dust := decimal.New(12, -5)
	for _, h := range r.core.Holdings() {
		if got := onPaper(r).Balance(h.Wallet, h.Asset).Total; !got.Equal(h.Total) {
			t.Errorf("%s %s: %s in our books, %s at the venue", h.Wallet, h.Asset, h.Total, got)
		}
		if h.Asset != "USDT" && h.Total.Abs().GreaterThan(dust) && !live["spot:"+h.Asset+"USDT"] {
			t.Errorf("%s %s are left in the %s wallet", h.Total, h.Asset, h.Wallet)
		}
	}
	if err := soundLedger(r.record.db); err != nil {
		t.Error(err)
	}
}

// What there is room for on coin margin is what spot has in USDT, less room for
// fees and prices.
func TestRoomOnCoinMargin(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "room.lua")
	text := `return { name = "room", universe = { "spot:BTCUSDT", "coinm:BTCUSD_PERP" }, on_start = function()
  local now, soon = exec.room("coinm")
  log.info(now .. " " .. soon)
end }`
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	said := ""
	o := &Options{Scripts: []string{script}, DB: filepath.Join(dir, "room.db"), Journal: "off", For: exchange.Minute, Log: func(l Line) { said += l.Text + "\n" }}
	o.Paper.Balances = []paper.Deposit{{Wallet: "spot", Asset: "USDT", Amount: decimal.NewFromInt(10100)}, {Wallet: "usdm", Asset: "USDT", Amount: decimal.NewFromInt(5)}}
	if _, err := Run(context.Background(), o); err != nil || !strings.Contains(said, "10000 10000") {
		t.Errorf("said %q, %v; want 10000, of 10100 on spot", said, err)
	}
}
