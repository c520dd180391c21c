package host

import (
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/loop"
)

// Bounds of what is told to people.
const (
	voiceQueue = 8192 // lines that may wait for Options.Log; more are left out, and counted
	lastWords  = 2 * time.Second
	// A strategy may say lineBurst lines at once and lineRate in a second of the
	// session's time, and in real time no more either.
	lineBurst = 500
	lineRate  = 50
)

// voice calls Options.Log and Options.Status on a goroutine of its own, so that a
// slow terminal or function never delays the loop. Lines are kept in order and
// bounded in number; of the state only the latest is. The same line over and over
// is told once, with how often it came.
type voice struct {
	log    func(Line)
	status func(Status)
	paced  bool // real time counts for the rate too

	mu      sync.Mutex
	lines   []Line
	state   *Status
	dropped int
	failure error // of a function that panicked; it is not called again
	closed  bool
	wake    chan struct{}
	done    chan struct{}

	last   Line // the goroutine's own, like all that follows
	said   bool
	repeat int
	rates  map[string]*rate
}

// teller is how a session speaks to people.
type teller interface {
	line(Line)
	show(Status)
}

// direct speaks on the goroutine of whoever speaks: for a session that nobody watches.
type direct struct{ o *Options }

func directVoice(o *Options) teller { return direct{o} }

func (d direct) line(l Line) {
	l.Text = bindings.Printable(l.Text)
	d.o.Log(l)
}

func (d direct) show(s Status) {
	if d.o.Status != nil {
		d.o.Status(s)
	}
}

// say tells a line. One without a time gets the session's.
func (r *runner) say(l Line) {
	if l.Time == 0 {
		l.Time = r.lineTime()
	}
	r.voice.line(l)
}

// lineTime is the session's time for a line; before its first moment that is our
// own clock on live data, and where an interrupted session stood.
func (r *runner) lineTime() exchange.Time {
	switch at := exchange.Time(r.watched.clock.Load()); {
	case at != 0:
		return at
	case r.o.live():
		return loop.Now()
	}
	return 0
}

// rate is a token bucket of one speaker, on the session's time and on ours.
type rate struct {
	tokens, walls float64
	at            exchange.Time
	wall          time.Time
	left          int
}

func newVoice(o *Options) *voice {
	v := &voice{paced: o.live() || o.Speed > 0, wake: make(chan struct{}, 1), done: make(chan struct{}), rates: map[string]*rate{}}
	v.log = func(l Line) { v.guard("Log", func() { o.Log(l) }) }
	v.status = func(s Status) {
		if o.Status != nil {
			v.guard("Status", func() { o.Status(s) })
		}
	}
	go v.run()
	return v
}

// guard calls a function of the embedding program. One that panics is not called
// again, and Run returns what it said; the session goes on.
func (v *voice) guard(name string, call func()) {
	if v.broken() != nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			v.mu.Lock()
			v.failure = fmt.Errorf("Options.%s panicked, and was not called again: %v\n%s", name, p, debug.Stack())
			v.mu.Unlock()
		}
	}()
	call()
}

func (v *voice) broken() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.failure
}

// line hands a line over. It never waits.
func (v *voice) line(l Line) {
	v.mu.Lock()
	switch {
	case v.closed:
	case len(v.lines) >= voiceQueue:
		v.dropped++
	default:
		v.lines = append(v.lines, l)
	}
	v.mu.Unlock()
	v.poke()
}

// show hands the session's state over; one that was not shown yet is forgotten.
func (v *voice) show(s Status) {
	v.mu.Lock()
	v.state = &s
	v.mu.Unlock()
	v.poke()
}

func (v *voice) poke() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// close tells what is left, but does not wait for ever for somebody to listen.
func (v *voice) close() {
	v.mu.Lock()
	v.closed = true
	v.mu.Unlock()
	v.poke()
	select {
	case <-v.done:
	case <-time.After(lastWords):
	}
}

func (v *voice) run() {
	defer close(v.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-v.wake:
		case <-tick.C:
			v.repeats()
		}
		if v.speak() {
			return
		}
	}
}

// speak tells what waits. It reports true once nothing can come any more.
func (v *voice) speak() bool {
	v.mu.Lock()
	lines, state, dropped, closed := v.lines, v.state, v.dropped, v.closed
	v.lines, v.state, v.dropped = nil, nil, 0
	v.mu.Unlock()
	for i := range lines {
		v.hear(lines[i])
	}
	if dropped > 0 {
		v.repeats()
		v.log(Line{Time: v.last.Time, Level: core.Warn, Strategy: "host",
			Text: fmt.Sprintf("%d log lines were left out: they come faster than they can be shown (the journal has them)", dropped)})
	}
	if state != nil {
		v.status(*state)
	}
	if closed {
		v.repeats()
		v.leftOut()
	}
	return closed
}

// hear tells a line unless it is a repetition or one too many.
func (v *voice) hear(l Line) {
	if v.said && l.Level == v.last.Level && l.Strategy == v.last.Strategy && l.Where == v.last.Where && l.Text == v.last.Text {
		v.repeat++
		v.last.Time = l.Time
		return
	}
	v.repeats()
	if v.within(&l) {
		v.last, v.said = l, true
		l.Text = bindings.Printable(l.Text)
		v.log(l)
	}
}

// repeats tells how often the last line came again.
func (v *voice) repeats() {
	if v.repeat == 0 {
		return
	}
	l := v.last
	l.Text = fmt.Sprintf("… repeated %d times", v.repeat)
	v.repeat = 0
	v.log(l)
}

// within says whether a line is within its speaker's rate. Scripts flood, and so does
// what is told of their orders, pairs and schedules; errors and the host's own lines
// are thinned where they are made.
func (v *voice) within(l *Line) bool {
	if l.Where == "" && (l.Level >= core.Error || l.Strategy == "" || l.Strategy == "host") {
		return true
	}
	r := v.rates[l.Strategy]
	if r == nil {
		r = &rate{tokens: lineBurst, walls: lineBurst, at: l.Time, wall: time.Now()}
		v.rates[l.Strategy] = r
	}
	if l.Time > r.at {
		r.tokens = min(lineBurst, r.tokens+lineRate*float64(l.Time-r.at)/float64(exchange.Second))
		r.at = l.Time
	}
	if v.paced {
		now := time.Now()
		r.walls = min(lineBurst, r.walls+lineRate*now.Sub(r.wall).Seconds())
		r.wall = now
	}
	if r.tokens < 1 || v.paced && r.walls < 1 {
		if r.left++; r.left == 1 {
			v.log(Line{Time: l.Time, Level: core.Warn, Strategy: l.Strategy, Where: l.Where,
				Text: fmt.Sprintf("… more than %d log lines a second: the rest is not shown", lineRate)})
			v.said = false
		}
		return false
	}
	if r.left > 0 && min(r.tokens, r.walls) >= lineBurst/4 {
		v.log(Line{Time: l.Time, Level: core.Warn, Strategy: l.Strategy, Text: fmt.Sprintf("… %d log lines were not shown", r.left-1)})
		r.left = 0
	}
	if r.left > 0 {
		r.left++
		return false
	}
	r.tokens--
	r.walls--
	return true
}

// leftOut says at the end what was not shown.
func (v *voice) leftOut() {
	for _, name := range sortedKeys(v.rates) {
		if n := v.rates[name].left; n > 0 {
			v.log(Line{Time: v.last.Time, Level: core.Warn, Strategy: name, Text: fmt.Sprintf("… %d log lines were not shown", n)})
		}
	}
}
