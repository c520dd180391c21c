package host

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/shadow"
	"github.com/perilune/perilune/ledger/journal"
)

// sideline hands what a session sees and decides to followers on a goroutine of its own: the
// shadow of a strategy, the paper twin of real orders. The loop copies what the journal has
// encoded anyway and never waits in real time: followers that fall behind by more than
// sideBytes lose it all, are told, and begin anew at a clean point, with the account and the
// books as they are then. On data with a time of their own the loop waits for them instead.
type sideline struct {
	core    *core.Core
	list    []*sidelined
	warn    func(string)
	waits   bool        // the session's time is that of its data
	want    atomic.Bool // a clean point is asked for
	running bool        // the strategies are about to be started, or were; the loop's

	mu     sync.Mutex
	room   *sync.Cond
	queue  sideBatch
	lost   bool // nothing is kept before the next clean point
	closed bool

	quit, done chan struct{}
	books      *shadow.Books
}

const (
	sideBytes = 16 << 20
	sideEvery = 20 * time.Millisecond // how often followers are shown what has come
)

// sideBatch is what has come: events as records (shadow.AppendRecord), and between them
// effects and clean points.
type sideBatch struct {
	data  []byte
	marks []sideMark
}

// sideMark comes before the record at an offset.
type sideMark struct {
	at     int
	effect *core.Effect
	point  *cleanPoint
}

// cleanPoint is how the session stands between two instants.
type cleanPoint struct {
	standing *core.Standing
	past     [][]exchange.Event // what strategies look back on, by strategy
	books    []exchange.Event   // of a beginning after a loss
	lost     bool
}

// follower is one of those that are shown the session. It is called on one goroutine.
type follower interface {
	// begin is a clean point; one after a loss has to be taken, and another is taken where it
	// is wanted.
	begin(p *cleanPoint, books *shadow.Books) error
	event(ev *exchange.Event) error // that the books have
	effect(e *core.Effect) error
	end()
}

type sidelined struct {
	follower
	name string
	dead bool
}

// openSideline begins to follow; nil: nobody does.
func openSideline(r *runner, head *header) (*sideline, error) {
	b := &sideline{core: r.core, warn: r.warn, waits: !r.o.realTime(), quit: make(chan struct{}), done: make(chan struct{}), books: shadow.NewBooks(r.core.Universe())}
	b.room = sync.NewCond(&b.mu)
	if r.o.Shadow != "" {
		f, err := newShadowFollower(r, head, func() { b.want.Store(true) })
		if err != nil {
			return nil, err
		}
		r.shadowing = f
		b.list = append(b.list, &sidelined{follower: f, name: "the shadow"})
	}
	if r.o.Twin {
		r.twinning = newTwinFollower(r)
		b.list = append(b.list, &sidelined{follower: r.twinning, name: "the paper twin"})
	}
	if len(b.list) == 0 {
		return nil, nil
	}
	go b.run()
	return b, nil
}

// followable are the kinds that a follower may want beside those of the market.
var followable = []exchange.Kind{exchange.KindOrder, exchange.KindFill, exchange.KindFundingPaid, exchange.KindBalance}

// keep notes an event on its way to the core; raw is how the journal has it.
func (b *sideline) keep(ev *exchange.Event, raw []byte) {
	if b == nil {
		return
	}
	if !b.running {
		if ev.Kind != exchange.KindCommand || ev.Name != core.CommandStart {
			return
		}
		b.running = true
		b.mark(sideMark{point: b.stand(ev.Time, false)})
	}
	if !shadow.Shown(ev.Kind) && !slices.Contains(followable, ev.Kind) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.waits && len(b.queue.data) > sideBytes && !b.closed {
		b.room.Wait()
	}
	switch {
	case b.lost || b.closed:
	case len(b.queue.data) > sideBytes:
		b.queue, b.lost = sideBatch{}, true
		b.want.Store(true)
	default:
		b.queue.data = shadow.AppendRecord(b.queue.data, raw)
	}
}

