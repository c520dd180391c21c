package simfront

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// page is the part of a list that a request asks for.
type page struct {
	n        int           // how many at the most
	first    int64         // the id to begin with
	from, to exchange.Time // 0 where it is open
}

// page reads limit, startTime and endTime.
func (c *call) page(def, most int64) (p page, f *fault) {
	if p.n, f = c.bounded("limit", def, most); f != nil {
		return p, f
	}
	p.from, p.to, f = c.window()
	return p, f
}

// history reads a page of the account's history, whose times are restricted. The
// parameter first has the id.
func (c *call) history(first string) (p page, f *fault) {
	if p, f = c.page(500, 1000); f != nil {
		return p, f
	}
	if p.first, f = c.integer(first, 0); f != nil {
		return p, f
	}
	return p, p.restrict(c.market)
}

// span is the longest time one history request may cover.
func span(m api.Market) exchange.Time {
	if m == api.Spot {
		return exchange.Day
	}
	return 7 * exchange.Day
}

// restrict refuses what covers too much and fills in the open end.
func (p *page) restrict(m api.Market) *fault {
	longest := span(m)
	switch {
	case p.from > 0 && p.to > 0 && p.to-p.from > longest:
		if m == api.Spot {
			return bad(-1127, "More than 24 hours between startTime and endTime.")
		}
		return bad(-4166, "Search window is restricted to recent 7 days only.")
	case p.from > 0 && p.to == 0:
		p.to = p.from + longest
	}
	return nil
}

func (p *page) holds(id int64, at exchange.Time) bool {
	return id >= p.first && within(at, p.from, p.to)
}

// forward reports whether the request says where to begin.
func (p *page) forward() bool { return p.first > 0 || p.from > 0 }

// latest keeps the n newest, or the n oldest when the request says where to begin.
func latest[L ~[]T, T any](all L, n int, forward bool) L {
	if forward {
		return all[:min(n, len(all))]
	}
	return all[max(0, len(all)-n):]
}
