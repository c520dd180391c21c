package client

import (
	"context"
	"fmt"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/sign"
)

// Now is the venue's time as well as it is known, or else the machine's.
func (c *Client) Now() exchange.Time {
	now := c.o.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if offset, _, err := c.clock.Offset(now); err == nil {
		return now + offset
	}
	return now
}

// Forget drops what is known of the clocks: a timestamp was refused.
func (c *Client) Forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock = sign.Clock{}
}

// samplesPerSync is how many round trips a comparison is the best of.
const samplesPerSync = 3

// Sync compares the clocks, unless somebody else has done so since a time of ours.
func (c *Client) Sync(ctx context.Context, since exchange.Time) error {
	c.syncing.Lock()
	defer c.syncing.Unlock()
	c.mu.Lock()
	done := c.synced > since
	c.mu.Unlock()
	if done {
		return nil
	}
	for n := range samplesPerSync {
		if err := c.compare(ctx); err != nil && n == 0 {
			return fmt.Errorf("asking the time: %w", err)
		}
	}
	return nil
}

// compare takes one sample. The two times of ours are apart by the monotonic clock.
func (c *Client) compare(ctx context.Context) error {
	sent, begun := c.o.Now(), time.Now()
	result, err := c.Do(ctx, Request{What: "ask the time", Path: "/v5/market/time", Open: true, Count: Free, Priority: limit.Hedge})
	received := sent + exchange.Time(time.Since(begun))
	if err != nil {
		return err
	}
	var server exchange.Time
	f := jsonscan.Object(result)
	for f.Next() {
		if string(f.Key()) == "timeNano" {
			server = exchange.Time(f.Int())
		}
	}
	if f.Err() != nil {
		return f.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.synced = received
	return c.clock.Sample(sent, received, server)
}

// KeepTime keeps the clocks compared until ctx ends. A failure is not reported twice: the
// stamps go stale, and then every request tells.
func (c *Client) KeepTime(ctx context.Context) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := c.o.Now()
		c.mu.Lock()
		_, err := c.clock.Stamp(now, c.o.Window)
		due := err != nil || c.clock.Due(now)
		c.mu.Unlock()
		if due {
			if err := c.Sync(ctx, now-1); err != nil && ctx.Err() == nil {
				c.o.Log(err.Error())
			}
		}
	}
}
