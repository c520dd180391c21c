package venuetest

import (
	"errors"
	"time"

	"github.com/perilune/perilune/exchange"
)

// limited: a fault has the class that says whether the venue acted, and one that says
// when to come again says it.
func (c *caller) limited(f Fault, want ...exchange.ErrorClass) {
	tr := &c.b.Trades[0]
	o := c.make(tr, exchange.GTC, tr.Rest)
	if c.b.Inject == nil || !c.b.Inject(f) {
		c.Skipf("this venue can't be made to do it: %s", f)
	}
	c.b.Pass(50 * exchange.Millisecond)
	_, err := c.a.Place(c.ctx, o)
	classOf(c.T, f.String(), err, want...)
	var e *exchange.VenueError
	if errors.As(err, &e) && e.Class == exchange.ErrRateLimited && e.Until <= c.a.Now() {
		c.Errorf("%v: it does not say when to come again", e)
	}
}

// mended: after a fault orders go again and the account's stream tells of them, without
// anybody's help. Until then an order may be refused as allowed: it was not carried out.
func (c *caller) mended(f Fault, allowed ...exchange.ErrorClass) {
	if c.b.Inject == nil {
		c.Skipf("this venue can't be made to do it: %s", f)
	}
	h, _ := Hear(c.T, c.b.Listen)
	reports := func() (n int) {
		for _, e := range h.All() {
			if e.Report != nil {
				n++
			}
		}
		return n
	}
	tr := &c.b.Trades[0]
	c.place(c.make(tr, exchange.GTC, tr.Rest))
	if !c.b.Inject(f) {
		c.Skipf("this venue can't be made to do it: %s", f)
	}
	c.b.Pass(300 * exchange.Millisecond)
	tries := 0
	for end := time.Now().Add(patience); time.Now().Before(end); tries++ {
		before := reports()
		_, err := c.a.Place(c.ctx, c.make(tr, exchange.GTC, tr.Rest))
		if err != nil {
			classOf(c.T, f.String(), err, allowed...)
		}
		c.b.Pass(500 * exchange.Millisecond)
		if err == nil && reports() > before {
			return
		}
	}
	c.Errorf("%s: the stream told of none of %d orders after it", f, tries)
}
