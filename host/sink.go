package host

import (
	"fmt"
	"slices"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/report"
)

// sink hands the effects of one event to the ledger and to people. The journal
// is ahead of the ledger: it is what completes the rows of a run that is killed.
func (r *runner) sink(ev *exchange.Event, fx []core.Effect) error {
	if ev.Kind == exchange.KindFundingPaid && r.real != nil {
		r.real.unread.Add(-1)
	}
	flushed := r.journal == nil
	for i := range fx {
		e := &fx[i]
		r.publish(e)
		row, err := r.rows.Of(e)
		if err != nil {
			return err
		}
		if row == nil {
			continue
		}
		if !flushed {
			flushed = true
			if err := r.keep(fx); err != nil {
				return fmt.Errorf("event %d: %w", ev.Seq, err)
			}
		}
		if err := r.writer.Post(row); err != nil {
			return fmt.Errorf("ledger %s: event %d: %w", r.o.DB, ev.Seq, err)
		}
	}
	r.writer.Mark(ev.Seq)
	if err := r.writer.Err(); err != nil {
		return r.stalled(err)
	}
	return nil
}

// keep brings the journal to the operating system, and with real orders to the disk
// when something is about to be sent.
func (r *runner) keep(fx []core.Effect) error {
	if r.real != nil && slices.ContainsFunc(fx, func(e core.Effect) bool { return e.Kind == core.EffectSubmit || e.Kind == core.EffectTransfer }) {
		return r.journal.Sync()
	}
	return r.journal.Flush()
}

// publish passes on what people should see.
func (r *runner) publish(e *core.Effect) {
	switch e.Kind {
	case core.EffectEquity:
		r.equity.Add(e.Time, e.Amount)
	case core.EffectChart:
		r.charts.Add(e.Name, e.Time, e.Value)
	case core.EffectSchedule:
		s := &e.Schedule.Schedule
		r.parents.Add(e.Time, s.ID, s.Total, s.Filled, s.Due)
	case core.EffectOrder:
		r.refused(r.core, e)
	case core.EffectLog:
		l := Line{Time: e.Time, Level: e.Level, Strategy: r.core.StrategyName(e.Strategy), Where: e.Where, Text: e.Text}
		if e.Name == core.Caution {
			r.caution(l)
			return
		}
		r.log(l)
	case core.EffectVersion:
		r.noteVersion(e)
		if r.watcher != nil {
			r.watcher.outcome(e)
		}
	}
}

func (r *runner) noteVersion(e *core.Effect) {
	note := fmt.Sprintf("v%d loaded", e.Version.Number)
	if !e.Version.Loaded {
		note = "refused: " + e.Version.Problem
	}
	r.versions = append(r.versions, versionNote{e.Strategy, report.Version{Hash: e.Version.Hash, From: e.Time, Note: note}})
}

// beat runs on the loop's goroutine a few times a second.
func (r *runner) beat(now exchange.Time) {
	r.watched.clock.Store(int64(now))
	r.watched.beats.Store(time.Now().UnixNano())
	r.tellNotices(now)
	r.watchStorage(now)
	r.tellBackups()
	r.attend(now)
	if r.o.Status == nil {
		return
	}
	s := Status{Simulated: r.market.simulated, Time: now, Equity: r.core.Equity(), Funding: r.core.Stats().Funding,
		Fills: r.core.Fills(), Events: r.loop.Events(), Halted: r.core.Halted(), Held: r.core.Held(),
		Live: r.market.live != nil, Feed: r.feedHealth()}
	if r.real != nil {
		h := r.real.venue.Health()
		s.Real, s.Account = true, h.String()
	}
	for _, p := range r.core.OpenPairs() {
		text := r.core.Universe().Get(p.Spot).Base
		if p.State.String() != "open" {
			text += "(" + p.State.String() + ")"
		}
		s.Pairs = append(s.Pairs, text)
	}
	s.Paused, s.Asleep = r.strategiesThat(r.core.Paused), r.strategiesThat(r.core.Asleep)
	if r.loop.Ending() {
		s.Waiting = "ending, waiting for " + r.core.UnderWay()
	}
	if until := r.loop.Until(); until > r.loop.Started() {
		s.Fraction = float64(now-r.loop.Started()) / float64(until-r.loop.Started())
	}
	r.show(s)
}

// strategiesThat lists the strategies that a question about them has an answer for.
func (r *runner) strategiesThat(why func(int) string) []string {
	var out []string
	for i := range len(r.scripts) + len(r.o.Strategies) {
		if why := why(i); why != "" {
			out = append(out, r.core.StrategyName(int32(i))+": "+why)
		}
	}
	return out
}
