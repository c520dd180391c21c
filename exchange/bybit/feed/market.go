package feed

import (
	"context"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/payload"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/live"
	"github.com/perilune/perilune/exchange/wire"
)

// Longest silences. A quiet book is subscribed to anew, which brings its snapshot; the
// touch is sent again by the venue after 3 s.
const (
	bookSilence = 30 * time.Second
	tickSilence = 10 * time.Second
	markSilence = 30 * time.Second
)

// Topics of books: 200 levels a side every 100 ms, and the touch every 10 ms.
const (
	bookTopic = "orderbook.200."
	tickTopic = "orderbook.1."
)

// topics are the streams of an instrument.
func topics(in *exchange.Instrument, o *connect.DataOptions) (out []live.Stream) {
	for _, t := range []struct {
		data    connect.Data
		prefix  string
		silence time.Duration
	}{{connect.Books, bookTopic, bookSilence}, {connect.Tickers, tickTopic, tickSilence}, {connect.Trades, "publicTrade.", 0},
		{connect.Marks | connect.Interest, "tickers.", markSilence}, {connect.Bars, "kline." + payload.Interval(o.Bars) + ".", 0}} {
		if o.Data&t.data != 0 && (in.Perp() || t.prefix != "tickers.") {
			out = append(out, live.Stream{Name: t.prefix + in.Symbol, Silence: t.silence, Book: t.prefix == bookTopic})
		}
	}
	if in.Perp() {
		out = append(out, live.Stream{Name: "allLiquidation." + in.Symbol, Only: connect.Liquidations})
	}
	return out
}

// perConn is how many streams one connection carries: their names stay below 21 000 bytes,
// which is what the venue allows.
const perConn = 400

// route is the connections of a category. Requests on spot may name 10 streams at most.
func (c *catalogue) route(category api.Category) live.Route {
	return live.Route{
		Wire: wire.Options{Name: string(category), URLs: []string{c.endpoints.Public + "/" + string(category)}, Protocol: protocol{},
			BatchStreams: 10, FramesPerSecond: 10},
		PerConn: perConn,
		Streams: func(in *exchange.Instrument) []live.Stream {
			if api.Of(in.Venue) != category {
				return nil
			}
			return topics(in, &c.o)
		},
		Decoder: func(s live.Session) connect.Decoder { return payload.NewDecoder(s.Resolve) },
	}
}

// open connects what was chosen. Its contracts are asked for their margin steps first.
func (c *catalogue) open(ctx context.Context, chosen connect.Listings, sink connect.Sink) (connect.Market, error) {
	for i := range chosen {
		if !chosen[i].Instrument.Perp() {
			continue
		}
		in := *chosen[i].Instrument
		if err := c.steps(ctx, &in); err != nil {
			return nil, err
		}
		chosen[i].Instrument = &in
	}
	o := live.Options{Data: c.o, Listings: chosen, MostBars: mostBars, Close: c.client.Close,
		Ask: live.Questions{Settled: c.settled, Bars: c.bars, Listings: func(ctx context.Context, v exchange.Venue) (connect.Listings, error) {
			return c.list(ctx, string(api.Of(v)))
		}}}
	for _, category := range api.Categories {
		o.Routes = append(o.Routes, c.route(category))
	}
	return live.Open(o, sink)
}
