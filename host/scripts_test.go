package host_test

import (
	"context"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/ledger"
)

// builtIn is the options of a run on the built-in market.
func builtIn(t *testing.T, script string, seed uint64, hours int, set map[string]string) *host.Options {
	t.Helper()
	return &host.Options{Scripts: []string{script}, Seed: seed, For: exchange.Time(hours) * exchange.Hour, Set: set,
		Journal: "off", DB: filepath.Join(t.TempDir(), "ledger.db")}
}

// TestRotationShowsItself wants what a newcomer is promised: within 60 hours of
// the built-in market, a minute at the default speed, funding_rotation enters,
// collects and rotates.
func TestRotationShowsItself(t *testing.T) {
	seeds := uint64(2)
	if *validity {
		seeds = 20
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		o, rotated := builtIn(t, rotation, seed, 60, nil), false
		o.Log = func(l host.Line) { rotated = rotated || strings.Contains(l.Text, "the switch costs") }
		got := play(t, o)
		if got.PairsOpened < 4 || got.PairsClosed < 1 || !rotated || !got.Funding.IsPositive() {
			t.Errorf("seed %d: %d pairs opened, %d closed, rotated %v, funding %s", seed, got.PairsOpened, got.PairsClosed, rotated, got.Funding)
		}
		if len(got.fills) > 200 {
			t.Errorf("seed %d: %d fills in 60 hours is churn", seed, len(got.fills))
		}
	}
}

// TestRotationWithinTenHours wants a newcomer who looks for ten seconds to see a
// coin give way to one that pays more.
func TestRotationWithinTenHours(t *testing.T) {
	seeds := uint64(4)
	if *validity {
		seeds = 10
	}
	for seed := uint64(1); seed <= seeds; seed++ {
		o, rotated := builtIn(t, rotation, seed, 10, nil), false
		o.Log = func(l host.Line) { rotated = rotated || strings.Contains(l.Text, "the switch costs") }
		if got := play(t, o); !rotated || got.PairsClosed == 0 {
			t.Errorf("seed %d: %d pairs opened, %d closed, rotated %v", seed, got.PairsOpened, got.PairsClosed, rotated)
		}
	}
}

// TestShortsKeepTheirMargin puts all the money to work while prices double. The
// shorts must be defended by closing pairs, and none may be liquidated, which play
// sees to.
func TestShortsKeepTheirMargin(t *testing.T) {
	for _, s := range windows(2, span{"2020-12-20", "2021-02-20"}, span{"2020-03-10", "2020-04-10"},
		span{"2020-01-01", "2025-01-01"}, span{"2023-07-10", "2023-07-20"}) {
		t.Run(s.String(), func(t *testing.T) {
			o, defended := backtest(t, rotation, s, majors...), 0
			o.Set = map[string]string{"capital": "1000000"}
			o.Log = func(l host.Line) {
				if strings.Contains(l.Text, "margin is needed") {
					defended++
				}
			}
			got := play(t, o)
			if s.from == "2020-12-20" && defended == 0 {
				t.Error("no pair was given up for its margin: the test does not test it")
			}
			if got.PairsLive == 0 {
				t.Error("nothing is open at the end: it did not open again")
			}
		})
	}
}

// TestRotationAtExtremes wants no error and no churn when the account or the
// parameters leave next to no room.
func TestRotationAtExtremes(t *testing.T) {
	for name, set := range map[string]map[string]string{
		"one pair of the smallest size": {"max_pairs": "1", "capital": "100"},
		"too small to trade":            {"max_pairs": "20", "capital": "100"},
		"smallest slices":               {"batch": "20", "max_unhedged": "20", "capital": "300"},
		"cushion_low above cushion":     {"cushion": "0.25", "cushion_low": "1", "capital": "1000000"},
	} {
		t.Run(name, func(t *testing.T) {
			o := builtIn(t, rotation, 1, 24, maps.Clone(set))
			got := play(t, o)
			if len(got.fills) > 200 {
				t.Errorf("%d fills in a day is churn", len(got.fills))
			}
			if small := name == "too small to trade"; small != (len(got.fills) == 0) {
				t.Errorf("%d fills", len(got.fills))
			}
		})
	}
}

