package venuetest

import (
	"errors"

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
