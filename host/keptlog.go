package host

import (
	"fmt"
	"sync"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/ledger"
)

// LogKeeping says which lines of the log a ledger keeps, within its bounds: the newest
// 20,000 lines and 8 MiB of a session. Lines of log.debug are in none.
type LogKeeping uint8

const (
	KeepInfo     LogKeeping = iota // of info and above
	KeepWarnings                   // warnings and errors: what a backtest is content with
)

// asideMost bounds the lines of the host that wait for the loop's next beat.
const asideMost = 1024

// asideLines are lines of the host itself, said on any goroutine: they are of no event, and
// the loop hands them to the ledger behind the rows of the last one.
type asideLines struct {
	least intent.Level

	mu       sync.Mutex
	lines    []Line
	left     int // out, for want of room
	versions []*ledger.VersionRow
}

// hear takes a line. Those of an event come with its effects.
func (a *asideLines) hear(l *Line) {
	if l.Seq != 0 || l.Level < a.least {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.lines) >= asideMost {
		a.left++
		return
	}
	a.lines = append(a.lines, *l)
}

// version takes a version that was refused before it became an event.
func (a *asideLines) version(v *ledger.VersionRow) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.versions) < asideMost {
		a.versions = append(a.versions, v)
	}
}

// refused are the versions that wait.
func (a *asideLines) refused() []*ledger.VersionRow {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.versions
	a.versions = nil
	return out
}

// take is what waits, with a last line of how many more there were.
func (a *asideLines) take() []Line {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.lines
	if a.left > 0 {
		out = append(out, Line{Time: out[len(out)-1].Time, Level: intent.Warn, Strategy: "host", Text: fmt.Sprintf("%d lines were left out of the ledger's log: too many at once", a.left)})
	}
	a.lines, a.left = nil, 0
	return out
}

// keepLines hands the lines of the host, and versions that it refused, to the ledger. It runs on the loop. While the ledger
// can't be written they wait: money comes first.
func (r *sessionRecord) keepLines() error {
	if r.writer == nil || r.writer.Err() != nil {
		return nil
	}
	for _, v := range r.aside.refused() {
		v.Seq = r.seq
		if err := r.writer.Post(v); err != nil {
			return fmt.Errorf("ledger %s: %w", r.path, err)
		}
	}
	for _, l := range r.aside.take() {
		who := l.Strategy
		if who == "host" {
			who = ""
		}
		row := &ledger.LogRow{At: ledger.At{Seq: r.seq, Time: max(l.Time, 0)}, Strategy: who, Level: l.Level.String(), Where: l.Where,
			Text: bindings.Printable(l.Text), Order: l.Order, Pair: l.Pair, Instrument: l.Instrument, Aside: true}
		if err := r.writer.Post(row); err != nil {
			return fmt.Errorf("ledger %s: %w", r.path, err)
		}
	}
	return nil
}

// least is the level from which lines are kept.
func (k LogKeeping) least() intent.Level {
	if k == KeepWarnings {
		return intent.Warn
	}
	return intent.Info
}

func (k LogKeeping) check() error {
	if k > KeepWarnings {
		return configError("KeepLog %d: want KeepInfo or KeepWarnings", k)
	}
	return nil
}
