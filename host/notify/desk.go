package notify

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange/sign"
)

// Options say whom to tell, and how.
type Options struct {
	Targets []Target
	GiveUp  time.Duration // after which a notice is given up; 0: 24 h
	Daily   Clock         // when the day is summed up; its zero value: midnight, UTC

	// HeartbeatURL is fetched every HeartbeatEvery while the session is well, for monitors
	// that miss it; empty: nothing is. With HeartbeatFail, URL/fail is while it is not.
	HeartbeatURL   sign.Secret
	HeartbeatEvery time.Duration // 0: a minute
	HeartbeatFail  bool
}

// Validate says what is wrong with the options, and fills in what is left out.
func (o *Options) Validate() error {
	if o.GiveUp == 0 {
		o.GiveUp = 24 * time.Hour
	}
	if o.HeartbeatEvery == 0 {
		o.HeartbeatEvery = time.Minute
	}
	if o.Daily.Zone == nil {
		o.Daily.Zone = time.UTC
	}
	switch {
	case o.GiveUp < time.Minute || o.GiveUp > 30*24*time.Hour:
		return fmt.Errorf("give_up: %s: want a minute to 30 days", o.GiveUp)
	case o.HeartbeatEvery < 5*time.Second || o.HeartbeatEvery > 24*time.Hour:
		return fmt.Errorf("heartbeat_seconds: %s: want 5 seconds to a day", o.HeartbeatEvery)
	case len(o.Targets) > targetsMost:
		return fmt.Errorf("%d targets: want at most %d", len(o.Targets), targetsMost)
	}
	if !o.HeartbeatURL.Empty() {
		if err := checkAddress(o.HeartbeatURL.Reveal()); err != nil {
			return fmt.Errorf("heartbeat_url: %w", err)
		}
	}
	o.Targets = slices.Clone(o.Targets)
	for i := range o.Targets {
		t := &o.Targets[i]
		if err := t.Validate(); err != nil {
			return fmt.Errorf("target %d: %w", i+1, err)
		}
		if slices.ContainsFunc(o.Targets[:i], func(x Target) bool { return x.Name == t.Name }) {
			return fmt.Errorf("target %d: name = %q: another one is called that", i+1, t.Name)
		}
	}
	return nil
}

const (
	targetsMost = 16
	sendWithin  = 15 * time.Second // a try
	unkeptMost  = 4096             // deliveries that wait for a store that can't take them
	lookAgain   = time.Second      // at what the store did not take, and at what is too old
	// AgainAfter is how long what an earlier run sent is not sent again: a session that
	// is begun again and again says the same.
	AgainAfter = 10 * time.Minute
)

// Store keeps what becomes of deliveries.
type Store interface {
	// Keep keeps deliveries as they are now. It never waits; after an error it is given
	// them again.
	Keep(list []Delivery) error
}

// Desk brings notices to targets. Its methods may be called from any goroutine.
type Desk struct {
	http  *http.Client
	warn  func(string)
	posts []*postbox

	mu     sync.Mutex
	store  Store
	unkept map[id]Delivery
	recent map[repeated]time.Time // what earlier runs sent

	closing  chan struct{}
	deadline time.Time // set before closing is closed
	stopping sync.Once
	running  context.Context
	stop     context.CancelFunc
	workers  sync.WaitGroup
}

// id is a delivery's.
type id struct{ key, target string }

// repeated is what makes two notices say the same.
type repeated struct{ target, class, strategy, text string }

// postbox is a target with its queue.
type postbox struct {
	desk   *Desk
	target *Target
	sender sender
	wake   chan struct{}

	mu     sync.Mutex
	queue  queue
	counts Counts
	quiet  bool // that it fails was said
}

// Counts are what became of a target's notices in this run.
type Counts struct {
	Target                        string
	Sent, Failed, Dropped, Errors uint64
	Waiting                       int
}

