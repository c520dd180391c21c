package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// jointMarket is the live data of several venues as of one: its instruments are numbered
// through, and what is asked of one goes to its venue.
type jointMarket struct {
	u     *exchange.Universe
	parts []*part
	of    []location // by instrument
}

var _ connect.Market = (*jointMarket)(nil)

// location is where an instrument of all is.
type location struct {
	part *part
	id   exchange.InstrumentID // at its venue
}

// part is a venue of a jointMarket, and the sink of its events. Until all venues have told
// their instruments it holds what comes.
type part struct {
	market connect.Market
	to     connect.Sink

	ids  atomic.Pointer[[]exchange.InstrumentID] // by the venue's; nil: not known yet
	mu   sync.Mutex
	held []*exchange.Event
	lost bool // more came than is held
}

// Post implements connect.Sink.
func (p *part) Post(ev *exchange.Event) {
	ids := p.ids.Load()
	if ids == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		if ids = p.ids.Load(); ids == nil {
			p.hold(ev)
			return
		}
	}
	p.pass(ev, *ids)
}

func (p *part) hold(ev *exchange.Event) {
	if len(p.held) < liveBacklog {
		p.held = append(p.held, ev)
	} else {
		p.lost = true
	}
}

func (p *part) pass(ev *exchange.Event, ids []exchange.InstrumentID) {
	if ev.Instrument != exchange.NoInstrument {
		ev.Instrument = ids[ev.Instrument]
	}
	p.to.Post(ev)
}

// number makes the numbers of the venue's instruments known and passes on what was held.
func (p *part) number(ids []exchange.InstrumentID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, ev := range p.held {
		p.pass(ev, ids)
	}
	p.held = nil
	if p.lost {
		for _, id := range ids {
			p.to.Post(&exchange.Event{Kind: exchange.KindGap, Instrument: id, Reason: "market data came before all venues had begun, and was dropped"})
		}
	}
	p.ids.Store(&ids)
}

// connect opens the markets of all venues at the same time. keep are keys of what must be
// there.
func (s *liveSource) connect(ctx context.Context, keep []string, to connect.Sink) (connect.Market, error) {
	if len(s.markets) == 1 {
		l := s.markets[0]
		s.entering("connecting to the market data of %d symbols", len(l.symbols))
		m, err := l.connect(ctx, keep, to)
		if err != nil {
			return nil, l.failed(ctx, err)
		}
		return m, nil
	}
	kept, err := s.keptBy(keep)
	if err != nil {
		return nil, err
	}
	s.entering("connecting to the market data of %d venues", len(s.markets))
	j := &jointMarket{parts: make([]*part, len(s.markets))}
	errs := make([]error, len(s.markets))
	var wg sync.WaitGroup
	for i, l := range s.markets {
		p := &part{to: to}
		j.parts[i] = p
		wg.Go(func() {
			m, err := l.connect(ctx, kept[i], p)
			if err != nil {
				errs[i] = s.at(l, l.failed(ctx, err))
				return
			}
			p.market = m
		})
	}
	wg.Wait()
	err = errors.Join(errs...)
	if err == nil {
		err = j.join()
	}
	if err != nil {
		_ = j.Close()
		return nil, err
	}
	return j, nil
}

// keptBy are the keys of what a session holds already, by venue.
func (s *liveSource) keptBy(keep []string) ([][]string, error) {
	out := make([][]string, len(s.markets))
	for _, key := range keep {
		i := slices.IndexFunc(s.markets, func(l *liveMarket) bool { return exchange.Within(key, l.House()) != key })
		if i < 0 {
			return nil, configError("the session holds %s, whose venue is none of this one: set it up, or begin a new session with --new", key)
		}
		out[i] = append(out[i], exchange.Within(key, s.markets[i].House()))
	}
	return out, nil
}

