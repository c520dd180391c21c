package host

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// setting sets the account up at the exchange.
func (h *liveHouse) setting(q simserver.Settings) {
	h.t.Helper()
	h.ask(http.MethodPost, "/sim/settings", q, nil)
}

// TestLiveModes: in every mode of an account the ledger ends as the exchange's own books.
func TestLiveModes(t *testing.T) {
	on := true
	for name, set := range map[string]func(*liveHouse){
		"multi-assets": func(h *liveHouse) {
			h.setting(simserver.Settings{MultiAssets: &on})
			for _, d := range []string{"USDT -99800", "BTC 1"} {
				h.fund(d)
			}
		},
		"isolated": func(h *liveHouse) {
			for _, s := range []string{"usdm BTCUSDT", "usdm ETHUSDT", "coinm BTCUSD_PERP", "coinm ETHUSD_PERP"} {
				market, symbol, _ := strings.Cut(s, " ")
				h.setting(simserver.Settings{Market: market, Symbol: symbol, MarginType: "ISOLATED", Leverage: 10})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openHouse(t, 21, nil)
			set(h)
			s := begin(t, h.options(map[string]string{"acts": "24", "every": "0.2"}), nil)
			s.quiet(h, 90*time.Second)
			s.end()
			if n := h.audited(); n < 10 {
				t.Errorf("%d fills: the test tested little", n)
			}
			if said := s.log(); strings.Contains(said, "insufficient") {
				t.Errorf("margin was short:\n%s", tail(said, 4000))
			}
		})
	}
}

// fund moves an amount from spot to the USD-M wallet, or the other way round.
func (h *liveHouse) fund(what string) {
	h.t.Helper()
	asset, text, _ := strings.Cut(what, " ")
	amount := decimal.RequireFromString(text)
	h.sim.Do(func(s *simserver.State) {
		from, to := s.Segments.Of(api.Spot.Venue()), s.Segments.Of(api.USDM.Venue())
		if amount.IsNegative() {
			from, to = to, from
		}
		if _, err := s.Accounts()[0].Funds.Transfer("test", asset, from, to, amount.Abs()); err != nil {
			h.t.Error(err)
		}
	})
}

// TestOrderListsOfOthers: orders of lists that somebody else placed are others' orders, and
// what they trade is booked as such.
func TestOrderListsOfOthers(t *testing.T) {
	t.Parallel()
	h := openHouse(t, 22, nil)
	h.list("before", -0.3, 0.3)
	s := begin(t, h.options(map[string]string{"acts": "24", "every": "0.2"}), nil)
	s.until("the session trades", time.Minute, func(st *liveState) bool { return st.events > 200 })
	h.list("while", -0.0003, 0.0003)
	s.until("the list has ended", 2*time.Minute, func(*liveState) (done bool) {
		h.sim.Do(func(x *simserver.State) { done = x.Accounts()[0].Lists.Named("while").Done })
		return done
	})
	s.quiet(h, 90*time.Second)
	h.sim.Do(func(x *simserver.State) {
		for _, o := range x.Accounts()[0].Lists.Named("before").Orders() {
			x.Accounts()[0].Lists.Cancel(o, "by hand")
		}
	})
	s.end()
	h.audited()
	for _, want := range []string{`("while") in BTCUSDT is not ours`, "it is over", "foreign fill"} {
		if said := s.log(); !strings.Contains(strings.ReplaceAll(said, `(OCO, "while")`, `("while")`), want) {
			t.Errorf("it did not say %q:\n%s", want, tail(said, 6000))
		}
	}
}

// list places a pair that sells a thousandth of a coin at parts of the price below and above.
func (h *liveHouse) list(name string, below, above float64) {
	h.t.Helper()
	h.sim.Do(func(s *simserver.State) {
		m := s.Market(s.Segments.Of(api.Spot.Venue()), "BTCUSDT")
		at := func(off float64) exchange.Ticks {
			return exchange.Ticks(m.In.Tick.Floor(m.TriggerPrice(false).Mul(decimal.NewFromFloat(1 + off))))
		}
		leg := simserver.Ticket{Market: m, Side: exchange.Sell, Qty: exchange.Lots(m.In.Lot.Floor(decimal.New(1, -3)))}
		up, down := leg, leg
		up.Client, up.Kind, up.Type, up.TIF, up.Policy, up.Price = name+"-up", exchange.Limit, "LIMIT_MAKER", "GTC", exchange.PostOnly, at(above)
		down.Client, down.Kind, down.Type, down.TIF, down.Policy, down.Stop = name+"-down", exchange.MarketOrder, "STOP_LOSS", "GTC", exchange.IOC, m.In.PriceDecimal(at(below))
		if _, r := s.Accounts()[0].Lists.Place(&simserver.ListTicket{Client: name, Legs: []*simserver.Ticket{&up, &down}}); r != nil {
			h.t.Errorf("list %s: %+v", name, r)
		}
	})
}
