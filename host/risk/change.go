package risk

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Changed is a limit that another takes the place of, as people read them.
type Changed struct {
	Name          string // as the configuration has it
	Before, After string
	Raised        bool // more may pass than before
}

// Change puts limits in the place of those in force, and tells which of them are others. It
// changes what the gate itself asks for: MaxBorrowed, MaxFeedLatency and WarnFeedLatency stay
// as they were, because parts outside of the gate were made with them.
func (g *Gate) Change(l Limits) (list []Changed) {
	l = l.WithDefaults()
	before := g.limits
	l.MaxBorrowed, l.MaxFeedLatency, l.WarnFeedLatency = before.MaxBorrowed, before.MaxFeedLatency, before.WarnFeedLatency
	money := func(name string, old, now decimal.Decimal) {
		if !old.Equal(now) {
			list = append(list, Changed{name, old.String(), now.String(), raised(old.InexactFloat64(), now.InexactFloat64())})
		}
	}
	number := func(name string, old, now float64) {
		if old != now {
			list = append(list, Changed{name, fmt.Sprint(old), fmt.Sprint(now), raised(old, now)})
		}
	}
	money("max_order_notional", before.MaxOrderNotional, l.MaxOrderNotional)
	money("max_position_notional", before.MaxPositionNotional, l.MaxPositionNotional)
	money("daily_loss", before.DailyLoss, l.DailyLoss)
	number("collar_bp", before.CollarBP, l.CollarBP)
	number("orders_per_second", before.OrdersPerSecond, l.OrdersPerSecond)
	number("order_burst", float64(before.OrderBurst), float64(l.OrderBurst))
	number("max_open_orders", float64(before.MaxOpenOrders), float64(l.MaxOpenOrders))
	number("stale_after_seconds", float64(before.StaleAfter)/float64(exchange.Second), float64(l.StaleAfter)/float64(exchange.Second))
	g.limits = l
	g.tokens = min(g.tokens, float64(l.OrderBurst))
	return list
}

// raised reports whether a limit lets more pass than before; a negative one lets all.
func raised(old, now float64) bool { return old >= 0 && (now < 0 || now > old) }
