package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/intent"
)

// How a session waits for the past of its instruments before it begins: for all of a few, so
// that simple strategies have it in on_start, and for those that it holds positions in,
// because what was settled while it was away is paid first. The others' comes while it runs.
const (
	pastFew      = 40
	pastFewWait  = 10 * time.Second
	pastHeldWait = time.Minute
)

const (
	pastWorkers = 4 // questions at once, of each house
	pastTries   = 3
	pastPause   = 5 * time.Second // before it is asked again; twice as long the next time
	// pastRest is the longest pause between two instruments of a session that runs: as long
	// as the last took, so that half of what limits leave is there for what cannot wait.
	pastRest = 10 * time.Second
	// pastBooks is how long the books of a house may come first in a session that runs: where
	// they are fetched they need the same limit of requests.
	pastBooks = 3 * time.Minute
)

// pastReader reads what strategies look back on, one instrument after the other and all
// houses at the same time, those first that somebody waits for.
type pastReader struct {
	env
	market connect.Market
	behind func(house string) bool // books of it are waited for; nil: none ever are
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	news   chan struct{} // something was read

	mu     sync.Mutex
	began  time.Time
	houses []*pastHouse
	of     []*pastHouse // by instrument
	held   map[exchange.InstrumentID]bool
	from   exchange.Time // of a session that was resumed: what was settled later was not paid yet
	ready  []exchange.Event
	live   bool // what is read is posted
	broken int  // instruments of which something can't be had
}

// pastHouse is what is to be read at one house.
type pastHouse struct {
	name        string
	asked, rest []exchange.InstrumentID // to be read, in this order
	total, done int
	told        bool // that something can't be had
}

// newPastReader begins to read. Of the instruments of held, which the session has positions
// in, the past is read first, then that of those that were named in full.
func newPastReader(e env, m connect.Market, behind func(house string) bool, held, named []string) *pastReader {
	ctx, cancel := context.WithCancel(context.Background())
	u := m.Universe()
	r := &pastReader{env: e, market: m, behind: behind, cancel: cancel, news: make(chan struct{}, 1), began: time.Now(),
		of: make([]*pastHouse, u.Len()), held: map[exchange.InstrumentID]bool{}}
	order := make([]exchange.InstrumentID, 0, u.Len())
	rank := make([]int, u.Len())
	for _, in := range u.All() {
		order = append(order, in.ID)
		is := func(key string) bool { return key == in.Key() || key == in.FullKey() }
		switch {
		case slices.ContainsFunc(held, is):
			r.held[in.ID] = true
		case slices.ContainsFunc(named, is):
			rank[in.ID] = 1
		default:
			rank[in.ID] = 2
		}
	}
	slices.SortStableFunc(order, func(a, b exchange.InstrumentID) int { return rank[a] - rank[b] })
	for _, id := range order {
		h := r.house(u.Get(id).Venue.House())
		h.rest = append(h.rest, id)
		h.total++
		r.of[id] = h
	}
	for _, h := range r.houses {
		for range pastWorkers {
			r.tasks.Go(func() { r.work(ctx, h) })
		}
	}
	return r
}

func (r *pastReader) house(name string) *pastHouse {
	for _, h := range r.houses {
		if h.name == name {
			return h
		}
	}
	h := &pastHouse{name: name}
	r.houses = append(r.houses, h)
	return h
}

// next is the instrument that is read next at a house; false: there is none.
func (r *pastReader) next(h *pastHouse) (id exchange.InstrumentID, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, list := range [...]*[]exchange.InstrumentID{&h.asked, &h.rest} {
		if len(*list) > 0 {
			id, *list = (*list)[0], (*list)[1:]
			return id, true
		}
	}
	return 0, false
}

// first has an instrument read before those that nobody asked for.
func (r *pastReader) first(id exchange.InstrumentID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.of[id]
	if i := slices.Index(h.rest, id); i >= 0 {
		h.rest = slices.Concat(h.rest[:i], h.rest[i+1:])
		h.asked = append(h.asked, id)
	}
}

func (r *pastReader) work(ctx context.Context, h *pastHouse) {
	for {
		r.yield(ctx, h)
		id, ok := r.next(h)
		if !ok {
			return
		}
		began := time.Now()
		list, err := r.read(ctx, id)
		if ctx.Err() != nil {
			return
		}
		if r.came(h, id, list, err) {
			wait(ctx, min(time.Since(began), pastRest))
		}
	}
}

// yield waits until the past is in nobody's way at a house: what is not waited for comes
// after the account and all else that a session needs to begin, which ask within the same
// limits, and after the books, for a time.
func (r *pastReader) yield(ctx context.Context, h *pastHouse) {
	for ctx.Err() == nil {
		r.mu.Lock()
		live, awaited := r.live, len(r.of) <= pastFew || len(h.rest) > 0 && r.held[h.rest[0]]
		r.mu.Unlock()
		later := !live && !awaited
		books := live && r.behind != nil && time.Since(r.began) <= pastBooks && r.behind(h.name)
		if !later && !books {
			return
		}
		wait(ctx, time.Second)
	}
}

// read asks for the past of an instrument, again where the venue may answer later.
func (r *pastReader) read(ctx context.Context, id exchange.InstrumentID) ([]exchange.Event, error) {
	for pause, try := pastPause, 1; ; pause, try = 2*pause, try+1 {
		list, err := r.market.Past(ctx, id)
		var v *exchange.VenueError
		if err == nil || try == pastTries || !errors.As(err, &v) || !v.Class.Again() {
			return list, err
		}
		wait(ctx, pause)
		if ctx.Err() != nil {
			return list, err
		}
	}
}

