package feed

import (
	"context"
	"fmt"
	"net/url"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/payload"
)

// lookDepth is enough to see whether a book has changed.
const lookDepth = 5

// snapshot asks for the levels of a book.
func (v *venue) snapshot(ctx context.Context, in *exchange.Instrument, look bool) (ev exchange.Event, body []byte, err error) {
	market := api.Of(in.Venue)
	depth := v.o.FuturesDepth
	if market == api.Spot {
		depth = v.o.SpotDepth
	}
	if look {
		depth = min(depth, lookDepth)
	}
	if body, err = v.rest.get(ctx, market, "/depth", url.Values{"symbol": {in.Symbol}, "limit": {strconv.Itoa(depth)}}); err != nil {
		return ev, nil, err
	}
	d := payload.NewDecoder(market, func(symbol []byte) *exchange.Instrument {
		if string(symbol) == in.Symbol {
			return in
		}
		return nil
	})
	d.SetDefault(in)
	if err := d.Decode(body, &ev); err != nil {
		return ev, nil, fmt.Errorf("depth of %s: %w", in.Key(), err)
	}
	ev.PrevID = -1
	return ev, body, nil
}
