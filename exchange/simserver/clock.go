package simserver

import (
	"time"

	"github.com/perilune/perilune/exchange"
)

// Clock has the two times of the exchange: the market's, and the wall's that requests
// are judged by.
type Clock struct {
	real   func() time.Time
	speed  float64       // of the market; 0: only Advance moves it
	now    exchange.Time // of the market
	origin exchange.Time // market time at opened
	opened time.Time     // wall time at origin
	skew   time.Duration // of the request clock, a fault
}

// Now is the market's time.
func (c *Clock) Now() exchange.Time { return c.now }

// Origin is the market's time at which the exchange opened.
func (c *Clock) Origin() exchange.Time { return c.origin }

// Wall is the clock that requests are judged by.
func (c *Clock) Wall() exchange.Time {
	return exchange.Time(c.real().Add(c.skew).UnixNano())
}

// due is the market's time that belongs to the wall clock's now.
func (c *Clock) due() exchange.Time {
	if c.speed == 0 {
		return c.now
	}
	passed := c.real().Sub(c.opened)
	return max(c.now, c.origin+exchange.Time(float64(passed)*c.speed))
}

// until is how long it takes until the market's time is t, which it does not reach by
// itself at speed 0.
func (c *Clock) until(t exchange.Time) time.Duration {
	return time.Duration(float64(t-c.now) / c.speed)
}

func millis(t exchange.Time) int64 { return int64(t / exchange.Millisecond) }
