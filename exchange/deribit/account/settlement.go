package account

import (
	"context"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/wire"
)

// after is when the settlement of 08:00 UTC shows in the log: the venue says nothing of it,
// and may refuse orders for some seconds (10041).
const after = 5 * exchange.Second

// nextSettlement is the first one that is later than a time.
func nextSettlement(now exchange.Time) exchange.Time {
	const hour = 8 * exchange.Hour
	return (now-hour)/exchange.Day*exchange.Day + hour + exchange.Day
}

// settlements tells that funding is coming, each day after 08:00, where there is a perpetual
// that may have some, until ctx ends. What is paid is in the log.
func (a *Account) settlements(ctx context.Context, pass func(oms.AccountEvent)) {
	for {
		at := nextSettlement(a.Now())
		if wire.Sleep(ctx, time.Duration(at+after-a.Now())) != nil {
			return
		}
		told := map[exchange.Venue]bool{}
		err := a.positions(ctx, api.House, func(p *position) {
			if p.dated() || p.Qty.IsZero() || told[p.Venue] {
				return
			}
			told[p.Venue] = true
			pass(oms.AccountEvent{Venue: p.Venue, Funding: &oms.Income{Venue: p.Venue, Wallet: api.Wallet, Kind: oms.IncomeFunding, Asset: p.asset, Time: at}})
		})
		if err != nil && ctx.Err() == nil {
			a.log("the settlement of 08:00: " + err.Error())
		}
	}
}
