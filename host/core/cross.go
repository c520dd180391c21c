package core

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
)

// A venue keeps one position and one wallet for an account, and pairs and strategies
// hold parts of both. Where they get into each other's way they trade inside the
// account: nothing is sent, and the venue's position does not change. Both sides are
// booked as fills of the same price and quantity without a fee, so a position stays
// the sum of its fills, and all of them together what the venue has.
//
//   - A rest of a pair's short that the venue takes no order for, because it is below
//     the smallest order and another position hides it, is sold by whoever holds that
//     position, at the mark price: pairs beyond flat first, then the pair's own
//     strategy, the others by index, and last what nobody holds.
//   - Coins of pairs that an order of a strategy or schedule sold, because one of its
//     fills was told too late, are bought by that strategy from the pairs, oldest
//     first, at the price of the fill. The pairs close the other leg at once.
//   - Coins of a pair that somebody else sold while their transfer was under way, which
//     failed for it, are bought by nobody, who that sale was booked to.

// party is who holds a part of a position: a pair, or what a strategy holds beside its
// pairs; -1 and 0: nobody.
type party struct {
	strategy int32
	pair     exchange.PairID
}

// cross books a trade between two holders.
func (cr *crossing) cross(in *exchange.Instrument, price exchange.Ticks, lots exchange.Lots, buyer, seller party, why string) {
	cr.count++
	ref := fmt.Sprintf("cross-%d.%d.%d", cr.now, cr.seq, cr.count)
	f := exchange.Fill{Instrument: in.ID, Price: price, Qty: lots, FeeAsset: in.Settle(), Reason: why}
	sold, bought := f, f
	sold.TradeID, sold.Side = ref+"-s", exchange.Sell
	bought.TradeID, bought.Side = ref+"-b", exchange.Buy
	cr.bookCross(seller, &sold)
	cr.bookCross(buyer, &bought)
	cr.passCross(seller, &sold)
	cr.passCross(buyer, &bought)
}

// bookCross books one side: account, strategy, ledger.
func (cr *crossing) bookCross(who party, f *exchange.Fill) {
	in := cr.u.Get(f.Instrument)
	cr.seen.addExecution(f)
	postings := cr.acct.fill(f)
	cr.claims.credit(who.strategy, who.pair, f)
	cr.emit(-1, cr.outbox.fills.keep(Filled{Fill: f, Shares: []FillShare{{Strategy: who.strategy, Pair: who.pair, Fill: *f}}}))
	if len(postings) > 0 {
		cr.emit(-1, Booked{&Txn{Kind: "fill", Ref: in.Key() + ":" + f.TradeID, Strategy: who.strategy, Pair: who.pair, Postings: postings}})
	}
}

// passCross tells one side.
func (cr *crossing) passCross(who party, f *exchange.Fill) {
	cr.strategies.notify(who.strategy, Callback{Handler: OnFill, Instrument: f.Instrument, Fill: f})
	if m := cr.pairs.machine(who.pair); m != nil {
		m.Fill(cr.driver.port, f)
		cr.driver.snoozeIdle(m)
		cr.driver.Changed(m)
	}
}

// SettleShort implements execution.Port.
func (cr *crossing) SettleShort(m *execution.Machine, lots exchange.Lots) bool {
	return cr.settle(m, cr.u.Get(m.Pair.Perp), exchange.Buy, lots)
}

// SettleLeg implements execution.Port.
func (cr *crossing) SettleLeg(m *execution.Machine, id exchange.InstrumentID, side exchange.Side, lots exchange.Lots) bool {
	return cr.settle(m, cr.u.Get(id), side, lots)
}

// settle has a pair buy or sell lots inside the account. While one is settled no other is:
// a side that was told acts at once, when the other side has not been told yet, and what
// that one may give can't be told from what it holds.
func (cr *crossing) settle(m *execution.Machine, in *exchange.Instrument, side exchange.Side, lots exchange.Lots) bool {
	mark := cr.markets.markPrice(in)
	price := exchange.Ticks(in.Tick.Nearest(exchange.Float(mark)))
	if price <= 0 || lots <= 0 || cr.settling {
		return false
	}
	cr.settling = true
	defer func() { cr.settling = false }()
	pair, does, from := party{m.Pair.Strategy, m.Pair.ID}, "buys", "from"
	if side == exchange.Sell {
		does, from = "sells", "to"
	}
	settled := false
	for lots > 0 {
		other, held := cr.hider(in, m, exchange.Lots(side))
		part := min(lots, held, cr.room(other, in, price))
		if part <= 0 {
			return settled
		}
		lots, settled = lots-part, true
		cr.logAbout(intent.Info, m.Pair.Strategy, About{Pair: m.Pair.ID, Instrument: in.Key()}, fmt.Sprintf("pair %d %s %s %s at %s %s %s inside the account: so little can't be traded while another position hides it from the venue",
			m.Pair.ID, does, in.QtyDecimal(part), in.Key(), in.PriceDecimal(price), from, cr.partyName(other)))
		if side == exchange.Buy {
			cr.cross(in, price, part, pair, other, execution.Crossed)
		} else {
			cr.cross(in, price, part, other, pair, execution.Crossed)
		}
	}
	return true
}

