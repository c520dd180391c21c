package core

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/quantile"
)

// How late market data is: from the time that the venue gave a message to the time at
// which the loop took it. Both stand in the event, so that a replay counts the same. By
// how much the venue's clock is ahead of ours is told by KindClock, where an account
// compares the clocks; without it latencies are by the clocks as they are.
//
// A venue's data is late while more than half of its last messages (books, best prices,
// trades) came later than Limits.MaxFeedLatency: their median is above it. It is in time
// again when at most one in eight of them did, and when it was late for lateLeast: a feed at the
// limit is told of a few times a minute at most. A venue that says nothing is another
// matter, of which the age of its books tells.
//
// Market data comes before a session can begin, which with real orders takes until every
// account is known. What waited for that is late to whoever acts on it, and judged so while it
// is taken, but it is no venue's latency: what is counted and judged begins anew after it.

const (
	lateOf    = 64 // messages that are judged by
	lateBack  = lateOf / 8
	lateLeast = 5 * exchange.Second
)

// Streams are the kinds of market data that are told apart, in the order in which they are shown.
var streamNames = [...]string{"books", "tickers", "trades", "marks"}

// FeedLatency is how long messages of one kind were under way from a venue to the loop.
type FeedLatency struct {
	Venue         exchange.Venue
	Stream        string // books, tickers, trades or marks
	Messages      uint64
	Early         uint64 // of them, those from the future: the venue's clock is ahead of ours
	P50, P99, Max exchange.Time
	Corrected     bool          // by the venue's clock as its account compares it
	Offset        exchange.Time // by how much that clock is ahead of ours, as last told
}

// delays are the latencies of all venues.
type delays struct {
	*outbox
	limit, warn exchange.Time // 0: none
	list        []*delay
	of          []*delay // by instrument
}

// delay is that of one venue.
type delay struct {
	venue     exchange.Venue
	offset    exchange.Time
	corrected bool
	streams   [len(streamNames)]quantile.Sketch
	last      [lateOf]exchange.Time
	n         int
	slow      threshold // Limits.WarnFeedLatency
	late      threshold // Limits.MaxFeedLatency
}

// threshold is a bound of a median, with its hysteresis.
type threshold struct {
	most  exchange.Time // 0: none
	above int           // of the last messages
	since exchange.Time // when it was passed; 0: it is not
	why   string
}

func newDelays(o *outbox, cfg *Config) *delays {
	limits := cfg.Limits.WithDefaults()
	d := &delays{outbox: o, limit: max(0, limits.MaxFeedLatency), warn: max(0, limits.WarnFeedLatency)}
	for _, in := range cfg.Universe.All() {
		i := slices.IndexFunc(d.list, func(x *delay) bool { return x.venue == in.Venue })
		if i < 0 {
			i = len(d.list)
			d.list = append(d.list, &delay{venue: in.Venue, slow: threshold{most: d.warn}, late: threshold{most: d.limit}})
		}
		d.of = append(d.of, d.list[i])
	}
	return d
}

// streamOf is where a message is counted; -1: nowhere, because it was asked for, or has no
// time of its own.
func streamOf(ev *exchange.Event, in *exchange.Instrument) int {
	switch ev.Kind {
	case exchange.KindDiff:
		return 0
	case exchange.KindSnapshot:
		if in.Linking == exchange.LinkSnapshots {
			return 0
		}
	case exchange.KindTicker:
		return 1
	case exchange.KindTrade:
		return 2
	case exchange.KindMark:
		return 3
	}
	return -1
}

