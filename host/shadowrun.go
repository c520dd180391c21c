package host

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
	"github.com/perilune/perilune/host/shadow"
	"github.com/perilune/perilune/host/watch"
)

// ShadowStanding is a script that trades on paper beside the strategy that it may replace,
// on the same events and from the same account.
type ShadowStanding struct {
	Script   string `json:"script"`
	Strategy string `json:"strategy"` // that it runs beside
	Hash     string `json:"hash"`
	From     string `json:"from"` // when it was begun, or last begun anew
	To       string `json:"to"`
	Restarts int    `json:"restarts"`          // for another save of the script, or because it fell behind
	Stopped  string `json:"stopped,omitempty"` // why it can't go on; "": it does
	Problem  string `json:"problem,omitempty"` // why the last save of it was not taken
	DB       string `json:"db,omitempty"`      // its own ledger
	// Running is the strategy of the session since From, and Shadow the script. Profit is of
	// what each did since then, after fees and with funding, at the same prices.
	Running ShadowSide `json:"running"`
	Shadow  ShadowSide `json:"shadow"`
}

// ShadowSide is what one of the two did.
type ShadowSide struct {
	Orders   int     `json:"orders"`
	Cancels  int     `json:"cancels"`
	Fills    int     `json:"fills"`
	Rejected int     `json:"rejected"`
	Denied   int     `json:"denied"`
	Errors   int     `json:"errors"` // of callbacks; of Running they are in the session's summary
	Traded   float64 `json:"traded"` // value, in quote currency
	PnL      Money   `json:"pnl"`
}

func sideOf(r *shadow.Record, t *gain) ShadowSide {
	return ShadowSide{Orders: r.Orders, Cancels: r.Cancels, Fills: r.Fills, Rejected: r.Rejected, Denied: r.Denials(), Errors: r.Faults, Traded: r.Value(), PnL: Money{t.profit().Round(8)}}
}

// shadowFollower runs a script in a shadow of the session.
type shadowFollower struct {
	r     *runner
	head  *header
	again func() // asks for a clean point
	at    int    // of the strategy that it runs beside
	watch *watch.Watcher
	dog   *script.Watchdog
	books *shadowBooks

	run    *shadow.Shadow
	real   *shadow.Record
	looked time.Time     // when both were looked at, by the wall clock
	made   [2]*gain      // by the strategy in the session, and by the shadow
	last   exchange.Time // of an event of the session

	mu      sync.Mutex // of what follows
	fresh   *loaded    // a version that is to be begun with; nil: none
	now     ShadowStanding
	stopped bool
}

// newShadowFollower reads the script and finds the strategy that it runs beside: the one of
// its name, or the only one there is.
func newShadowFollower(r *runner, head *header, again func()) (*shadowFollower, error) {
	l, err := loadScripts([]string{r.o.Shadow}, r.o.own.scripting())
	if err != nil {
		return nil, err
	}
	f := &shadowFollower{r: r, head: head, again: again, at: -1, fresh: &l[0]}
	for i := range r.scripts {
		if r.scripts[i].name == l[0].name || len(r.scripts) == 1 && f.at < 0 {
			f.at = i
		}
	}
	if f.at < 0 {
		return nil, configError("shadow %s: no script of the session is called %q: name it as the one that it may replace", r.o.Shadow, l[0].name)
	}
	f.now = ShadowStanding{Script: r.o.Shadow, Strategy: r.scripts[f.at].name, Restarts: -1}
	if r.o.Ledger != LedgerNone {
		f.now.DB = strings.TrimSuffix(r.o.DB, filepath.Ext(r.o.DB)) + ".shadow.db"
		if f.books, err = openShadowBooks(f.now.DB, r, &l[0]); err != nil {
			return nil, err
		}
	}
	f.dog = script.NewWatchdog(r.o.Script.CallbackTime)
	if r.o.Watch {
		if err := f.follow(l[0].program.Hash()); err != nil {
			f.end()
			return nil, err
		}
	}
	return f, nil
}

// follow has a save of the script begin the shadow anew.
func (f *shadowFollower) follow(hash string) (err error) {
	if f.watch, err = watch.New(watch.Options{Load: loadForWatch}); err != nil {
		return err
	}
	if err := f.watch.Add(f.r.o.Shadow, hash); err != nil {
		return err
	}
	go func() {
		for c := range f.watch.Changes() {
			f.saved(c)
		}
	}()
	return nil
}

func (f *shadowFollower) saved(c watch.Change) {
	var l []loaded
	err := c.Err
	if c.Kind == watch.Changed {
		l, err = loadScripts([]string{f.r.o.Shadow}, f.r.o.own.scripting())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err != nil:
		f.refuse(err)
	case l != nil:
		f.now.Problem, f.fresh = "", &l[0]
		f.again()
	}
}

func (f *shadowFollower) refuse(err error) {
	f.now.Problem = err.Error()
	f.r.warn(fmt.Sprintf("the shadow: %v\nthe version before goes on", err))
}

