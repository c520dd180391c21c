package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/internal/console"
	"github.com/perilune/perilune/host/internal/fanout"
)

// State is where a Session is in its life.
type State uint8

// The states of a Session, in their order.
const (
	StateOpen    State = iota // Open returned it; nothing was stepped
	StateRunning              // Run runs it
	StateEnded                // it is over, and all that it had open is closed
)

func (s State) String() string {
	if names := [...]string{"open", "running", "ended"}; int(s) < len(names) {
		return names[s]
	}
	return "none"
}

// Session is one session, from Open to its end. Its methods may be called from any
// goroutine; none of them but Run waits for strategies, and none holds the loop up.
//
// Halt, Resume, Pause, Unpause, SetParams, Reload, Cancel and Flatten steer it: each
// is an event of the session, is journalled, and is done again by a replay. They
// return once the loop has done what was asked for, and the orders that it leads to
// are on their way. A call before Run waits for it; when the session ends first, or
// has ended, the error is ErrEnded.
type Session struct {
	r       *runner
	life    *lifetime
	console *console.Console[Status]
	events  *fanout.Hub[Event]
	ended   chan struct{} // closed with StateEnded

	mu      sync.Mutex
	state   State
	waiting map[*exchange.Event]waiter
}

// ErrEnded is the error of a call that came too late.
var ErrEnded = errors.New("the session has ended")

var errRunning = errors.New("the session runs already: Run is called once")

// Open finds out whether a session can run, and opens all that it needs: scripts,
// market, account, ledger, journal. Nothing is stepped: no strategy is called, and no
// order is made. It must be followed by Run or Close.
//
// With real orders Run should follow within seconds: the account is watched from here
// on, and the venue's dead-man switch counts. ctx bounds the opening alone; what goes
// on after it ends with Run's.
//
// Nothing is written into o, which may be used again.
func Open(ctx context.Context, o Options) (*Session, error) {
	if err := needsContext(ctx, "Open"); err != nil {
		return nil, err
	}
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s, err := openSession(ctx, &o)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		_ = s.Close() // it tells nothing that matters more
		return nil, fmt.Errorf("interrupted before the session began: %w", context.Cause(ctx))
	}
	return s, nil
}

// needsContext refuses a context that is nil, on behalf of the function that what names.
func needsContext(ctx context.Context, what string) error {
	if ctx == nil {
		return configError("%s: the context is nil: want context.Background() or one that ends", what)
	}
	return nil
}

// openSession is Open with options that were validated. What is opened ends with the
// session, and only until it is open with ctx too.
func openSession(ctx context.Context, o *Options) (*Session, error) {
	s := newSession(ctx, o)
	var err error
	if s.r.loan, err = o.own.borrowAll(o.Source); err != nil {
		return nil, s.over(err)
	}
	defer s.life.follow(ctx)()
	_, err = s.r.supervisor.oversee(s.life, func() (*Summary, error) {
		return nil, s.r.open(s.life)
	}, false)
	if err != nil {
		return nil, s.over(err)
	}
	return s, nil
}

func newSession(ctx context.Context, o *Options) *Session {
	s := &Session{r: newRunner(o), console: openConsole(o), ended: make(chan struct{}), waiting: map[*exchange.Event]waiter{}}
	s.life = newLifetime(ctx)
	s.r.out, s.r.handled = s.console, s.handled
	s.r.alerts = openAlerts(o, s.r.warn)
	s.events = &s.r.events
	return s
}

// Run runs the session to its end: Options.For, the end of the data, or the end of
// ctx, which is an orderly stop and not an error. It is called once. See the function
// Run for what it returns, and which goroutine calls what.
func (s *Session) Run(ctx context.Context) (*Summary, error) {
	if err := s.reachable(ctx, "Run"); err != nil {
		return nil, err
	}
	if err := s.begin(); err != nil {
		return nil, err
	}
	defer s.life.follow(ctx)()
	s.r.alerts.beginBeside(s)
	sum, err := s.r.supervisor.oversee(s.life, func() (*Summary, error) {
		s.r.supervisor.entering("")
		err := s.r.loop.Run(s.life)
		if s.r.supervisor.givenUp.Load() { // nobody waits for it any more
			return nil, cmp.Or(err, errGivenUp)
		}
		err = cmp.Or(err, s.r.source.fault())
		return s.r.finish(s.life, err)
	}, true)
	s.r.alerts.close(endOf(exchange.Time(s.r.supervisor.clock.Load()), sum, err))
	return sum, s.over(err)
}