// after notes what an event came to, and takes a clean point that is wanted.
func (b *sideline) after(ev *exchange.Event, fx []core.Effect) {
	if b == nil || !b.running {
		return
	}
	for i := range fx {
		switch fx[i].Body.(type) {
		case core.Submit, core.Cancel, core.Shrink, core.SendTransfer, core.OrderChanged, *core.Filled, *core.FundingPaid:
			e := fx[i]
			b.mark(sideMark{effect: &e})
		}
	}
	if !b.want.Load() || ev.More && ev.Kind.MarketData() {
		return
	}
	b.want.Store(false)
	b.mu.Lock()
	lost := b.lost
	b.lost = false
	b.mu.Unlock()
	b.mark(sideMark{point: b.stand(ev.Time, lost)})
}

func (b *sideline) mark(m sideMark) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lost || b.closed {
		return
	}
	m.at = len(b.queue.data)
	b.queue.marks = append(b.queue.marks, m)
}

// stand copies how the session stands; the loop calls it.
func (b *sideline) stand(at exchange.Time, lost bool) *cleanPoint {
	on := core.Onlooker{C: b.core}
	p := &cleanPoint{standing: on.Standing(), lost: lost}
	p.standing.Restore.Time = max(p.standing.Restore.Time, at)
	for i := range p.standing.States {
		p.past = append(p.past, on.Past(int32(i), at))
	}
	if lost {
		for _, in := range b.core.Universe().All() {
			p.books = append(p.books, b.core.Book(in.ID).Stand(in.ID, at)...)
		}
	}
	return p
}

// run shows followers what has come, until it is closed and nothing is left.
func (b *sideline) run() {
	defer close(b.done)
	tick := time.NewTicker(sideEvery)
	defer tick.Stop()
	for over := false; !over; {
		select {
		case <-tick.C:
		case <-b.quit:
			over = true
		}
		b.mu.Lock()
		batch := b.queue
		b.queue = sideBatch{}
		b.room.Broadcast()
		b.mu.Unlock()
		if err := b.show(&batch); err != nil {
			b.warn(fmt.Sprintf("what runs beside the session is given up: %v", err))
			for _, f := range b.list {
				f.dead = true
			}
		}
	}
	for _, f := range b.list {
		f.end()
	}
}

func (b *sideline) show(batch *sideBatch) error {
	var d journal.EventDecoder
	var ev exchange.Event
	next, data := 0, batch.data
	marks := func() {
		at := len(batch.data) - len(data)
		for ; next < len(batch.marks) && batch.marks[next].at <= at; next++ {
			b.take(&batch.marks[next])
		}
	}
	for marks(); len(data) > 0; marks() {
		var err error
		if data, err = shadow.NextRecord(&d, data, &ev); err != nil {
			return err
		}
		if shadow.Shown(ev.Kind) {
			b.books.Take(&ev)
		}
		b.each(func(f *sidelined) error { return f.event(&ev) })
	}
	return nil
}

// take hands an effect or a clean point on.
func (b *sideline) take(m *sideMark) {
	if m.effect != nil {
		b.each(func(f *sidelined) error { return f.effect(m.effect) })
		return
	}
	if m.point.lost {
		b.warn(fmt.Sprintf("what runs beside the session fell behind by more than %d MiB of events: it begins anew here", sideBytes>>20))
		for i := range m.point.books {
			b.books.Take(&m.point.books[i])
		}
	}
	b.each(func(f *sidelined) error { return f.begin(m.point, b.books) })
}

// each calls the followers that can still follow. A fault of one, also of ours, ends it and
// not the session.
func (b *sideline) each(do func(*sidelined) error) {
	for _, f := range b.list {
		if f.dead {
			continue
		}
		if err := guarded(f, do); err != nil {
			f.dead = true
			b.warn(fmt.Sprintf("%s ended: %v", f.name, err))
		}
	}
}

func guarded(f *sidelined, do func(*sidelined) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("it panicked: %v (%s)", v, panickedAt())
		}
	}()
	return do(f)
}

// close shows what is left and ends the followers.
func (b *sideline) close() {
	if b == nil {
		return
	}
	b.mu.Lock()
	again := b.closed
	b.closed = true
	b.room.Broadcast()
	b.mu.Unlock()
	if !again {
		close(b.quit)
	}
	<-b.done
}
