package debug

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// Position is a moment of a session.
type Position struct {
	Event uint64 // its number, from 1; 0: the scripts are being loaded
	Line  int    // how many lines were told of within it; 0: it is about to be handled
	// Raised is at the error that was raised after that line, before anything of the stack
	// is gone.
	Raised bool
}

// Compare orders positions by time: -1 when p is before q.
func (p Position) Compare(q Position) int {
	switch {
	case p.Event != q.Event:
		return order(p.Event < q.Event)
	case p.Line != q.Line:
		return order(p.Line < q.Line)
	case p.Raised != q.Raised:
		return order(q.Raised)
	}
	return 0
}

func order(less bool) int {
	if less {
		return -1
	}
	return 1
}

// aim is what decides where a replay that runs stops. What is nil stops nowhere.
type aim struct {
	event  func(*replay) bool // before each event
	line   func(*replay) bool // before each line
	raised func(*replay) bool // at each error
}

// told is a line that was told of within the event that is handled.
type told struct {
	line   int
	depth  int
	source int
	vm     *script.VM
}

// visit is an event in which lines were told of.
type visit struct {
	event uint64
	lines int
}

// maxVisits bounds how far back a step may look for the event before that ran a script.
const maxVisits = 1 << 14

// replay is one run of a journal's session. It either runs, on its own goroutine, or stands.
type replay struct {
	stopped chan struct{} // it stands
	goOn    chan aim
	done    chan struct{} // it is over, and so are its scripts
	cancel  context.CancelFunc
	hurry   *atomic.Bool // somebody wants it to stop anywhere

	// What follows is read by others while it stands.
	core     *core.Core
	at       Position
	ended    bool
	err      error // why it ended, a *host.Divergence included
	event    *exchange.Event
	recorded [][]byte // what the journal has of the event's effects
	place    script.Place
	raise    script.Raise
	lines    []told // of this event
	visits   []visit
	aim      aim
	ctx      context.Context
	began    bool
}

var errAbandoned = errors.New("the replay is not wanted any more")

// newReplay opens a journal. Nothing runs yet.
func newReplay(dir string, hurry *atomic.Bool) *replay {
	ctx, cancel := context.WithCancel(context.Background())
	r := &replay{stopped: make(chan struct{}), goOn: make(chan aim), done: make(chan struct{}), ctx: ctx, cancel: cancel, hurry: hurry}
	go r.live(dir)
	return r
}

func (r *replay) live(dir string) {
	defer close(r.done)
	select {
	case r.aim = <-r.goOn:
	case <-r.ctx.Done():
		return
	}
	_, err := host.Retrace(r.ctx, dir, host.Tracing{Probe: r.probed, Raised: r.wasRaised, Built: func(c *core.Core) { r.core = c }, Before: r.before, Ended: r.end})
	if r.err == nil {
		r.err = err
	}
	r.ended = true
}

// run lets it go on until the aim or the end of the journal stops it.
func (r *replay) run(a aim) {
	r.began = true
	select {
	case r.goOn <- a:
	case <-r.done:
		return
	}
	select {
	case <-r.stopped:
	case <-r.done:
	}
}

// abandon ends it.
func (r *replay) abandon() {
	r.cancel()
	<-r.done
}

// park stands until somebody lets it go on.
func (r *replay) park() {
	select {
	case r.stopped <- struct{}{}:
	case <-r.ctx.Done():
		r.aim = aim{}
		return
	}
	select {
	case r.aim = <-r.goOn:
	case <-r.ctx.Done():
		r.aim = aim{}
	}
}

func (r *replay) before(c *core.Core, ev *exchange.Event, recorded [][]byte) error {
	if n := len(r.lines); n > 0 {
		if len(r.visits) >= maxVisits {
			r.visits = append(r.visits[:0], r.visits[maxVisits/2:]...)
		}
		r.visits = append(r.visits, visit{r.at.Event, n})
	}
	r.core, r.event, r.recorded, r.lines = c, ev, recorded, r.lines[:0]
	r.at = Position{Event: c.Seq() + 1}
	if r.aim.event != nil && (r.aim.event(r) || r.hurry.Load()) {
		r.park()
	}
	if r.ctx.Err() != nil {
		return errAbandoned
	}
	return nil
}

func (r *replay) probed(p script.Place) {
	r.at.Line++
	r.place = p
	r.lines = append(r.lines, told{p.Line, p.Depth, p.Source, p.VM})
	if r.aim.line != nil && (r.aim.line(r) || r.hurry.Load()) {
		r.park()
	}
}

func (r *replay) wasRaised(e script.Raise) {
	r.raise, r.at.Raised = e, true
	if r.aim.raised != nil && r.aim.raised(r) {
		r.park()
	}
	r.at.Raised = false
}

// end stands at the end of the journal, where everything can be looked at.
func (r *replay) end(c *core.Core, err error) {
	if errors.Is(err, errAbandoned) {
		return
	}
	r.core, r.event, r.recorded, r.lines = c, nil, nil, r.lines[:0]
	r.at, r.ended, r.err = Position{Event: c.Seq() + 1}, true, err
	r.park()
}

// atEvent reports whether it stands between two events.
func (r *replay) atEvent() bool { return r.at.Line == 0 }

// vm is what runs where it stands; nil: no script does.
func (r *replay) vm() *script.VM {
	if r.at.Line == 0 {
		return nil
	}
	return r.place.VM
}

// reach is the aim of a position.
func reach(p Position) aim {
	over := func(r *replay) bool { return r.at.Event > p.Event || r.at == p }
	a := aim{event: over}
	if p.Line > 0 && !p.Raised {
		a.line = func(r *replay) bool { return r.at == p }
	}
	if p.Raised {
		a.raised = func(r *replay) bool { return r.at == p }
	}
	return a
}

// lastVisit is the last event before this one in which a script ran.
func (r *replay) lastVisit() (visit, bool) {
	if len(r.visits) == 0 {
		return visit{}, false
	}
	return r.visits[len(r.visits)-1], true
}

// strategy is the index of the strategy whose script stands; -1: of none.
func (r *replay) strategy(vm *script.VM) int {
	if vm == nil || r.core == nil {
		return -1
	}
	name := vm.Name()
	for i := range (core.Onlooker{C: r.core}).Strategies() {
		if r.core.StrategyName(int32(i)) == name {
			return i
		}
	}
	return -1
}
