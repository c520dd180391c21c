package live

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// refresh looks for changes of the rules. An instrument does not change while its universe
// is in use, so they are told to people; the funding interval alone is taken over at once.
func (m *Market) refresh() {
	seen := map[exchange.Venue]bool{}
	for _, t := range m.tracks {
		v := t.in.Venue
		if seen[v] {
			continue
		}
		seen[v] = true
		list, err := m.o.Ask.Listings(m.ctx, v)
		if err != nil {
			if m.ctx.Err() == nil {
				m.notice(exchange.NoInstrument, "looking for changes of the rules: %v", err)
			}
			continue
		}
		m.compare(v, list)
	}
}

func (m *Market) compare(v exchange.Venue, list connect.Listings) {
	now := make(map[string]*connect.Listing, len(list))
	for i := range list {
		now[list[i].Instrument.Symbol] = &list[i]
	}
	for _, t := range m.tracks {
		if t.in.Venue != v {
			continue
		}
		l := now[t.in.Symbol]
		if t.compare(m, l); l != nil {
			t.interval(m, l.Instrument.FundingHours)
		}
	}
}

// listed takes what a stream says of an instrument.
func (m *Market) listed(l connect.Listing) {
	if t := m.byKey[l.Instrument.FullKey()]; t != nil {
		t.compare(m, &l)
	}
}

// was returns what was last said of an instrument.
func (m *Market) was(v exchange.Venue, symbol string) (connect.Listing, bool) {
	t := m.byKey[string(v)+":"+symbol]
	if t == nil {
		return connect.Listing{}, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.listing, true
}

// compare tells what has changed in an instrument's rules since the last time, and stops or
// starts its book with its trading.
func (t *track) compare(m *Market, now *connect.Listing) {
	status := "NOT LISTED"
	if now != nil {
		status = now.Status
	}
	if yes := now != nil && now.Trading; t.trading(m, yes, status) && yes && m.has(connect.Books) {
		m.want(t)
	}
	text := changes(&t.opened, now)
	t.mu.Lock()
	news := text != t.told
	t.told = text
	if now != nil {
		t.listing = *now
	}
	t.mu.Unlock()
	if news {
		m.notice(t.in.ID, "%s: %s", t.in.Key(), cmp.Or(text, "its rules are again as they were"))
	}
}

// changes describes in words how the rules differ; "" when they do not.
func changes(was, now *connect.Listing) string {
	if now == nil {
		return "it is no longer listed"
	}
	var out []string
	add := func(what string, a, b any) {
		if x, y := fmt.Sprint(a), fmt.Sprint(b); x != y {
			out = append(out, fmt.Sprintf("%s was %s and is %s", what, x, y))
		}
	}
	add("status", was.Status, now.Status)
	add("end", was.Ends, now.Ends)
	a, b := was.Instrument, now.Instrument
	add("tick", a.Tick, b.Tick)
	add("lot", a.Lot, b.Lot)
	add("least quantity", a.QtyDecimal(a.MinQty), b.QtyDecimal(b.MinQty))
	add("largest quantity", a.QtyDecimal(a.MaxQty), b.QtyDecimal(b.MaxQty))
	add("least notional", a.MinNotional, b.MinNotional)
	add("contract size", a.ContractSize, b.ContractSize)
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
		m.notice(t.in.ID, "%s: funding was every %d h and is every %d h", t.in.Key(), was, hours)
	}
}