func (s *Session) begin() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.state {
	case StateRunning:
		return errRunning
	case StateEnded:
		return ErrEnded
	}
	s.state = StateRunning
	return nil
}

// over ends the session for everybody who waits for it. It adds what a function of
// the options did wrong.
func (s *Session) over(err error) error {
	s.life.end()
	s.r.alerts.quit() // of one that did not begin
	s.mu.Lock()
	s.state = StateEnded
	for ev, w := range s.waiting { // order does not matter: each has its own channel
		delete(s.waiting, ev)
		w.done <- ErrEnded
	}
	s.mu.Unlock()
	s.console.Close()
	s.events.Close()
	close(s.ended)
	if broken := s.console.Broken(); broken != nil {
		err = errors.Join(err, broken)
	}
	return s.r.o.own.noted().joined(err)
}

// Close ends the session: one that runs is stopped in good order, and Close returns
// when Run has. One that never ran leaves nothing open. It may be called at any time
// and more than once; it fails when a function of the options did, or a Close of a
// strategy or a feed. On the loop's
// goroutine it can't wait: there it asks for the end and returns ErrOnLoop.
func (s *Session) Close() error {
	if s == nil || s.r == nil {
		return nil
	}
	s.mu.Lock()
	state := s.state
	if state == StateOpen {
		s.state = StateRunning // nobody else may begin it
	}
	s.mu.Unlock()
	switch state {
	case StateOpen:
		s.r.close()
		return s.over(nil)
	case StateRunning:
		s.life.end()
		if s.onLoop() {
			return fmt.Errorf("Close: the session ends when the callback has returned, but %w", ErrOnLoop)
		}
		<-s.ended
	}
	return nil
}

// State tells where the session is in its life.
func (s *Session) State() State {
	if s == nil || s.r == nil {
		return StateEnded
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Done is closed when the session has ended and Run is about to return.
func (s *Session) Done() <-chan struct{} {
	if s == nil || s.r == nil {
		never := make(chan struct{})
		close(never)
		return never
	}
	return s.ended
}

// lifetime is the context of everything that a session starts. It ends with the
// context that it follows at the time, Open's and then Run's, or by end.
type lifetime struct {
	context.Context
	end    context.CancelFunc
	asking atomic.Pointer[context.Context]
}

// newLifetime has the values of a context and not its end.
func newLifetime(values context.Context) *lifetime {
	l := &lifetime{}
	l.Context, l.end = context.WithCancel(context.WithoutCancel(values))
	return l
}

// follow makes the end of ctx this one's, until the function that it returns is
// called.
func (l *lifetime) follow(ctx context.Context) (leave func()) {
	l.asking.Store(&ctx)
	detach := context.AfterFunc(ctx, l.end)
	return func() {
		detach()
		l.asking.Store(nil)
	}
}

// Err implements context.Context. It asks the context that is followed itself: its end
// is seen at once, and not when a goroutine has passed it on.
func (l *lifetime) Err() error {
	if ctx := l.asking.Load(); ctx != nil {
		if err := (*ctx).Err(); err != nil {
			return err
		}
	}
	return l.Context.Err()
}

// look calls a function that reads what the loop owns: on the loop's goroutine while
// it runs, and at once otherwise.
func (s *Session) look(ctx context.Context, f func()) error {
	if err := s.reachable(ctx, "Snapshot"); err != nil {
		return err
	}
	s.mu.Lock()
	if s.state == StateOpen {
		defer s.mu.Unlock()
		f()
		return nil
	}
	s.mu.Unlock()
	done := make(chan struct{})
	s.r.inbox.Call(func() { f(); close(done) })
	select {
	case <-done:
		return nil
	case <-s.ended:
		return ErrEnded
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