// join numbers the instruments of all venues.
func (j *jointMarket) join() (err error) {
	var list []exchange.Instrument
	for _, p := range j.parts {
		for _, in := range p.market.Universe().All() {
			list = append(list, full(in))
		}
	}
	if j.u, err = exchange.NewUniverse(list); err != nil {
		return &DataError{err}
	}
	j.of = make([]location, j.u.Len())
	for _, p := range j.parts {
		own := p.market.Universe()
		ids := make([]exchange.InstrumentID, own.Len())
		for i, in := range own.All() {
			mine, ok := j.u.Find(in.Venue, in.Symbol)
			if !ok {
				return &DataError{fmt.Errorf("%s is not in the universe that was made of it", in.FullKey())}
			}
			ids[i], j.of[mine.ID] = mine.ID, location{p, in.ID}
		}
		p.number(ids)
		if p.lost {
			for i := range ids {
				p.market.Snapshot(exchange.InstrumentID(i))
			}
		}
	}
	return nil
}

// full is an instrument with the full name of its wallet, which a universe of one house
// leaves out.
func full(in *exchange.Instrument) exchange.Instrument {
	out := *in
	if house := in.Venue.House(); house != "" && in.Wallet != "" && in.Wallet.House() == "" {
		out.Wallet = exchange.Wallet(house) + "." + in.Wallet
	}
	return out
}

// Universe implements connect.Market.
func (j *jointMarket) Universe() *exchange.Universe { return j.u }

// Interval implements connect.Market: the shortest of the venues'.
func (j *jointMarket) Interval() (shortest exchange.Time) {
	for _, p := range j.parts {
		if l := p.market.Interval(); shortest == 0 || l > 0 && l < shortest {
			shortest = l
		}
	}
	return shortest
}

// Snapshot implements connect.Market.
func (j *jointMarket) Snapshot(id exchange.InstrumentID) {
	at := &j.of[id]
	at.part.market.Snapshot(at.id)
}

// Volume implements connect.PastVolumes.
func (j *jointMarket) Volume(id exchange.InstrumentID) {
	at := &j.of[id]
	if past, ok := at.part.market.(connect.PastVolumes); ok {
		past.Volume(at.id)
		return
	}
	at.part.Post(&exchange.Event{Kind: exchange.KindVolume, Instrument: at.id, Reason: "its venue does not tell"})
}

// Past implements connect.Market.
func (j *jointMarket) Past(ctx context.Context, id exchange.InstrumentID) ([]exchange.Event, error) {
	at := &j.of[id]
	list, err := at.part.market.Past(ctx, at.id)
	for i := range list {
		list[i].Instrument = id
	}
	return list, err
}

// Extend implements connect.Extensible.
func (j *jointMarket) Extend(d connect.Data) {
	for _, p := range j.parts {
		if m, ok := p.market.(connect.Extensible); ok {
			m.Extend(d)
		}
	}
}

// Recycle implements connect.Market.
func (j *jointMarket) Recycle(ev *exchange.Event) {
	if ev.Instrument < 0 || int(ev.Instrument) >= len(j.of) {
		return
	}
	at := &j.of[ev.Instrument]
	ev.Instrument = at.id
	at.part.market.Recycle(ev)
}

// Health implements connect.Market.
func (j *jointMarket) Health() (sum connect.Health) {
	for _, p := range j.parts {
		h := p.market.Health()
		sum.Connections = append(sum.Connections, h.Connections...)
		sum.Live += h.Live
		sum.Suspect += h.Suspect
		sum.Waiting += h.Waiting
		for _, x := range []struct {
			to *uint64
			n  uint64
		}{{&sum.Snapshots, h.Snapshots}, {&sum.Refused, h.Refused}, {&sum.Failed, h.Failed}, {&sum.Gaps, h.Gaps},
			{&sum.Malformed, h.Malformed}, {&sum.Ignored, h.Ignored}, {&sum.Repeated, h.Repeated}, {&sum.Settled, h.Settled}} {
			*x.to += x.n
		}
	}
	return sum
}

// Close implements connect.Market.
func (j *jointMarket) Close() error {
	errs := make([]error, len(j.parts))
	var wg sync.WaitGroup
	for i, p := range j.parts {
		if p.market != nil {
			wg.Go(func() { errs[i] = p.market.Close() })
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}