// begin implements follower.
func (f *shadowFollower) begin(p *cleanPoint, books *shadow.Books) error {
	f.mu.Lock()
	l := f.fresh
	f.fresh = nil
	f.mu.Unlock()
	if l == nil {
		if !p.lost {
			return nil
		}
		again, err := loadScripts([]string{f.r.o.Shadow}, f.r.o.own.scripting())
		if err != nil {
			return err
		}
		l = &again[0]
	}
	next, err := f.start(l, p, books)
	if err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.run == nil || p.lost { // the version before would go on without what was lost
			return err
		}
		f.refuse(err)
		return nil
	}
	if f.run != nil {
		f.run.Close()
	}
	f.run, f.real = next, shadow.NewRecord(int32(f.at), f.r.core.Universe())
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now.Restarts++
	f.now.Hash, f.now.From, f.now.Stopped, f.stopped = l.program.Hash(), p.standing.Restore.Time.String(), "", false
	f.r.log(Line{Time: p.standing.Restore.Time, Level: LevelInfo, Strategy: "host",
		Text: fmt.Sprintf("shadow: %s trades on paper beside %s from here on", base(f.r.o.Shadow), f.now.Strategy)})
	return nil
}

// start makes a shadow at a clean point. Orders and timers of the strategy that it runs beside
// are left to that.
func (f *shadowFollower) start(l *loaded, p *cleanPoint, books *shadow.Books) (*shadow.Shadow, error) {
	own := *p.standing
	own.Restore.Orders, own.Restore.Timers = nil, nil
	c := f.head.Strategies[f.at]
	c.Path, c.Sources, c.Hash, c.Params, c.watchdog = l.path, l.program.Sources(), l.program.Hash(), paramsFor(l.name, l.params, f.r.o.Set), f.dog
	o, err := shadowOf(f.r, f.head, f.at, c, l.program, &own)
	if err != nil {
		return nil, err
	}
	o.Market = books.Stand(own.Restore.Time)
	if f.at < len(p.past) {
		o.Past = p.past[f.at]
	}
	var mine *gain
	o.Effects = func(ev *exchange.Event, fx []core.Effect) error {
		for i := range fx {
			mine.take(&fx[i])
		}
		if f.books != nil {
			return f.books.write(ev, fx)
		}
		return nil
	}
	s, err := shadow.New(o)
	if err != nil {
		return nil, err
	}
	mine = newGain(int32(f.at), s.Core())
	if f.books != nil {
		if err := f.books.begin(s.Core().Universe(), own.Restore.Time, f.r.core.StrategyName); err != nil {
			s.Close()
			return nil, err
		}
		f.books.rows.Market = s.Core()
	}
	if err := s.Start(); err != nil {
		s.Close()
		return nil, err
	}
	f.made = [2]*gain{newGain(int32(f.at), s.Core()), mine}
	return s, nil
}

// event implements follower.
func (f *shadowFollower) event(ev *exchange.Event) error {
	f.last = max(f.last, ev.Time)
	if f.run == nil || f.stopped {
		return nil
	}
	if err := f.run.Push(ev); err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.stopped, f.now.Stopped = true, err.Error()
		f.r.warn("the shadow can't go on: " + err.Error())
		return nil
	}
	if now := time.Now(); now.Sub(f.looked) >= lookEvery {
		f.looked = now
		f.look()
	}
	return nil
}

// effect implements follower: what the running strategy does in the session.
func (f *shadowFollower) effect(e *core.Effect) error {
	if f.real == nil {
		return nil
	}
	f.real.Take(e)
	f.made[0].take(e)
	return nil
}

// look takes note of how both stand.
func (f *shadowFollower) look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.run.Core()
	f.now.To = c.Now().String()
	f.now.Running, f.now.Shadow = sideOf(f.real, f.made[0]), sideOf(f.run.Record(), f.made[1])
}

// standing is how it stands; nil: there is no shadow, or it has not begun.
func (f *shadowFollower) standing() *ShadowStanding {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now.Restarts < 0 {
		return nil
	}
	now := f.now
	return &now
}

// Text is how a shadow stands in a few words.
func (s *ShadowStanding) Text() string {
	if s == nil {
		return ""
	}
	text := fmt.Sprintf("shadow %s: profit %s against %s, orders %d against %d, fills %d against %d", base(s.Script), s.Shadow.PnL.StringFixed(2), s.Running.PnL.StringFixed(2),
		s.Shadow.Orders, s.Running.Orders, s.Shadow.Fills, s.Running.Fills)
	if s.Stopped != "" {
		text += "; it stands still: " + s.Stopped
	}
	return text
}

// end implements follower.
func (f *shadowFollower) end() {
	if f.watch != nil {
		_ = f.watch.Close()
	}
	if f.run != nil {
		if !f.stopped {
			_ = f.run.Finish(f.last) // its record is as far as it came
			f.look()
		}
		f.run.Close()
	}
	f.dog.Close()
	if f.books != nil {
		f.books.close()
	}
}
