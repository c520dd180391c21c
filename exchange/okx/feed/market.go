package feed

import (
	"context"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/live"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/payload"
	"github.com/perilune/perilune/exchange/wire"
)

// Longest silences. A book that does not change is told of every 60 s; a mark at least
// every 10 s, a rate at least every 90 s. Touches and trades come as they happen.
const (
	bookSilence = 75 * time.Second
	markSilence = 30 * time.Second
	rateSilence = 3 * time.Minute
)

// channels are the streams of an instrument on the public address. Their names are their
// arguments as they are written in messages.
func channels(in *exchange.Instrument, o *connect.DataOptions) (out []live.Stream) {
	add := func(d connect.Data, channel, of string, silence time.Duration) {
		if o.Data&d != 0 {
			out = append(out, live.Stream{Name: arg(channel, of), Silence: silence, Book: channel == "books"})
		}
	}
	add(connect.Books, "books", in.Symbol, bookSilence)
	add(connect.Tickers, "bbo-tbt", in.Symbol, 0)
	add(connect.Trades, "trades", in.Symbol, 0)
	if !in.Perp() {
		return out
	}
	add(connect.Marks, "mark-price", in.Symbol, markSilence)
	add(connect.Marks, "index-tickers", payload.IndexOf(in), 0)
	if !in.Dated() {
		add(connect.Marks, "funding-rate", in.Symbol, rateSilence)
	}
	add(connect.Interest, "open-interest", in.Symbol, 0)
	out = append(out, live.Stream{Name: `{"channel":"liquidation-orders","instType":"` + string(api.Of(in.Venue)) + `"}`, Only: connect.Liquidations})
	return out
}

// perConn keeps connections at about 28 books: the manual wants fewer than 30.
const perConn = 28 * 5

// routes are the two addresses: candles have one of their own.
func (c *catalogue) routes(types []api.Type) []live.Route {
	decoder := func(s live.Session) connect.Decoder {
		d := payload.NewDecoder(s.Resolve)
		d.Listed = func(row []byte) {
			if l, err := Listed(row); err == nil {
				s.Listed(known(l, s.Was))
			}
		}
		return d
	}
	public := live.Route{Wire: wire.Options{Name: "public", URLs: []string{c.endpoints.Public}, Protocol: Protocol{}}, PerConn: perConn, Decoder: decoder,
		Streams: func(in *exchange.Instrument) []live.Stream { return channels(in, &c.o) }}
	for _, t := range types {
		public.Common = append(public.Common, wire.Stream{Name: `{"channel":"instruments","instType":"` + string(t) + `"}`})
	}
	routes := []live.Route{public}
	if c.o.Data&connect.Bars != 0 {
		routes = append(routes, live.Route{Wire: wire.Options{Name: "business", URLs: []string{c.endpoints.Business}, Protocol: Protocol{}}, Decoder: decoder,
			Streams: func(in *exchange.Instrument) []live.Stream {
				return []live.Stream{{Name: arg("candle"+payload.Interval(c.o.Bars), in.Symbol)}}
			}})
	}
	return routes
}

// known completes what the channel tells with what the listing alone does.
func known(l connect.Listing, was func(v exchange.Venue, symbol string) (connect.Listing, bool)) connect.Listing {
	old, ok := was(l.Instrument.Venue, l.Instrument.Symbol)
	if !ok {
		return l
	}
	in, o := l.Instrument, old.Instrument
	in.FundingHours, in.FundingCap, in.FundingFloor, in.Brackets, in.Assumed = o.FundingHours, o.FundingCap, o.FundingFloor, o.Brackets, o.Assumed
	return l
}

// open connects what was chosen. Its contracts are asked for their margin steps first.
func (c *catalogue) open(ctx context.Context, chosen connect.Listings, sink connect.Sink) (connect.Market, error) {
	var types []api.Type
	for _, t := range api.Types {
		var list []*exchange.Instrument
		there := false
		for i := range chosen {
			if chosen[i].Instrument.Venue != t.Venue() {
				continue
			}
			there = true
			in := *chosen[i].Instrument
			chosen[i].Instrument = &in
			if in.Perp() {
				list = append(list, &in)
			}
		}
		if there {
			types = append(types, t)
		}
		if len(list) > 0 {
			if err := c.steps(ctx, t, list); err != nil {
				return nil, err
			}
		}
	}
	return live.Open(live.Options{Data: c.o, Listings: chosen, Routes: c.routes(types), MostBars: mostBars, Close: c.client.Close,
		Ask: live.Questions{Settled: c.settled, Bars: c.bars, Listings: func(ctx context.Context, v exchange.Venue) (connect.Listings, error) {
			return c.list(ctx, string(v.Within(api.House)))
		}}}, sink)
}
