package feed

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// interestEvery is how often the open interest of a contract is asked for, unless
// there are more than sixty: one is asked for in a second, which is a small part of
// what the venue allows.
const interestEvery = time.Minute

// interest is what openInterest says: base on USD-M, contracts on COIN-M.
type interest struct {
	Symbol string          `json:"symbol"`
	Open   jsonscan.Amount `json:"openInterest"`
	Time   int64           `json:"time"`
}

// mostOpen is far beyond any open interest, and in lots of 1e-8 not beyond int64.
var mostOpen = decimal.New(9, 10)

// pollInterest asks for the open interest of one contract after the other.
func (m *Market) pollInterest(ctx context.Context) {
	var contracts []*track
	for _, t := range m.tracks {
		if api.Of(t.in.Venue) != api.Spot {
			contracts = append(contracts, t)
		}
	}
	for len(contracts) > 0 {
		for _, t := range contracts {
			if err := m.askInterest(ctx, t); err != nil && ctx.Err() == nil {
				m.o.Notice(connect.Notice{Instrument: t.in.ID, Text: fmt.Sprintf("open interest of %s: %v", t.in.Key(), err)})
			}
			if pause(ctx, secondsBetween) != nil {
				return
			}
		}
		if pause(ctx, interestEvery-time.Duration(len(contracts))*secondsBetween) != nil {
			return
		}
	}
}

func (m *Market) askInterest(ctx context.Context, t *track) error {
	list, err := fetchRows[interest](ctx, m.rest, api.Of(t.in.Venue), "/openInterest", url.Values{"symbol": {t.in.Symbol}})
	if err != nil {
		return err
	}
	if len(list) != 1 || list[0].Symbol != t.in.Symbol || list[0].Time <= 0 {
		return errors.New("the answer is not about it: want openInterest, symbol and time")
	}
	open := list[0].Open.Decimal
	if open.IsNegative() || open.GreaterThan(mostOpen) {
		return fmt.Errorf("%s is no quantity", open)
	}
	ev := exchange.Event{Kind: exchange.KindOpenInterest, Instrument: t.in.ID, VenueTime: milli(list[0].Time), Qty: exchange.Lots(t.in.Lot.Floor(open))}
	t.mu.Lock()
	defer t.mu.Unlock()
	m.sink.Post(m.owned(&ev))
	return nil
}

// premiumsBack is how many minutes of premium are looked back on: what a forecast
// of the coming rate goes by.
const premiumsBack = 30

// pastPremiums returns the mean premiums of the last minutes, oldest first.
func (m *Market) pastPremiums(ctx context.Context, t *track) (out []exchange.Event, err error) {
	list, err := m.rest.candles(ctx, t.in, "/premiumIndexKlines", exchange.Minute, premiumsBack+1, m.o.Now())
	if err != nil {
		return nil, err
	}
	for i := range list {
		k := &list[i]
		mean := decimal.Avg(k.prices[0].Decimal, k.prices[1].Decimal, k.prices[2].Decimal, k.prices[3].Decimal)
		if mean.Abs().LessThan(maxRate) {
			out = append(out, exchange.Event{Kind: exchange.KindPremium, Instrument: t.in.ID,
				VenueTime: k.opened + exchange.Minute, Rate: exchange.E8FromDecimal(mean)})
		}
	}
	return out, nil
}
