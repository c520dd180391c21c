package account

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/sign"
)

// clock knows one market's time. Each market has servers of its own.
type clock struct {
	market api.Market

	mu    sync.Mutex
	clock sign.Clock
	at    exchange.Time // our time of the newest sample

	syncing sync.Mutex
}

func (k *clock) stamp(now, window exchange.Time) (exchange.Time, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.clock.Stamp(now, window)
}

func (k *clock) offset(now exchange.Time) (offset, uncertainty exchange.Time, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.clock.Offset(now)
}

// due reports that a new sample is wanted: the last one is old, or it is such that
// nothing can be signed. Whoever was off may be right again.
func (k *clock) due(now, window exchange.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, err := k.clock.Stamp(now, window)
	return err != nil || k.clock.Due(now)
}

func (k *clock) sample(sent, received, server exchange.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = received
	return k.clock.Sample(sent, received, server)
}

// samplesPerSync is how many round trips a comparison is the best of.
const samplesPerSync = 3

// sync compares our clock with a market's, unless somebody else has done so
// since a time of ours.
func (c *transport) sync(ctx context.Context, m api.Market, since exchange.Time) error {
	k := c.clocks[m]
	k.syncing.Lock()
	defer k.syncing.Unlock()
	k.mu.Lock()
	done := k.at > since
	k.mu.Unlock()
	if done {
		return nil
	}
	var err error
	for n := range samplesPerSync {
		if err = c.compare(ctx, k); err != nil && n == 0 {
			return fmt.Errorf("asking the time of %v: %w", m, err)
		}
	}
	return nil
}

// compare takes one sample. The two times of ours are apart by the monotonic
// clock.
func (c *transport) compare(ctx context.Context, k *clock) error {
	sent, begun := c.o.Now(), time.Now()
	body, err := c.request(ctx, request{market: k.market, what: "ask the time", method: "GET", path: paths[k.market] + "/time",
		priority: limit.Hedge, security: open})
	received := sent + exchange.Time(time.Since(begun))
	if err != nil {
		return err
	}
	var server exchange.Time
	f := jsonscan.Object(body)
	for f.Next() {
		if string(f.Key()) == "serverTime" {
			server = exchange.UnixMilli(f.Int())
		}
	}
	if f.Err() != nil {
		return f.Err()
	}
	return k.sample(sent, received, server)
}

// lookEvery is how often the clocks are looked at, to see whether a new sample
// is due: soon after the machine has slept, say.
const lookEvery = 5 * time.Second

// keepTime keeps the clocks fresh. A failure is not reported: the stamps go
// stale, and then every request tells.
func (c *transport) keepTime(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, m := range c.o.Markets {
			if now := c.o.Now(); c.clocks[m].due(now, c.o.Window) {
				if err := c.sync(ctx, m, now-1); err != nil && ctx.Err() == nil {
					c.o.Log(err.Error())
				}
			}
		}
	}
}

// VenueTime is the time that trades are stamped with now: the later one of what a
// market's server says and of what it last said about an instrument. The two are the
// same clock at the venue; those of a simulated one that runs fast are not.
func (c *Client) VenueTime(ctx context.Context, in *exchange.Instrument) (exchange.Time, error) {
	if err := c.sync(ctx, c.o.Markets[0], c.o.Now()); err != nil {
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
	return max(c.Now(), last), f.Err()
}

// Now is the venue's time as well as it is known: that of the first market whose
// clock is, or else the machine's.
func (c *transport) Now() exchange.Time {
	now := c.o.Now()
	for _, m := range c.o.Markets {
		if offset, _, err := c.clocks[m].offset(now); err == nil {
			return now + offset
		}
	}
	return now
}
