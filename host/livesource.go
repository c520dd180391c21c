package host

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/loop"
	"github.com/perilune/perilune/ledger"
)

// liveSource is the market of one or more venues, as it happens.
type liveSource struct {
	pace
	liveSourceOptions
	markets []*liveMarket
	market  connect.Market // all of them; nil until they are connected
	dark    *channels
	clock   *loop.Real
	past    *pastReader // what strategies look back on; nil until it is read
	m       *marketData
	days    poll
	scans   poll
}

// liveSourceOptions are what a venue's market needs of its session.
type liveSourceOptions struct {
	env
	LiveOptions
	db    string   // the ledger, beside which bans are remembered
	feeBP *float64 // in the place of the venue's fees; nil: those
	wants func() (*wants, error)
}

// find implements source: it asks the venues what there is and chooses the instruments.
func (s *liveSource) find(ctx context.Context) (*marketData, error) {
	w, err := s.wants()
	if err != nil {
		return nil, err
	}
	if s.markets, err = s.assigned(w.patterns); err != nil {
		return nil, err
	}
	s.m = &marketData{live: true, stale: liveStale, sample: exchange.Minute}
	var nowhere error
	for _, l := range s.markets {
		if err := s.ask(ctx, l, w); err != nil {
			if len(l.patterns) > 0 {
				return nil, s.at(l, err)
			}
			nowhere = s.at(l, err)
			continue
		}
		list := l.catalog.Instruments()
		for i := range list {
			s.m.instruments = append(s.m.instruments, full(&list[i]))
		}
	}
	if s.markets = slices.DeleteFunc(s.markets, func(l *liveMarket) bool { return len(l.patterns) == 0 }); len(s.markets) == 0 {
		return nil, nowhere
	}
	s.m.name = s.name()
	return s.m, nil
}

// ask asks a venue what there is and chooses of it.
func (s *liveSource) ask(ctx context.Context, l *liveMarket, w *wants) (err error) {
	if l.venue, err = l.open(); err != nil {
		return err
	}
	where := s.hostsOf(l)
	s.entering("asking %s what is traded", where)
	s.log(Line{Level: intent.Info, Text: "LIVE DATA: asking " + where + " what is traded"})
	if l.access, err = newAccess(s.db, l.venue, s.warn); err != nil {
		return err
	}
	s.limited(l.House(), l.access.throttle.Waiting)
	if err := s.chooseFeed(l); err != nil {
		return err
	}
	o := connect.DataOptions{Access: l.access.shared(), Past: w.bars, Data: connect.AllData | connect.Bars | connect.Interest, Bars: l.bars}
	if l.feed.alone() {
		o.Data &^= connect.Books
	}
	if err := s.patiently(ctx, func() error { return l.browse(ctx, o) }); err != nil {
		return s.elsewhere(ctx, l, err)
	}
	return nil
}

// at names the venue that something failed at, where there are several.
func (s *liveSource) at(l *liveMarket, err error) error {
	if len(s.markets) == 1 {
		return err
	}
	return fmt.Errorf("%s: %w", l.House(), err)
}

func (s *liveSource) accesses() (out []*access) {
	for _, l := range s.markets {
		out = append(out, l.access)
	}
	return out
}

// enter implements source: it subscribes to what was chosen and to what the session
// holds already.
func (s *liveSource) enter(ctx context.Context, at *ledger.Snapshot) (*marketData, error) {
	s.inbox.Most = liveBacklog
	s.inbox.Refetch = func(id exchange.InstrumentID) { s.market.Snapshot(id) }
	var err error
	held := tradedBefore(at)
	if s.market, err = s.connect(ctx, held, s.inbox); err != nil {
		return nil, err
	}
	list := values(s.market.Universe())
	bars := map[string]exchange.Time{}
	for i := range list {
		applyFees(&list[i], s.feeBP)
		bars[list[i].Key()] = s.lengthOf(&list[i])
	}
	s.m.instruments, s.m.supply.Bars, s.m.hot = list, bars, len(list) <= hotBooks
	s.m.supply.silent = s.silent()
	_, s.m.supply.Past = s.market.(connect.PastVolumes)
	s.m.supply.Scans, s.m.supply.PastComes = true, true
	s.m.title = fmt.Sprintf("LIVE DATA of %s (%d instruments)", s.hosts(), len(list))
	var named []string
	for _, l := range s.markets {
		named = append(named, l.patterns...)
	}
	s.past = newPastReader(s.env, s.market, s.booksBehind, held, named)
	if s.past.await(ctx); ctx.Err() != nil {
		return nil, s.markets[0].failed(ctx, ctx.Err())
	}
	return s.m, nil
}

