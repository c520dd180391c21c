package limit

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/wire"
)

// Throttle lets several goroutines share one account of weights, and makes them
// wait until the venue has room. The zero value is not usable; see NewThrottle.
type Throttle struct {
	mu     sync.Mutex
	ledger *Ledger
	now    func() exchange.Time
	waits  int    // that are under way
	why    string // the last of them began
}

// NewThrottle returns a throttle over a ledger, which must not be used in any
// other way from then on. now is the venue's time as well as it is known.
func NewThrottle(l *Ledger, now func() exchange.Time) *Throttle {
	return &Throttle{ledger: l, now: now}
}

// Wait charges a cost and returns when the request may be sent, at once. The
// error is ctx's, or says why it will never fit. What would add to a position is not
// kept waiting for room that comes after ctx's end: the other leg of it may have filled
// by then.
func (t *Throttle) Wait(ctx context.Context, c Cost, p Priority) error {
	for {
		t.mu.Lock()
		now := t.now()
		v := t.ledger.Reserve(c, p, now)
		t.mu.Unlock()
		switch {
		case v.OK:
			return ctx.Err()
		case v.Until == 0:
			return fmt.Errorf("over the limit: %s", v.Reason)
		}
		wait := time.Duration(v.Until - now)
		if end, bounded := ctx.Deadline(); p == Open && bounded && time.Until(end) < wait {
			return fmt.Errorf("no room in time: %s: %w", v.Reason, context.DeadlineExceeded)
		}
		t.waiting(1, v.Reason)
		// At least a millisecond, so that a wait that was just too short does not spin.
		err := wire.Sleep(ctx, max(wait, time.Millisecond))
		t.waiting(-1, v.Reason)
		if err != nil {
			return fmt.Errorf("waiting for room (%s): %w", v.Reason, err)
		}
	}
}

func (t *Throttle) waiting(more int, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waits += more
	t.why = why
}

// Waiting says what a request waits for now, in words; "" when none does.
func (t *Throttle) Waiting() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waits == 0 {
		return ""
	}
	return t.why
}

// Use is how much of a rule of a venue's is used up.
type Use struct {
	Rule        string // as people know it: "spot weight per minute"
	Used, Limit int
}

// Uses returns how much of each rule is used up now.
func (t *Throttle) Uses() []Use {
	t.mu.Lock()
	defer t.mu.Unlock()
	now, out := t.now(), make([]Use, len(t.ledger.table.Meters))
	for i := range out {
		out[i].Rule = t.ledger.table.Meters[i].Name
		out[i].Used, out[i].Limit = t.ledger.Used(Meter(i), now)
	}
	return out
}

// Observe learns from an answer.
func (t *Throttle) Observe(a Answer) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ledger.Observe(a, t.now())
}

// SetLimit is the ledger's.
func (t *Throttle) SetLimit(m Meter, most int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ledger.SetLimit(m, most)
}

// Refusing says what the venue refuses now, in words; "" when it refuses nothing. What is
// sent meanwhile waits, so new risk should not be begun.
func (t *Throttle) Refusing() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ledger.refusing(t.now())
}
