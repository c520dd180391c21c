// Package console tells people what a session has to say: lines of the log, in order
// and bounded in number, and the latest state. The functions that it calls may be
// slow, or panic: the session is not held up by them. The same line over and over is
// told once, with how often it came, and a script that floods is cut to a rate.
package console

import (
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Bounds of what is told to people.
const (
	queueMost = 8192 // lines that may wait for Log; more are left out, and counted
	lastWords = 2 * time.Second
	// A strategy may say lineBurst lines at once and lineRate in a second of the
	// session's time, and in real time no more either.
	lineBurst = 500
	lineRate  = 50
)

// Line is something that happened, for people.
type Line struct {
	Time     exchange.Time
	Level    intent.Level
	Strategy string // "host" for the host itself
	Where    string // file:line of the script, when it logged the line itself
	Text     string
	// Seq is the event that led to it, 0 for what the host says of itself; Order, Pair and
	// Instrument (its key) are what it is about, zero where it is about none.
	Seq        uint64
	Order      exchange.OrderID
	Pair       exchange.PairID
	Instrument string
}

// Sink takes lines, and states of the session of type S.
type Sink[S any] interface {
	Log(Line)
	Show(S)
}

// Options are whom a console calls. They are functions of the embedding program.
type Options[S any] struct {
	Log    func(Line) // nil: nobody wants them, as with the others
	Logger func(Line)
	Status func(S)
	Paced  bool // a speaker's rate is bounded in real time too
}

// Console is a Sink that never waits: it calls the functions of its options on its
// own goroutine.
type Console[S any] struct {
	log    func(Line)
	status func(S)
	paced  bool

	mu      sync.Mutex
	lines   []Line
	state   *S
	dropped int
	broken  [functions]error // of functions that panicked; they are not called again
	closed  bool
	wake    chan struct{}
	done    chan struct{}

	last   Line // the goroutine's own, like all that follows
	said   bool
	repeat int
	rates  map[string]*rate
}

// rate is a token bucket of one speaker, on the session's time and on ours.
type rate struct {
	tokens, walls float64
	at            exchange.Time
	wall          time.Time
	left          int
}

// New starts a console; Close ends it.
func New[S any](o Options[S]) *Console[S] {
	c := &Console[S]{paced: o.Paced, wake: make(chan struct{}, 1), done: make(chan struct{}), rates: map[string]*rate{}}
	c.log = func(l Line) {
		guard(c, log, o.Log, l)
		guard(c, logger, o.Logger, l)
	}
	c.status = func(s S) { guard(c, status, o.Status, s) }
	go c.run()
	return c
}

// The functions of the options.
const (
	log = iota
	logger
	status
	functions
)

// guard calls a function of the embedding program. One that panics is not called
// again, and Run returns what it said; the session, and the others, go on.
func guard[S, T any](c *Console[S], which int, call func(T), with T) {
	c.mu.Lock()
	silent := call == nil || c.broken[which] != nil
	c.mu.Unlock()
	if silent {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			c.mu.Lock()
			c.broken[which] = fmt.Errorf("Options.%s panicked, and was not called again: %v\n%s", [...]string{"Log", "Logger", "Status"}[which], p, debug.Stack())
			c.mu.Unlock()
		}
	}()
	call(with)
}

// Broken is the error of the functions that panicked, or nil.
func (c *Console[S]) Broken() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return errors.Join(c.broken[:]...)
}

// Log implements Sink: it hands a line over.
func (c *Console[S]) Log(l Line) {
	c.mu.Lock()
	switch {
	case c.closed:
	case len(c.lines) >= queueMost:
		c.dropped++
	default:
		c.lines = append(c.lines, l)
	}
	c.mu.Unlock()
	c.poke()
}

// Show implements Sink; a state that was not shown yet is forgotten.
func (c *Console[S]) Show(s S) {
	c.mu.Lock()
	c.state = &s
	c.mu.Unlock()
	c.poke()
}

