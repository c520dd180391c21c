package shadow

import (
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// Conduct watches what a strategy does in the session itself, version by version: after a swap
// the new one is on probation, and is held against the one before it.
type Conduct struct {
	limits   Limits
	strategy int32
	u        *exchange.Universe
	before   *Record // of the version before; nil: there is none
	now      *Record
	faults   int           // of the session, when the version began
	until    exchange.Time // of its probation; 0: it is not on any
}

// NewConduct watches a strategy.
func NewConduct(strategy int32, u *exchange.Universe, l Limits) *Conduct {
	return &Conduct{limits: l.Default(), strategy: strategy, u: u, now: NewRecord(strategy, u)}
}

// Swapped begins a version: on probation for some time, or with 0 on none. faults are those of the
// session so far.
func (k *Conduct) Swapped(at, probation exchange.Time, faults int) {
	if k.now.Orders > 0 || k.before == nil {
		k.before = k.now
	}
	k.now, k.faults, k.until = NewRecord(k.strategy, k.u), faults, 0
	k.now.From, k.now.To, k.now.minute = at, at, at
	if probation > 0 {
		k.until = at + probation
	}
}

// limitsBroken is how many orders the gate has to deny by a rule that denied none of the
// version before.
const limitsBroken = 3

// Take notes an effect, and says why the version should go back to the one before; "": it
// should not. It says so once.
func (k *Conduct) Take(e *core.Effect, faults core.Faults) (why string) {
	k.now.Take(e)
	if k.until == 0 {
		return ""
	}
	if e.Time > k.until {
		k.until = 0
		return ""
	}
	if why = k.verdict(faults); why != "" {
		k.until = 0
	}
	return why
}

func (k *Conduct) verdict(faults core.Faults) string {
	after := ago(k.now.To - k.now.From)
	if faults.Count > k.faults {
		first, _, _ := strings.Cut(faults.Last, "\n") // without the line of the script
		return fmt.Sprintf("an error %s after the swap: %s", after, first)
	}
	if n := k.now.Peak; n > k.limits.FloodMin && float64(n) > k.limits.FloodFactor*float64(k.before.Peak) {
		return fmt.Sprintf("it asked for %d orders and cancels within a minute, %s after the swap; the version before for %d at most", n, after, k.before.Peak)
	}
	for _, d := range k.now.Denied {
		if d.Count >= limitsBroken && !k.before.denied(d.Rule) {
			return fmt.Sprintf("the gate denied %d of its orders, %s after the swap, and none of the version before: %s", d.Count, after, d.First)
		}
	}
	return ""
}

func (r *Record) denied(rule string) bool {
	for i := range r.Denied {
		if r.Denied[i].Rule == rule {
			return true
		}
	}
	return false
}
