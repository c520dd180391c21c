package account

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/oms"
)

// feed is the stream of events of a market.
type feed struct {
	*connect.Events
	market api.Market
	log    func(string)
	// conditional takes what becomes of conditional orders.
	conditional func(Conditional)
}

func newFeed(m api.Market, c *transport, sink func(oms.AccountEvent)) *feed {
	return &feed{market: m, log: c.o.Log, conditional: c.o.Conditional,
		Events: connect.NewEvents(connect.EventsOptions{Venue: m.Venue(), Sink: sink, Log: c.o.Log, Now: c.Now})}
}

// take passes on what an event means.
func (f *feed) take(ev *event) {
	if ev.kind == "" {
		return
	}
	f.Take(ev.body, func(pass func(oms.AccountEvent)) error {
		if ev.kind == "MARGIN_CALL" {
			f.log("margin call on " + f.market.String() + ": " + string(ev.body[:min(len(ev.body), 500)]))
		}
		if ev.kind == "ALGO_UPDATE" {
			return ev.conditional(f.market, ev.o, f.conditional)
		}
		return ev.accountEvents(f.market, pass)
	})
}
