package host

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/shadow"
	"github.com/perilune/perilune/host/twin"
)

// twinFollower keeps a paper twin of a session while it runs.
type twinFollower struct {
	universe *exchange.Universe
	paper    paper.Options

	mu   sync.Mutex // of twin: it is asked for its report at the end
	twin *twin.Twin

	said time.Time // when text was made
	text atomic.Pointer[string]
}

// twinTold is how often the twin says how it stands.
const twinTold = 5 * time.Second

func newTwinFollower(r *runner) *twinFollower {
	return &twinFollower{universe: r.core.Universe(), paper: paperModels(r)}
}

func (f *twinFollower) begin(p *cleanPoint, books *shadow.Books) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.twin != nil && !p.lost {
		return nil
	}
	from := &p.standing.Restore
	account, err := shadow.AccountOf(f.universe, from)
	if err != nil {
		return err
	}
	t, err := twin.New(twin.Options{Universe: f.universe, Books: books.Book, Paper: f.paper, Account: account}, from.Time)
	if err != nil {
		return err
	}
	f.twin = t
	return nil
}

func (f *twinFollower) event(ev *exchange.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.twin == nil {
		return nil
	}
	if now := time.Now(); now.Sub(f.said) > twinTold {
		f.said = now
		text := twinText(f.twin.Report())
		f.text.Store(&text)
	}
	showTwin(f.twin, ev)
	return nil
}

func (f *twinFollower) effect(e *core.Effect) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.twin != nil {
		sendTwin(f.twin, e)
	}
	return nil
}

func (f *twinFollower) end() {}

// told is how it stood a moment ago, in a few words.
func (f *twinFollower) told() string {
	if f == nil {
		return ""
	}
	if text := f.text.Load(); text != nil {
		return *text
	}
	return ""
}

// report is what the twin came to so far; nil: it has not begun.
func (f *twinFollower) report() *TwinReport {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.twin == nil {
		return nil
	}
	return f.twin.Report()
}

// twinText is paper's error in a few words; "": there is nothing to compare.
func twinText(r *TwinReport) string {
	if r == nil || r.Resting.Orders+r.Taking.Orders == 0 {
		return ""
	}
	text := fmt.Sprintf("paper twin of %d orders:", r.Resting.Orders+r.Taking.Orders)
	sep := " "
	for _, g := range []struct {
		name string
		*twin.Group
	}{{"taking", &r.Taking}, {"resting", &r.Resting}} {
		if g.Orders > 0 && !math.IsNaN(g.Real.Filled) {
			text += fmt.Sprintf("%s%s filled %.0f %% and %.0f %% on paper", sep, g.name, 100*g.Real.Filled, 100*g.Paper.Filled)
			sep = ", "
		}
	}
	return text
}
