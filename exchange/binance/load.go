package binance

import (
	"context"
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/limit"
)

// load adds what only other endpoints say of the chosen instruments, makes the
// universe, and returns the first mark prices.
func (m *Market) load(ctx context.Context, chosen []Listing) ([]exchange.Event, error) {
	premiums, err := m.terms(ctx, chosen)
	if err != nil {
		return nil, err
	}
	if err := m.number(chosen); err != nil {
		return nil, err
	}
	return m.firstMarks(premiums), nil
}

// listings asks for the rules of a market.
func (r *rest) listings(ctx context.Context, market api.Market, notice func(Notice)) ([]Listing, error) {
	body, err := r.get(ctx, market, "/exchangeInfo", nil)
	if err != nil {
		return nil, err
	}
	info, err := DecodeExchangeInfo(market, body)
	if err != nil {
		return nil, err
	}
	for _, p := range info.Problems {
		notice(Notice{exchange.NoInstrument, p})
	}
	return info.Listings, r.throttle.limits(market, info.RateLimits)
}

// limits takes the limits that the venue states. A test network's may be higher
// than the real ones; they are the truth there.
func (t *Throttle) limits(market api.Market, list []RateLimit) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range list {
		meter, ok := limit.MeterOf(limit.PoolOf(market), l.Type, l.Interval, l.IntervalNum)
		if !ok {
			continue
		}
		if err := t.ledger.SetLimit(meter, l.Limit); err != nil {
			return fmt.Errorf("rateLimits of %s: %w", market, err)
		}
	}
	return nil
}

// choose picks the listings that are named, in the order of all. Those of keep
// need not be trading.
func choose(all []Listing, keys, keep []string) ([]Listing, error) {
	list := make([]exchange.Instrument, len(all))
	for i := range all {
		list[i] = all[i].Instrument
	}
	u, err := exchange.NewUniverse(list)
	if err != nil {
		return nil, err
	}
	kept := make(map[string]bool)
	for _, key := range keep {
		if _, err = u.Lookup(key); err != nil {
			return nil, err
		}
		kept[key] = true
	}
	wanted := make(map[string]bool)
	for _, key := range keys {
		if _, err = u.Lookup(key); err != nil {
			return nil, err
		}
		wanted[key] = true
	}
	var out []Listing
	for _, l := range all {
		key := l.Instrument.Key()
		if wanted[key] && !kept[key] && !l.Trading() {
			return nil, fmt.Errorf("%s is not trading: its status is %s", key, l.Status)
		}
		if wanted[key] || kept[key] {
			out = append(out, l)
		}
	}
	return out, nil
}

// terms adds what only other endpoints say: funding intervals and bounds, and
// interest. It returns the rows of premiumIndex, by market.
func (m *Market) terms(ctx context.Context, list []Listing) (map[api.Market][]premium, error) {
	premiums := make(map[api.Market][]premium)
	for _, market := range []api.Market{api.USDM, api.COINM} {
		byName := make(map[string]*exchange.Instrument)
		for i := range list {
			if in := &list[i].Instrument; api.Of(in.Venue) == market {
				byName[in.Symbol] = in
			}
		}
		if len(byName) == 0 {
			continue
		}
		terms, err := fetchRows[fundingTerms](ctx, m.rest, market, "/fundingInfo", nil)
		if err != nil {
			return nil, err
		}
		if premiums[market], err = fetchRows[premium](ctx, m.rest, market, "/premiumIndex", nil); err != nil {
			return nil, err
		}
		applyTerms(byName, terms)
		applyInterest(byName, premiums[market])
	}
	return premiums, nil
}

// number makes the universe, and puts the listings in its order.
func (m *Market) number(chosen []Listing) error {
	list := make([]exchange.Instrument, len(chosen))
	byKey := make(map[string]*Listing, len(chosen))
	for i := range chosen {
		list[i] = chosen[i].Instrument
		byKey[list[i].Key()] = &chosen[i]
	}
	u, err := exchange.NewUniverse(list)
	if err != nil {
		return err
	}
	m.universe = u
	for _, in := range u.All() {
		l := *byKey[in.Key()]
		l.Instrument = *in
		m.listings = append(m.listings, l)
	}
	return nil
}