// booksBehind reports whether a house has yet to send a tenth of its books or more.
func (s *liveSource) booksBehind(house string) bool {
	for _, l := range s.markets {
		if l.House() == house {
			h := l.market.Health()
			return h.Waiting*10 > h.Live+h.Suspect+h.Waiting
		}
	}
	return false
}

// silent are the venues of contracts that do not tell of liquidations.
func (s *liveSource) silent() (out []exchange.Venue) {
	for _, l := range s.markets {
		c, ok := connectorOf(l.House())
		if !ok {
			continue
		}
		for _, seg := range c.About().Segments {
			if seg.Contract != exchange.Spot && seg.Data&connect.Liquidations == 0 {
				out = append(out, seg.Venue)
			}
		}
	}
	return out
}

// lengthOf is the length of the bars of an instrument's venue.
func (s *liveSource) lengthOf(in *exchange.Instrument) exchange.Time {
	for _, l := range s.markets {
		if l.House() == in.Venue.House() {
			return l.market.Interval()
		}
	}
	return 0
}

// hosts names where the venues are asked.
func (s *liveSource) hosts() string {
	var out []string
	for _, l := range s.markets {
		out = append(out, s.hostsOf(l))
	}
	return strings.Join(out, ", ")
}

// hostsOf names where a venue is asked, with its house where there are several.
func (s *liveSource) hostsOf(l *liveMarket) string {
	if len(s.markets) == 1 {
		return l.venue.Hosts()
	}
	return l.House() + " at " + l.venue.Hosts()
}

// drive implements source. It lets the strategies look back on what was read before they
// begin. What was settled while an interrupted session was away is not only known to them:
// its positions stayed, so it is paid.
func (s *liveSource) drive(d *loop.Loop, at *ledger.Snapshot) {
	s.clock = s.real()
	s.clock.Recycle = s.market.Recycle
	d.Clock, d.Refetch, d.Start = s.clock, s.market.Snapshot, loop.Now()
	if past, ok := s.market.(connect.PastVolumes); ok {
		d.Volume = past.Volume
	}
	if at != nil {
		d.Start = max(d.Start, at.LastTime+1)
	}
	d.Past = s.past.first
	var ended exchange.Time
	if at != nil {
		ended = at.LastTime
	}
	past, paid := s.past.begin(ended)
	for i := range paid {
		s.inbox.Post(&paid[i])
	}
	d.Prelude = append(d.Prelude, past...)
	if text := s.past.progress(); text != "" {
		s.log(Line{Level: intent.Info, Text: text + "; the session begins, and the rest is told as it comes: see market.ready"})
	}
}

func (s *liveSource) paced() bool        { return true }
func (s *liveSource) fault() error       { return nil }
func (s *liveSource) describe() []string { return describeLive(s.hosts(), s.m.instruments) }

// tradedBefore are the instruments that an interrupted session has positions in, or orders
// that are held.
func tradedBefore(at *ledger.Snapshot) []string {
	var out []string
	if at == nil {
		return nil
	}
	for _, p := range at.Positions {
		out = append(out, string(p.Venue)+":"+p.Symbol)
	}
	for _, p := range at.Pairs {
		out = append(out, p.Spot, p.Perp)
	}
	for i := range at.Conditionals {
		out = append(out, string(at.Conditionals[i].Venue)+":"+at.Conditionals[i].Symbol)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func describeLive(hosts string, list []exchange.Instrument) []string {
	var keys, assumed []string
	for i := range list {
		in := &list[i]
		keys = append(keys, in.Key())
		if text := in.Segment() + ": assumed " + in.Assumed; in.Assumed != "" && !slices.Contains(assumed, text) {
			assumed = append(assumed, text)
		}
	}
	return append([]string{
		fmt.Sprintf("live market data of %s: %s", hosts, strings.Join(keys, " ")),
		"time is this machine's clock when the loop takes an event; the venue's own times are kept beside it",
	}, assumed...)
}

// notices implements source.
func (s *liveSource) notices() (out []string) {
	for _, l := range s.markets {
		for _, n := range l.takeNotices() {
			out = append(out, n.Text)
		}
	}
	return out
}
