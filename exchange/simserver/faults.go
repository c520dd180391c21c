package simserver

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Fault is a misbehaviour to come. It is the body of POST /sim/faults.
type Fault struct {
	// Kind is one of those below.
	//
	// At its time, on connections: drop (cut without goodbye), half_open (silent,
	// also to pings), server_shutdown (spot's announcement), listen_key_expired.
	// At its time, on the exchange: skew (Millis added to the request clock),
	// maintenance (Millis long), filter, delist, adl (Symbol).
	//
	// At the next Count occasions after its time: gap, duplicate, reorder (diffs
	// of depth); unavailable, throttled (order entry that was not carried out);
	// timeout, unknown, reset (order entry that was carried out, but the answer
	// is -1007, 503, or none); 429, 418 (any request).
	Kind    string `json:"kind"`
	Market  string `json:"market,omitempty"`   // spot, usdm or coinm; empty: any
	Symbol  string `json:"symbol,omitempty"`   // empty: any
	Route   string `json:"route,omitempty"`    // of connections: public, market, private, all (spot and COIN-M), api; empty: any
	Count   int    `json:"count,omitempty"`    // occasions; default 1
	AfterMS int64  `json:"after_ms,omitempty"` // from now, on the wall clock
	Millis  int64  `json:"ms,omitempty"`
	EveryMS int64  `json:"every_ms,omitempty"` // comes again after so long, until it is cleared
	// Of filter: what is to hold from then on. Empty: unchanged.
	TickSize    string `json:"tick_size,omitempty"`
	StepSize    string `json:"step_size,omitempty"`
	MinNotional string `json:"min_notional,omitempty"`
}

// armed is a fault that waits.
type armed struct {
	Fault
	market exchange.Market // 0: any
	at     time.Time
	left   int   // occasions
	rules  rules // of filter: tick, step and minNotional, zero where unchanged
}

// again sets a fault that repeats for its next time.
func (a *armed) again(now time.Time) bool {
	a.at, a.left = now.Add(time.Duration(a.EveryMS)*time.Millisecond), a.Count
	return a.EveryMS > 0
}

// faultDesk holds the faults to come.
type faultDesk struct {
	armed []*armed
	// closedUntil is the end of maintenance.
	closedUntil exchange.Time
}

// timed are the faults that happen by themselves, and what they do.
var timed = map[string]func(*sim, *armed){
	"drop": dropConnections, "half_open": holdConnections, "server_shutdown": announceShutdown, "listen_key_expired": expireKeys,
	"skew": skewClock, "maintenance": closeForMaintenance, "filter": changeFilter, "delist": delist, "adl": deleverage,
}

// occasional are the faults that wait for something to happen to.
var occasional = []string{"gap", "duplicate", "reorder", "unavailable", "throttled", "timeout", "unknown", "reset", "429", "418"}

