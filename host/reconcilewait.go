package host

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/host/loop"
)

// untilTold asks a venue until it answers, as long as a start would: another process of this
// address, which ended just now, may have used up what the venue answers in a minute.
func untilTold[T any](ctx context.Context, say func(string), ask func() (T, error)) (T, error) {
	for began := loop.Now(); ; {
		told, err := ask()
		until := askAgain(err, began, loop.Now())
		if until == 0 || ctx.Err() != nil {
			return told, err
		}
		say(fmt.Sprintf("waiting until %s to ask again: %v", until, err))
		if wait(ctx, time.Duration(until-loop.Now())); ctx.Err() != nil {
			return told, fmt.Errorf("interrupted while the venue was waited for (%w): %w", err, context.Cause(ctx))
		}
	}
}

// waitTold is how long a request waits for room before that is told.
const waitTold = 2 * time.Second

// tellWaits tells what requests wait for, each reason once, until it is stopped.
func tellWaits(t *limit.Throttle, say func(string)) (stop func()) {
	end := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(waitTold)
		defer tick.Stop()
		for before, told := "", ""; ; {
			select {
			case <-end:
				return
			case <-tick.C:
			}
			why := t.Waiting()
			if why != "" && why == before && why != told {
				say("waiting for room: " + why)
				told = why
			}
			before = why
		}
	})
	return func() {
		close(end)
		done.Wait()
	}
}

// sayer tells people of a house, one line after the other whoever calls it.
func (o *Options) sayer(house string) func(string) {
	var one sync.Mutex
	return func(text string) {
		one.Lock()
		defer one.Unlock()
		if o.Log != nil {
			o.Log(Line{Text: house + ": " + text, Strategy: "host"})
		}
	}
}
