package simfront

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// Prices and lives that an order takes from the exchange: priceMatch and GTD of
// futures.

// matches are the priceMatch modes: the n-th price of the own side (QUEUE) or of
// the other (OPPONENT). Source: order of USD-M, as of 2025-10-23.
var matches = map[string]struct {
	opponent bool
	level    int
}{
	"OPPONENT": {true, 1}, "OPPONENT_5": {true, 5},
	"QUEUE": {false, 1}, "QUEUE_5": {false, 5}, "QUEUE_10": {false, 10}, "QUEUE_20": {false, 20},
}

// readMatch reads priceMatch, which takes the place of a price.
func (t *ticket) readMatch(c *call) *fault {
	mode := c.get("priceMatch")
	if mode == "" || mode == "NONE" {
		return nil
	}
	if _, ok := matches[mode]; !ok || c.has("price") {
		return bad(-5037, "Invalid price match")
	}
	if t.kind != exchange.Limit {
		return bad(-5038, "Price match only supports order type: LIMIT, STOP AND TAKE_PROFIT")
	}
	t.matchWith = mode
	return nil
}

// priceByMatch gives a ticket with priceMatch its price.
func (t *ticket) priceByMatch() *fault {
	if t.matchWith == "" {
		return nil
	}
	mode, side := matches[t.matchWith], t.side
	if mode.opponent {
		side = side.Opposite()
	}
	l, ok := t.m.Book.Level(side, mode.level)
	if !ok {
		return bad(-5041, "No depth matches this BBO order")
	}
	t.price = t.m.In.PriceDecimal(l.Price)
	return nil
}

// matching is how answers tell priceMatch.
func (t *ticket) matching() string {
	if t.matchWith == "" {
		return "NONE"
	}
	return t.matchWith
}

// shortestGTD is how far ahead goodTillDate must be.
const shortestGTD = 600_000

// goodTill reads goodTillDate, which GTD needs and nothing else may have: a time
// of the request clock, to the second.
func (h *orderEntry) goodTill(c *call, tif string) (int64, *fault) {
	if tif != "GTD" {
		if c.has("goodTillDate") && c.get("goodTillDate") != "0" {
			return 0, notRequired("goodTillDate")
		}
		return 0, nil
	}
	if c.market != api.USDM {
		return 0, bad(-1115, "Invalid timeInForce.")
	}
	if !c.has("goodTillDate") {
		return 0, missing("goodTillDate")
	}
	ms, f := c.integer("goodTillDate", 0)
	if f != nil {
		return 0, f
	}
	ms -= ms % 1000
	if ms <= millis(h.clock.Wall())+shortestGTD || ms >= 253402300799000 {
		return 0, bad(-5040, "The goodTillDate timestamp must be greater than the current time plus 600 seconds and smaller than 253402300799000.")
	}
	return ms, nil
}

// stopText is a trigger price as answers tell it.
func stopText(p decimal.Decimal) string {
	if p.IsZero() {
		return "0"
	}
	return p.String()
}
