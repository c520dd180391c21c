package feed

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
)

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
				m.o.Notice(connect.Notice{Instrument: exchange.NoInstrument, Text: fmt.Sprintf("looking for changes of the rules: %v", err)})
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
	if yes := now != nil && now.Trading(); t.trading(m, yes, status) && yes && m.o.Data&connect.Books != 0 {
		m.fetchers[api.Of(t.in.Venue)].want(t)
	}
	text := changes(opened, now)
	t.mu.Lock()
	news := text != t.told
	t.told, t.listing = text, now
	t.mu.Unlock()
	if news {
		m.o.Notice(connect.Notice{Instrument: t.in.ID, Text: t.in.Key() + ": " + cmp.Or(text, "its rules are again as they were")})
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
		m.o.Notice(connect.Notice{Instrument: t.in.ID, Text: fmt.Sprintf("%s: funding was every %d h and is every %d h", t.in.Key(), was, hours)})
	}
}
