package core

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/attribution"
)

// FillShare is the part that one holder has of a fill that no order of ours made.
// The shares of a fill sum to it in quantity, fee and profit, to the last digit.
type FillShare struct {
	Strategy int32           // -1: nobody's part, the account's own
	Pair     exchange.PairID // 0: what the strategy holds outside of pairs
	Fill     exchange.Fill   // with the part's quantity, fee and profit
}

// holder is who holds parts of positions: a strategy that runs, or one of an earlier run whose
// positions are still open.
type holder struct {
	pos map[exchange.InstrumentID]*position
	own map[exchange.InstrumentID]exchange.Lots // fills outside of pairs
}

func newHolder() *holder {
	return &holder{pos: map[exchange.InstrumentID]*position{}, own: map[exchange.InstrumentID]exchange.Lots{}}
}

// position returns the holder's position in an instrument, making it if needed.
func (h *holder) position(id exchange.InstrumentID) *position {
	p := h.pos[id]
	if p == nil {
		p = &position{}
		h.pos[id] = p
	}
	return p
}

// holder finds a strategy by index; those of earlier runs come after those that run.
func (cl *claims) holder(strategy int32) *holder {
	if strategy < 0 || int(strategy) >= len(cl.owners) {
		return nil
	}
	return cl.owners[strategy]
}

// credit books an execution to a strategy's own position.
func (cl *claims) credit(strategy int32, pair exchange.PairID, f *exchange.Fill) {
	h := cl.holder(strategy)
	if h == nil {
		return
	}
	h.position(f.Instrument).fill(cl.u.Get(f.Instrument), f, nil)
	if pair == 0 {
		h.own[f.Instrument] += exchange.Lots(f.Side) * f.Qty
	}
}

// HeldInstruments are those that strategies hold something of, in the order of the universe.
// Less than the venue lets them order is dust, and is not held.
func (cl *claims) HeldInstruments() (out []exchange.InstrumentID) {
	for _, in := range cl.u.All() {
		for _, h := range cl.owners {
			if p := h.pos[in.ID]; p != nil && p.qty != 0 && !cl.dust(in, p.qty.Abs()) {
				out = append(out, in.ID)
				break
			}
		}
	}
	return out
}

// dust reports whether a quantity is less than can be ordered.
func (cl *claims) dust(in *exchange.Instrument, qty exchange.Lots) bool {
	if qty < in.MinQty {
		return true
	}
	q, known := cl.markets.Quote(in)
	return known && !in.Inverse() && in.QtyDecimal(qty).Mul(q.Price).LessThan(in.MinNotional)
}

// filled is what a strategy's fills outside of pairs come to in an instrument, signed.
func (cl *claims) filled(strategy int32, id exchange.InstrumentID) exchange.Lots {
	if h := cl.holder(strategy); h != nil {
		return h.own[id]
	}
	return 0
}

// ownPosition is what a strategy holds of an instrument beside its pairs.
func (cl *claims) ownPosition(strategy int32, id exchange.InstrumentID) exchange.Lots {
	h := cl.holder(strategy)
	if h == nil || h.pos[id] == nil {
		return 0
	}
	qty := h.pos[id].qty
	for _, m := range cl.pairs.list {
		if in := cl.u.Get(id); m.Pair.Strategy == strategy && in.Perp() && !m.Pair.State.Done() {
			qty -= m.Pair.Holds(in)
		}
	}
	return qty
}

// attribute says whose a fill is that no order of ours made, before it is booked.
// It returns the fill with its reason said, and the shares of it; none when all of
// it is nobody's.
func (cl *claims) attribute(f *exchange.Fill) (*exchange.Fill, []FillShare) {
	named := *f
	named.Order = 0
	if named.Reason == "" {
		named.Reason = "foreign"
	}
	if named.Reason == attribution.Nobody || named.Qty <= 0 {
		return &named, nil
	}
	in := cl.u.Get(f.Instrument)
	shares, held := cl.holders(in)
	net := cl.acct.pos[in.ID].qty
	if !in.Perp() {
		net = exchange.Lots(in.Lot.Floor(cl.acct.holding(in.Wallet, in.Base).total))
	}
	parts := attribution.Split(f.Side, f.Qty, net, held, attribution.ByVenue(named.Reason))
	out := shares[:0]
	for i := range shares {
		if parts[i] > 0 {
			shares[i].Fill = named
			shares[i].Fill.Qty = parts[i]
			out = append(out, shares[i])
		}
	}
	return &named, divide(&named, out)
}

// divide gives every share its part of fee and profit. What is left in lots is
// nobody's, and what is left in amounts goes to the last.
func divide(f *exchange.Fill, shares []FillShare) []FillShare {
	if len(shares) == 0 {
		return nil
	}
	left := f.Qty
	for i := range shares {
		left -= shares[i].Fill.Qty
	}
	if left > 0 {
		rest := FillShare{Strategy: -1, Fill: *f}
		rest.Fill.Qty = left
		shares = append(shares, rest)
	}
	fee, realised := f.Fee, f.Realised
	for i := range shares {
		part := &shares[i].Fill
		if i == len(shares)-1 {
			part.Fee, part.Realised = fee, realised
			break
		}
		part.Fee, part.Realised = attribution.Amount(f.Fee, part.Qty, f.Qty), attribution.Amount(f.Realised, part.Qty, f.Qty)
		fee, realised = fee.Sub(part.Fee), realised.Sub(part.Realised)
	}
	return shares
}

// holders lists who holds parts of an instrument, and how much: pairs by number,
// then what strategies hold outside of them, by index.
func (cl *claims) holders(in *exchange.Instrument) (list []FillShare, held []exchange.Lots) {
	add := func(strategy int32, pair exchange.PairID, qty exchange.Lots) {
		if qty != 0 {
			list, held = append(list, FillShare{Strategy: strategy, Pair: pair}), append(held, qty)
		}
	}
	inPairs := make([]exchange.Lots, len(cl.owners))
	for _, m := range cl.pairs.list {
		if m.Pair.State.Done() {
			continue
		}
		qty := m.Pair.Holds(in)
		add(m.Pair.Strategy, m.Pair.ID, qty)
		if i := int(m.Pair.Strategy); i >= 0 && i < len(inPairs) {
			inPairs[i] += qty
		}
	}
	// Coins that a strategy bought and that are not in the wallet any more are nobody's
	// to give: those of pairs come first.
	free := exchange.Lots(in.Lot.Floor(cl.acct.holding(in.Wallet, in.Base).total))
	for _, qty := range held {
		free -= qty
	}
	for i := range inPairs {
		h := cl.holder(int32(i))
		switch pos := h.pos[in.ID]; {
		case pos == nil:
		case in.Perp():
			add(int32(i), 0, pos.qty-inPairs[i])
		default: // a pair's coins are less than its fills: fees and transfers
			own := max(0, min(h.own[in.ID], free))
			free -= own
			add(int32(i), 0, own)
		}
	}
	return list, held
}
