package core

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// wakeful is a strategy that counts its callbacks and fails as long as broken
// says so.
type wakeful struct {
	script
	broken bool
	timers []string
	seen   map[Handler]int
}

func newWakeful(wants ...Handler) *wakeful {
	w := &wakeful{script: script{name: "w", wants: map[Handler]bool{}}, seen: map[Handler]int{}}
	for _, h := range wants {
		w.wants[h] = true
	}
	w.call = func(p *Port, n *Callback) error {
		w.seen[n.Handler]++
		if w.broken {
			return errors.New("s.lua:3: attempt to index a nil value")
		}
		if n.Handler == OnTimer {
			w.timers = append(w.timers, n.Name)
		}
		return nil
	}
	return w
}

func (b *bench) start() []Effect {
	return b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStart})
}

// runTo lets time pass until then, from timer to timer.
func (b *bench) runTo(until exchange.Time) (out []Effect) {
	for {
		at, armed := b.core.NextTimer()
		if !armed || at > until {
			b.now = until
			return out
		}
		b.now = max(b.now, at)
		out = append(out, b.step(exchange.Event{Kind: exchange.KindTimer, Instrument: exchange.NoInstrument})...)
	}
}

func (b *bench) reload(old *wakeful, next Strategy) []Effect {
	old.next = next
	return b.step(exchange.Event{Kind: exchange.KindReload, Reload: &exchange.Reload{Strategy: 0, Path: "s.lua"}})
}

func said(fx []Effect, text string) bool {
	for _, e := range bodies[*LogLine](fx) {
		if strings.Contains(e.Text, text) {
			return true
		}
	}
	return false
}

// A handler that arms its timer anew first and fails then used to lose the timer
// for good: the one that fired was spent, and the new one was rolled back.
func TestAFailedTimerFiresAgain(t *testing.T) {
	w := newWakeful(OnStart, OnTimer)
	w.call = func(p *Port, n *Callback) error {
		w.seen[n.Handler]++
		p.SetTimer("look", p.Now()+exchange.Hour, 0)
		if n.Handler == OnTimer && w.broken {
			return errors.New("boom")
		}
		return nil
	}
	b := newBench(t, w)
	begin := b.now
	b.start()
	w.broken = true
	b.runTo(begin + exchange.Hour)
	if at, armed := b.core.NextTimer(); !armed || at != begin+exchange.Hour+exchange.Second {
		t.Fatalf("after an error the timer is armed %v for %v, want one second later", armed, at)
	}
	b.runTo(begin + exchange.Hour + exchange.Second)
	if at, _ := b.core.NextTimer(); at != begin+exchange.Hour+3*exchange.Second {
		t.Errorf("after the second error it is armed for %v, want two seconds later", at)
	}
	w.broken = false
	b.runTo(begin + 3*exchange.Hour)
	if n := w.seen[OnTimer]; n != 4 {
		t.Errorf("called %d times, want 2 failures, one repetition, and one an hour later", n)
	}
}

func TestRetriesGrowRarer(t *testing.T) {
	w := newWakeful(OnTimer, OnBook)
	w.subs = []string{"spot:*"}
	w.call = func(p *Port, n *Callback) error {
		w.seen[n.Handler]++
		if n.Handler == OnTimer {
			return errors.New("boom")
		}
		return nil // which keeps it from being paused for errors in a row
	}
	b := newBench(t, w)
	b.start()
	begin := b.now
	b.core.timers.set(0, "t", b.now+1, 0)
	for b.now < begin+24*exchange.Hour {
		b.runTo(b.now + 500*exchange.Millisecond)
		b.book(0, 6000000, 6000001, 1000000)
	}
	if n := w.seen[OnTimer]; n < 90 || n > 120 {
		t.Errorf("%d tries in a day, want about four an hour", n)
	}
	if why := b.core.strategies.Paused(0); why != "" {
		t.Errorf("paused: %s", why)
	}
}

