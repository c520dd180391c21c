package loop_test

import (
	"context"
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// eager is a clock that hands in a command whenever it is asked.
type eager struct{ left int }

func (g *eager) Wait(_ context.Context, now, _ exchange.Time) (*exchange.Event, error) {
	if g.left == 0 {
		return nil, nil
	}
	g.left--
	return &exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: core.CommandResume, Time: now}, nil
}

func more(ev exchange.Event) exchange.Event {
	ev.More = true
	return ev
}

// Nothing comes between the events of an instant: no answer of the venue, no event
// from outside, no timer. What is due at its time comes after it.
func TestNothingComesBetweenTheEventsOfAnInstant(t *testing.T) {
	d, k, a := newLoop(t, onStart(func(p *core.Port) { p.SetTimer("t", p.Now(), 0) }),
		more(trade(100)), more(trade(100)), trade(100), more(trade(200)), trade(200))
	a.due = []exchange.Event{word(100), word(200)}
	d.Clock = &eager{left: 3}
	run(t, d)
	// The commands come when the loop first asks, and it does not ask within.
	want := []string{"100 command start", "100 command resume", "100 command resume", "100 command resume",
		"100 trade", "100 trade", "100 trade", "100 order", "100 timer", "200 trade", "200 trade", "200 order", "200 command stop", "200 command end"}
	if !slices.Equal(k.seen, want) {
		t.Errorf("saw\n%q, want\n%q", k.seen, want)
	}
}

// A session that is told to stop within an instant stops after it.
func TestAStopWaitsForTheInstant(t *testing.T) {
	d, k, _ := newLoop(t, nil, more(trade(100)), more(trade(100)), more(trade(100)), trade(100), trade(200))
	ctx, cancel := context.WithCancel(context.Background())
	k.before = func(ev *exchange.Event) error {
		if ev.Kind == exchange.KindTrade {
			cancel()
		}
		return nil
	}
	d.Clock = &eager{}
	if err := d.Run(ctx); err != nil {
		t.Fatal(err)
	}
	want := []string{"100 command start", "100 trade", "100 trade", "100 trade", "100 trade", "100 command stop", "100 command end"}
	if !slices.Equal(k.seen, want) {
		t.Errorf("saw\n%q, want\n%q", k.seen, want)
	}
}
