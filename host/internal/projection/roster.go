package projection

import "slices"

// Roster numbers strategies: those that run, then those of earlier runs, in the order
// in which the ledger speaks of them.
type Roster struct {
	Running []string // by index
	Absent  []string // strategies of earlier runs that this one does not have
}

// Index returns the number of a strategy; -1 for "", the host.
func (r *Roster) Index(name string) int32 {
	if name == "" {
		return -1
	}
	if at := slices.Index(r.Running, name); at >= 0 {
		return int32(at)
	}
	at := slices.Index(r.Absent, name)
	if at < 0 {
		at, r.Absent = len(r.Absent), append(r.Absent, name)
	}
	return int32(len(r.Running) + at)
}

// Runs reports whether the strategy of an index runs now.
func (r *Roster) Runs(strategy int32) bool {
	return strategy >= 0 && int(strategy) < len(r.Running)
}
