package wire

import (
	"sync"
	"sync/atomic"
	"time"
)

// Health is what a Client looks like from outside.
type Health struct {
	Name      string
	Connected bool
	Since     time.Time // of the connection
	LastData  time.Time // on the connection; zero: none yet
	Streams   int       // asked for on the connection
	Stalled   int       // of these, silent for too long or not accepted yet
	Refused   int       // of these, refused by the venue; they are asked for again

	Connects  uint64 // connections that were opened, ever
	Rolls     uint64 // of these, that took over from one that still worked
	Stalls    uint64 // times that a stream was silent for too long
	Messages  uint64
	Bytes     uint64 // of messages, decompressed
	Failures  int    // in a row, as of the last one
	LastError string // of the last failure; it stays when all is well again
}

// tally counts for Health.
type tally struct {
	connects, rolls, stalls, messages, bytes atomic.Uint64

	mu       sync.Mutex
	failures int
	last     error
}

func (t *tally) connected()    { t.connects.Add(1) }
func (t *tally) rolled()       { t.rolls.Add(1) }
func (t *tally) stalled(n int) { t.stalls.Add(uint64(n)) }

func (t *tally) count(n int) {
	t.messages.Add(1)
	t.bytes.Add(uint64(n))
}

func (t *tally) failed(err error, inRow int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures, t.last = inRow, err
}

// Health returns the present state.
func (c *Client) Health() Health {
	h := Health{Name: c.o.Name, Connects: c.tally.connects.Load(), Rolls: c.tally.rolls.Load(), Stalls: c.tally.stalls.Load(),
		Messages: c.tally.messages.Load(), Bytes: c.tally.bytes.Load()}
	c.tally.mu.Lock()
	h.Failures = c.tally.failures
	if c.tally.last != nil {
		h.LastError = c.tally.last.Error()
	}
	c.tally.mu.Unlock()
	if l := c.current.Load(); l != nil {
		h.Connected, h.Since = true, l.born
		h.Streams, h.Stalled, h.Refused, h.LastData = l.board.counts()
	}
	return h
}
