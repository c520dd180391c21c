package host

import (
	"fmt"
	"math"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/loop"
)

// FeedLatency is how long market data of one kind was under way, from the time that the
// venue gave it to the loop, since the session's beginning. The quantiles are at most
// 3.2 % above the exact ones.
type FeedLatency struct {
	Venue    exchange.Venue `json:"venue"`
	Stream   string         `json:"stream"` // books, tickers, trades or marks
	Messages uint64         `json:"messages"`
	P50      float64        `json:"p50_ms"`
	P99      float64        `json:"p99_ms"`
	Max      float64        `json:"max_ms"`
	// Early is how many messages had a time later than ours: the venue's clock is ahead, and
	// what the others took was longer than it seems.
	Early uint64 `json:"early,omitempty"`
	// Corrected: the venue's clock is ahead of ours by Offset as its account compares them,
	// and that is taken into account. Otherwise the latencies are by the clocks as they are.
	Corrected bool    `json:"corrected"`
	Offset    float64 `json:"clock_offset_ms,omitempty"`
}

// feedLatencies leaves out data whose events have one time, the venue's and ours: those of the
// built-in market, of bars, of files that do not say when they were received.
func feedLatencies(list []core.FeedLatency) (out []FeedLatency) {
	for _, l := range list {
		if l.Max == 0 {
			continue
		}
		out = append(out, FeedLatency{Venue: l.Venue, Stream: l.Stream, Messages: l.Messages, P50: millis(l.P50), P99: millis(l.P99), Max: millis(l.Max),
			Early: l.Early, Corrected: l.Corrected, Offset: millis(l.Offset)})
	}
	return out
}

// millis is a time in milliseconds, to the microsecond.
func millis(t exchange.Time) float64 {
	return math.Round(float64(t)/float64(exchange.Microsecond)) / 1e3
}

// Clock says by which clocks the latencies are, in a few words.
func (l *FeedLatency) Clock() string {
	switch {
	case l.Corrected:
		return fmt.Sprintf("corrected: the venue's clock is %+.1f ms to ours", l.Offset)
	case l.Early > l.Messages/2:
		return "the venue's clock is ahead of ours"
	}
	return "the clocks as they are"
}

// shortLatency is that of the books of some venues in a few words; "": nothing was counted.
func shortLatency(list []core.FeedLatency, house string) string {
	var p50, p99 exchange.Time
	found := false
	for _, l := range list {
		if (house == "" || l.Venue.House() == house) && l.Stream == "books" {
			found, p50, p99 = true, max(p50, l.P50), max(p99, l.P99)
		}
	}
	if !found {
		return ""
	}
	return fmt.Sprintf("latency p50 %.0f p99 %.0f ms", millis(p50), millis(p99))
}

// latencyMetrics are those of the feeds.
func latencyMetrics(l *metricList, c *core.Core) {
	list := c.FeedLatencies()
	for _, x := range list {
		for _, q := range []struct {
			name string
			v    exchange.Time
		}{{"0.5", x.P50}, {"0.99", x.P99}, {"1", x.Max}} {
			l.add(Quantiles, "perilune_feed_latency_seconds", "From the venue's time of market data to the loop, since the session's beginning.", float64(q.v)/float64(exchange.Second),
				Label{"venue", string(x.Venue)}, Label{"stream", x.Stream}, Label{"quantile", q.name})
		}
	}
	for _, x := range list {
		l.add(Counter, "perilune_feed_messages_total", "Messages of market data whose latency is known.", float64(x.Messages), Label{"venue", string(x.Venue)}, Label{"stream", x.Stream})
	}
	l.add(Gauge, "perilune_feeds_late", "Venues whose market data is later than max_feed_latency_ms: no new risk is taken there.", float64(len(c.LateFeeds())))
}

// clockStep is by how much a venue's clock must have moved against ours to be told to the
// core again.
const clockStep = exchange.Millisecond

// tellClock tells the core how far the venue's clock is ahead of ours, so that latencies
// are by one clock. It runs on the loop.
func (a *liveAccount) tellClock() {
	ahead := a.client.Now() - loop.Now()
	if moved := ahead - a.ahead; a.clocked && moved < clockStep && moved > -clockStep {
		return
	}
	a.ahead, a.clocked = ahead, true
	a.post(&exchange.Event{Kind: exchange.KindClock, Instrument: exchange.NoInstrument, Name: a.house(), ID: int64(ahead)})
}
