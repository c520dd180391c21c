package host

import (
	"cmp"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// sink hands the effects of one event to people and to the record.
func (r *runner) sink(ev *exchange.Event, fx []core.Effect) error {
	r.account.took(ev)
	if r.tap != nil {
		r.tap(ev, fx)
	}
	for i := range fx {
		r.take(r.core, &fx[i])
		r.probation.take(&fx[i])
		if b, ok := fx[i].Body.(core.VersionChanged); ok {
			r.refusedVersion = b.Version.Problem
			if r.watcher != nil {
				r.watcher.outcome(fx[i].Strategy, b.Version)
			}
			r.source.follow(r.core)
			r.preflight.swapped(&fx[i], b.Version)
		}
	}
	return r.record.write(ev, fx)
}

// beat runs on the loop's goroutine a few times a second.
func (r *runner) beat(now exchange.Time) {
	r.supervisor.beat(now)
	r.tellNotices(now)
	r.record.watch(now)
	r.source.watch(now)
	r.source.follow(r.core)
	why := r.account.heartbeat(now)
	r.hold.follow(cmp.Or(r.record.storage.reason(), why))
	r.meter.look(r, now)
	r.alerts.look(sight{r.core, now, why, r.dark.lost()})
	r.alerts.daily(r, now)
	if r.o.Status == nil {
		return
	}
	s := Status{Simulated: r.market.simulated, Time: now, Funding: r.core.Stats().Funding,
		Fills: r.core.Fills(), Events: r.loop.Events(), Halted: r.core.Halted(), Held: r.core.Held(), Late: r.core.LateFeeds(),
		Live: r.market.live, Feed: r.source.health(r.core), Real: r.account.real(), Account: r.account.status()}
	s.Equity, s.Unvalued = r.worth()
	for _, p := range r.core.OpenPairs() {
		text := r.core.Universe().Get(p.Spot).Base
		if p.State.String() != "open" {
			text += "(" + p.State.String() + ")"
		}
		s.Pairs = append(s.Pairs, text)
	}
	s.Latched = r.strategiesThat(r.core.Latched)
	s.Shadow, s.Twin = r.shadowing.standing().Text(), r.twinning.told()
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
