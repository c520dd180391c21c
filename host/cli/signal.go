package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// Bounds of an end that somebody asked for by a signal.
const (
	endWithin   = 11 * time.Second // after the first signal; a session takes 10 at most
	abandonedIn = 4 * time.Second  // after the second one
)

// sessions counts the sessions that run: only they have something to abandon.
var sessions atomic.Int32

// interruptible returns a context that ends at the first Ctrl-C, SIGTERM or SIGHUP.
// A second one closes abandon: a session cancels what rests and ends without
// waiting for its loop, and anything else ends at once. A third ends the process,
// and so does time: a stop is always answered. All of it is safe, because starting
// is recovering.
func interruptible(w io.Writer) (context.Context, <-chan struct{}, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.Background())
	sig := make(chan os.Signal, 4)
	signal.Notify(sig, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup means what it says
		signal.Notify(sig, syscall.SIGHUP)
	}
	abandon, done := make(chan struct{}), make(chan struct{})
	go answer(sig, done, w, cancel, abandon)
	return ctx, abandon, func() { signal.Stop(sig); close(done); cancel() }
}

// answer does what signals ask for. The limits are those of a process that can't
// end by itself any more, for example because nobody reads what it writes.
func answer(sig <-chan os.Signal, done <-chan struct{}, w io.Writer, cancel func(), abandon chan struct{}) {
	var limit <-chan time.Time
	for n := 0; ; {
		select {
		case s := <-sig:
			if n++; n == 1 {
				cancel()
				limit = time.After(endWithin)
				continue
			}
			if n > 2 || sessions.Load() == 0 {
				os.Exit(ExitKilled)
			}
			go fmt.Fprintf(w, "\n%s again: ending at once, canceling what rests\n", s)
			close(abandon)
			limit = time.After(abandonedIn)
		case <-limit:
			os.Exit(ExitStalled)
		case <-done:
			return
		}
	}
}
