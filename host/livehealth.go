package host

import (
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/host/core"
)

// health implements source: of each venue in turn, where there are several.
func (s *liveSource) health(c *core.Core) string {
	var out []string
	for _, l := range s.markets {
		text := s.healthOf(c, l)
		if len(s.markets) > 1 {
			text = l.House() + " " + text
		}
		out = append(out, text)
	}
	var loop []string
	if text := s.past.progress(); text != "" {
		loop = append(loop, text)
	}
	if n := s.inbox.Dropped(); n > 0 {
		loop = append(loop, fmt.Sprintf("%d dropped", n))
	}
	if lag := s.clock.Lag(); lag > exchange.Second {
		loop = append(loop, fmt.Sprintf("%.1f s behind", float64(lag)/float64(exchange.Second)))
	}
	return strings.Join(append([]string{strings.Join(out, "; ")}, loop...), ", ")
}

// healthOf is that of a venue; the books counted are those that the loop keeps.
func (s *liveSource) healthOf(c *core.Core, l *liveMarket) string {
	ready, total := 0, 0
	for _, in := range c.Universe().All() {
		if len(s.markets) > 1 && in.Venue.House() != l.House() {
			continue
		}
		total++
		if c.Book(in.ID).Ready() {
			ready++
		}
	}
	out := []string{fmt.Sprintf("books %d/%d", ready, total)}
	add := func(n int, format string) {
		if n > 0 {
			out = append(out, fmt.Sprintf(format, n))
		}
	}
	add(total-ready, "%d STALE")
	down, silent, again := 0, 0, 0
	for _, c := range l.market.Health().Connections {
		if !c.Connected {
			down++
		}
		silent += c.Stalled
		again += max(int(c.Connects-c.Rolls)-1, 0)
	}
	add(down, "%d DISCONNECTED")
	add(silent, "%d silent streams")
	add(again, "%d reconnects")
	house := ""
	if len(s.markets) > 1 {
		house = l.House()
	}
	if text := shortLatency(c.FeedLatencies(), house); text != "" {
		out = append(out, text)
	}
	if l.twin != nil {
		out = append(out, "books by the "+l.twin.Active())
	}
	return strings.Join(out, ", ")
}

// watch tells the core which venues bring no market data. It runs on the loop.
func (s *liveSource) watch(now exchange.Time) {
	for _, l := range s.markets {
		s.dark.follow(now, l.House(), exchange.ChannelMarket, l.unreached())
	}
}

// follow implements source.
func (s *liveSource) follow(c *core.Core) {
	var more connect.Data
	if c.Heard(core.OnLiquidation) {
		more |= connect.Liquidations
	}
	if m, ok := s.market.(connect.Extensible); ok {
		m.Extend(more)
	}
	if c.DaysWanted() {
		s.pollDays()
	}
	if c.ScanWanted() {
		s.pollScan()
	}
}

// unreached says why a venue brings no market data; "": it does.
func (l *liveMarket) unreached() string {
	list := l.market.Health().Connections
	why := ""
	for _, c := range list {
		if c.Connected && (c.Streams == 0 || c.Stalled < c.Streams) {
			return ""
		}
		if c.LastError != "" && !c.Connected {
			why = ": " + c.LastError
		}
	}
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf("none of its %d connections brings market data%s", len(list), why)
}

// metrics are those of the venues' market data.
func (s *liveSource) metrics(l *metricList) {
	type count struct{ up, down, silent int }
	counts := make([]count, len(s.markets))
	for i, m := range s.markets {
		for _, c := range m.market.Health().Connections {
			if counts[i].silent += c.Stalled; c.Connected {
				counts[i].up++
			} else {
				counts[i].down++
			}
		}
	}
	for i, m := range s.markets {
		venue := Label{"venue", m.House()}
		l.add(Gauge, "perilune_feed_connections", "Connections of the market data.", float64(counts[i].up), venue, Label{"state", "up"})
		l.add(Gauge, "perilune_feed_connections", "Connections of the market data.", float64(counts[i].down), venue, Label{"state", "down"})
	}
	for i, m := range s.markets {
		l.add(Gauge, "perilune_feed_silent_streams", "Streams of market data that are silent for too long.", float64(counts[i].silent), Label{"venue", m.House()})
	}
	s.feedMetrics(l)
	s.dark.metrics(l)
}

// close ends the feed.
func (s *liveSource) close() {
	s.days.stop()
	s.scans.stop()
	s.past.stop()
	if s.market != nil {
		_ = s.market.Close()
	}
}
