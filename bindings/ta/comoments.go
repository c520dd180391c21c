package ta

import "math"

// comoments keeps means, variances and covariance of a window of pairs, in the manner
// of moments: updated by each pair, and computed anew once per window and when a
// variance fell so far that its digits are gone.
type comoments struct {
	x, y          ring
	mx, my        float64
	sxx, syy, sxy float64 // sums of products of deviations
	peakX, peakY  float64
}

func newComoments(n int) comoments { return comoments{x: newRing(n), y: newRing(n)} }

// MemoryBytes is what both windows take.
func (c *comoments) MemoryBytes() int { return c.x.MemoryBytes() + c.y.MemoryBytes() }

func (c *comoments) full() bool { return c.x.full() }

func (c *comoments) add(x, y float64) {
	oldX, dropped := c.x.push(x)
	oldY, _ := c.y.push(y)
	switch {
	case c.x.next == 0:
		c.recompute()
	case dropped:
		c.replace(x-c.mx, y-c.my, oldX-c.mx, oldY-c.my)
		if c.sxx < c.peakX*canceled || c.syy < c.peakY*canceled {
			c.recompute()
		}
	default:
		n, dx := float64(c.x.seen), x-c.mx
		c.mx += dx / n
		c.sxx += dx * (x - c.mx)
		dy := y - c.my
		c.my += dy / n
		c.syy += dy * (y - c.my)
		c.sxy += dx * (y - c.my)
	}
	c.peakX, c.peakY = max(c.peakX, c.sxx), max(c.peakY, c.syy)
}

// replace takes the newest and the leaving pair, as deviations from the means so far.
func (c *comoments) replace(u, v, oldU, oldV float64) {
	n, dx, dy := float64(len(c.x.v)), u-oldU, v-oldV
	c.sxx += dx * (u + oldU - dx/n)
	c.syy += dy * (v + oldV - dy/n)
	c.sxy += u*v - oldU*oldV - dx*dy/n
	c.mx += dx / n
	c.my += dy / n
}

func (c *comoments) recompute() {
	n := float64(len(c.x.v))
	c.mx, c.my, c.sxx, c.syy, c.sxy = 0, 0, 0, 0, 0
	for i := range c.x.v {
		c.mx += c.x.v[i]
		c.my += c.y.v[i]
	}
	c.mx, c.my = c.mx/n, c.my/n
	for i := range c.x.v {
		dx, dy := c.x.v[i]-c.mx, c.y.v[i]-c.my
		c.sxx += dx * dx
		c.syy += dy * dy
		c.sxy += dx * dy
	}
	c.peakX, c.peakY = c.sxx, c.syy
}

// still reports whether a sum of squares is what rounding left of a constant window.
func (c *comoments) still(s, mean float64) bool {
	return s <= 1e-24*mean*mean*float64(len(c.x.v))
}

// slope is that of the line through the pairs with the least squares of y; 0 when x
// does not move.
func (c *comoments) slope() float64 {
	if c.still(c.sxx, c.mx) {
		return 0
	}
	return c.sxy / c.sxx
}

// correlation is Pearson's; 0 when one side does not move.
func (c *comoments) correlation() float64 {
	if c.still(c.sxx, c.mx) || c.still(c.syy, c.my) {
		return 0
	}
	return max(-1, min(1, c.sxy/math.Sqrt(c.sxx)/math.Sqrt(c.syy)))
}

// residual is how far the newest y is from that line, and the standard error of the
// regression.
func (c *comoments) residual() (off, deviation float64) {
	x, _ := c.x.get(1)
	y, _ := c.y.get(1)
	b := c.slope()
	off = y - c.my - b*(x-c.mx)
	return off, math.Sqrt(max(c.syy-b*c.sxy, 0) / float64(len(c.x.v)-2))
}
