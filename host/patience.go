package host

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/loop"
)

// How long a start waits for a venue that answers and can't do what it is asked. Soon after
// another start its requests are used up, for minutes; what else it answers may be a moment's.
// One that does not answer at all is an address or a network to mend, and is not waited for.
const (
	startLimited = 10 * time.Minute
	startRefused = 10 * time.Second
	startPause   = 5 * time.Second
)

// patiently asks until the venue answers: what it is asked changes nothing, or may be asked
// again.
func (e *env) patiently(ctx context.Context, ask func() error) error {
	began := loop.Now()
	for told := false; ; told = true {
		err := ask()
		until := askAgain(err, began, loop.Now())
		if until == 0 {
			return err
		}
		if !told {
			e.warn(fmt.Sprintf("the start waits: %v", err))
		}
		e.entering("waiting to ask again at %s: %s", until, exchange.ErrorClassOf(err))
		wait(ctx, time.Duration(until-loop.Now()))
		e.entering("asking again, as soon as the venue's limits allow: %s", exchange.ErrorClassOf(err))
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted while the venue was waited for (%v): %w", err, ctx.Err())
		}
	}
}

// askAgain is when something may be asked again that failed; 0: not at all.
func askAgain(err error, began, now exchange.Time) exchange.Time {
	var v *exchange.VenueError
	if !errors.As(err, &v) || !v.Class.Again() {
		return 0
	}
	patience := startRefused
	switch {
	case v.Class == exchange.ErrRateLimited:
		patience = startLimited
	case v.HTTP == 0 && v.Code == "":
		return 0
	}
	until := max(v.Until, now+exchange.Time(startPause))
	if until > began+exchange.Time(patience) {
		return 0
	}
	return until
}
