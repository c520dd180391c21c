package oms

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/attribution"
)

// confirmAfter is how long before a round a difference must have been seen for
// the round's listings to show what it came from.
const confirmAfter = 5 * exchange.Second

// unsettledMost is the longest pause after a round that met a booking: trading that
// goes on must not put the next one off as a venue in trouble does.
const unsettledMost = 15 * exchange.Second

// streamlessPause is the pause between two rounds while there is no stream to tell.
const streamlessPause = 5 * exchange.Second

// compare ends a round.
func (s *reconciliation) compare(c *section) {
	if c.waits = s.unsettled(c); c.waits != "" {
		s.retry(c)
		c.due = min(c.due, s.now+unsettledMost)
		return
	}
	found := map[string]diff{}
	s.comparePositions(c, found) // first: an opening position moves its wallet
	for _, w := range c.wallets {
		s.compareBalances(c, w, found)
	}
	c.diffs = found
	c.fresh = false
	if allHeld(found) {
		c.compared = s.now
	}
	if len(found) > 0 {
		s.retry(c)
		return
	}
	c.agreed, c.tries, c.due, c.accept = s.now, 0, s.now+s.schedule, false
	if c.down != "" {
		c.due = s.now + streamlessPause
	}
}

// allHeld reports whether every difference has lasted and holds what it touches.
func allHeld(found map[string]diff) bool {
	for _, f := range found { // order does not matter
		if !f.held {
			return false
		}
	}
	return true
}

// confirmed reports whether a difference is to be booked now; otherwise it keeps
// it for the next round.
func (s *reconciliation) confirmed(c *section, key string, amount decimal.Decimal, found map[string]diff) bool {
	was, again := c.diffs[key]
	if c.fresh || again && was.amount.Equal(amount) && c.begun >= was.first+confirmAfter {
		return true
	}
	if !again || !was.amount.Equal(amount) {
		was = diff{amount: amount, first: s.now}
	}
	found[key] = was
	return false
}

// assetKey names an asset's difference.
func (s *reconciliation) assetKey(c *section, k walletAsset) string {
	if len(c.wallets) == 1 {
		return k.asset
	}
	return k.asset + " in " + string(k.wallet)
}

// symbolKey names a position's difference.
func (s *reconciliation) symbolKey(c *section, v exchange.Venue, symbol string) string {
	if len(c.segments) == 1 {
		return symbol
	}
	return string(s.market.short(v)) + ":" + symbol
}

func (s *reconciliation) compareBalances(c *section, w exchange.Wallet, found map[string]diff) {
	theirs, grains := map[string]decimal.Decimal{}, map[string]decimal.Decimal{}
	assets := s.balances.assets(w)
	for _, b := range c.balances[w] {
		theirs[b.Asset], grains[b.Asset] = b.Total, b.Grain
		if !slices.Contains(assets, b.Asset) {
			assets = append(assets, b.Asset)
		}
	}
	for _, asset := range assets {
		k := s.balances.key(w, asset)
		ours := s.balances.totals[k]
		more := theirs[asset].Sub(ours)
		if more.Abs().LessThanOrEqual(grains[asset]) || s.transfers.moving(k) {
			continue
		}
		if s.confirmed(c, s.assetKey(c, k), more, found) {
			s.adjust(k, more, c.adjustment(fmt.Sprintf("the venue has %s, the ledger %s", theirs[asset], ours)))
			continue
		}
		for _, t := range s.execs.list { // somebody else may have traded it
			t.used = t.used || t.in.Contract == exchange.Spot && s.balances.key(t.in.Wallet, t.in.Base) == k
		}
	}
}

// adjustment is the reason of one.
func (c *section) adjustment(what string) string {
	if c.fresh {
		return "opening balance"
	}
	return "unexplained difference: " + what
}

// adjust books a difference, which the core says.
func (s *reconciliation) adjust(k walletAsset, amount decimal.Decimal, reason string) {
	s.balances.add(k, amount)
	s.post(exchange.Event{Kind: exchange.KindBalance, Instrument: exchange.NoInstrument, Wallet: k.wallet, Asset: k.asset, Amount: amount, Reason: reason})
}

func (s *reconciliation) comparePositions(c *section, found map[string]diff) {
	theirs := map[exchange.InstrumentID][]Position{}
	told := c.beyond
	c.beyond = map[string]decimal.Decimal{}
	for i := range c.positions {
		p := &c.positions[i]
		if in, ok := s.market.find(p.Venue, p.Symbol); ok {
			theirs[in.ID] = append(theirs[in.ID], *p)
		} else if !p.Qty.IsZero() {
			key := s.symbolKey(c, p.Venue, p.Symbol)
			c.beyond[key] = p.Qty
			if was, ok := told[key]; !ok || !was.Equal(p.Qty) {
				s.note("%s:%s is not in this universe and has a position of %s", s.market.short(p.Venue), p.Symbol, p.Qty)
			}
		}
	}
	for _, in := range s.market.u.All() {
		if in.Perp() && c.has(in.Venue) {
			s.comparePosition(c, in, s.mine(c, in, theirs[in.ID], found), found)
		}
	}
}

