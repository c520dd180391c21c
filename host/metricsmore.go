package host

import (
	"sync"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/quantile"
)

// trips is how long venues took to answer orders, from the loop and back to it.
type trips struct {
	mu     sync.Mutex
	under  map[exchange.OrderID]exchange.Time
	houses []string
	took   map[string]*quantile.Sketch
}

// tripsMost bounds the orders whose answer is waited for: an answer that never comes is
// nobody's measure.
const tripsMost = 10_000

// sent notes that an order is on its way.
func (t *trips) sent(id exchange.OrderID, at exchange.Time) {
	if t.under == nil || len(t.under) >= tripsMost {
		t.under = map[exchange.OrderID]exchange.Time{}
	}
	t.under[id] = at
}

// answered notes the first word on an order.
func (t *trips) answered(id exchange.OrderID, house string, at exchange.Time) {
	began, ok := t.under[id]
	if !ok {
		return
	}
	delete(t.under, id)
	if t.took == nil {
		t.took = map[string]*quantile.Sketch{}
	}
	s := t.took[house]
	if s == nil {
		s = &quantile.Sketch{}
		t.took[house] = s
		t.houses = append(t.houses, house)
	}
	s.Add(at - began)
}

func (t *trips) metrics(l *metricList) {
	for _, house := range t.houses {
		quantiles(l, "perilune_order_round_trip_seconds", "From an order's sending to the venue's first answer, since the session's beginning.", t.took[house], Label{"venue", house})
	}
	for _, house := range t.houses {
		l.add(Counter, "perilune_orders_answered_total", "Orders that the venue has answered.", float64(t.took[house].Count()), Label{"venue", house})
	}
}

// quantiles are those of times, in seconds.
func quantiles(l *metricList, name, help string, s *quantile.Sketch, labels ...Label) {
	for _, q := range []struct {
		name string
		v    exchange.Time
	}{{"0.5", s.Quantile(500)}, {"0.9", s.Quantile(900)}, {"0.99", s.Quantile(990)}, {"1", s.Max()}} {
		l.add(Quantiles, name, help, float64(q.v)/float64(exchange.Second), append(labels[:len(labels):len(labels)], Label{"quantile", q.name})...)
	}
}

// exposureMetrics are what the positions in perpetuals and the coins of each venue are worth.
func exposureMetrics(l *metricList, r *runner) {
	type side struct{ long, short decimal.Decimal }
	sides, houses := map[string]*side{}, []string{}
	for _, in := range r.core.Universe().All() {
		p := r.core.AccountPosition(in.ID)
		if p.Qty == 0 {
			continue
		}
		house := in.Venue.House()
		s := sides[house]
		if s == nil {
			s = &side{}
			sides[house] = s
			houses = append(houses, house)
		}
		value := r.core.Worth(in.Base, in.QtyDecimal(p.Qty))
		if in.Contract == exchange.Inverse { // contracts are money already
			value = in.QtyDecimal(p.Qty).Mul(in.ContractSize)
		}
		if value.IsNegative() {
			s.short = s.short.Sub(value)
		} else {
			s.long = s.long.Add(value)
		}
	}
	for _, house := range houses {
		for _, x := range []struct {
			side string
			v    decimal.Decimal
		}{{"long", sides[house].long}, {"short", sides[house].short}} {
			l.add(Gauge, "perilune_exposure", "What positions are worth at the last prices, bought coins included.", x.v.InexactFloat64(),
				Label{"currency", r.core.Currency()}, Label{"venue", house}, Label{"side", x.side})
		}
	}
}

// limitMetrics are how much of the venues' limits on requests is used up.
func limitMetrics(l *metricList, r *runner) {
	type row struct {
		labels      []Label
		used, limit int
	}
	var rows []row
	for _, a := range r.source.accesses() {
		for _, u := range a.throttle.Uses() {
			rows = append(rows, row{[]Label{{"venue", a.venue.House()}, {"rule", u.Rule}}, u.Used, u.Limit})
		}
	}
	for _, x := range rows {
		l.add(Gauge, "perilune_rate_limit_used", "What is used up of a venue's limit on requests in its window.", float64(x.used), x.labels...)
	}
	for _, x := range rows {
		l.add(Gauge, "perilune_rate_limit", "A venue's limit on requests.", float64(x.limit), x.labels...)
	}
}

// metrics are the free space of what a session is recorded on.
func (s *storage) metrics(l *metricList) {
	if s == nil {
		return
	}
	for _, p := range s.places {
		if free, err := s.space(p.dir); err == nil {
			l.add(Gauge, "perilune_disk_free_bytes", "Free space where the ledger and the journal are.", float64(free), Label{"disk", p.dir})
		}
	}
}
