package simserver

import (
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Fault is a misbehaviour to come. It is the body of POST /sim/faults.
type Fault struct {
	// Kind is one of those below; ms is Millis.
	//
	// At its time, on connections of Market and Route: drop (cut without
	// goodbye), cut (half of the next frame, then cut), half_open (silent, also
	// to pings), slow (ms before every frame, for the rest of the connection),
	// mute (no user events for ms, or for the rest of the connection), stall (no
	// frames of Symbol's streams until they are subscribed anew),
	// listen_key_expired (keys of streams are worth nothing any more), server_shutdown
	// (announced where there is such a word; with ms the cut follows after so long).
	//
	// At its time, on the exchange: skew (ms added to the request clock, for
	// ForMS when it is given: 3000 when only that is), maintenance (ms long: nothing is answered, nobody is let in), filter, delist (announced now, with ms in force
	// after so long: orders are canceled, positions settled), funding (the
	// interval of Symbol becomes Hours), adl (Symbol's positions are closed),
	// permissions (what keys may do).
	//
	// At the next Count occasions after its time, on diffs of depth: gap,
	// duplicate, reorder, garble (the frame is no JSON). On snapshots: old_book
	// (the answer is the one given before). On any request: 429, 418
	// (a ban for ms, 2 min without), slow_answer (after ms). On order entry that
	// is not carried out: unavailable, internal, throttled. On orders and cancels
	// that are carried out: timeout (as the venue words one), unknown (503), reset (no answer). On
	// fills: late_fill (its user events come ms late, behind later ones),
	// duplicate_fill (its order event comes twice). On transfers: transfer_lost
	// (a timeout, not carried out), transfer_unknown (a timeout, carried out),
	// transfer_late (accepted, arrives ms of market time later). On changes of orders: amend_race
	// (the order is filled before it is changed, whole or qty of it).
	Kind    string `json:"kind"`
	Venue   string `json:"venue,omitempty"`    // the house; empty: any
	Market  string `json:"market,omitempty"`   // the name of a segment; empty: any
	Symbol  string `json:"symbol,omitempty"`   // empty: any
	Route   string `json:"route,omitempty"`    // of connections, one of the front's; empty: any
	Count   int    `json:"count,omitempty"`    // occasions; default 1
	AfterMS int64  `json:"after_ms,omitempty"` // from when it is armed, on the wall clock
	Millis  int64  `json:"ms,omitempty"`
	EveryMS int64  `json:"every_ms,omitempty"` // comes again after so long, until it is cleared
	ForMS   int64  `json:"for_ms,omitempty"`   // without an occasion for so long after its time it lapses; of skew: how long
	// Of filter: what is to hold from then on. Empty: unchanged.
	TickSize    string `json:"tick_size,omitempty"`
	StepSize    string `json:"step_size,omitempty"`
	MinNotional string `json:"min_notional,omitempty"`
	Hours       int    `json:"hours,omitempty"` // of funding: 1, 2, 4 or 8
	Qty         string `json:"qty,omitempty"`   // of amend_race: how much is filled; empty: all
	// Of permissions: everything that keys may do from then on, of reading, spot,
	// futures, transfer and withdraw; Key is the one it is for, empty: every.
	Permissions []string `json:"permissions,omitempty"`
	Key         string   `json:"key,omitempty"`
	// Scheduled is the number of a fault that the seed made; see [Chaos].
	Scheduled int `json:"scheduled,omitempty"`
}

// defaultSkew is by how much a clock is off that is to be off for a time, when
// nothing is said. Without a time, 0 puts it right.
const defaultSkew = 3000

// withDefaults fills in what was left out: a clock that is to be off is off.
func (f Fault) withDefaults() Fault {
	if f.Kind == "skew" && f.Millis == 0 && f.ForMS > 0 {
		f.Millis = defaultSkew
	}
	return f
}

// armed is a fault that waits.
type armed struct {
	Fault
	segment *Segment             // nil: any
	act     func(*State, *armed) // what happens at its time; nil: it waits for an occasion
	at      time.Time
	left    int   // occasions
	rules   Rules // of filter: Tick, Step and MinNotional, zero where unchanged
}

// again sets a fault that repeats for its next time.
func (a *armed) again(now time.Time) bool {
	a.at, a.left = now.Add(milliseconds(a.EveryMS)), a.Count
	return a.EveryMS > 0
}

// lapsed reports a fault that found no occasion in its time.
func (a *armed) lapsed(now time.Time) bool {
	return a.ForMS > 0 && a.act == nil && now.After(a.at.Add(milliseconds(a.ForMS)))
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// Faults are those to come, and what the past ones have left.
type Faults struct {
	clock    *Clock
	log      func(string)
	segments *Segments
	markets  []*Market
	keys     map[string]*APIKey

	armed []*armed
	fired []Fired // the last keepFired, oldest first
	chaos *chaos  // nil: nothing comes by itself
	own   Kinds   // the front's
	late  []lateMessage
	// closed is when maintenance ends.
	closed map[*Segment]exchange.Time
}

// Fired is a fault that came, and when.
type Fired struct {
	ServerTime int64 `json:"server_time"` // milliseconds of the wall clock
	Time       int64 `json:"time"`        // milliseconds of the market's
	Fault      Fault `json:"fault"`
}

const keepFired = 1000

// timed are the faults that happen by themselves, and what they do. Some arm
// another, so the table is filled after it is declared.
var timed map[string]func(*State, *armed)

func init() {
	timed = map[string]func(*State, *armed){
		"drop": dropConnections, "cut": cutFrames, "half_open": holdConnections, "slow": slowConnections, "mute": muteUsers,
		"skew": skewClock, "maintenance": closeForMaintenance, "filter": changeFilter, "delist": delist, "funding": changeFunding, "adl": deleverage,
		"permissions": changePermissions,
	}
	for _, kind := range FrontKinds {
		timed[kind] = strikeFronts
	}
}

// FrontKinds are the faults that a front carries out where its protocol has such a
// thing.
var FrontKinds = []string{"stall", "server_shutdown", "listen_key_expired"}

// occasional are the faults that wait for something to happen to.
var occasional = []string{"gap", "duplicate", "reorder", "garble", "old_book", "unavailable", "internal", "throttled", "timeout", "unknown", "reset",
	"429", "418", "slow_answer", "late_fill", "duplicate_fill", "transfer_lost", "transfer_unknown", "transfer_late", "amend_race"}

// arm checks a fault and adds it.
func (l *Faults) arm(f Fault) error {
	a := &armed{Fault: f, at: l.clock.real().Add(milliseconds(f.AfterMS))}
	var err error
	if a.act, err = l.own.act(f.Kind); err != nil {
		return err
	}
	if house := l.segments.house(); f.Venue != "" && f.Venue != house {
		return fmt.Errorf("fault venue %q: want %s", f.Venue, house)
	}
	if f.Market != "" {
		if a.segment, err = l.segments.named(f.Market); err != nil {
			return err
		}
	}
	if routes := l.segments.routes(); f.Route != "" && !slices.Contains(routes, f.Route) {
		return fmt.Errorf("fault route %q: want one of %v", f.Route, routes)
	}
	if a.rules, err = f.filters(); err != nil {
		return err
	}
	if err := l.check(&f); err != nil {
		return err
	}
	a.Count = max(a.Count, 1)
	a.left = a.Count
	l.armed = append(l.armed, a)
	return nil
}

// filters reads what filter is to change.
func (f *Fault) filters() (r Rules, err error) {
	for _, v := range []struct {
		text string
		to   *decimal.Decimal
	}{{f.TickSize, &r.Tick}, {f.StepSize, &r.Step}, {f.MinNotional, &r.MinNotional}} {
		if v.text == "" {
			continue
		}
		if *v.to, err = decimal.NewFromString(v.text); err != nil || !v.to.IsPositive() {
			return r, fmt.Errorf("fault filter %q: want a positive decimal", v.text)
		}
	}
	return r, nil
}

// check refuses numbers and names that make no sense for the kind.
func (l *Faults) check(f *Fault) error {
	if f.Count < 0 || f.AfterMS < 0 || f.EveryMS < 0 || f.ForMS < 0 || f.Millis < 0 && f.Kind != "skew" {
		return fmt.Errorf("fault %s: count %d, after_ms %d, ms %d, every_ms %d, for_ms %d: want 0 or more", f.Kind, f.Count, f.AfterMS, f.Millis, f.EveryMS, f.ForMS)
	}
	if f.Kind == "funding" && !slices.Contains([]int{1, 2, 4, 8}, f.Hours) {
		return fmt.Errorf("fault funding: hours %d: want 1, 2, 4 or 8", f.Hours)
	}
	if q, err := decimal.NewFromString(f.Qty); f.Qty != "" && (err != nil || !q.IsPositive()) {
		return fmt.Errorf("fault %s: qty %q: want a positive decimal", f.Kind, f.Qty)
	}
	for _, p := range f.Permissions {
		if !slices.Contains(allPermissions, p) {
			return fmt.Errorf("fault permissions %q: want any of %v", p, allPermissions)
		}
	}
	if f.Key != "" && l.keys[f.Key] == nil {
		return fmt.Errorf("fault %s: there is no API key %q", f.Kind, f.Key)
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m { // order does not matter: sorted next
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Occasion uses up one occasion of a fault, if one is armed and due. A front asks
// before it does what the fault is of; seg is nil and symbol empty for what is of none.
func (l *Faults) Occasion(kind string, seg *Segment, symbol string) (Fault, bool) {
	if len(l.armed) == 0 {
		return Fault{}, false
	}
	now := l.clock.real()
	for i, a := range l.armed {
		if a.Kind != kind || a.segment != nil && a.segment != seg || a.Symbol != "" && a.Symbol != symbol || now.Before(a.at) || a.lapsed(now) {
			continue
		}
		l.recordFired(a)
		if a.left--; a.left == 0 && !a.again(now) {
			l.armed = slices.Delete(l.armed, i, i+1)
		}
		return a.Fault, true
	}
	return Fault{}, false
}

// Strikes is Occasion for faults that have nothing to tell but that they came.
func (l *Faults) Strikes(kind string, seg *Segment, symbol string) bool {
	_, hit := l.Occasion(kind, seg, symbol)
	return hit
}

// runFaults does what is due.
func (s *State) runFaults() {
	s.Faults.releaseLate()
	s.Faults.refill()
	for _, a := range s.Faults.takeDue() {
		s.Faults.recordFired(a)
		a.act(s, a)
	}
}

// takeDue takes from the list what happens by itself now, and what found no occasion in
// its time.
func (l *Faults) takeDue() (due []*armed) {
	if len(l.armed) == 0 {
		return nil
	}
	now := l.clock.real()
	l.armed = slices.DeleteFunc(l.armed, func(a *armed) bool {
		ripe := a.act != nil && !now.Before(a.at)
		if ripe {
			due = append(due, a)
		}
		return ripe && !a.again(now) || a.lapsed(now)
	})
	return due
}

// recordFired remembers that a fault came.
func (l *Faults) recordFired(a *armed) {
	l.fired = AppendLast(l.fired, Fired{millis(l.clock.Wall()), millis(l.clock.now), a.Fault}, keepFired)
}

// clearToCome forgets what is to come, also by seed, and ends what lasts: the clock is
// right again and maintenance is over. What has happened stays.
func (l *Faults) clearToCome() {
	l.armed, l.chaos = nil, nil
	l.clock.skew, l.closed = 0, nil
}

// toCome is what is to come: those that wait first, then by time.
func (l *Faults) toCome() []Fault {
	sorted := slices.Clone(l.armed)
	slices.SortStableFunc(sorted, func(a, b *armed) int { return a.at.Compare(b.at) })
	out := []Fault{}
	for _, a := range sorted {
		out = append(out, a.Fault)
	}
	return out
}
