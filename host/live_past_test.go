package host

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/ledger"
)

const pastScript = `local M = { name = "past", universe = { "spot:BTCUSDT", "usdm:BTCUSDT" } }
function M.on_start() log.info("START " .. account.position("usdm:BTCUSDT").qty); timer.after("go", "1s") end
function M.on_timer()
  if state.done or false then return end
  state.done = true
  order.submit { symbol = "usdm:BTCUSDT", side = "sell", qty = "0.02", type = "market" }
end
function M.on_fill(f) log.info("FILL " .. f.side .. " " .. f.qty .. " " .. tostring(f.reason) .. " " .. tostring(f.order)) end
return M`

// past runs a script for some seconds on the house's account, and returns what was said.
func (h *liveHouse) past(name, script string, during func()) (*Summary, string) {
	h.t.Helper()
	o := h.options(nil)
	o.Scripts, o.DB, o.For = []string{scriptFile(h.t, script)}, filepath.Join(h.dir, name), 6*exchange.Second
	s := begin(h.t, o, nil)
	if during != nil {
		time.Sleep(2 * time.Second)
		during()
	}
	if err := <-s.ended; err != nil {
		h.t.Fatalf("%v\n%s", err, s.log())
	}
	return s.sum, s.log()
}

// A new ledger on an account with a past takes it as its opening and books none of
// its trades, though the venue's clock is not ours; nothing is traded over it. The
// first ledger goes on with its own after --for, and hears of what the venue takes.
func TestANewLedgerOnAnAccountWithAPast(t *testing.T) {
	t.Parallel()
	h := openHouse(t, 4, nil)
	sum, said := h.past("one.db", pastScript, nil)
	if sum.EndedBy != "for" || !strings.Contains(said, "FILL sell 0.02 nil 1") {
		t.Fatalf("ended by %s:\n%s", sum.EndedBy, said)
	}
	for range 2 { // the second run goes on with the opening
		sum, said = h.past("two.db", strings.Replace(pastScript, "or false", "or true", 1), nil)
		if strings.Contains(said, "foreign") || strings.Contains(said, "held") || !strings.Contains(said, "START 0\n") {
			t.Errorf("the account's past was not left alone:\n%s", said)
		}
	}
	if !sum.Resumed {
		t.Error("--for ended the session for good")
	}
	db, err := ledger.Open(ledger.Options{Path: filepath.Join(h.dir, "two.db"), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := soundLedger(db); err != nil {
		t.Error(err)
	}
	list, err := db.Positions(ledger.Filter{})
	if err != nil || len(list) != 1 || list[0].Strategy != "" || !list[0].Qty.Equal(decimal.RequireFromString("-0.02")) {
		t.Errorf("positions %+v, %v; want -0.02 that are nobody's", list, err)
	}
	_, said = h.past("one.db", pastScript, func() { h.arm(simserver.Fault{Kind: "adl", Market: "usdm"}) })
	if !strings.Contains(said, "START -0.02\n") || !strings.Contains(said, "FILL buy 0.02 adl nil") {
		t.Errorf("the first ledger did not go on, or nobody was told:\n%s", said)
	}
	if _, said = h.past("one.db", pastScript, nil); !strings.Contains(said, "START 0\n") || strings.Contains(said, "held") {
		t.Errorf("the position came back:\n%s", said)
	}
}