// came takes what was read of an instrument; it reports whether the session runs.
func (r *pastReader) came(h *pastHouse, id exchange.InstrumentID, list []exchange.Event, err error) bool {
	ev := pastOf(id, list)
	if err != nil {
		ev.Reason = err.Error()
	}
	r.mu.Lock()
	h.done++
	first := err != nil && (!h.told || r.held[id])
	if err != nil {
		h.told = true
		r.broken++
	}
	live, broken, left := r.live, r.broken, r.left()
	if !live {
		r.ready = append(r.ready, *ev)
	}
	r.mu.Unlock()
	if first {
		r.warn(err.Error() + "; it goes on without it" + unpaidBy[r.held[id]])
	}
	if live {
		if n := r.unpaid(ev); n > 0 {
			r.warn(fmt.Sprintf("%s: the past came too late to pay the %d settlements of while the session was away", r.market.Universe().Get(id).Key(), n))
		}
		r.post(ev)
		if left == 0 {
			text := fmt.Sprintf("the past of all %d instruments is here", len(r.of))
			if broken > 0 {
				text += fmt.Sprintf(", of %d not whole", broken)
			}
			r.log(Line{Level: intent.Info, Text: text})
		}
	}
	select {
	case r.news <- struct{}{}:
	default:
	}
	return live
}

// unpaidBy is what it means that the past of an instrument that is held can't be had.
var unpaidBy = map[bool]string{true: ": what was settled while the session was away is not known, and not paid"}

// pastOf is what was read of an instrument as one event.
func pastOf(id exchange.InstrumentID, list []exchange.Event) *exchange.Event {
	p := &exchange.Past{}
	for i := range list {
		switch ev := &list[i]; ev.Kind {
		case exchange.KindFunding:
			p.Settled = append(p.Settled, exchange.Settled{Time: ev.VenueTime, Rate: ev.Rate, Mark: ev.Mark, Hours: ev.Hours})
		case exchange.KindPremium:
			p.Premiums = append(p.Premiums, exchange.Premium{Time: ev.VenueTime, Rate: ev.Rate})
		case exchange.KindBar:
			b := ev.Bar
			b.Time = ev.VenueTime
			p.Bars = append(p.Bars, b)
		}
	}
	return &exchange.Event{Kind: exchange.KindPast, Instrument: id, Past: p}
}

// unpaid is how many settlements of an instrument that is held were while the session was away.
func (r *pastReader) unpaid(ev *exchange.Event) (n int) {
	for _, s := range ev.Past.Settled {
		if r.from > 0 && r.held[ev.Instrument] && s.Time > r.from {
			n++
		}
	}
	return n
}

// left is how many instruments are not read yet; r.mu is locked.
func (r *pastReader) left() (n int) {
	for _, h := range r.houses {
		n += h.total - h.done
	}
	return n
}

// progress is how far it is, in words; "" when all is read.
func (r *pastReader) progress() string {
	if r == nil {
		return ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	left, rest := r.left(), time.Duration(0)
	if left == 0 {
		return ""
	}
	for _, h := range r.houses {
		if h.done > 0 {
			rest = max(rest, time.Since(r.began)/time.Duration(h.done)*time.Duration(h.total-h.done))
		}
	}
	text := fmt.Sprintf("past: %d of %d instruments", len(r.of)-left, len(r.of))
	if rest > 0 {
		text += fmt.Sprintf(", about %.0f s left", rest.Seconds())
	}
	return text
}

// await waits for what a session has before it begins.
func (r *pastReader) await(ctx context.Context) {
	for {
		r.mu.Lock()
		left, held := r.left(), len(r.held)
		few := len(r.of) <= pastFew
		for i := range r.ready {
			if r.held[r.ready[i].Instrument] {
				held--
			}
		}
		r.mu.Unlock()
		most := pastFewWait
		if held > 0 {
			most = pastHeldWait
		}
		rest := most - time.Since(r.began)
		if left == 0 || !few && held == 0 || rest <= 0 {
			return
		}
		r.entering("reading the %s", r.progress())
		select {
		case <-ctx.Done():
			return
		case <-r.news:
		case <-time.After(rest):
		}
	}
}

// begin returns what was read so far, by instrument; the rest is posted. Of an interrupted session that
// ended at a time, what was settled since in the instruments that were read is returned apart: its
// positions stayed, so it is paid.
func (r *pastReader) begin(ended exchange.Time) (past, paid []exchange.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	past, r.ready, r.live, r.from = r.ready, nil, true, ended
	slices.SortFunc(past, func(a, b exchange.Event) int { return int(a.Instrument - b.Instrument) })
	if ended == 0 {
		return past, nil
	}
	for i := range past {
		p := past[i].Past
		cut := slices.IndexFunc(p.Settled, func(s exchange.Settled) bool { return s.Time > ended })
		if cut < 0 {
			continue
		}
		for _, s := range p.Settled[cut:] {
			paid = append(paid, exchange.Event{Kind: exchange.KindFunding, Instrument: past[i].Instrument, VenueTime: s.Time, Rate: s.Rate, Mark: s.Mark, Hours: s.Hours})
		}
		p.Settled = p.Settled[:cut]
	}
	slices.SortStableFunc(paid, func(a, b exchange.Event) int { return int((a.VenueTime - b.VenueTime) / exchange.Second) })
	return past, paid
}

// stop ends it and waits for it.
func (r *pastReader) stop() {
	if r != nil {
		r.cancel()
		r.tasks.Wait()
	}
}