// TestVWAPTradesItsTotal wants the fills to sum to the quantity, to the last lot,
// whatever the slices are, and also when the session is stopped in the middle of
// the window and resumed.
func TestVWAPTradesItsTotal(t *testing.T) {
	tests := []struct {
		name, symbol, side, qty string
		set                     map[string]string
		stop                    bool
	}{
		{"buy", "spot:BTCUSDT", "buy", "0.5", nil, false},
		{"sell a perpetual", "usdm:ETHUSDT", "sell", "7.123", nil, false},
		{"sell coins in slices below the smallest order", "spot:BTCUSDT", "sell", "0.00777", map[string]string{"slice_seconds": "30"}, false},
		{"two seconds a slice", "spot:BTCUSDT", "buy", "0.01237", map[string]string{"minutes": "1", "slice_seconds": "2"}, false},
		{"hardly any slippage allowed", "usdm:BTCUSDT", "buy", "1.111", map[string]string{"slip_bp": "0.1"}, false},
		{"by the clock", "usdm:ETHUSDT", "buy", "7.123", map[string]string{"algo": "twap"}, false},
		{"a share of the volume", "usdm:ETHUSDT", "sell", "7.123", map[string]string{"algo": "pov"}, false},
		{"stopped and resumed", "spot:ETHUSDT", "buy", "9.8765", nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set := map[string]string{"symbol": tt.symbol, "side": tt.side, "qty": tt.qty}
			maps.Copy(set, tt.set)
			o := builtIn(t, "../scripts/vwap.lua", 3, 5, set)
			o.Paper.Balances = []paper.Deposit{
				{Wallet: "spot", Asset: "USDT", Amount: decimal.NewFromInt(100000)},
				{Wallet: "spot", Asset: "BTC", Amount: decimal.NewFromInt(1)},
				{Wallet: "usdm", Asset: "USDT", Amount: decimal.NewFromInt(100000)},
			}
			if tt.stop {
				stopMidway(t, o)
			}
			checkTotal(t, play(t, o).fills, tt.side, decimal.RequireFromString(tt.qty))
			checkSchedule(t, o.DB, decimal.RequireFromString(tt.qty))
		})
	}
}

// stopMidway runs a session until it is interrupted after 100 minutes.
func stopMidway(t *testing.T, o *host.Options) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	first := *o
	first.StatusEvery = 1
	started := exchange.Time(0)
	first.Status = func(s host.Status) {
		if started == 0 {
			started = s.Time
		}
		if s.Time > started+100*exchange.Minute {
			cancel()
		}
	}
	sum, err := host.Run(ctx, &first)
	if err != nil {
		t.Fatal(err)
	}
	if sum.EndedBy != "stop" || sum.Fills == 0 || sum.Fills > 40 {
		t.Fatalf("ended by %s after %d fills, want a stop in the middle", sum.EndedBy, sum.Fills)
	}
}

func checkTotal(t *testing.T, fills []ledger.Fill, side string, want decimal.Decimal) {
	t.Helper()
	sum := decimal.Zero
	for i := range fills {
		if fills[i].Side.String() != side {
			t.Errorf("a %s of %s", fills[i].Side, fills[i].Qty)
		}
		sum = sum.Add(fills[i].Qty)
	}
	if !sum.Equal(want) {
		t.Errorf("traded %s in %d fills, want %s", sum, len(fills), want)
	}
}

// checkSchedule wants the ledger to say of the parent order what its fills say.
func checkSchedule(t *testing.T, path string, want decimal.Decimal) {
	t.Helper()
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	list, err := db.Schedules(ledger.Filter{})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d schedules, %v", len(list), err)
	}
	s := list[0]
	if !s.Done || s.State != "completed" || !s.Filled.Equal(want) || !s.Total.Equal(want) || s.Slippage(s.MarketVWAP) == nil {
		t.Errorf("the schedule is %s with %s of %s (%s), vwap %v", s.State, s.Filled, s.Total, s.Reason, s.MarketVWAP)
	}
	orders, err := db.Orders(ledger.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range orders {
		if o.Schedule != s.ID {
			t.Errorf("order %d names schedule %d", o.ID, o.Schedule)
		}
	}
}

// TestBasisComparesBooksOfOneTime runs basis over weeks of hourly bars in which
// prices ran. The legs' books come one after the other: a script that compared
// the new one with the old would trade the price's move, at a loss.
func TestBasisComparesBooksOfOneTime(t *testing.T) {
	o := backtest(t, "../scripts/basis.lua", span{"2021-01-01", "2021-02-15"}, majors...)
	o.Set = map[string]string{"min_gain": "40"}
	got := play(t, o)
	if got.PairsClosed == 0 || got.PnL.Add(got.Fees.Decimal).Sub(got.Funding.Decimal).LessThan(got.Fees.Decimal) {
		t.Errorf("%d pairs: profit %s after fees of %s, want the basis to have paid for them", got.PairsClosed, got.PnL, got.Fees)
	}
	if len(got.fills) > 1000 {
		t.Errorf("%d fills is churn", len(got.fills))
	}
}