// mine is the position that is ours of what the venue has in an instrument.
func (s *reconciliation) mine(c *section, in *exchange.Instrument, rows []Position, found map[string]diff) (p Position) {
	if s.sides.hedged(in) {
		return s.sides.pick(in, rows, func(side string, qty decimal.Decimal) bool {
			return s.confirmed(c, s.symbolKey(c, in.Venue, in.Symbol)+" "+side, qty, found)
		})
	}
	for _, row := range rows {
		p = row
	}
	return p
}

// comparePosition looks at one position. One that differs is never booked from the
// comparison alone, because whoever reads our books would trade on it: it holds the
// instrument, and the round that follows asks for the executions again.
func (s *reconciliation) comparePosition(c *section, in *exchange.Instrument, p Position, found map[string]diff) {
	s.tellMargin(in, p.Own.Decimal)
	t := s.execs.list[in.ID]
	key := s.symbolKey(c, in.Venue, in.Symbol)
	ours := in.QtyDecimal(s.balances.positions[in.ID])
	more := p.Qty.Sub(ours)
	switch {
	case more.IsZero():
		s.balances.enter(in, p.Entry)
		s.execs.holdTrading(t, "")
	case !s.confirmed(c, key, more, found):
		t.used = true
	case c.fresh:
		s.openPosition(in, p)
	case c.accept:
		s.note("%s: the venue has a position of %s, our books %s: taken as it is, as you asked", in.Key(), p.Qty, ours)
		s.bookPosition(in, p, more, foreign)
		s.execs.holdTrading(t, "")
	default:
		kept := c.diffs[key]
		kept.held, t.used = true, true
		found[key] = kept
		s.execs.holdTrading(t, fmt.Sprintf("the venue has a position of %s, our books %s, and its executions do not explain it", p.Qty, ours))
	}
}

// heardMargin takes from a stream what margin a position has of its own.
func (s *reconciliation) heardMargin(p *Position) {
	in, ok := s.market.find(p.Venue, p.Symbol)
	if !ok || s.sides.hedged(in) && p.Side != s.sides.ours(in) {
		return
	}
	s.tellMargin(in, p.Own.Decimal)
}

// tellMargin tells the core what margin our position has of its own, where that changed. It
// is the venue's word: what was added and taken is not followed.
func (s *reconciliation) tellMargin(in *exchange.Instrument, own decimal.Decimal) {
	if own.Equal(s.own[in.ID]) {
		return
	}
	s.own[in.ID] = own
	s.post(exchange.Event{Kind: exchange.KindMargin, Instrument: in.ID, Amount: own})
}

// openPosition books a position that was there before the session. It is booked at
// the mark price, so that the session's profit begins there; what it made before is
// in the opening balance, and is taken out of it again as the position closes.
func (s *reconciliation) openPosition(in *exchange.Instrument, p Position) {
	if !p.Mark.IsPositive() {
		p.Mark = p.Entry
	}
	s.bookPosition(in, p, p.Qty, attribution.Nobody)
	s.balances.costs[in.ID].known = false
	s.balances.enter(in, p.Entry) // which the venue reckons by
}

// Adjusted begins the trade ids of what no execution of the venue accounts for.
const Adjusted = "adjust-"

// bookPosition books a part of a position that no execution accounts for. Its profit
// is in the wallet, and is found there.
func (s *reconciliation) bookPosition(in *exchange.Instrument, p Position, more decimal.Decimal, reason string) {
	f := &exchange.Fill{Instrument: in.ID, TradeID: Adjusted + strconv.FormatInt(int64(s.now), 10), Side: exchange.Buy, Qty: lots(in, more.Abs()),
		FeeAsset: in.Settle(), Reason: reason}
	if more.IsNegative() {
		f.Side = exchange.Sell
	}
	f.Price = s.execs.list[in.ID].price
	for _, price := range [...]decimal.Decimal{p.Entry, p.Mark} {
		if price.IsPositive() {
			f.Price = exchange.Ticks(in.Tick.Floor(price))
		}
	}
	f.Price = max(f.Price, 1)
	if reason == attribution.Nobody && p.Entry.IsPositive() {
		f.Realised = profit(in, exchange.Lots(f.Side)*f.Qty, f.Price, p.Entry).Neg()
	}
	s.execs.bookFill(in, f, 0) // when it happened is not known
}

// profit is what a position has made from its entry to a price, in the settlement asset.
func profit(in *exchange.Instrument, qty exchange.Lots, price exchange.Ticks, entry decimal.Decimal) decimal.Decimal {
	if in.Inverse() {
		return in.QtyDecimal(qty).Mul(in.ContractSize).DivRound(entry, 16).Sub(in.BaseQty(price, qty))
	}
	return in.Notional(price, qty).Sub(in.QtyDecimal(qty).Mul(entry))
}