func (m *Market) firstMarks(premiums map[api.Market][]premium) (out []exchange.Event) {
	if m.o.Data&Marks == 0 {
		return nil
	}
	for _, market := range api.Markets {
		for _, p := range premiums[market] {
			in, ok := m.universe.Find(market.Venue(), p.Symbol)
			if !ok {
				continue
			}
			if ev, ok := p.event(in); ok {
				out = append(out, ev)
			}
		}
	}
	return out
}

// refresh looks for changes of the rules. An instrument does not change while
// its universe is in use, so they are told to people; the funding interval
// alone is taken over at once.
func (m *Market) refresh(ctx context.Context) {
	for pause(ctx, m.o.Refresh) == nil {
		for _, market := range api.Markets {
			if m.byName[market] == nil {
				continue
			}
			if err := m.compare(ctx, market); err != nil && ctx.Err() == nil {
				m.o.Notice(Notice{exchange.NoInstrument, fmt.Sprintf("looking for changes of the rules: %v", err)})
			}
		}
	}
}

func (m *Market) compare(ctx context.Context, market api.Market) error {
	list, err := m.rest.listings(ctx, market, m.o.Notice)
	if err != nil {
		return err
	}
	now := make(map[string]*Listing, len(list))
	for i := range list {
		now[list[i].Instrument.Symbol] = &list[i]
	}
	for i := range m.listings {
		if old := &m.listings[i]; api.Of(old.Instrument.Venue) == market {
			m.tracks[i].compare(m, old, now[old.Instrument.Symbol])
		}
	}
	if market == api.Spot {
		return nil
	}
	terms, err := fetchRows[fundingTerms](ctx, m.rest, market, "/fundingInfo", nil)
	for _, t := range terms {
		if known := m.byName[market][t.Symbol]; known != nil {
			known.interval(m, t.Hours)
		}
	}
	return err
}

// compare tells what has changed in an instrument's rules since the last time,
// and stops or starts its book with its trading.
func (t *track) compare(m *Market, opened, now *Listing) {
	status := "NOT LISTED"
	if now != nil {
		status = now.Status
	}
	if yes := now != nil && now.Trading(); t.trading(m, yes, status) && yes && m.o.Data&Books != 0 {
		m.fetchers[api.Of(t.in.Venue)].want(t)
	}
	text := changes(opened, now)
	t.mu.Lock()
	news := text != t.told
	t.told, t.listing = text, now
	t.mu.Unlock()
	if news {
		m.o.Notice(Notice{t.in.ID, t.in.Key() + ": " + or(text, "its rules are again as they were")})
	}
}

// changes describes in words how the rules differ; "" when they do not.
func changes(was, now *Listing) string {
	if now == nil {
		return "it is no longer listed"
	}
	var out []string
	add := func(what string, a, b any) {
		if fmt.Sprint(a) != fmt.Sprint(b) {
			out = append(out, fmt.Sprintf("%s was %v and is %v", what, a, b))
		}
	}
	add("status", was.Status, now.Status)
	add("end", was.Delivery, now.Delivery)
	a, b := &was.Filters, &now.Filters
	add("tick", a.Tick, b.Tick)
	add("lot", a.Lot, b.Lot)
	add("least quantity", a.MinQty, b.MinQty)
	add("largest quantity", a.MaxQty, b.MaxQty)
	add("least notional", a.MinNotional, b.MinNotional)
	add("contract size", was.Instrument.ContractSize, now.Instrument.ContractSize)
	return strings.Join(out, "; ")
}

// interval takes over a funding interval.
func (t *track) interval(m *Market, hours int) {
	if hours < 1 || hours > 24 {
		return
	}
	t.mu.Lock()
	was := t.hours
	t.hours = hours
	t.mu.Unlock()
	if was != hours {
		m.o.Notice(Notice{t.in.ID, fmt.Sprintf("%s: funding was every %d h and is every %d h", t.in.Key(), was, hours)})
	}
}

// Health returns the present state.
func (m *Market) Health() Health {
	c := &m.counts
	h := Health{Snapshots: c.snapshots.Load(), Refused: c.refused.Load(), Failed: c.failed.Load(), Gaps: c.gaps.Load(),
		Malformed: c.malformed.Load(), Ignored: c.ignored.Load(), Repeated: c.repeated.Load(), Settled: c.settled.Load()}
	for _, client := range m.clients {
		h.Connections = append(h.Connections, client.Health())
	}
	for _, t := range m.tracks {
		switch t.state() {
		case book.Live:
			h.Live++
		case book.Suspect:
			h.Suspect++
		default:
			h.Waiting++
		}
	}
	return h
}
