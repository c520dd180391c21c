package host

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
	"github.com/perilune/perilune/host/shadow"
)

// byProbation is who tells a roll-back that nobody asked for.
const byProbation = "probation"

// probation watches the versions of scripts after their swaps, by what the session does. The
// loop's goroutine owns it.
type probation struct {
	*preflight
	list []conduct // by strategy
}

// conduct is how a strategy's version does, and which one was before it.
type conduct struct {
	*shadow.Conduct
	now, before *core.Version
}

func newProbation(p *preflight) *probation {
	if p == nil {
		return nil
	}
	b := &probation{preflight: p, list: make([]conduct, len(p.versions))}
	for i := range b.list {
		b.list[i].Conduct = shadow.NewConduct(int32(i), p.r.core.Universe(), p.Limits)
	}
	return b
}

// take looks at an effect. A version that breaks its probation is taken back where that is
// enforced, and told of elsewhere.
func (b *probation) take(e *core.Effect) {
	if b == nil || e.Strategy < 0 || int(e.Strategy) >= len(b.list) {
		return
	}
	k, faults := &b.list[e.Strategy], b.r.core.Faults(int(e.Strategy))
	if v, ok := e.Body.(core.VersionChanged); ok && v.Loaded {
		until := max(0, b.Probation)
		if k.now == nil || v.Rollback {
			until = 0
		}
		k.now, k.before = v.Version, k.now
		k.Swapped(e.Time, until, faults.Count)
		return
	}
	if why := k.Take(e, faults); why != "" && k.before != nil {
		b.broken(e.Strategy, k.now, k.before, why)
	}
}

// broken takes a version back.
func (b *probation) broken(strategy int32, now, before *core.Version, why string) {
	name := base(now.Path)
	if b.Mode != PreflightEnforce {
		b.say(intent.Warn, fmt.Sprintf("%s v%d: %s; with --preflight enforce it would go back to v%d by itself", name, now.Number, why, before.Number))
		return
	}
	b.say(intent.Error, fmt.Sprintf("ROLLING BACK %s from v%d to v%d: %s", name, now.Number, before.Number, why))
	v := &exchange.Reload{Strategy: strategy, Path: before.Path, Sources: before.Sources, Hash: before.Hash, By: byProbation, Why: cutTo(why, mostWhy), To: before.Number}
	go func() { // compiling is not for the loop
		if p, err := script.Compile(v.Sources); err == nil {
			v.Compiled = p
		}
		b.r.inbox.Post(&exchange.Event{Kind: exchange.KindReload, Instrument: exchange.NoInstrument, Reload: v})
	}()
}
