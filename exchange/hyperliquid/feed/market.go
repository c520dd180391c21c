// Package feed is the live market data of Hyperliquid, and what it lists.
//
// Books are whole in every message, of 20 levels a side, at most twice a second: none can
// be shown to be missing, and none is needed. Prices of the touch come with each block that
// changes them. There are no sequence numbers; times are the block's.
package feed

import (
	"context"
	"fmt"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/live"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/hyperliquid/client"
	"github.com/perilune/perilune/exchange/wire"
)

// shop is the catalogue's and the market data's side of the venue.
type shop struct {
	client    *client.Client
	endpoints api.Endpoints
	o         connect.DataOptions
	listed    []Listed
}

// Catalogue is what some segments list. It is not safe for concurrent use.
type Catalogue struct {
	*live.Catalogue
	shop *shop
}

// Browse asks the segments that the patterns name for their instruments.
func Browse(ctx context.Context, e api.Endpoints, o connect.DataOptions, patterns []string) (*Catalogue, error) {
	o.Defaults(30, time.Minute) // of new connections. Source: the manual, "Rate limits and user limits"
	if intervals[o.Bars] == "" {
		return nil, fmt.Errorf("live market data: bars of %s: want 1, 3, 5, 15 or 30 minutes, 1, 2, 4, 8 or 12 hours, or a day", time.Duration(o.Bars))
	}
	c, err := client.New(client.Options{Endpoints: e, Throttle: o.Access.Throttle})
	if err != nil {
		return nil, err
	}
	s := &shop{client: c, endpoints: e, o: o}
	if s.endpoints, err = e.Complete(); err != nil {
		return nil, err
	}
	list, err := live.Browse(ctx, live.Shop{House: api.House, Segments: api.Names, List: s.list, Turnover: s.turnover, Survey: s.survey, Open: s.open}, patterns)
	if err != nil {
		return nil, err
	}
	return &Catalogue{Catalogue: list, shop: s}, nil
}

// Choose implements connect.Catalogue: pairs may be named as people name them.
func (c *Catalogue) Choose(ctx context.Context, patterns []string, top int) ([]string, error) {
	named := make([]string, len(patterns))
	for i, p := range patterns {
		named[i] = Alias(c.shop.listed, p)
	}
	return c.Catalogue.Choose(ctx, named, top)
}

func (s *shop) list(ctx context.Context, segment string) (connect.Listings, error) {
	list, err := List(ctx, s.client, exchange.Venue(api.House+"."+segment), s.o.Notice)
	s.listed = append(s.listed, list...)
	return listings(list), err
}

func listings(list []Listed) connect.Listings {
	out := make(connect.Listings, len(list))
	for i := range list {
		out[i] = list[i].Listing
	}
	return out
}

// turnover is of what is quoted in something like a dollar.
func (s *shop) turnover(context.Context, []string, connect.Listings) (map[string]float64, error) {
	out := map[string]float64{}
	for i := range s.listed {
		out[s.listed[i].Instrument.Key()] = s.listed[i].Stand.Turnover
	}
	return out, nil
}

// survey tells how all stands: the answer that lists it says that too.
func (s *shop) survey(ctx context.Context, segments []string, _ connect.Listings) (out []connect.Standing, err error) {
	for _, segment := range segments {
		list, err := List(ctx, s.client, exchange.Venue(api.House+"."+segment), func(connect.Notice) {})
		if err != nil {
			return nil, err
		}
		now := s.client.Now()
		for i := range list {
			if l := &list[i]; l.Trading && l.Stand.Instrument != nil {
				if l.Stand.Hours > 0 {
					l.Stand.NextFunding = (now/exchange.Hour + 1) * exchange.Hour
				}
				out = append(out, l.Stand)
			}
		}
	}
	return out, nil
}

// Longest silences. A book is sent with each block that is half a second after the last
// one, changed or not; a context every few seconds.
const (
	bookSilence = 30 * time.Second
	markSilence = time.Minute
)

// streams are those of an instrument.
func (s *shop) streams(in *exchange.Instrument) (out []live.Stream) {
	data := s.o.Data
	add := func(name string, silence time.Duration, book bool) {
		out = append(out, live.Stream{Name: name, Silence: silence, Book: book})
	}
	if data&connect.Books != 0 {
		add(Stream("l2Book", in.Symbol), bookSilence, true)
	}
	if data&connect.Tickers != 0 {
		add(Stream("bbo", in.Symbol), 0, false)
	}
	if data&connect.Trades != 0 {
		add(Stream("trades", in.Symbol), 0, false)
	}
	if data&(connect.Marks|connect.Interest) != 0 && in.Perp() {
		add(Stream("activeAssetCtx", in.Symbol), markSilence, false)
	}
	if data&connect.Bars != 0 {
		add(CandleStream(in.Symbol, intervals[s.o.Bars]), 0, false)
	}
	return out
}

// open connects those that were chosen. One connection carries a thousand streams at most,
// of both segments: there may be few connections. A request names one stream, and no more
// than 2000 messages a minute may be sent.
func (s *shop) open(ctx context.Context, chosen connect.Listings, sink connect.Sink) (connect.Market, error) {
	ask := &asker{client: s.client, now: func() exchange.Time { return exchange.Time(time.Now().UnixNano()) }}
	told := &Trades{}
	m, err := live.Open(live.Options{Data: s.o, Listings: chosen, Settled: settledPage, Close: s.client.Close,
		Ask: live.Questions{Settled: ask.settled, Bars: ask.bars, Listings: s.again},
		Routes: []live.Route{{PerConn: 500, Streams: s.streams,
			Wire: wire.Options{Name: api.House, URLs: []string{s.endpoints.WS}, Protocol: &Protocol{}, BatchStreams: 1, FramesPerSecond: 20},
			Decoder: func(of live.Session) connect.Decoder {
				return &Decoder{Resolve: of.Resolve, Now: ask.now, Trades: told}
			}}}}, sink)
	if err != nil {
		return nil, fmt.Errorf("live market data: %w", err)
	}
	return m, nil
}

// again lists a segment anew.
func (s *shop) again(ctx context.Context, v exchange.Venue) (connect.Listings, error) {
	list, err := List(ctx, s.client, v, func(connect.Notice) {})
	return listings(list), err
}
