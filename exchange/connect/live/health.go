package live

import (
	"sync/atomic"

	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
)

// counts are what Health tells, since Open.
type counts struct {
	ignored, malformed, repeated, gaps  atomic.Uint64
	snapshots, refused, failed, settled atomic.Uint64
}

// Health implements connect.Market.
func (m *Market) Health() connect.Health {
	c := &m.counts
	h := connect.Health{Snapshots: c.snapshots.Load(), Refused: c.refused.Load(), Failed: c.failed.Load(), Gaps: c.gaps.Load(),
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
