package feed

import (
	"context"
	"fmt"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/live"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/deribit/client"
	"github.com/perilune/perilune/exchange/deribit/payload"
	"github.com/perilune/perilune/exchange/wire"
)

// Longest silences. Only changes are told: a book that is quiet for longer is subscribed to
// anew, which brings the whole of it. A contract's mark price moves all the time.
const (
	bookSilence = time.Minute
	tickSilence = time.Minute
)

// Intervals at which channels tell. What is raw tells every change, to whoever has signed in.
const (
	interval = ".100ms"
	raw      = ".raw"
)

// channels are the streams of an instrument, its book at an interval of its own. A ticker tells
// touch, mark, funding and open interest in one.
func channels(in *exchange.Instrument, o *connect.DataOptions, books string) (out []live.Stream) {
	if o.Data&connect.Books != 0 {
		out = append(out, live.Stream{Name: "book." + in.Symbol + books, Silence: bookSilence, Book: true})
	}
	if o.Data&(connect.Tickers|connect.Marks|connect.Interest) != 0 {
		s := live.Stream{Name: "ticker." + in.Symbol + interval}
		if in.Perp() {
			s.Silence = tickSilence
		}
		out = append(out, s)
	}
	switch trades := (live.Stream{Name: "trades." + in.Symbol + interval}); { // with what was liquidated
	case o.Data&connect.Trades != 0:
		out = append(out, trades)
	case in.Perp():
		trades.Only = connect.Liquidations
		out = append(out, trades)
	}
	if o.Data&connect.Bars != 0 {
		out = append(out, live.Stream{Name: "chart.trades." + in.Symbol + "." + payload.Resolution(o.Bars)})
	}
	return out
}

// Source: the manual, "public/subscribe": 500 channels in a request, and requests of 3 000
// credits, of which 10 000 a second come back and 30 000 are held.
const (
	batch   = 100
	perConn = 400
	frames  = 3
)

// open connects what was chosen.
func (c *catalogue) open(ctx context.Context, chosen connect.Listings, sink connect.Sink) (connect.Market, error) {
	books, end := interval, c.client.Close
	var tune func(*wire.Options)
	if c.key != nil {
		key, err := c.key()
		if err != nil {
			return nil, fmt.Errorf("signing in for raw books: %w", err)
		}
		signer, leave, err := c.signer(ctx, key)
		if err != nil {
			return nil, err
		}
		books, end = raw, func() {
			leave()
			c.client.Close()
		}
		tune = func(o *wire.Options) { o.Protocol, o.Await = &signedIn{client: signer}, true }
	}
	m, err := live.Open(live.Options{Data: c.o, Listings: chosen, MostBars: mostBars, Settled: mostRates, Close: end,
		Ask: live.Questions{Settled: c.settled, Bars: c.bars, Listings: func(ctx context.Context, v exchange.Venue) (connect.Listings, error) {
			return c.list(ctx, string(api.Of(v)))
		}},
		Routes: []live.Route{{
			Wire:    wire.Options{Name: api.House, URLs: []string{c.endpoints.WS}, Protocol: protocol{}, BatchStreams: batch, FramesPerSecond: frames},
			PerConn: perConn,
			Streams: func(in *exchange.Instrument) []live.Stream { return channels(in, &c.o, books) },
			Decoder: func(s live.Session) connect.Decoder { return payload.New(s.Resolve) },
			Tune:    tune,
		}}}, sink)
	if err != nil && c.key != nil {
		end()
	}
	return m, err
}

// protocol spells subscriptions of public channels.
type protocol struct{}

// heartbeat is how often the venue asks whether we are there, in seconds; 10 is its least.
const heartbeat = 30

// Greet asks for heartbeats: without any traffic a connection ends after ten minutes.
func (protocol) Greet() ([][]byte, error) {
	q := client.Heartbeat(heartbeat)
	f, err := q.Frame(client.Nobody)
	return [][]byte{f}, err
}

// Subscribe implements wire.Protocol.
func (protocol) Subscribe(id uint64, names []string) []byte {
	return client.Channels("public/subscribe", id, names)
}

// Unsubscribe implements wire.Protocol.
func (protocol) Unsubscribe(id uint64, names []string) []byte {
	return client.Channels("public/unsubscribe", id, names)
}

// Classify implements wire.Protocol.
func (protocol) Classify(frame []byte) wire.Message {
	if e, ok := payload.Open(frame); ok {
		return wire.Message{Class: wire.Data, Stream: e.Channel}
	}
	return client.Classify(frame)
}
