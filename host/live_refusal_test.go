package host

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
)

const openerScript = `local M = { name = "opener", universe = { "spot:BTCUSDT", "usdm:BTCUSDT" } }
function M.on_start() timer.every("go", "250ms") end
local n = 0
function M.on_timer()
  n = n + 1
  order.submit { symbol = n % 2 == 0 and "spot:BTCUSDT" or "usdm:BTCUSDT", side = "buy", qty = "0.01", type = "market" }
end
return M`

// While the venue refuses what would hedge a position, none is begun, anywhere: the log
// says for how long, and a strategy is told at once instead of after its order has waited.
func TestNothingIsOpenedWhileTheVenueRefuses(t *testing.T) {
	t.Parallel()
	h := openHouse(t, 7, nil)
	o := h.options(nil)
	o.Scripts, o.DB, o.For = []string{scriptFile(t, openerScript)}, filepath.Join(h.dir, "refused.db"), 12*exchange.Second
	s := begin(t, o, nil)
	time.Sleep(2 * time.Second)
	h.arm(simserver.Fault{Kind: "429", Market: "usdm"})
	if err := <-s.ended; err != nil {
		t.Fatalf("%v\n%s", err, s.log())
	}
	said := s.log()
	for _, want := range []string{"no new risk: the venue refuses requests to futures until", "order denied: buy 0.01 spot:BTCUSDT: risk: account: the venue refuses requests to futures"} {
		if !strings.Contains(said, want) {
			t.Errorf("without %q:\n%s", want, tail(said, 4000))
		}
	}
}
