package limit

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perilune/perilune/exchange"
)

// What would add to a position is not kept waiting for room that comes too late for it;
// what makes one smaller waits as long as it may, and both go once there is room.
func TestAnOpeningDoesNotWaitInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := New(Options{Table: toy(), Guard: 100 * ms})
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		th := NewThrottle(l, func() exchange.Time { return start + exchange.Time(time.Since(begun)) })
		if why := th.Refusing(); why != "" {
			t.Errorf("before anything is refused: %q", why)
		}
		if err := th.Observe(Answer{Pool: 2, Refusal: Throttled, RetryAt: start + exchange.Minute}); err != nil {
			t.Fatal(err)
		}
		if why := th.Refusing(); !strings.Contains(why, "the venue refuses requests to orders until") {
			t.Errorf("refusing: %q", why)
		}
		cost := Cost{Pool: 2}
		cost.Use[2] = 1
		for _, tt := range []struct {
			p      Priority
			within time.Duration
			after  time.Duration
			err    string
		}{
			{Open, 12 * time.Second, 0, "no room in time: the venue refuses requests to orders until"},
			{Hedge, 12 * time.Second, 12 * time.Second, "waiting for room"},
			{Open, 10 * time.Minute, 48 * time.Second, ""},
		} {
			at := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), tt.within)
			var during string
			go func() { time.Sleep(time.Second); during = th.Waiting() }()
			err := th.Wait(ctx, cost, tt.p)
			cancel()
			if why := th.Waiting(); why != "" {
				t.Errorf("nothing waits any more, and it says %q", why)
			}
			if synctest.Wait(); tt.after > 0 && !strings.Contains(during, "the venue refuses requests to orders until") {
				t.Errorf("%v waits, and says %q", tt.p, during)
			}
			took := time.Since(at)
			switch {
			case tt.err == "" && err != nil, tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
				t.Errorf("%v within %s: %v, want %q", tt.p, tt.within, err, tt.err)
			case took < tt.after || took > tt.after+time.Second:
				t.Errorf("%v within %s took %s, want %s", tt.p, tt.within, took, tt.after)
			case tt.err != "" && !errors.Is(err, context.DeadlineExceeded):
				t.Errorf("%v: want the context's error in it", err)
			}
		}
		if why := th.Refusing(); why != "" {
			t.Errorf("afterwards: %q", why)
		}
	})
}
