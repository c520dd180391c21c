package execution

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// A spread may sell coins that it borrows. What it owes grows by interest every hour, which
// makes it a little more short than long until the difference is worth an order. At its end
// nothing may stay owed, not even dust: what is bought back counts two hours of interest
// more, which may have been charged and not told yet, and is no less than the venue's smallest
// order. What that is too much stays in the wallet as coins.

// borrows refuses a pair that can't borrow what it would sell.
func borrows(r *intent.PairRequest, short *exchange.Instrument) error {
	switch {
	case !r.Borrow:
		return nil
	case short.Perp():
		return fmt.Errorf("borrow: short %s is a contract: only coins that are sold on spot are borrowed", short.Key())
	case !short.Lends():
		return fmt.Errorf("borrow: %s lends no %s to a wallet that trades it on spot", short.Venue, short.Base)
	}
	return nil
}

// repays is how many lots bring back all coins that a leg sold short, with the fee on them:
// of borrowed ones with what interest may come to meanwhile, and as many as the venue takes.
func (sp *spreadLegs) repays(p Port, which int) exchange.Lots {
	h, in := sp.holding(which), sp.instrument(p, which)
	coins := h.Coins.Abs()
	if h.Borrowed {
		coins = coins.Add(sp.untold(p, in))
	}
	lots := exchange.Lots(in.Lot.Ceil(coins.DivRound(sp.kept(p, in), 12)))
	if price, ok := sp.price(p, which, exchange.Buy); ok && h.Borrowed && !sp.Pair.Spread.Legs[intent.LongLeg].Coins.IsPositive() {
		lots = max(lots, leastLots(in, price))
	}
	return lots
}

// untold is what interest on the whole pair may come to that nobody has told of yet: the
// venue's listing is read once a minute, so no more than an hour's, and one that comes now.
func (sp *spreadLegs) untold(p Port, in *exchange.Instrument) decimal.Decimal {
	coins := sp.holding(intent.ShortLeg).Coins.Abs()
	if price, ok := sp.coinMid(p); ok {
		coins = decimal.Max(coins, sp.Request.Notional.DivRound(price, 12))
	}
	return coins.Mul(in.Lending.Rate).Mul(decimal.NewFromInt(2))
}

// spared reports whether a leg has no more coins than were bought too many to bring borrowed
// ones back: they are not sold, because interest that is told late is paid with them.
func (sp *spreadLegs) spared(p Port, which int) bool {
	h, in := sp.holding(which), sp.instrument(p, which)
	if !h.Borrowed || !h.Coins.IsPositive() {
		return false
	}
	lots := exchange.Lots(1)
	if price, ok := sp.price(p, which, exchange.Buy); ok {
		lots = leastLots(in, price)
	}
	return h.Coins.LessThanOrEqual(in.BaseQty(1, lots+1).Add(sp.untold(p, in)))
}

// sparesAll reports whether nothing is left of a spread but what is spared.
func (sp *spreadLegs) sparesAll(p Port) bool {
	return sp.Pair.Spread.Is() && sp.holding(intent.LongLeg).Lots == 0 && sp.holding(intent.StandIn).Lots == 0 && sp.spared(p, intent.ShortLeg)
}

// Repays is how many lots of an instrument a pair may buy to bring back what it owes; 0: it
// owes nothing of it.
func (m *Machine) Repays(p Port, id exchange.InstrumentID) exchange.Lots {
	if which, ok := m.Pair.Spread.Leg(id); ok && which == intent.ShortLeg && m.Pair.Owes().IsPositive() {
		return m.spread.repays(p, which)
	}
	return 0
}

// Charged books interest on what the pair owes, in coins; it is negative.
func (m *Machine) Charged(p Port, coins decimal.Decimal) {
	h := &m.Pair.Spread.Legs[intent.ShortLeg]
	h.Coins, h.Interest = h.Coins.Add(coins), h.Interest.Add(coins)
	m.Pair.Interest = m.Pair.Interest.Add(coins.Mul(m.coinWorth(p)).Round(8))
	m.wake = p.Now() // it moved what is unhedged
}
