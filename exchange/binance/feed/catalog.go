package feed

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/live"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// List asks the markets that the patterns name for their rules. Options.Symbols
// is not used. A pattern is a key or a glob over keys, as in path.Match:
// "usdm:*", "spot:BTC*".
func List(ctx context.Context, o Options, patterns []string) (*live.Catalogue, error) {
	o.Symbols = patterns
	if err := o.complete(); err != nil {
		return nil, err
	}
	return live.Browse(ctx, newVenue(o).shop(), patterns)
}

func (v *venue) shop() live.Shop {
	return live.Shop{House: api.House, Segments: marketNames, List: v.list, Turnover: v.turnover, Survey: v.survey,
		Open: func(ctx context.Context, chosen connect.Listings, sink connect.Sink) (connect.Market, error) {
			return v.open(ctx, chosen, sink)
		}}
}

// list asks for the rules of a market.
func (v *venue) list(ctx context.Context, segment string) (connect.Listings, error) {
	market, err := api.ParseMarket(segment)
	if err != nil {
		return nil, err
	}
	list, err := v.rest.listings(ctx, market, v.o.Notice)
	if err != nil {
		return nil, err
	}
	out := make(connect.Listings, len(list))
	for i := range list {
		out[i] = list[i].neutral()
	}
	return out, nil
}

// marketNames are those of api.Markets.
var marketNames = []string{api.Spot.String(), api.USDM.String(), api.COINM.String()}

// dayTicker is what ticker/24hr says of a symbol: turnover in quote, or in coin
// on COIN-M.
type dayTicker struct {
	Symbol      string          `json:"symbol"`
	Last        jsonscan.Amount `json:"lastPrice"`
	QuoteVolume jsonscan.Amount `json:"quoteVolume"`
	BaseVolume  jsonscan.Amount `json:"baseVolume"`
	Open        jsonscan.Amount `json:"openPrice"`
	High        jsonscan.Amount `json:"highPrice"`
	Low         jsonscan.Amount `json:"lowPrice"`
	Volume      jsonscan.Amount `json:"volume"` // contracts of COIN-M
	Count       int64           `json:"count"`
}

// turnover asks for that of all that is listed.
func (v *venue) turnover(ctx context.Context, segments []string, listed connect.Listings) (map[string]float64, error) {
	turnover, _, err := v.day(ctx, segments, listed)
	return turnover, err
}

// day asks for the turnover of all that is listed, in dollars, and what else there is of the
// last day, by key.
func (v *venue) day(ctx context.Context, segments []string, listed connect.Listings) (turnover map[string]float64, rows map[string]*dayTicker, err error) {
	turnover, rows = make(map[string]float64), make(map[string]*dayTicker)
	last := make(map[string]decimal.Decimal)
	for _, segment := range segments {
		market, err := api.ParseMarket(segment)
		if err != nil {
			return nil, nil, err
		}
		list, err := fetchRows[dayTicker](ctx, v.rest, market, "/ticker/24hr", nil)
		if err != nil {
			return nil, nil, err
		}
		for i := range list {
			t := &list[i]
			key := market.String() + ":" + t.Symbol
			last[key], rows[key] = t.Last.Decimal, t
			volume := t.QuoteVolume.Decimal
			if market == api.COINM {
				volume = t.BaseVolume.Mul(t.Last.Decimal)
			}
			turnover[key] = volume.InexactFloat64()
		}
	}
	for _, l := range listed {
		turnover[l.Instrument.Key()] *= connect.InUSDT(api.Spot.String(), last, l.Instrument.Quote)
	}
	return turnover, rows, nil
}

// into tells how the last day was.
func (t *dayTicker) into(s *connect.Standing) {
	s.Last, s.Open, s.High, s.Low, s.Count = t.Last.Decimal, t.Open.Decimal, t.High.Decimal, t.Low.Decimal, t.Count
	s.Volume, s.Quote = t.Volume.InexactFloat64(), t.QuoteVolume.InexactFloat64()
}
