package host

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/risk"
	"github.com/perilune/perilune/ledger"
)

var partsSeeds = flag.Uint64("parts-seeds", 1, "how many seeds TestPartsSurviveKillsAtAnyEvent runs, and half of those of TestPartsSumToTheAccount")

// plunger trades at random with far too much leverage, also on coin-margined contracts.
// At its start it says what it believes to hold.
const plunger = `local M = { name = "plunger%d", universe = { "spot:DOGEUSDT", "usdm:DOGEUSDT", "usdm:ETHUSDT", "coinm:ETHUSD_PERP", "spot:ETHUSDT" } }
local function draw(n) state.n = (state.n * 1103515245 + 12345) %% 2147483648; return math.floor(state.n / 65536) %% n end
function M.on_start()
  state.n = state.n or %d
  for _, s in ipairs(M.universe) do log.info(string.format("HOLDS %%s %%.8f", s, account.position(s).qty)) end
  timer.every("act", "5m")
end
function M.on_timer()
  local s = M.universe[draw(4) + 1]
  local ask = market.book(s):ask(1)
  if draw(6) == 0 then exec.pair.open { spot = "spot:ETHUSDT", perp = draw(2) == 0 and "usdm:ETHUSDT" or "coinm:ETHUSD_PERP", notional = 800 + draw(1000) } return end
  if draw(6) == 0 then for _, p in ipairs(exec.pair.list()) do if p.state == "open" then exec.pair.close(p.id) return end end end
  local worth, side = 300 + draw(3000), draw(2) == 0 and "buy" or "sell"
  if s:find("^usdm") then worth = account.balance("usdm", "USDT").free * (20 + draw(26)) end
  if s:find("^coinm") then worth = account.balance("coinm", "ETH").free * ask * (20 + draw(26)) end
  local qty = s:find("^coinm") and math.floor(worth / 10) or worth / ask
  if s:find("^spot") and side == "sell" then qty = math.min(qty, account.position(s).qty) end
  if worth > 20 and qty > 0 then order.submit { symbol = s, side = side, qty = qty, type = "market" } end
end
return M`

var errCutShort = errors.New("killed")

// cutShort makes a run end as kill -9 does: what was posted to the ledger after the event
// lost is not in it, what was done is in the journal, and nothing is closed. On the way
// the venue deleverages.
func cutShort(r *runner, rnd *rand.Rand, lost, kill uint64) {
	sink := r.record.rec.sink
	r.record.rec.sink = func(ev *exchange.Event, fx []core.Effect) error {
		if rnd.IntN(400) == 0 {
			deleverage(r, rnd, ev.Time)
		}
		switch {
		case ev.Seq >= kill:
			return errCutShort
		case ev.Seq >= lost:
			return nil
		}
		return sink(ev, fx)
	}
}

// deleverage takes a part of one of the positions away.
func deleverage(r *runner, rnd *rand.Rand, now exchange.Time) {
	var held []exchange.InstrumentID
	for _, in := range r.core.Universe().All() {
		if in.Perp() && r.core.AccountPosition(in.ID).Qty != 0 {
			held = append(held, in.ID)
		}
	}
	if len(held) > 0 {
		onPaper(r).Deleverage(held[rnd.IntN(len(held))], exchange.Lots(1+rnd.IntN(3000)), now)
	}
}

// Killed at any event, a session that is liquidated and deleveraged again and again
// goes on with the same parts: what strategies believe to hold is what the ledger says,
// and what everybody made sums to what the wallets changed by, to the last digit.
func TestPartsSurviveKillsAtAnyEvent(t *testing.T) {
	reasons := eachSeed(t, *partsSeeds, func(t *testing.T, seed uint64) tally {
		db, rnd := filepath.Join(t.TempDir(), "kill.db"), rand.New(rand.NewPCG(seed, 11))
		for run := range 5 {
			var said strings.Builder
			o := &Options{DB: db, Seed: seed + 1, For: 60 * exchange.Hour, Log: func(l Line) { fmt.Fprintln(&said, l.Strategy, l.Text) },
				Limits: risk.Limits{DailyLoss: decimal.RequireFromString("0.99"), MaxOrderNotional: decimal.NewFromInt(50000), MaxPositionNotional: decimal.NewFromInt(500000)},
				Paper: PaperOptions{Leverage: 50, Balances: []paper.Deposit{
					{Wallet: "spot", Asset: "USDT", Amount: decimal.NewFromInt(60000)}, {Wallet: "usdm", Asset: "USDT", Amount: decimal.NewFromInt(300)},
					{Wallet: "coinm", Asset: "ETH", Amount: decimal.RequireFromString("0.1")}}}}
			for i := range 2 {
				o.Scripts = append(o.Scripts, scriptFile(t, fmt.Sprintf(plunger, i, 10*seed+uint64(i)+1)))
			}
			if err := o.Validate(); err != nil {
				t.Fatal(err)
			}
			r := newRunner(o)
			if err := r.open(context.Background()); err != nil {
				t.Fatal(err)
			}
			when := fmt.Sprintf("seed %d run %d", seed, run)
			believed := positionsOf(t, db)
			if checkSums(t, db, when); run < 4 {
				kill := uint64(30000 + rnd.IntN(120000))
				cutShort(r, rnd, kill-uint64(rnd.IntN(2000)), kill)
			}
			err := r.loop.Run(context.Background())
			switch {
			case run < 4 && !errors.Is(err, errCutShort):
				t.Fatalf("%s: ended by itself before the kill: %v", when, err)
			case run == 4:
				checkParts(t, r)
				if _, err := r.finish(context.Background(), err); err != nil {
					t.Fatal(err)
				}
			}
			r.close()
			checkBelief(t, said.String(), believed, when)
		}
		checkSums(t, db, fmt.Sprintf("seed %d at the end", seed))
		return countReasons(t, db)
	})
	for _, market := range []string{"usdm", "coinm"} {
		if reasons[market+" liquidation"]+reasons[market+" adl"] == 0 {
			t.Errorf("nothing was forced on %s: %v", market, reasons)
		}
	}
}

// positionsOf is what the ledger says that strategies hold.
func positionsOf(t *testing.T, path string) map[string]decimal.Decimal {
	t.Helper()
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	list, err := db.Positions(ledger.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]decimal.Decimal{}
	for i := range list {
		out[list[i].Strategy+" HOLDS "+string(list[i].Venue)+":"+list[i].Symbol] = list[i].Qty
	}
	return out
}

// checkBelief compares what strategies said at their start with the ledger.
func checkBelief(t *testing.T, said string, holds map[string]decimal.Decimal, when string) {
	t.Helper()
	seen := 0
	for line := range strings.Lines(said) {
		who, qty, ok := strings.Cut(strings.TrimSpace(line), " HOLDS ")
		if !ok {
			continue
		}
		seen++
		symbol, qty, _ := strings.Cut(qty, " ")
		if want := holds[who+" HOLDS "+symbol]; !decimal.RequireFromString(qty).Equal(want.Round(8)) {
			t.Errorf("%s: %s believes to hold %s of %s, the ledger says %s", when, who, qty, symbol, want)
		}
	}
	if seen != 10 {
		t.Errorf("%s: %d lines of what is held, want 10:\n%s", when, seen, said)
	}
}

func countReasons(t *testing.T, path string) tally {
	t.Helper()
	all := tally{}
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.EachFill(ledger.Filter{}, func(f *ledger.Fill) error {
		all[string(f.Venue)+" "+f.Reason]++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
