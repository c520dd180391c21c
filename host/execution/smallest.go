package execution

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Headroom is kept in hand above a venue's minimum, and below what of a pair may be unhedged:
// the price moves before an order arrives, and until what it unhedges is mended.
var Headroom = decimal.RequireFromString("1.02")

// tradable reports whether the venue's size filters let an order through, with
// a margin for the price moving before it arrives.
func tradable(in *exchange.Instrument, price exchange.Ticks, lots exchange.Lots) bool {
	if lots <= 0 || lots < in.MinQty {
		return false
	}
	return in.MinNotional.IsZero() || in.Notional(price, lots).GreaterThanOrEqual(in.MinNotional.Mul(Headroom))
}

// tooSmall words why lots are not tradable: what was compared with what.
func tooSmall(in *exchange.Instrument, price exchange.Ticks, lots exchange.Lots) string {
	if least := max(1, in.MinQty); lots < least {
		return fmt.Sprintf("in whole lots that is %s, and the smallest order on %s is one of %s", in.QtyDecimal(max(0, lots)), in.Key(), in.QtyDecimal(least))
	}
	return fmt.Sprintf("in whole lots that is %s, worth %s at %s, and an order on %s has to be worth %s%s",
		in.QtyDecimal(lots), in.Notional(price, lots), in.PriceDecimal(price), in.Key(), in.MinNotional.Mul(Headroom), inHand(in))
}

// inHand says what the least value of an order consists of.
func inHand(in *exchange.Instrument) string {
	if in.MinNotional.IsZero() {
		return ""
	}
	return fmt.Sprintf(" (its minimum is %s, and 2 %% are kept in hand)", in.MinNotional)
}

// leastPair is the value of a pair of which each leg can be opened and closed: the
// perpetual's lots decide, and the coins that they stand for, less the fee on them,
// must be enough to be sold.
func leastPair(p intent.Markets, r *intent.PairRequest, perp *exchange.Instrument, price exchange.Ticks) decimal.Decimal {
	lots, spot := leastLots(perp, price), p.Instrument(r.Spot)
	if bid, ok := p.Book(spot.ID).Level(exchange.Buy, 1); ok && p.Book(spot.ID).Ready() {
		coins := spot.QtyDecimal(leastLots(spot, bid.Price) + 1) // a part of a lot goes in fees
		lots = max(lots, exchange.Lots(perp.Lot.Ceil(coins.DivRound(decimal.NewFromInt(perp.Multiplier), 12))))
	}
	return perp.Notional(price, lots)
}

// leastLots is the smallest order that is sent at a price.
func leastLots(in *exchange.Instrument, price exchange.Ticks) exchange.Lots {
	least := max(1, in.MinQty)
	if one := in.Notional(price, 1); one.IsPositive() {
		least = max(least, exchange.Lots(in.MinNotional.Mul(Headroom).Div(one).Ceil().IntPart()))
	}
	return least
}

// hair is what rounding may take of a value on its way to coins and back to lots.
var hair = decimal.RequireFromString("1.000001")

// smallestSlice is smallest for a spread: of the coarser leg a whole number of lots is
// traded, which has to be an order of either leg and, with what is kept in hand, within
// the bounds. Without both prices only what one leg needs can be told.
func smallestSlice(r *intent.PairRequest, p intent.Markets) error {
	long, short := p.Instrument(r.Spot), p.Instrument(r.Perp)
	ask, ok1 := p.Book(long.ID).Level(exchange.Sell, 1)
	bid, ok2 := p.Book(short.ID).Level(exchange.Buy, 1)
	if !ok1 || !ok2 || !p.Book(long.ID).Ready() || !p.Book(short.ID).Ready() {
		return smallest(r, p)
	}
	price := [...]exchange.Ticks{ask.Price, bid.Price}
	legs := [...]*exchange.Instrument{long, short}
	needs, coins := short, short.BaseQty(bid.Price, leastLots(short, bid.Price))
	if c := long.BaseQty(ask.Price, leastLots(long, ask.Price)); c.GreaterThan(coins) {
		needs, coins = long, c
	}
	lead := coarser(long, short, ask.Price, bid.Price)
	unit := legs[lead].BaseQty(price[lead], 1)
	coins = coins.DivRound(unit, 8).Ceil().Mul(unit)
	if !long.Perp() { // of what is bought a part goes in fees
		coins = coins.DivRound(one.Sub(long.TakerFee), 12)
	}
	dear := decimal.Max(coinPriceAt(long, ask.Price), coinPriceAt(short, bid.Price)).Mul(hair)
	least, bound := coins.Mul(dear).RoundUp(2), coins.Mul(dear).Mul(darkroom)
	kept := "5 % are kept in hand for the price moving"
	if r.Style == intent.Maker {
		bound, kept = bound.Div(makerShare), kept+", and what rests is worth no more than half of it"
	}
	for _, v := range [...]struct {
		name        string
		value, want decimal.Decimal
		kept        string
	}{{"notional", r.Notional, least, ""}, {"max_unhedged", r.MaxUnhedged, bound.RoundUp(2), "; " + kept}, {"batch", r.Batch, least, ""}} {
		if v.value.LessThan(v.want) {
			return fmt.Errorf("%s: %s is too little for one slice of long %s and short %s, which is worth %s because of the smallest order on %s%s%s: want at least %s",
				v.name, v.value, long.Key(), short.Key(), least, needs.Key(), inHand(needs), v.kept, v.want)
		}
	}
	return nil
}
