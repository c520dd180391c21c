package line_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perilune/perilune/exchange/line"
	"github.com/perilune/perilune/exchange/rest"
)

// A request without a connection has not left, one whose connection ends may have, and
// answers find who asked in any order.
func TestAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := line.New[string](15 * time.Second)
		unsent := (*rest.UnsentError)(nil)
		nothing := func(uint64) error { return nil }
		if _, err := l.Ask(t.Context(), nothing); !errors.Is(err, line.ErrDown) || !errors.As(err, &unsent) {
			t.Errorf("without a connection: %v", err)
		}
		l.Up()
		busy := errors.New("busy")
		if _, err := l.Ask(t.Context(), func(uint64) error { return busy }); !errors.Is(err, busy) || !errors.As(err, &unsent) {
			t.Errorf("not sent: %v", err)
		}
		numbers := make(chan uint64, 2)
		ask := func() (string, error) {
			return l.Ask(t.Context(), func(n uint64) error { numbers <- n; return nil })
		}
		for _, want := range []string{"a", "b"} {
			go func() {
				if got, err := ask(); err != nil || got != want {
					t.Errorf("%q %v, want %q", got, err, want)
				}
			}()
			synctest.Wait()
		}
		first, second := <-numbers, <-numbers
		if !l.Answer(second, "b") || !l.Answer(first, "a") || l.Answer(first, "again") || l.Answer(99, "nobody's") {
			t.Error("answers go astray")
		}
		synctest.Wait()
		cut := errors.New("cut")
		go func() {
			if _, err := ask(); !errors.Is(err, cut) || errors.As(err, &unsent) {
				t.Errorf("cut: %v", err)
			}
		}()
		synctest.Wait()
		l.Down(cut)
		l.Up()
		begun := time.Now()
		if _, err := l.Ask(t.Context(), nothing); err == nil || time.Since(begun) != 15*time.Second {
			t.Errorf("%v after %s", err, time.Since(begun))
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := l.Ask(ctx, nothing); !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &unsent) {
			t.Errorf("out of time: %v", err)
		}
	})
}