func (c *Console[S]) poke() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Close tells what is left, but does not wait for ever for somebody to listen.
func (c *Console[S]) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.poke()
	select {
	case <-c.done:
	case <-time.After(lastWords):
	}
}

func (c *Console[S]) run() {
	defer close(c.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-c.wake:
		case <-tick.C:
			c.repeats()
		}
		if c.speak() {
			return
		}
	}
}

// speak tells what waits. It reports true once nothing can come any more.
func (c *Console[S]) speak() bool {
	c.mu.Lock()
	lines, state, dropped, closed := c.lines, c.state, c.dropped, c.closed
	c.lines, c.state, c.dropped = nil, nil, 0
	c.mu.Unlock()
	for i := range lines {
		c.hear(lines[i])
	}
	if dropped > 0 {
		c.repeats()
		c.log(Line{Time: c.last.Time, Level: intent.Warn, Strategy: "host",
			Text: fmt.Sprintf("%d log lines were left out: they come faster than they can be shown (the journal has them)", dropped)})
	}
	if state != nil {
		c.status(*state)
	}
	if closed {
		c.repeats()
		c.leftOut()
	}
	return closed
}

// hear tells a line unless it is a repetition or one too many.
func (c *Console[S]) hear(l Line) {
	if c.said && l.Level == c.last.Level && l.Strategy == c.last.Strategy && l.Where == c.last.Where && l.Text == c.last.Text {
		c.repeat++
		c.last.Time = l.Time
		return
	}
	c.repeats()
	if c.within(&l) {
		c.last, c.said = l, true
		l.Text = bindings.Printable(l.Text)
		c.log(l)
	}
}

// repeats tells how often the last line came again.
func (c *Console[S]) repeats() {
	if c.repeat == 0 {
		return
	}
	l := c.last
	l.Text = fmt.Sprintf("… repeated %d times", c.repeat)
	c.repeat = 0
	c.log(l)
}

// within says whether a line is within its speaker's rate. Scripts flood, and so does
// what is told of their orders, pairs and schedules; errors and the host's own lines
// are thinned where they are made.
func (c *Console[S]) within(l *Line) bool {
	if l.Where == "" && (l.Level >= intent.Error || l.Strategy == "" || l.Strategy == "host") {
		return true
	}
	r := c.rates[l.Strategy]
	if r == nil {
		r = &rate{tokens: lineBurst, walls: lineBurst, at: l.Time, wall: time.Now()}
		c.rates[l.Strategy] = r
	}
	if l.Time > r.at {
		r.tokens = min(lineBurst, r.tokens+lineRate*float64(l.Time-r.at)/float64(exchange.Second))
		r.at = l.Time
	}
	if c.paced {
		now := time.Now()
		r.walls = min(lineBurst, r.walls+lineRate*now.Sub(r.wall).Seconds())
		r.wall = now
	}
	if r.tokens < 1 || c.paced && r.walls < 1 {
		if r.left++; r.left == 1 {
			c.log(Line{Time: l.Time, Level: intent.Warn, Strategy: l.Strategy, Where: l.Where,
				Text: fmt.Sprintf("… more than %d log lines a second: the rest is not shown", lineRate)})
			c.said = false
		}
		return false
	}
	if r.left > 0 && min(r.tokens, r.walls) >= lineBurst/4 {
		c.log(Line{Time: l.Time, Level: intent.Warn, Strategy: l.Strategy, Text: fmt.Sprintf("… %d log lines were not shown", r.left-1)})
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
func (c *Console[S]) leftOut() {
	for _, name := range slices.Sorted(maps.Keys(c.rates)) {
		if n := c.rates[name].left; n > 0 {
			c.log(Line{Time: c.last.Time, Level: intent.Warn, Strategy: name, Text: fmt.Sprintf("… %d log lines were not shown", n)})
		}
	}
}
