package host

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/ledger"
)

// takesOnce sends one order a run, which takes what is there.
const takesOnce = `
local M = { name = "takes_once", universe = { "usdm:BTCUSDT" }, params = { side = { default = "sell" }, qty = { default = 0.08 } } }
function M.on_start() state[params.side] = false end
function M.on_book(book)
  if state[params.side] or not book:ready() then return end
  state[params.side] = true
  local price = params.side == "sell" and book:bid(1) * 0.995 or book:ask(1) * 1.005
  order[params.side](book, params.qty, price, { tif = "ioc" })
end
return M
`

// TestHedgedOpeningIsLeftAlone: what a person holds when a ledger begins is there when it ends,
// and the position that the session opens beside it can be closed by a later run.
func TestHedgedOpeningIsLeftAlone(t *testing.T) {
	for _, c := range []struct {
		side         exchange.Side // of the position of a person
		opens, close string
		theirs, ours string
	}{
		{exchange.Buy, "sell", "buy", "LONG 0.05", "SHORT -0.08"},
		{exchange.Sell, "buy", "sell", "SHORT -0.05", "LONG 0.08"},
	} {
		t.Run(c.theirs, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t, 23, nil)
			on := true
			h.setting(simserver.Settings{Dual: &on})
			h.byHand(c.side, "0.05")
			h.write("takes_once.lua", takesOnce)
			run := func(side, qty string) (said string) {
				o := h.options(map[string]string{"side": side, "qty": qty})
				o.Scripts = []string{filepath.Join(h.dir, "takes_once.lua")}
				s := begin(t, o, nil)
				s.until("the order has filled", time.Minute, func(*liveState) bool {
					s.mu.Lock()
					defer s.mu.Unlock()
					return s.filled > 0
				})
				s.quiet(h, 90*time.Second)
				s.end()
				return s.log()
			}
			if said := run(c.opens, "0.08"); !strings.Contains(said, "somebody else holds "+strings.ReplaceAll(c.theirs, "-", "")) {
				t.Errorf("it did not say what somebody else holds:\n%s", tail(said, 4000))
			}
			h.holds(c.theirs, c.ours)
			run(c.close, "0.1") // which closes 0.08, and opens nothing where somebody holds
			h.holds(c.theirs)
		})
	}
}

// byHand opens a position in hedge mode as a person would.
func (h *liveHouse) byHand(side exchange.Side, qty string) {
	h.t.Helper()
	h.sim.Do(func(s *simserver.State) {
		m := s.Market(s.Segments.Of(api.USDM.Venue()), "BTCUSDT")
		ticket := &simserver.Ticket{Market: m, Client: "by hand", Side: side, PositionSide: side, Kind: exchange.MarketOrder, Type: "MARKET", TIF: "GTC", Policy: exchange.IOC,
			Qty: exchange.Lots(m.In.Lot.Floor(decimal.RequireFromString(qty)))}
		if _, r := s.Accounts()[0].Entry.Place(ticket); r != nil {
			h.t.Errorf("by hand: %+v", r)
		}
	})
}

// holds compares what the venue has with the person's position and ours, and the ledger with ours.
func (h *liveHouse) holds(theirs string, ours ...string) {
	h.t.Helper()
	want := map[string]bool{theirs: true}
	for _, p := range ours {
		want[p] = true
	}
	for _, p := range h.truth().Positions {
		if got := fmt.Sprint(p.Side, " ", p.Qty); !want[got] {
			h.t.Errorf("the venue has %s of %s, want %v", got, p.Symbol, want)
		} else {
			delete(want, got)
		}
	}
	if len(want) > 0 {
		h.t.Errorf("the venue does not have %v", want)
	}
	db, err := ledger.Open(ledger.Options{Path: h.options(nil).DB, ReadOnly: true})
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	snap, err := db.Restore("live-1")
	if err != nil {
		h.t.Fatal(err)
	}
	sum := decimal.Zero
	for _, p := range snap.Positions {
		if p.Venue == "usdm" {
			sum = sum.Add(p.Qty)
		}
	}
	booked := decimal.Zero
	for _, p := range ours {
		booked = booked.Add(decimal.RequireFromString(strings.Fields(p)[1]))
	}
	if !sum.Equal(booked) {
		h.t.Errorf("the ledger has %s of BTCUSDT, want %s", sum, booked)
	}
}
