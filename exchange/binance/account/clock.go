package account

import (
	"context"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/sign"
)

// timekeeper knows one market's time. Each market has servers of its own.
func (c *transport) timekeeper(m api.Market) *sign.Timekeeper {
	ask := func(ctx context.Context) (exchange.Time, error) { return c.serverTime(ctx, m) }
	return sign.NewTimekeeper(sign.TimekeeperOptions{Ask: ask, Window: c.o.Window, Now: c.o.Now, Log: c.o.Log})
}

func (c *transport) serverTime(ctx context.Context, m api.Market) (exchange.Time, error) {
	body, err := c.request(ctx, request{market: m, what: "ask the time", method: "GET", path: paths[m] + "/time",
		priority: limit.Hedge, security: open})
	if err != nil {
		return 0, err
	}
	var server exchange.Time
	f := jsonscan.Object(body)
	for f.Next() {
		if string(f.Key()) == "serverTime" {
			server = exchange.UnixMilli(f.Int())
		}
	}
	return server, f.Err()
}

// VenueTime is the time that trades are stamped with now: the later one of what a
// market's server says and of what it last said about an instrument. The two are the
// same clock at the venue; those of a simulated one that runs fast are not. connect.Stamped
// is the same for venues whose answers about any market have its time.
func (c *Client) VenueTime(ctx context.Context, in *exchange.Instrument) (exchange.Time, error) {
	k := c.clocks[c.o.Markets[0]]
	if err := k.Sync(ctx, k.Compared()); err != nil {
		return 0, err
	}
	path, key := "/openInterest", "time"
	if api.Of(in.Venue) == api.Spot {
		path, key = "/avgPrice", "closeTime"
	}
	body, err := c.request(ctx, request{market: api.Of(in.Venue), what: "ask the time of " + in.Symbol, method: "GET", path: paths[api.Of(in.Venue)] + path,
		priority: limit.Hedge, security: open, fill: func(f form) { f.Text("symbol", in.Symbol) }})
	if err != nil {
		return 0, err
	}
	last := exchange.Time(0)
	f := jsonscan.Object(body)
	for f.Next() {
		if string(f.Key()) == key {
			last = exchange.UnixMilli(f.Int())
		}
	}
	now := c.Now()
	if behind := now - last; in.Perp() && f.Err() == nil && last > 0 && behind > marketBehind {
		c.o.Log(fmt.Sprintf("%s was last heard of at %s, %.0f s before the clock of its venue: what is traded with a time before %s is not taken for this session's",
			in.Key(), last, float64(behind)/1e9, now))
	}
	return max(now, last), f.Err()
}

// marketBehind is longer ago than a market that trades tells of itself. A simulated one
// whose feed begins in the past is, and its fills would never be taken.
const marketBehind = 15 * exchange.Second

// Now is the venue's time as well as it is known: that of the first market whose
// clock is, or else the machine's.
func (c *transport) Now() exchange.Time {
	now := c.o.Now()
	for _, m := range c.o.Markets {
		if offset, _, err := c.clocks[m].Offset(); err == nil {
			return now + offset
		}
	}
	return now
}
