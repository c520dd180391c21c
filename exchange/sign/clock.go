package sign

import (
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// The reasons a clock gives no time; test for them with errors.Is.
var (
	ErrNoSample = errors.New("the clock was not compared with the venue's yet")
	ErrExpired  = errors.New("the last comparison with the venue's clock is too old")
)

// SkewError says that our clock is too far from the venue's to trade by.
type SkewError struct {
	Offset exchange.Time // how far the venue's clock is ahead of ours
	Window exchange.Time // how long a request is good
}

func (e *SkewError) Error() string {
	direction, size := "behind", e.Offset
	if size < 0 {
		direction, size = "ahead of", -size
	}
	return fmt.Sprintf("our clock is %d ms %s the venue's, more than half of recvWindow (%d ms): synchronise the computer's clock (NTP) before trading",
		size/exchange.Millisecond, direction, e.Window/exchange.Millisecond)
}

// RoundTripError says that answers take too long to know the venue's time well
// enough.
type RoundTripError struct {
	Uncertainty exchange.Time // the venue's clock is known to ± this
	Window      exchange.Time // how long a request is good
}

func (e *RoundTripError) Error() string {
	return fmt.Sprintf("the venue's clock is known only to ±%d ms, more than half of recvWindow (%d ms): the connection is too slow to trade over",
		e.Uncertainty/exchange.Millisecond, e.Window/exchange.Millisecond)
}

const (
	// kept is how many samples the best is chosen from.
	kept = 8
	// drift is the inverse rate by which two clocks may part: 500 ppm, the most
	// that NTP slews a clock by.
	drift = 2000
	// serverUnit is what the venue's timestamps are cut to.
	serverUnit = exchange.Millisecond
)

// Clock estimates how far a venue's clock is ahead of ours.
//
// One exchange of messages bounds the offset: the venue read its clock after we
// sent and before we received. The shorter the round trip the tighter the
// bounds, so the estimate is the middle of the tightest of the last 8 samples,
// where a sample's bounds widen by 500 ppm of its age.
//
// Stamps are taken at the lower bound: as late as the venue's clock can be,
// never ahead of it. The zero Clock has no samples; it is for one goroutine.
type Clock struct {
	// MaxAge is how old the newest sample may be for a stamp; 0 means 10 min.
	MaxAge exchange.Time

	samples [kept]sample
	count   int // samples in use
	next    int // the place of the next one
}

type sample struct {
	low, high exchange.Time // bounds of the offset
	at        exchange.Time // our time of receipt
}

// uncertainty is half the distance of the bounds at a later time.
func (s sample) uncertainty(now exchange.Time) exchange.Time {
	return (s.high-s.low)/2 + (now-s.at)/drift
}

// Sample records one comparison: our times of sending the question and of
// receiving the answer, and the venue's time in it. The distance of our two
// times should be measured by a monotonic clock.
//
// A sample that contradicts an earlier one shows that one of the clocks was set,
// and the earlier one is dropped.
func (c *Clock) Sample(sent, received, server exchange.Time) error {
	if received < sent {
		return fmt.Errorf("clock sample: received %d ms before it was sent", (sent-received)/exchange.Millisecond)
	}
	if server <= 0 {
		return fmt.Errorf("clock sample: the venue's time is %d, want milliseconds since 1970", server/exchange.Millisecond)
	}
	s := sample{low: server - received, high: server + serverUnit - sent, at: received}
	c.keepAgreeing(s)
	c.samples[c.next] = s
	c.next = (c.next + 1) % kept
	c.count = min(c.count+1, kept)
	return nil
}

// keepAgreeing drops the samples whose bounds do not meet those of a new one.
func (c *Clock) keepAgreeing(s sample) {
	n, ring := 0, c.samples
	for i := range c.count {
		// From the oldest on; what is kept moves to the front.
		old := ring[(c.next-c.count+i+kept)%kept]
		if slack := (s.at - old.at) / drift; old.at <= s.at && old.low-slack <= s.high && s.low <= old.high+slack {
			c.samples[n], n = old, n+1
		}
	}
	c.count, c.next = n, n%kept
}

// Forget drops all samples: after a suspended machine, a clock that was set, or
// a timestamp that the venue refused.
func (c *Clock) Forget() { c.count, c.next = 0, 0 }

// Due reports whether it is time to sample again: nothing is known, or half of
// MaxAge has passed.
func (c *Clock) Due(now exchange.Time) bool {
	age, ok := c.age(now)
	return !ok || age < 0 || age > c.maxAge()/2
}

// Offset returns how far the venue's clock is ahead of ours and how uncertain
// that is, or ErrNoSample or ErrExpired.
func (c *Clock) Offset(now exchange.Time) (offset, uncertainty exchange.Time, err error) {
	age, ok := c.age(now)
	switch {
	case !ok:
		return 0, 0, ErrNoSample
	case age < 0:
		return 0, 0, fmt.Errorf("%w: our clock was set back by %d ms since", ErrExpired, -age/exchange.Millisecond)
	case age > c.maxAge():
		return 0, 0, fmt.Errorf("%w: %d s, more than %d s", ErrExpired, age/exchange.Second, c.maxAge()/exchange.Second)
	}
	best := c.samples[0]
	for _, s := range c.samples[1:c.count] {
		if s.uncertainty(now) < best.uncertainty(now) {
			best = s
		}
	}
	return (best.low + best.high) / 2, best.uncertainty(now), nil
}

// Stamp returns the timestamp for a request that is sent now: the venue's time,
// or up to twice the uncertainty behind it. It refuses, with a [SkewError] or
// [RoundTripError], when the offset or the uncertainty is over half of
// window, which is how long after its timestamp a request is good.
func (c *Clock) Stamp(now, window exchange.Time) (exchange.Time, error) {
	offset, uncertainty, err := c.Offset(now)
	switch {
	case err != nil:
		return 0, fmt.Errorf("timestamp a request: %w", err)
	case max(offset, -offset) > window/2:
		return 0, &SkewError{offset, window}
	case uncertainty > window/2:
		return 0, &RoundTripError{uncertainty, window}
	}
	return now + offset - uncertainty, nil
}

// age is the time since the newest sample.
func (c *Clock) age(now exchange.Time) (exchange.Time, bool) {
	if c.count == 0 {
		return 0, false
	}
	return now - c.samples[(c.next+kept-1)%kept].at, true
}

func (c *Clock) maxAge() exchange.Time {
	if c.MaxAge > 0 {
		return c.MaxAge
	}
	return 10 * exchange.Minute
}