// arm checks a fault and adds it.
func (d *faultDesk) arm(s *sim, f Fault) error {
	a := &armed{Fault: f, at: s.opt.Clock().Add(time.Duration(f.AfterMS) * time.Millisecond)}
	if timed[f.Kind] == nil && !slices.Contains(occasional, f.Kind) {
		return fmt.Errorf("fault kind %q: want one of %v or %v", f.Kind, sortedKeys(timed), occasional)
	}
	var err error
	if f.Market != "" {
		if a.market, err = exchange.ParseMarket(f.Market); err != nil {
			return err
		}
	}
	if _, known := routeNames[f.Route]; !known && f.Route != "" {
		return fmt.Errorf("fault route %q: want one of %v", f.Route, sortedKeys(routeNames))
	}
	for _, v := range []struct {
		text string
		to   *decimal.Decimal
	}{{f.TickSize, &a.rules.tick}, {f.StepSize, &a.rules.step}, {f.MinNotional, &a.rules.minNotional}} {
		if v.text == "" {
			continue
		}
		if *v.to, err = decimal.NewFromString(v.text); err != nil || !v.to.IsPositive() {
			return fmt.Errorf("fault filter %q: want a positive decimal", v.text)
		}
	}
	if f.Count < 0 || f.AfterMS < 0 || f.EveryMS < 0 {
		return fmt.Errorf("fault %s: count %d, after_ms %d, every_ms %d: want 0 or more", f.Kind, f.Count, f.AfterMS, f.EveryMS)
	}
	a.Count = max(a.Count, 1)
	a.left = a.Count
	d.armed = append(d.armed, a)
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m { // order does not matter: sorted next
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// take uses up one occasion of a fault, if one is armed and due.
func (d *faultDesk) take(s *sim, kind string, m exchange.Market, symbol string) bool {
	if len(d.armed) == 0 {
		return false
	}
	now := s.opt.Clock()
	for i, a := range d.armed {
		if a.Kind != kind || a.market != 0 && a.market != m || a.Symbol != "" && a.Symbol != symbol || now.Before(a.at) {
			continue
		}
		if a.left--; a.left == 0 && !a.again(now) {
			d.armed = slices.Delete(d.armed, i, i+1)
		}
		return true
	}
	return false
}

// runTimed does what is due.
func (d *faultDesk) runTimed(s *sim) {
	if len(d.armed) == 0 {
		return
	}
	now := s.opt.Clock()
	var due []*armed
	d.armed = slices.DeleteFunc(d.armed, func(a *armed) bool {
		ripe := timed[a.Kind] != nil && !now.Before(a.at)
		if ripe {
			due = append(due, a)
		}
		return ripe && !a.again(now)
	})
	for _, a := range due {
		timed[a.Kind](s, a)
	}
}

// before refuses a request that is not to be carried out.
func (d *faultDesk) before(s *sim, c *call) *fault {
	m, symbol, now := c.market, c.get("symbol"), s.wall()
	switch {
	case now < d.closedUntil:
		if m == exchange.Spot {
			return &fault{status: http.StatusServiceUnavailable, code: -1016, msg: "This service is no longer available."}
		}
		return &fault{status: http.StatusServiceUnavailable, code: 0, msg: "Service Unavailable."}
	case d.take(s, "418", m, symbol):
		s.used(c.request).banUntil = now + banFor
		return banned(m, now+banFor, now)
	case d.take(s, "429", m, symbol):
		return tooMany(m, s.opt.Limits.SpotWeight, 1, now)
	}
	if !entersOrder(c.request) {
		return nil
	}
	switch {
	case d.take(s, "unavailable", m, symbol):
		return &fault{status: http.StatusServiceUnavailable, code: 0, msg: "Service Unavailable."}
	case d.take(s, "throttled", m, symbol):
		return &fault{status: http.StatusServiceUnavailable, code: -1008, msg: "Request throttled by system-level protection. Reduce-only/close-position orders are exempt. Please try again."}
	}
	return nil
}

func entersOrder(r *request) bool {
	rt, ok := routes[r.market][routeKey(r)]
	return ok && rt.short > 0
}

// after loses the answer to what was carried out.
func (d *faultDesk) after(s *sim, c *call, res *response) {
	m, symbol := c.market, c.get("symbol")
	var f *fault
	switch {
	case d.take(s, "timeout", m, symbol):
		f = &fault{status: http.StatusRequestTimeout, code: -1007, msg: "Timeout waiting for response from backend server. Send status unknown; execution status unknown."}
	case d.take(s, "unknown", m, symbol):
		f = &fault{status: http.StatusServiceUnavailable, code: -1000, msg: "Unknown error, please check your request or try again later."}
	case d.take(s, "reset", m, symbol):
		res.reset = true
		return
	default:
		return
	}
	res.status, res.body, res.fault = f.status, encode(f.body()), f
}

// routeNames are how faults name what an address gives access to.
var routeNames = map[string]access{"public": publicOnly, "market": marketOnly, "private": privateOnly, "all": everything, "api": apiAccess}

// hit returns the connections that a fault is for.
func (s *sim) hit(a *armed) []*client {
	var out []*client
	for _, c := range s.hub.clients {
		if (a.market == 0 || a.market == c.end.market) && (a.Route == "" || routeNames[a.Route] == c.end.access) {
			out = append(out, c)
		}
	}
	return out
}

func dropConnections(s *sim, a *armed) {
	for _, c := range s.hit(a) {
		c.peer.Drop()
	}
}

func holdConnections(s *sim, a *armed) {
	for _, c := range s.hit(a) {
		c.peer.Hold()
	}
}

// announceShutdown is spot's serverShutdown in the three forms it has.
func announceShutdown(s *sim, a *armed) {
	event := encode(object{{"e", "serverShutdown"}, {"E", millis(s.now)}})
	for _, c := range s.hit(a) {
		switch {
		case c.end.market != exchange.Spot:
		case c.end.access == apiAccess:
			c.peer.Send(encode(object{{"event", raw(event)}}))
		default:
			c.send("!serverShutdown", event)
		}
	}
}

func expireKeys(s *sim, a *armed) {
	for _, acc := range s.accounts {
		for _, m := range []exchange.Market{exchange.USDM, exchange.COINM} {
			if a.market == 0 || a.market == m {
				acc.expireListenKey(m)
			}
		}
	}
}

func skewClock(s *sim, a *armed) { s.skew = time.Duration(a.Millis) * time.Millisecond }

// closeForMaintenance refuses everything and cuts every connection.
func closeForMaintenance(s *sim, a *armed) {
	s.desk.closedUntil = s.wall() + exchange.UnixMilli(a.Millis)
	dropConnections(s, a)
}

// concerned are the instruments that a fault is for.
func (s *sim) concerned(a *armed) []*market {
	var out []*market
	for _, m := range s.markets {
		if (a.market == 0 || a.market == m.in.Market) && (a.Symbol == "" || a.Symbol == m.in.Symbol) {
			out = append(out, m)
		}
	}
	return out
}

// changeFilter replaces filters. They may only become coarser: what the venue
// behind the door enforces stays.
func changeFilter(s *sim, a *armed) {
	for _, m := range s.concerned(a) {
		if t := a.rules.tick; !t.IsZero() {
			m.rules.tick, m.rules.minPrice = t, t
		}
		if st := a.rules.step; !st.IsZero() {
			m.rules.step, m.rules.minQty = st, decimal.Max(m.rules.minQty, st)
		}
		if n := a.rules.minNotional; !n.IsZero() {
			m.rules.minNotional = n
		}
	}
}

// delist halts a symbol and cancels its orders.
func delist(s *sim, a *armed) {
	for _, m := range s.concerned(a) {
		m.rules.status = "SETTLING"
		if m.in.Market == exchange.Spot {
			m.rules.status = "BREAK"
		}
		for _, acc := range s.accounts {
			for _, o := range acc.openOrders(m.in.Market, m) {
				o.expiry = "7"
				_ = acc.cancel(o, "delisted") // it was open a moment ago
			}
		}
	}
}

// deleverage closes the whole position of every account at the mark.
func deleverage(s *sim, a *armed) {
	for _, m := range s.concerned(a) {
		for _, acc := range s.accounts {
			if q := acc.venue.Position(m.in.ID).Qty.Abs(); q > 0 {
				acc.venue.Deleverage(m.in.ID, q, s.now)
				acc.drain()
			}
		}
	}
}
