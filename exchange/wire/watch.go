package wire

import (
	"fmt"
	"time"
)

// watchEvery is how often silence and age are looked at.
const watchEvery = 250 * time.Millisecond

// watch looks after a connection until it is over, and returns the one that has
// taken its place, or nil.
func (c *Client) watch(l *link) *link {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	leaving, before := l.leaving, time.Now()
	c.apply(l)
	for {
		select {
		case <-c.ctx.Done():
			l.close(nil)
			<-l.done
			return nil
		case <-l.done:
			c.failed(l.err)
			return nil
		case <-leaving:
			leaving = nil
			if next := c.replace(l); next != l {
				return next
			}
		case <-c.notify:
			c.apply(l)
		case <-tick.C:
			now := time.Now()
			if suspended(now.Round(0).Sub(before.Round(0)), now.Sub(before)) {
				l.close(ErrSuspended)
			}
			before = now
			c.check(l, now)
			if c.old(l, now, leaving == nil) {
				if next := c.replace(l); next != l {
					return next
				}
			}
		}
	}
}

// suspended reports whether the wall clock has run ahead of the monotonic one,
// which stands still while a machine sleeps. What was received before is then
// older than it looks.
func suspended(wall, monotonic time.Duration) bool { return wall-monotonic > 5*time.Second }

// old reports whether a connection should be replaced now: by its age, or
// because the venue has announced its end.
func (c *Client) old(l *link, now time.Time, announced bool) bool {
	return (announced || now.Sub(l.born) >= c.o.RollAfter) && now.After(c.rollAt)
}

// apply makes the subscriptions of a connection those that are wanted.
func (c *Client) apply(l *link) {
	add, drop := l.board.missing(c.wanted())
	l.board.remove(drop)
	c.unsubscribe(l, drop)
	c.subscribe(l, add)
}

// check acts on silence. It also forgets old failures.
func (c *Client) check(l *link, now time.Time) {
	if l.board.healthyFor(l.born, now) >= c.o.HealthyAfter {
		c.failures = 0
	}
	if l.board.overdue(now.Add(-c.o.ReplyWithin)) {
		l.close(fmt.Errorf("%w within %s at %s", ErrNoReply, c.o.ReplyWithin, l.url))
		return
	}
	c.again(l)
	stalled, hopeless := l.board.silent(now)
	if len(stalled) == 0 {
		return
	}
	names := make([]string, len(stalled))
	for i, s := range stalled {
		names[i] = s.Name
	}
	c.tally.stalled(len(names))
	l.h.Stalled(names)
	if hopeless != "" {
		l.close(fmt.Errorf("%s at %s: %w", hopeless, l.url, ErrSilent))
		return
	}
	c.unsubscribe(l, names)
	c.subscribe(l, stalled)
}

// replace opens a successor beside a connection. It returns the successor once
// all its streams have delivered, or the connection itself when that failed.
func (c *Client) replace(old *link) *link {
	next, err := c.connect()
	if err != nil {
		return c.keep(old, err)
	}
	if err = c.overlap(old, next); err != nil {
		next.close(nil) // the old one misses nothing
		<-next.done
		return c.keep(old, err)
	}
	old.close(nil)
	<-old.done
	c.rollAt = time.Time{}
	c.tally.rolled()
	return next
}

// keep stays with a connection after its replacement failed, and lets some time
// pass before the next try.
func (c *Client) keep(old *link, err error) *link {
	c.failed(err)
	c.rollAt = time.Now().Add(max(c.o.SyncWithin, time.Until(c.hold)))
	return old
}

// overlap waits until the successor can take over. When the old connection ends
// before, the successor takes over as it is.
func (c *Client) overlap(old, next *link) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	limit := time.NewTimer(c.o.SyncWithin)
	defer limit.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return c.ctx.Err()
		case <-next.done:
			return fmt.Errorf("replacing a connection: %w", next.err)
		case <-old.done:
			return nil
		case <-tick.C:
			c.again(next)
			if _, delivered := next.board.synced(); delivered {
				return nil
			}
		case <-limit.C:
			if behind := next.board.behind(&old.board, next.born); behind != "" {
				return fmt.Errorf("replacing a connection: %s did not deliver within %s", behind, c.o.SyncWithin)
			}
			return nil
		}
	}
}
