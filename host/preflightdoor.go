package host

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

// admit tries a version that is about to be swapped in, and says how long that took and, where
// it is enforced, why it is refused. A version of before is let in: who goes back has no time
// to lose.
func (p *preflight) admit(v *exchange.Reload) (took time.Duration, refused *RefusedError) {
	if p == nil || v.To > 0 {
		return 0, nil
	}
	t := p.check(int(v.Strategy), v)
	p.refused[v.Strategy].Store("")
	name := base(v.Path)
	if t.none != "" {
		p.say(intent.Info, fmt.Sprintf("preflight: %s was not tried: %s", name, t.none))
		return 0, nil
	}
	switch against := t.against(); {
	case len(against) == 0:
		if len(t.findings) > 0 {
			p.say(intent.Info, fmt.Sprintf("%s\npreflight: nothing of this keeps %s out (%s)", t.text(v.Path), name, t.basis()))
		}
		return t.took, nil
	case p.Mode == PreflightEnforce:
		return t.took, p.refuse(v, t)
	case t.unloadable: // the loop will refuse it, and say why
		return t.took, nil
	}
	p.say(intent.Warn, fmt.Sprintf("%s\npreflight: %s is let in, because that is only told here; with --preflight enforce, as with real orders, it would be refused (%s)",
		t.text(v.Path), name, t.basis()))
	return t.took, nil
}

// refuse keeps that a version was refused where versions are kept.
func (p *preflight) refuse(v *exchange.Reload, t *trial) *RefusedError {
	name, number := p.r.core.StrategyName(v.Strategy), int(p.versions[v.Strategy].Load())
	why := fmt.Sprintf("%s\n%s was not reloaded: its preflight refused it, and v%d keeps running (%s); perilune reload %s --force lets it in all the same",
		t.text(v.Path), base(v.Path), number, t.basis(), name)
	p.refused[v.Strategy].Store(why)
	at := exchange.Time(p.r.supervisor.clock.Load())
	p.r.record.aside.version(&ledger.VersionRow{At: ledger.At{Time: at}, Strategy: name, Version: number, Hash: v.Hash, Path: v.Path, Sources: v.Sources,
		Outcome: "refused", Problem: "preflight: " + t.text(v.Path), By: cmp.Or(v.By, bySave), Why: v.Why, Took: exchange.Time(t.took), Aside: true})
	p.r.inbox.Call(func() { _ = p.r.record.keepLines() }) // before what comes after it; an error is met again
	if p.r.events.Active() {
		p.r.events.Publish(ReloadEvent{Moment{Time: at}, name, number, v.Hash, false, why}, true)
	}
	return &RefusedError{Path: v.Path, Why: why}
}

// bySave is who tells a version that was saved.
const bySave = "save"

// overrule notes on a version that it is let in whatever its preflight says.
func (p *preflight) overrule(v *exchange.Reload) {
	if p == nil {
		return
	}
	why := "forced past its preflight"
	if was, _, _ := strings.Cut(p.refusal(int(v.Strategy)), "\n"); was != "" {
		why += ", which said: " + was
	}
	p.refused[v.Strategy].Store("")
	if v.Why != "" {
		why = v.Why + "; " + why
	}
	v.Why = cutTo(why, mostWhy)
}

// refusal is why the last version of a script was refused; "": it was not.
func (p *preflight) refusal(strategy int) string {
	if p == nil || strategy >= len(p.refused) {
		return ""
	}
	why, _ := p.refused[strategy].Load().(string)
	return why
}

func (p *preflight) say(level intent.Level, text string) { p.r.log(Line{Level: level, Text: text}) }

// swapped is told on the loop what became of a version.
func (p *preflight) swapped(e *core.Effect, v *core.Version) {
	if p == nil || int(e.Strategy) >= len(p.versions) {
		return
	}
	p.versions[e.Strategy].Store(int32(v.Number))
	if v.Loaded {
		p.refused[e.Strategy].Store("")
	}
}