// NewDesk starts the goroutines of the targets of valid options. warn, which must not wait,
// is told of targets that can't be reached.
func NewDesk(o *Options, warn func(string)) *Desk {
	d := &Desk{http: newClient(), warn: warn, unkept: map[id]Delivery{}, recent: map[repeated]time.Time{}, closing: make(chan struct{})}
	d.running, d.stop = context.WithCancel(context.Background())
	for i := range o.Targets {
		t := &o.Targets[i]
		p := &postbox{desk: d, target: t, sender: t.sender(d.http), wake: make(chan struct{}, 1), counts: Counts{Target: t.Name}}
		p.queue = queue{target: t, giveUp: o.GiveUp, room: p.sender.room()}
		d.posts = append(d.posts, p)
		d.workers.Go(p.run)
	}
	return d
}

// Take brings a notice to all targets that want it, and does not wait.
func (d *Desk) Take(n Notice) {
	n = n.tidied()
	now := time.Now()
	var changed []Delivery
	for _, p := range d.posts {
		if !p.target.wants(&n) {
			continue
		}
		x := Delivery{Notice: n, Target: p.target.Name, State: Waiting, Made: now}
		if d.saidBefore(&x) {
			x.State = Repeated
			changed = append(changed, x)
			continue
		}
		changed = append(changed, x)
		changed = append(changed, p.add(x)...)
	}
	if len(changed) == 0 { // the store knows of it all the same: it need not be taken up again
		changed = append(changed, Delivery{Notice: n, State: Dropped, Error: "no target wants it", Made: now})
	}
	d.keep(changed)
}

// saidBefore reports whether an earlier run sent the same minutes ago.
func (d *Desk) saidBefore(x *Delivery) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, ok := d.recent[repeated{x.Target, x.Class, x.Strategy, x.Text}]
	return ok && x.Made.Sub(at) < AgainAfter
}

// Attach gives the desk its store, and what earlier runs left: left are their deliveries
// that wait, sent those that were sent lately.
func (d *Desk) Attach(s Store, left, sent []Delivery) {
	d.mu.Lock()
	d.store = s
	for i := range sent {
		x := &sent[i]
		d.recent[repeated{x.Target, x.Class, x.Strategy, x.Text}] = x.Made
	}
	d.mu.Unlock()
	var changed []Delivery
	for _, x := range left {
		i := slices.IndexFunc(d.posts, func(p *postbox) bool { return p.target.Name == x.Target })
		if i < 0 {
			x.State, x.Error = Failed, "there is no target of this name any more"
			changed = append(changed, x)
			continue
		}
		x.State = Waiting
		changed = append(changed, d.posts[i].add(x)...)
	}
	d.keep(changed)
}

// keep hands deliveries to the store. What it does not take is kept for the next time.
func (d *Desk) keep(list []Delivery) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, x := range list {
		d.note(x)
	}
	if d.store == nil || len(d.unkept) == 0 {
		return
	}
	all := make([]Delivery, 0, len(d.unkept))
	for _, x := range d.unkept { // order does not matter: they are sorted next
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b Delivery) int { return a.Made.Compare(b.Made) })
	if d.store.Keep(all) == nil {
		clear(d.unkept)
	}
}

// note keeps a delivery for the store. When too many wait for it, one that is over gives way:
// of it at worst a repetition comes. The caller holds mu.
func (d *Desk) note(x Delivery) {
	k := id{x.Key, x.Target}
	if _, there := d.unkept[k]; !there && len(d.unkept) >= unkeptMost {
		for old, y := range d.unkept { // order does not matter: which one is left out is all the same
			if y.State != Waiting {
				delete(d.unkept, old)
				break
			}
		}
		if len(d.unkept) >= unkeptMost {
			return
		}
	}
	d.unkept[k] = x
}

// Close gives what waits some time, and ends the desk. It returns the deliveries whose state
// the store was not told of.
func (d *Desk) Close(within time.Duration) []Delivery {
	d.stopping.Do(func() {
		d.deadline = time.Now().Add(within)
		timer := time.AfterFunc(within, d.stop)
		close(d.closing)
		d.workers.Wait()
		timer.Stop()
		d.stop()
		d.http.CloseIdleConnections()
	})
	d.keep(nil)
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Delivery
	for _, x := range d.unkept { // order does not matter: they are sorted next
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b Delivery) int { return a.Made.Compare(b.Made) })
	return out
}

