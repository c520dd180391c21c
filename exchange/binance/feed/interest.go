package feed

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// openInterest is what openInterest says: base on USD-M, contracts on COIN-M.
type openInterest struct {
	Symbol string          `json:"symbol"`
	Open   jsonscan.Amount `json:"openInterest"`
	Time   int64           `json:"time"`
}

// mostOpen is far beyond any open interest, and in lots of 1e-8 not beyond int64.
var mostOpen = decimal.New(9, 10)

// interest asks for the open interest of a contract.
func (v *venue) interest(ctx context.Context, in *exchange.Instrument) (ev exchange.Event, err error) {
	list, err := fetchRows[openInterest](ctx, v.rest, api.Of(in.Venue), "/openInterest", url.Values{"symbol": {in.Symbol}})
	if err != nil {
		return ev, err
	}
	if len(list) != 1 || list[0].Symbol != in.Symbol || list[0].Time <= 0 {
		return ev, errors.New("the answer is not about it: want openInterest, symbol and time")
	}
	open := list[0].Open.Decimal
	if open.IsNegative() || open.GreaterThan(mostOpen) {
		return ev, fmt.Errorf("%s is no quantity", open)
	}
	return exchange.Event{Kind: exchange.KindOpenInterest, Instrument: in.ID, VenueTime: milli(list[0].Time), Qty: exchange.Lots(in.Lot.Floor(open))}, nil
}

// premiumsBack is how many minutes of premium are looked back on: what a forecast
// of the coming rate goes by.
const premiumsBack = 30

// surely is how long after its end a minute of premium is taken for finished.
const surely = 5 * exchange.Second

// pastPremiums returns the mean premiums of the last minutes, oldest first.
func (v *venue) pastPremiums(ctx context.Context, in *exchange.Instrument) (out []exchange.Event, err error) {
	list, err := v.rest.candles(ctx, in, "/premiumIndexKlines", exchange.Minute, premiumsBack+1)
	if err != nil {
		return nil, err
	}
	if n := len(list); n > 0 && list[n-1].closes+surely > v.o.Now() {
		list = list[:n-1]
	}
	for i := range list {
		k := &list[i]
		mean := decimal.Avg(k.prices[0].Decimal, k.prices[1].Decimal, k.prices[2].Decimal, k.prices[3].Decimal)
		if mean.Abs().LessThan(maxRate) {
			out = append(out, exchange.Event{Kind: exchange.KindPremium, Instrument: in.ID,
				VenueTime: k.opened + exchange.Minute, Rate: exchange.E8FromDecimal(mean)})
		}
	}
	return out, nil
}
