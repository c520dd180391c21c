package host

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/host/loop"
	"github.com/perilune/perilune/ledger"
)

// sells sells a little of every market, once.
const sells = `local M = { name = "sells", universe = function(p) return p.symbols end, params = { symbols = { default = { "usdm:BTCUSDT" }, doc = "what to sell" } } }
function M.on_start() timer.every("sell", "200ms") end
function M.on_timer()
  state.sold = state.sold or {}
  for _, s in ipairs(params.symbols) do
    local bid = market.book(s):bid()
    if bid and not state.sold[s] then
      state.sold[s] = true
      order.submit { symbol = s, side = "sell", qty = 60 / bid, type = "market" }
    end
  end
end
return M`

// Markets that run sixty times as fast as the clocks of their venues stamp all that happens hours
// ahead of them. What was traded before a ledger began is a part of its opening there too, however
// often it is listed.
func TestThePastOfAFastMarketIsNotBooked(t *testing.T) {
	t.Parallel()
	config, ready, ended := filepath.Join(t.TempDir(), "sim.toml"), make(chan SimInfo, 1), make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		ended <- Simulate(ctx, SimOptions{Listen: "127.0.0.1:0", Venues: SimVenues(), Seed: 5, Speed: 60, Config: config, Ready: func(i SimInfo) { ready <- i }, Log: func(string) {}})
	}()
	defer func() { stop(); <-ended; http.DefaultClient.CloseIdleConnections() }()
	h := &liveHouse{t: t, dir: filepath.Dir(config)}
	select {
	case i := <-ready:
		h.host = i.Listen
	case err := <-ended:
		t.Fatal(err)
	}
	var symbols []string
	for i := range simulatedVenues {
		symbols = append(symbols, simulatedVenues[i].symbols[0])
	}
	session := func(name string, during func(s *liveSession)) {
		o := &Options{Scripts: []string{scriptFile(t, sells)}, Market: []string{"live"}, DB: filepath.Join(h.dir, name), StatusEvery: 50 * time.Millisecond,
			Set: map[string]string{"symbols": strings.Join(symbols, ",")}, Account: &AccountOptions{}}
		if err := o.LoadConfig(config); err != nil {
			t.Fatal(err)
		}
		s := begin(t, o, nil)
		s.until("everything is sold", time.Minute, func(st *liveState) bool { return s.fills() >= len(symbols) && st.clear })
		if during != nil {
			during(s)
		}
		s.end()
	}
	session("one.db", nil)
	session("two.db", func(s *liveSession) {
		since := loop.Now()
		h.post(simserver.Fault{Kind: "drop"}) // whoever lost a stream lists what was traded
		s.until("the accounts agree", time.Minute, func(st *liveState) bool { return st.clear && st.settled > since })
	})
	db, err := ledger.Open(ledger.Options{Path: filepath.Join(h.dir, "two.db"), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.EachFill(ledger.Filter{}, func(f *ledger.Fill) error {
		if f.Order == 0 {
			t.Errorf("%s:%s %s %s was booked (%s): the second ledger has nothing but its own", f.Venue, f.Symbol, f.Side, f.Qty, f.Reason)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
