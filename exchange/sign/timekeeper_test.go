package sign

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perilune/perilune/exchange"
)

var errNoRoute = errors.New("no route")

const window = 5 * exchange.Second

// trueTime is what the venue's clock shows. Within a synctest bubble it moves only
// while all wait.
func trueTime() exchange.Time { return exchange.Time(time.Now().UnixNano()) }

// timed is a Timekeeper of a clock that can be set, and a venue at a distance. What is
// below mu is changed with set while Keep runs.
type timed struct {
	*Timekeeper
	way  time.Duration // each way
	hold chan struct{} // an answer waits for it

	mu    sync.Mutex
	ahead exchange.Time // of our clock before the venue's
	slept exchange.Time // by the machine: no time of its own passed
	fails error
	then  error // what fails becomes with the next answer
	zero  bool  // the venue says that it is the year 1970
	asked int
	said  []string
}

func newTimed() *timed {
	c := &timed{way: 10 * time.Millisecond}
	c.Timekeeper = NewTimekeeper(TimekeeperOptions{Ask: c.ask, Window: window, Now: c.now, Log: func(s string) { c.set(func() { c.said = append(c.said, s) }) }})
	return c
}

func (c *timed) set(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

func (c *timed) now() (at exchange.Time) {
	c.set(func() { at = trueTime() + c.slept + c.ahead })
	return at
}

func (c *timed) venue() (at exchange.Time) {
	c.set(func() { at = trueTime() + c.slept })
	return at
}

func (c *timed) ask(ctx context.Context) (at exchange.Time, err error) {
	c.set(func() { c.asked++ })
	if c.hold != nil {
		select {
		case <-c.hold:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	time.Sleep(c.way)
	at = c.venue()
	time.Sleep(c.way)
	c.set(func() {
		err, c.fails = c.fails, c.then
		if c.zero {
			at = 0
		}
	})
	return at, err
}

func (c *timed) synced(t *testing.T) {
	t.Helper()
	if err := c.Sync(t.Context(), c.Compared()); err != nil {
		t.Fatal(err)
	}
}

// agrees wants a stamp that the venue takes: not ahead of its clock, nor far behind.
func (c *timed) agrees(t *testing.T) {
	t.Helper()
	at, err := c.Stamp()
	_, uncertainty, _ := c.Offset()
	if behind := c.venue() - at; err != nil || behind < 0 || behind > 2*uncertainty+ms || uncertainty > 200*ms {
		t.Errorf("the stamp is %d ms behind, known to ± %d ms, %v", behind/ms, uncertainty/ms, err)
	}
}

// strays sets our clock and, after Keep has looked, sets it right again.
func (c *timed) strays(by exchange.Time) {
	c.set(func() { c.ahead = by })
	time.Sleep(6 * time.Second)
	c.set(func() { c.ahead = 0 })
}

// keeping has Keep run while f does.
func (c *timed) keeping(t *testing.T, f func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { c.Keep(ctx) })
	f()
	cancel()
	wg.Wait()
}

func TestTimekeeperHalvesTheRoundTrip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTimed()
		c.ahead = -700 * ms
		if _, err := c.Stamp(); !errors.Is(err, ErrNoSample) {
			t.Errorf("before it has asked: %v", err)
		}
		c.synced(t)
		offset, uncertainty, err := c.Offset()
		if d := offset - 700*ms; err != nil || d < -ms || d > ms || uncertainty < 10*ms || uncertainty > 12*ms {
			t.Errorf("%d ± %d ms, %v; want 700 ± 10", offset/ms, uncertainty/ms, err)
		}
		c.agrees(t)
		if c.asked != samplesPerSync {
			t.Errorf("asked %d times", c.asked)
		}
	})
}

// A clock that is set, by however much and whichever way, is right again after one
// comparison: a sample of a time that has not come yet is no reason not to ask.
func TestTimekeeperOfAClockThatJumps(t *testing.T) {
	for _, jump := range []exchange.Time{ms, exchange.Second, 2 * exchange.Second, -exchange.Second, -2 * exchange.Second} {
		for _, again := range []exchange.Time{0, exchange.Hour, -exchange.Hour} {
			synctest.Test(t, func(t *testing.T) {
				c := newTimed()
				c.ahead = again
				c.synced(t)
				c.ahead = jump
				c.synced(t)
				c.agrees(t)
			})
		}
	}
}

