package shadow

import (
	"errors"

	"github.com/perilune/perilune/exchange"
)

// Flight is what came of running over a span.
type Flight struct {
	Events int
	From   exchange.Time
	To     exchange.Time
	// Failed: it ended at an error of the new version, before the end of the span.
	Failed bool
	// Cut says why the span was not run over to its end; "": it was.
	Cut string
	// Stopped is why the new version could not go on; "": it could.
	Stopped string
	// Lame is why the old one could not, so that there is less to compare with; "": it could.
	Lame string
}

// lookEvery is how many events are run over between two looks at whether it is enough.
const lookEvery = 64

// Fly runs a new version, and beside it the one that runs, over the same events: each event is
// decoded once. It ends early with the first error of the new version that the old one has
// not, and when enough says why. old may be nil.
func Fly(s *Span, old, fresh *Shadow, enough func() string) (*Flight, error) {
	f := &Flight{From: fresh.began, To: fresh.began}
	err := s.Each(func(ev *exchange.Event) error {
		if f.Events%lookEvery == 0 {
			if f.Cut = enough(); f.Cut != "" {
				return errEnough
			}
		}
		f.Events, f.To = f.Events+1, max(f.To, ev.Time)
		if old != nil && f.Lame == "" {
			if err := old.Push(ev); err != nil {
				f.Lame = err.Error()
			}
		}
		if err := fresh.Push(ev); err != nil {
			f.Stopped = err.Error()
			return errEnough
		}
		if f.Failed = fresh.record.Faults > 0 && (old == nil || old.record.Faults == 0); f.Failed {
			return errEnough
		}
		return nil
	})
	if err != nil && err != errEnough {
		return nil, err
	}
	for _, x := range []struct {
		shadow *Shadow
		why    *string
	}{{old, &f.Lame}, {fresh, &f.Stopped}} {
		if x.shadow == nil || *x.why != "" {
			continue
		}
		if err := x.shadow.Finish(f.To); err != nil {
			*x.why = err.Error()
		}
	}
	return f, nil
}

var errEnough = errors.New("it is enough")