// onData counts a message. marks are not judged by: some venues stamp them when they were
// reckoned.
func (ds *delays) onData(ev *exchange.Event, in *exchange.Instrument) {
	stream := streamOf(ev, in)
	if stream < 0 || ev.VenueTime == 0 {
		return
	}
	d := ds.of[in.ID]
	took := ds.now - ev.VenueTime
	if d.corrected {
		took += d.offset
	}
	d.streams[stream].Add(took)
	if ds.limit+ds.warn == 0 || ev.Kind == exchange.KindMark {
		return
	}
	old, had := d.last[d.n%lateOf], d.n >= lateOf
	d.last[d.n%lateOf] = took
	d.n++
	for _, t := range [...]*threshold{&d.late, &d.slow} {
		if t.most == 0 {
			continue
		}
		if had && old > t.most {
			t.above--
		}
		if took > t.most {
			t.above++
		}
		ds.judge(d, t)
	}
}

// judge tells when a threshold was passed, and when it holds again.
func (ds *delays) judge(d *delay, t *threshold) {
	switch {
	case t.since == 0 && t.above > lateOf/2:
		t.since = ds.now
		t.why = fmt.Sprintf("%s: market data comes %s late at the median of the last %d messages (limit %s)", d.venue, milliseconds(d.median()), min(d.n, lateOf), milliseconds(t.most))
		switch {
		case t == &d.late:
			ds.log(intent.Warn, -1, t.why+": no new risk there until it is in time")
		case d.late.since == 0:
			ds.log(intent.Warn, -1, t.why)
		}
	case t.since != 0 && t.above <= lateBack && ds.now-t.since >= lateLeast:
		t.since, t.why = 0, ""
		ds.log(intent.Warn, -1, fmt.Sprintf("%s: market data is in time again: %s at the median (limit %s)", d.venue, milliseconds(d.median()), milliseconds(t.most)))
	}
}

// median is that of the last messages.
func (d *delay) median() exchange.Time {
	list := d.last
	n := min(d.n, lateOf)
	slices.Sort(list[:n])
	return list[n/2]
}

func milliseconds(t exchange.Time) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(t)/float64(exchange.Millisecond)), ".0") + " ms"
}

// begin counts and judges anew: what came before had waited for the session.
func (ds *delays) begin() {
	for _, d := range ds.list {
		d.streams, d.n = [len(streamNames)]quantile.Sketch{}, 0
		if d.late.since+d.slow.since != 0 {
			ds.log(intent.Warn, -1, fmt.Sprintf("%s: the market data had waited for the session to begin, and all of it was taken: how late it comes is judged anew", d.venue))
		}
		d.late, d.slow = threshold{most: d.late.most}, threshold{most: d.slow.most}
	}
}

// onClock takes how far a house's clock is ahead of ours.
func (ds *delays) onClock(ev *exchange.Event) {
	for _, d := range ds.list {
		if d.venue.House() == ev.Name {
			d.offset, d.corrected = exchange.Time(ev.ID), true
		}
	}
}

// why says why nothing that adds risk may be done in an instrument: its data is late; "":
// it may.
func (ds *delays) why(id exchange.InstrumentID) string { return ds.of[id].late.why }

// FeedLatencies are the latencies of market data since the session's beginning, by venue
// and stream; those without a message are left out.
func (ds *delays) FeedLatencies() (out []FeedLatency) {
	for _, d := range ds.list {
		for i := range d.streams {
			if s := &d.streams[i]; s.Count() > 0 {
				out = append(out, FeedLatency{Venue: d.venue, Stream: streamNames[i], Messages: s.Count(), Early: s.Below(),
					P50: s.Quantile(500), P99: s.Quantile(990), Max: s.Max(), Corrected: d.corrected, Offset: d.offset})
			}
		}
	}
	return out
}

// LateFeeds says which venues' market data is later than the limit, where nothing that
// adds risk is done; SlowFeeds which is later than is warned of.
func (ds *delays) LateFeeds() (out []string) {
	for _, d := range ds.list {
		if d.late.why != "" {
			out = append(out, d.late.why)
		}
	}
	return out
}

// SlowFeeds are those that are warned of, and not late.
func (ds *delays) SlowFeeds() (out []string) {
	for _, d := range ds.list {
		if d.slow.why != "" && d.late.why == "" {
			out = append(out, d.slow.why)
		}
	}
	return out
}