// Keep notices what makes a stamp impossible at its next look, and mends it.
func TestTimekeeperNoticesWhatIsImpossible(t *testing.T) {
	for name, spoil := range map[string]func(*timed){
		"an hour back for a while":    func(c *timed) { c.strays(-exchange.Hour) },
		"an hour forward for a while": func(c *timed) { c.strays(exchange.Hour) },
		"forgotten":                   func(c *timed) { c.Forget() },
		"the machine slept":           func(c *timed) { c.set(func() { c.slept = 8 * exchange.Hour }) },
		"a day passes":                func(c *timed) { time.Sleep(24 * time.Hour) },
		"no network for an hour": func(c *timed) {
			c.set(func() { c.fails, c.then = errNoRoute, errNoRoute })
			time.Sleep(time.Hour)
			if _, err := c.Stamp(); !errors.Is(err, ErrExpired) {
				t.Errorf("after an hour without an answer: %v", err)
			}
			c.set(func() {
				if len(c.said) == 0 || !strings.Contains(c.said[0], errNoRoute.Error()) {
					t.Errorf("said %q", c.said)
				}
				c.fails, c.then = nil, nil
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newTimed()
				c.synced(t)
				c.keeping(t, func() {
					spoil(c)
					time.Sleep(6 * time.Second)
					c.agrees(t)
				})
			})
		})
	}
}

// A clock that is too far off is refused, with how far; so is a connection that is too slow.
func TestTimekeeperRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTimed()
		c.ahead = -3 * exchange.Second
		c.synced(t)
		var skew *SkewError
		if _, err := c.Stamp(); !errors.As(err, &skew) || skew.Offset < 2999*ms || skew.Offset > 3001*ms {
			t.Errorf("3 s off: %v", err)
		}
		c = newTimed()
		c.way = 3 * time.Second
		c.synced(t)
		var slow *RoundTripError
		if _, err := c.Stamp(); !errors.As(err, &slow) {
			t.Errorf("3 s each way: %v", err)
		}
	})
}

// Whoever comes while another compares has what that finds, and asks nothing; whoever
// gives up does so at once.
func TestTimekeeperAsksOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTimed()
		c.hold = make(chan struct{})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := c.Sync(t.Context(), 0); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.Sync(ctx, 0); !errors.Is(err, context.Canceled) {
			t.Errorf("given up: %v", err)
		}
		close(c.hold)
		wg.Wait()
		if c.asked != samplesPerSync {
			t.Errorf("asked %d times, want %d", c.asked, samplesPerSync)
		}
	})
}

// A venue that never answers is given up, told of, and asked again.
func TestTimekeeperDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTimed()
		c.hold = make(chan struct{})
		c.keeping(t, func() {
			time.Sleep(10 * time.Minute)
			c.set(func() {
				if c.asked < 5 || len(c.said) < 5 || !strings.Contains(c.said[0], context.DeadlineExceeded.Error()) {
					t.Errorf("asked %d times, said %q", c.asked, c.said)
				}
			})
			close(c.hold)
			time.Sleep(2 * time.Minute)
			c.agrees(t)
		})
	})
}

// An answer that makes no sense, and a failure, are no comparison.
func TestTimekeeperCountsComparisons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newTimed()
		c.zero = true
		if err := c.Sync(t.Context(), 0); err == nil || c.Compared() != 0 {
			t.Errorf("a time of 0: %v, %d comparisons", err, c.Compared())
		}
		c.zero, c.fails, c.then = false, errNoRoute, errNoRoute
		if err := c.Sync(t.Context(), 0); !errors.Is(err, errNoRoute) || c.Compared() != 0 {
			t.Errorf("no answer: %v, %d comparisons", err, c.Compared())
		}
		c.fails = nil
		// The first of three is enough.
		if err := c.Sync(t.Context(), 0); err != nil || c.Compared() != 1 {
			t.Errorf("one answer of three: %v, %d comparisons", err, c.Compared())
		}
		c.agrees(t)
	})
}
