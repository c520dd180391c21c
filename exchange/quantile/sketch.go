// Package quantile counts durations so that their quantiles can be told at any moment:
// in memory that does not grow, in integers alone, and the same for the same durations in
// any order.
//
// A Sketch is a histogram whose buckets are as wide as a 32nd of what they hold, counted
// in microseconds (the layout of HdrHistogram, hdrhistogram.github.io). A quantile is at
// most 3.2 % more than the duration that it stands for, and never less.
package quantile

import (
	"math/bits"

	"github.com/perilune/perilune/exchange"
)

const (
	fine = 5 // bits of a duration that count
	unit = exchange.Microsecond
	// longest is what longer durations count as, some 19 hours: all of them are as long as Max.
	longest = 1<<36 - 1
	buckets = (36 - fine + 1) << fine
)

// Sketch counts durations. The zero value has none.
type Sketch struct {
	n, below uint64
	most     exchange.Time
	counts   []uint64 // made with the first that is not below zero
}

// Add counts a duration. One below zero is counted as Below, and as zero in a quantile.
func (s *Sketch) Add(d exchange.Time) {
	s.n++
	if d < 0 {
		s.below++
		return
	}
	if s.counts == nil {
		s.counts = make([]uint64, buckets)
	}
	s.most = max(s.most, d)
	s.counts[bucket(uint64(min(d/unit, longest)))]++
}

// Merge adds what another one counted.
func (s *Sketch) Merge(o *Sketch) {
	s.n, s.below, s.most = s.n+o.n, s.below+o.below, max(s.most, o.most)
	if o.counts != nil && s.counts == nil {
		s.counts = make([]uint64, buckets)
	}
	for i, n := range o.counts {
		s.counts[i] += n
	}
}

// bucket is where so many microseconds are counted.
func bucket(v uint64) int {
	e := max(0, bits.Len64(v)-fine-1)
	return e<<fine + int(v>>e)
}

// end is the first value that is beyond a bucket.
func end(i int) uint64 {
	e := max(0, i>>fine-1)
	return uint64(i-e<<fine+1) << e
}

// Count is how many were counted.
func (s *Sketch) Count() uint64 { return s.n }

// Below is how many of them were below zero.
func (s *Sketch) Below() uint64 { return s.below }

// Max is the longest; 0 when there is none.
func (s *Sketch) Max() exchange.Time { return s.most }

// Quantile is what so many of a thousand were no longer than; 0 when there is none.
func (s *Sketch) Quantile(permille uint64) exchange.Time {
	want := (s.n*permille + 999) / 1000
	seen := s.below
	if want <= seen {
		return 0
	}
	for i, n := range s.counts {
		if seen += n; seen >= want && i < buckets-1 {
			return min(exchange.Time(end(i))*unit, s.most)
		}
	}
	return s.most
}