// room is how many lots a spread can give away at once: what it gives is unhedged until its
// other leg follows.
func (cr *crossing) room(who party, in *exchange.Instrument, price exchange.Ticks) exchange.Lots {
	m := cr.pairs.machine(who.pair)
	if m == nil || !m.Pair.Spread.Is() {
		return 1 << 62
	}
	each := in.Notional(price, 1)
	coin := in.BaseQty(price, 1)
	left := m.Request.MaxUnhedged.DivRound(execution.Headroom, 8).Sub(m.Pair.Spread.Net().Abs().Mul(each).DivRound(coin, 8))
	return exchange.Lots(left.Div(each).IntPart())
}

// hider is who holds the next part of the position that hides what a pair has on the other
// side, and how much of it. What nobody holds is without end: the position is there.
func (cr *crossing) hider(in *exchange.Instrument, m *execution.Machine, side exchange.Lots) (party, exchange.Lots) {
	for _, o := range cr.pairs.list {
		if qty := side * o.Pair.Holds(in); o != m && qty > 0 && !o.Pair.State.Done() {
			return party{o.Pair.Strategy, o.Pair.ID}, qty
		}
	}
	if own := side * cr.claims.ownPosition(m.Pair.Strategy, in.ID); own > 0 {
		return party{m.Pair.Strategy, 0}, own
	}
	for i := range cr.claims.owners {
		if own := side * cr.claims.ownPosition(int32(i), in.ID); own > 0 {
			return party{int32(i), 0}, own
		}
	}
	return party{-1, 0}, 1 << 62
}

func (cr *crossing) partyName(p party) string {
	switch {
	case p.pair != 0:
		return fmt.Sprintf("pair %d", p.pair)
	case p.strategy < 0:
		return "what no strategy holds"
	}
	return cr.strategies.StrategyName(p.strategy)
}

// oversold gives coins of pairs that an order beside them sold to its strategy: one of
// its fills was told after the order's last word, and another order took its place.
func (cr *crossing) oversold(o *exchange.Order, f *exchange.Fill) {
	in := cr.u.Get(f.Instrument)
	if o.Pair != 0 || in.Perp() || f.Side != exchange.Sell {
		return
	}
	left := min(f.Qty, exchange.Lots(in.Lot.Ceil(cr.claims.unbacked(in.Wallet, in.Base))))
	for _, m := range cr.pairs.list {
		have := exchange.Lots(in.Lot.Floor(m.Pair.SpotQty))
		if left <= 0 || m.Pair.State.Done() || m.Pair.Spot != in.ID || have <= 0 {
			continue
		}
		part := min(left, have)
		left -= part
		cr.logAbout(intent.Error, o.Strategy, About{Order: o.ID, Pair: m.Pair.ID, Instrument: in.Key()}, fmt.Sprintf("order %s sold %s %s that belong to pair %d: pair and strategy settle it at %s",
			o.ClientID, in.QtyDecimal(part), in.Base, m.Pair.ID, in.PriceDecimal(f.Price)))
		cr.cross(in, f.Price, part, party{o.Strategy, 0}, party{m.Pair.Strategy, m.Pair.ID}, "sold by "+o.ClientID)
	}
}

// soldMeanwhile gives coins that came back to a pair, and are not in the wallet, to whoever
// sold them there while our books had them on their way.
func (cr *crossing) soldMeanwhile(m *execution.Machine) {
	in := cr.u.Get(m.Pair.Spot)
	lots := exchange.Lots(in.Lot.Floor(decimal.Min(cr.claims.unbacked(in.Wallet, in.Base), m.Pair.SpotQty)))
	price := exchange.Ticks(in.Tick.Nearest(exchange.Float(cr.wallets.worth(in.Base))))
	if lots <= 0 || price <= 0 {
		return
	}
	cr.logAbout(intent.Error, m.Pair.Strategy, About{Pair: m.Pair.ID, Instrument: in.Key()}, fmt.Sprintf("%s %s of pair %d were sold by somebody else while their transfer was under way: settled at %s",
		in.QtyDecimal(lots), in.Base, m.Pair.ID, in.PriceDecimal(price)))
	cr.cross(in, price, lots, party{-1, 0}, party{m.Pair.Strategy, m.Pair.ID}, "foreign")
}
