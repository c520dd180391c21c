package feed

import (
	"sync/atomic"

	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/wire"
)

// counts are what Health tells, since Open.
type counts struct {
	ignored, malformed, repeated, gaps  atomic.Uint64
	snapshots, refused, failed, settled atomic.Uint64
}

// Health is what a Market looks like from outside.
type Health struct {
	Connections []wire.Health
	// Books by what is known of their chain of updates: those that follow, those
	// that must prove themselves, those that wait for a snapshot.
	Live, Suspect, Waiting int

	Snapshots uint64 // fetched and sent
	Refused   uint64 // snapshots that were too old for the diffs
	Failed    uint64 // snapshots that could not be fetched
	Gaps      uint64 // diffs that did not follow
	Malformed uint64 // messages that could not be decoded
	Ignored   uint64 // messages of no use
	Repeated  uint64 // messages that a second connection had delivered already
	Settled   uint64 // funding rates sent
}

// Health returns the present state.
func (m *Market) Health() Health {
	c := &m.counts
	h := Health{Snapshots: c.snapshots.Load(), Refused: c.refused.Load(), Failed: c.failed.Load(), Gaps: c.gaps.Load(),
		Malformed: c.malformed.Load(), Ignored: c.ignored.Load(), Repeated: c.repeated.Load(), Settled: c.settled.Load()}
	for _, client := range m.clients {
		h.Connections = append(h.Connections, client.Health())
	}
	for _, t := range m.tracks {
		switch t.state() {
		case book.Live:
			h.Live++
		case book.Suspect:
			h.Suspect++
		default:
			h.Waiting++
		}
	}
	return h
}
