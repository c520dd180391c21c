package loop

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// stillLimit is how many events may come one after the other while neither the clock
// nor the market data goes on. A strategy that answers every refusal with another
// order at a venue that answers at once, or a timer that stays due, would go on for
// ever; a callback's worth of orders and all their answers is far fewer.
const stillLimit = 100_000

// handle journals an event, steps the core and carries out what it decided.
func (l *Loop) handle(ev *exchange.Event) error { return l.step(ev, false) }

// outside handles an event that the clock handed in.
func (l *Loop) outside(ev *exchange.Event) (err error) {
	if !l.unheard(ev) {
		err = l.step(ev, ev.Kind.MarketData())
	}
	if ev.Kind == exchange.KindCommand && ev.Name == core.CommandDataEnd {
		l.ending, l.dry = true, true
	}
	if l.Handled != nil {
		l.Handled(ev)
	}
	return err
}

// step is handle for an event that may have to be shown to the venue.
func (l *Loop) step(ev *exchange.Event, show bool) error {
	l.now = max(l.now, ev.Time)
	ev.Time = l.now
	ev.Seq = l.Core.Seq() + 1
	l.Where.At(ev.Seq, ev.Kind)
	if err := l.Recorder.Before(ev); err != nil {
		return err
	}
	l.count(ev)
	l.fx = l.fx[:0]
	l.Where.Enter(core.StageStep)
	l.Core.Step(ev, &l.fx)
	l.events++
	// What can't be recorded is not done: a restart must find the intent of
	// everything that a venue was asked for.
	l.Where.Enter(core.StageLedger)
	if err := l.Recorder.After(ev, l.fx); err != nil {
		return err
	}
	l.Where.Enter(core.StageVenue)
	// The venue reads books that include the event, and has to know all of an instant
	// before it is asked for anything because of it.
	if show && l.inside != nil {
		l.inside.Market(ev)
	}
	l.carryOut()
	return nil
}

// count notes whether the session goes on in time or data.
func (l *Loop) count(ev *exchange.Event) {
	if l.still++; l.now != l.at || ev.Kind.MarketData() {
		l.at, l.still = l.now, 0
	}
}

// stands says where a session stands still, or "".
func (l *Loop) stands() string {
	if l.still < stillLimit {
		return ""
	}
	what := "its venue answers without end"
	if from, _ := l.next(); from == timer || from == nothing {
		what = "what is due again and again is " + l.Core.DueTimer()
	}
	return fmt.Sprintf("%d events at %s, and neither the clock nor the market went on: %s", l.still, l.now, what)
}

func (l *Loop) carryOut() {
	for i := range l.fx {
		switch b := l.fx[i].Body.(type) {
		case core.Submit:
			l.Venue.Submit(b.Order, l.now)
		case core.Cancel:
			l.Venue.Cancel(b.Order.ID, l.now)
		case core.Shrink:
			if v, ok := l.Venue.(exchange.Shrinker); ok {
				v.Shrink(b.Order.ID, b.Qty, l.now)
			}
		case core.SendTransfer:
			l.Venue.Transfer(b.Transfer, l.now)
		case *core.WantSnapshot:
			if l.Refetch != nil {
				l.Refetch(b.Instrument)
			}
		case core.WantVolume:
			if l.Volume != nil {
				l.Volume(b.Instrument)
			}
		case core.WantPast:
			if l.Past != nil {
				l.Past(b.Instrument)
			}
		case core.ConsultAdvisor:
			l.Advisor.Ask(b.Question, l.now)
		}
	}
}

func (l *Loop) command(name string) error {
	ev := exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: name, Time: l.now}
	return l.handle(&ev)
}