func TestAMendedScriptHasTheTimersAndNewsItMissed(t *testing.T) {
	w := newWakeful(OnStart, OnTimer, OnHalt)
	w.broken = true
	b := newBench(t, w)
	b.start()
	b.core.timers.set(0, "a", b.now+exchange.Minute, 0)
	b.core.timers.set(0, "every", b.now+exchange.Minute, exchange.Minute)
	b.runTo(b.now + exchange.Hour)
	if b.core.strategies.Paused(0) == "" {
		t.Fatal("three errors in a row did not pause it")
	}
	b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandHalt, Reason: "by hand"})
	b.runTo(b.now + 42*exchange.Hour)

	mended := newWakeful(OnStart, OnTimer, OnHalt)
	b.reload(w, mended)
	b.runTo(b.now + exchange.Second)
	if mended.seen[OnStart] != 1 || mended.seen[OnHalt] != 1 {
		t.Errorf("on_start %d times, on_halt %d times after the mending, want each once", mended.seen[OnStart], mended.seen[OnHalt])
	}
	if len(mended.timers) != 1 || mended.timers[0] != "a" {
		t.Errorf("timers %v, want the one that was spent while it failed", mended.timers)
	}
	b.runTo(b.now + 5*exchange.Minute)
	if len(mended.timers) != 6 {
		t.Errorf("timers %v, want the repeating one to go on", mended.timers)
	}
}

func TestANewTimerTakesThePlaceOfTheFailedOne(t *testing.T) {
	w := newWakeful(OnTimer)
	w.broken = true
	b := newBench(t, w)
	b.start()
	b.core.timers.set(0, "a", b.now+1, 0)
	b.runTo(b.now + 1)
	mended := newWakeful(OnTimer)
	b.core.timers.set(0, "a", b.now+exchange.Hour, 0)
	b.reload(w, mended)
	b.runTo(b.now + exchange.Minute)
	if len(mended.timers) != 0 {
		t.Errorf("timers %v within a minute: it was set for an hour later", mended.timers)
	}
}

func TestNewsIsToldAgainAndThenKept(t *testing.T) {
	w := newWakeful(OnHalt, OnBook)
	w.subs = []string{"spot:*"}
	w.call = func(p *Port, n *Callback) error {
		w.seen[n.Handler]++
		if n.Handler == OnHalt {
			return errors.New("boom")
		}
		return nil
	}
	b := newBench(t, w)
	b.start()
	fx := b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandHalt, Reason: "by hand"})
	for range 200 {
		b.book(0, 6000000, 6000001, 1000000)
		fx = append(fx, b.runTo(b.now+exchange.Second)...)
	}
	if n := w.seen[OnHalt]; n != newsTries+1 {
		t.Errorf("told %d times, want %d", n, newsTries+1)
	}
	if !said(fx, "kept for a mended script") {
		t.Error("nobody said that it is kept")
	}
	if _, armed := b.core.NextTimer(); armed {
		t.Error("what waits for a reload keeps a timer armed")
	}
}

func TestWhatAPausedStrategyIsOwedIsBounded(t *testing.T) {
	w := newWakeful(OnHalt, OnBook)
	b := newBench(t, w)
	b.start()
	b.core.strategies.list[0].paused = "by the test"
	for range 3 * newsKept {
		b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandHalt, Reason: "by hand"})
		b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandResume})
	}
	if n := len(b.core.strategies.list[0].undelivered); n != newsKept {
		t.Errorf("%d callbacks are kept, want %d", n, newsKept)
	}
}

func TestAStrategyThatNothingCanWakeIsNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		wants []Handler
		subs  []string
		timer bool
		awake bool
	}{
		"a timer":                      {wants: []Handler{OnTimer}, timer: true, awake: true},
		"a timer without its handler":  {wants: []Handler{OnStart}, timer: true},
		"a market":                     {wants: []Handler{OnBook}, subs: []string{"spot:*"}, awake: true},
		"signals":                      {wants: []Handler{OnSignal}, awake: true},
		"what people and mishaps do":   {wants: []Handler{OnHalt, OnGap, OnReload, OnStop}},
		"a handler without a market":   {wants: []Handler{OnBook}},
		"a market without its handler": {wants: []Handler{OnTimer}, subs: []string{"spot:*"}},
		"orders, of which it has none": {wants: []Handler{OnOrder, OnFill, OnPair, OnSchedule, OnFunding, OnAdvice}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWakeful(tt.wants...)
			w.subs = tt.subs
			w.call = func(p *Port, n *Callback) error { return nil }
			b := newBench(t, w)
			if tt.timer {
				b.core.timers.set(0, "t", b.now+10*exchange.Hour, 0)
			}
			fx := b.start()
			if asleep := b.core.strategies.Asleep(0) != ""; asleep == tt.awake || said(fx, "nothing can wake it") == tt.awake {
				t.Errorf("asleep %v, want %v", asleep, !tt.awake)
			}
			if !tt.awake && !said(b.reload(w, newWakeful(tt.wants...)), "nothing can wake it") {
				t.Error("a reload did not say it again")
			}
		})
	}
}

// One strategy that floods the loop with callbacks is paused; those of others in
// the same event still run.
func TestAFloodOfCallbacksPausesItsOwnStrategy(t *testing.T) {
	flood := &script{name: "flood"}
	flood.call = func(p *Port, n *Callback) error {
		if n.Handler == OnStart || n.Handler == OnOrder {
			p.Submit(exchange.Order{Instrument: 0, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 100, Qty: 1})
		}
		return nil
	}
	calm := newWakeful(OnStart, OnHalt)
	b := newBench(t, flood, calm)
	b.start()
	b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandHalt, Reason: "by hand"})
	if b.core.strategies.Paused(0) == "" || b.core.strategies.Paused(1) != "" {
		t.Errorf("paused %q and %q, want the first only", b.core.strategies.Paused(0), b.core.strategies.Paused(1))
	}
	if calm.seen[OnStart] != 1 || calm.seen[OnHalt] != 1 {
		t.Errorf("the neighbour was called %v", calm.seen)
	}
}

func TestTimersAreCountedAtTheCall(t *testing.T) {
	var failed error
	s := &script{name: "s"}
	s.call = func(p *Port, n *Callback) error {
		if n.Handler == OnStart {
			for i := range maxTimers {
				if err := p.SetTimer(fmt.Sprint("t", i), p.Now()+exchange.Hour, 0); err != nil {
					return err
				}
			}
			failed = p.SetTimer("one more", p.Now()+exchange.Hour, 0)
			return p.SetTimer("t7", p.Now()+2*exchange.Hour, 0) // which it has already
		}
		return nil
	}
	b := newBench(t, s)
	b.start()
	if failed == nil || !strings.Contains(failed.Error(), `at most 1000 timers, and "one more" is one more`) {
		t.Errorf("the timer too many: %v", failed)
	}
	if n := b.core.timers.count(0); n != maxTimers {
		t.Errorf("%d timers are armed, want %d", n, maxTimers)
	}
}

func TestTimersThatAreDueTooOftenWait(t *testing.T) {
	w := newWakeful(OnTimer)
	b := newBench(t, w)
	b.start()
	for i := range 500 {
		b.core.timers.set(0, fmt.Sprint("t", i), b.now+exchange.Millisecond, exchange.Millisecond)
	}
	fx := b.runTo(b.now + 3*exchange.Second - 1)
	if n := w.seen[OnTimer]; n != 3*wakesAllowed {
		t.Errorf("woken %d times in three seconds, want %d", n, 3*wakesAllowed)
	}
	if !said(fx, "due more than 100 times a second") {
		t.Error("nobody said so")
	}
}