// Detach takes the store away, whose ledger is about to be closed.
func (d *Desk) Detach() {
	d.keep(nil)
	d.mu.Lock()
	d.store = nil
	d.mu.Unlock()
}

// Counts tell what became of the notices of each target in this run.
func (d *Desk) Counts() []Counts {
	var out []Counts
	for _, p := range d.posts {
		p.mu.Lock()
		p.counts.Waiting = len(p.queue.list)
		out = append(out, p.counts)
		p.mu.Unlock()
	}
	return out
}

// add queues a delivery, and returns those that lost their place.
func (p *postbox) add(x Delivery) []Delivery {
	p.mu.Lock()
	dropped := p.queue.add(x)
	p.counts.Dropped += uint64(len(dropped))
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return dropped
}

// run delivers until the desk is closed.
func (p *postbox) run() {
	d := p.desk
	timer := time.NewTimer(lookAgain)
	defer timer.Stop()
	for {
		wait, failed := p.step()
		closing := false
		select {
		case <-d.closing:
			closing = true
		default:
		}
		if closing && (failed || wait < 0 || d.running.Err() != nil || time.Now().Add(wait).After(d.deadline)) {
			return
		}
		if wait == 0 {
			continue
		}
		if wait < 0 || wait > lookAgain {
			wait = lookAgain
		}
		timer.Reset(wait)
		if closing {
			select {
			case <-timer.C:
			case <-d.running.Done():
			}
			continue
		}
		select {
		case <-timer.C:
		case <-p.wake:
		case <-d.closing:
		}
	}
}

// step delivers what is due, and returns how long until something is; 0: look again at once,
// negative: nothing waits.
func (p *postbox) step() (wait time.Duration, failed bool) {
	d := p.desk
	p.mu.Lock()
	changed := p.queue.expire(time.Now())
	p.counts.Failed += uint64(len(changed))
	var batch []*pending
	batch, wait = p.queue.take(time.Now())
	list := make([]Notice, len(batch))
	for i, x := range batch {
		list[i] = x.Notice
	}
	p.mu.Unlock()
	d.keep(changed)
	if len(batch) == 0 || d.running.Err() != nil {
		return wait, false
	}
	err := deliver(d.running, p.target, p.sender, list)
	if err != nil && d.running.Err() != nil {
		return wait, true // it was the desk's end: the try does not count
	}
	p.mu.Lock()
	changed = p.queue.settle(batch, err, time.Now())
	p.count(changed, err)
	tell := err != nil && !p.quiet
	p.quiet = err != nil
	next := time.Until(p.queue.free)
	p.mu.Unlock()
	d.keep(changed)
	if tell {
		d.warn(fmt.Sprintf("notify: %s: %v; it is tried again in %s, and then less and less often", p.target.Name, err, next.Round(time.Second)))
	}
	return 0, err != nil
}

// count counts what came of a try. The caller holds mu.
func (p *postbox) count(changed []Delivery, err error) {
	if err != nil {
		p.counts.Errors++
	}
	for i := range changed {
		switch changed[i].State {
		case Sent:
			p.counts.Sent++
		case Failed:
			p.counts.Failed++
		}
	}
}

// deliver makes one try within its time.
func deliver(ctx context.Context, t *Target, s sender, list []Notice) (err error) {
	ctx, cancel := context.WithTimeout(ctx, sendWithin)
	defer cancel()
	defer func() {
		if v := recover(); v != nil {
			err = refused{fmt.Errorf("internal error: %v (%s)", v, cut(OneLine(string(debug.Stack())), 200))}
		}
	}()
	err = s.send(ctx, list)
	if err != nil && ctx.Err() == context.DeadlineExceeded {
		err = fmt.Errorf("no answer within %s", sendWithin)
	}
	return scrubbed(err, t.secrets())
}

// Try tells a target of a notice once, and waits for what comes of it.
func Try(ctx context.Context, t *Target, n Notice) error {
	c := newClient()
	defer c.CloseIdleConnections()
	return deliver(ctx, t, t.sender(c), []Notice{n.tidied()})
}
