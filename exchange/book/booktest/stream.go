package booktest

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// Stream makes depth messages in the shape of BTCUSDT perpetual: about 64 321
// with a tick of 0.1 and a lot of 0.001, a heavy-tailed distance to the touch, a
// third of the changes removing a level that is there, prices ascending. The
// book it describes is never crossed. The same seed gives the same messages.
type Stream struct {
	rnd    *rand.Rand
	book   *Map
	touch  exchange.Ticks // best bid; the best ask is one above
	lastID int64
	levels int
}

// NewStream returns a stream whose messages have about this many levels, both
// sides together.
func NewStream(seed uint64, levels int) *Stream {
	return &Stream{rnd: rand.New(rand.NewPCG(seed, 1)), book: NewMap(), touch: 643210, lastID: 1, levels: levels}
}

// Snapshot returns a book of 1000 levels a side, which the messages follow.
func (s *Stream) Snapshot() exchange.Event {
	ev := exchange.Event{Kind: exchange.KindSnapshot, LastID: s.lastID}
	for _, side := range [...]exchange.Side{exchange.Buy, exchange.Sell} {
		for len(s.book.side(side)) < 1000 {
			s.book.side(side)[s.price(side)] = s.qty()
		}
	}
	ev.Bids, ev.Asks = s.book.Levels(exchange.Buy), s.book.Levels(exchange.Sell)
	return ev
}

// Next returns the next message. Its levels are the caller's to keep.
func (s *Stream) Next() exchange.Event {
	if s.rnd.IntN(3) == 0 {
		s.touch += exchange.Ticks(s.rnd.NormFloat64() * 6)
	}
	return s.event(s.change(exchange.Buy), s.change(exchange.Sell))
}

// Return returns the message that leads from where the stream is to a snapshot
// taken earlier, so that a recorded run can be repeated without end.
func (s *Stream) Return(snapshot *exchange.Event) exchange.Event {
	target := NewMap()
	target.Apply(snapshot)
	var out [2][]exchange.Level
	for i, side := range [...]exchange.Side{exchange.Buy, exchange.Sell} {
		for _, l := range s.book.Levels(side) {
			if target.Qty(side, l.Price) == 0 {
				out[i] = append(out[i], exchange.Level{Price: l.Price})
			}
		}
		out[i] = append(out[i], target.Levels(side)...)
		slices.SortFunc(out[i], byPrice)
	}
	return s.event(out[0], out[1])
}

func (s *Stream) event(bids, asks []exchange.Level) exchange.Event {
	ev := exchange.Event{Kind: exchange.KindDiff, PrevID: s.lastID, FirstID: s.lastID + 3, LastID: s.lastID + 9, Bids: bids, Asks: asks}
	s.lastID = ev.LastID
	s.book.Apply(&ev)
	return ev
}

// change makes one side of a message: what the move of the touch removes and
// shows, then changes at random.
func (s *Stream) change(side exchange.Side) []exchange.Level {
	current := s.book.Levels(side)
	best := s.best(side)
	changes := map[exchange.Ticks]exchange.Lots{best: s.qty()}
	for _, l := range current {
		if (best-l.Price)*exchange.Ticks(side) >= 0 {
			break
		}
		changes[l.Price] = 0
	}
	for len(changes) < s.levels/2 {
		if s.rnd.Float64() < 0.35 {
			if p := current[s.tail(len(current))].Price; p != best {
				changes[p] = 0
			}
		} else {
			changes[s.price(side)] = s.qty()
		}
	}
	out := make([]exchange.Level, 0, len(changes))
	for p, q := range changes {
		out = append(out, exchange.Level{Price: p, Qty: q})
	}
	slices.SortFunc(out, byPrice)
	return out
}

func byPrice(a, b exchange.Level) int { return int(a.Price - b.Price) }

func (s *Stream) best(side exchange.Side) exchange.Ticks {
	if side == exchange.Buy {
		return s.touch
	}
	return s.touch + 1
}

func (s *Stream) price(side exchange.Side) exchange.Ticks {
	return s.best(side) - exchange.Ticks(side)*exchange.Ticks(s.tail(20000))
}

func (s *Stream) qty() exchange.Lots { return exchange.Lots(1 + s.rnd.IntN(5000)) }

// tail draws a distance from a Pareto distribution, below limit.
func (s *Stream) tail(limit int) int {
	for {
		if d := 150 * (math.Pow(1-s.rnd.Float64(), -1/1.3) - 1); d < float64(limit) {
			return int(d)
		}
	}
}
