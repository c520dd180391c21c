// Package controltest has a desk for tests of doors.
package controltest

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/perilune/perilune/host/control"
)

// Desk notes what it is told, and answers what it was given. What it does not have panics.
type Desk struct {
	control.Desk
	Fail   error              // of every operation
	Events chan control.Event // what followers hear; closed: the session has ended
	Hold   chan struct{}      // Flatten waits for it; nil: it does not

	mu   sync.Mutex
	told []string
}

// Told are the commands so far: who, operation, arguments.
func (d *Desk) Told() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string{}, d.told...)
}

func (d *Desk) note(by control.Who, op string, args any) error {
	raw, err := json.Marshal(args)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, fmt.Sprintf("%s %s %s", by, op, raw))
	return d.Fail
}

// Identity implements control.Reader.
func (d *Desk) Identity() control.Identity {
	return control.Identity{Session: "paper-1", Mode: "paper", Venues: []string{}, Live: true}
}

// Status implements control.Reader.
func (d *Desk) Status(context.Context) (*control.Status, error) {
	return &control.Status{Identity: d.Identity(), State: "running", Held: []string{}, Late: []string{}, Strategies: []control.Strategy{}, Feeds: []control.Feed{}}, d.Fail
}

// Positions implements control.Reader.
func (d *Desk) Positions(_ context.Context, a control.StrategyArgs) ([]control.Position, error) {
	return []control.Position{{Instrument: "usdm:BTCUSDT", Strategy: a.Strategy}}, d.Fail
}

// Fills implements control.Reader: one at the time that was asked for.
func (d *Desk) Fills(_ context.Context, a control.RangeArgs) ([]control.Fill, error) {
	return []control.Fill{{Time: a.From, Order: a.Pair}}, d.Fail
}

// Follow implements control.Reader.
func (d *Desk) Follow(ctx context.Context, _ control.FollowArgs) iter.Seq[control.Event] {
	return func(yield func(control.Event) bool) {
		for {
			select {
			case <-ctx.Done():
				return
			case ev, ok := <-d.Events:
				if !ok || !yield(ev) {
					return
				}
			}
		}
	}
}

// Log is an event of the log, for followers.
func Log(strategy, level, text string) control.Event {
	raw, err := json.Marshal(control.LogLine{Strategy: strategy, Level: level, Text: text, Time: time.Unix(0, 0).UTC()})
	if err != nil {
		panic(err) // it is made of strings
	}
	return control.Event{Kind: "log", Data: raw}
}

// Halt implements control.Steerer.
func (d *Desk) Halt(_ context.Context, by control.Who, a control.StrategyArgs) error {
	return d.note(by, "halt", a)
}

// Flatten implements control.Steerer.
func (d *Desk) Flatten(ctx context.Context, by control.Who, a control.FlattenArgs) error {
	if err := d.note(by, "flatten", a); err != nil || d.Hold == nil {
		return err
	}
	select {
	case <-d.Hold:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Signal implements control.Steerer.
func (d *Desk) Signal(_ context.Context, by control.Who, a control.SignalArgs) error {
	return d.note(by, "signal", a)
}

// Stop implements control.Steerer.
func (d *Desk) Stop(_ context.Context, by control.Who) error {
	return d.note(by, "stop", control.None{})
}
