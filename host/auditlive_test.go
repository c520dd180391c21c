package host

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
)

// How long a pair may take under constant faults. They are far above what the machines
// promise on a good day (MaxUnhedgedTime, Timeout, Patience): a venue that refuses again
// and again is asked ever less often, and transfers fail for minutes.
const (
	mostUnhedged = 15 * exchange.Minute
	mostOwing    = 15 * exchange.Minute
	mostOpening  = 20 * exchange.Minute // beyond the request's own time
	mostClosing  = 60 * exchange.Minute
)

// auditedTimes are since when a pair has been in a state that must not last.
type auditedTimes struct{ unhedged, owing, opening, closing exchange.Time }

// alive holds every pair against the times above, at every 64th event: a machine that
// waits for ever breaks no other rule until the session ends.
func (a *auditor) alive(now exchange.Time) error {
	if a.venue.back != 0 { // the wallet's money is gone for a while: what needs margin is refused
		a.pause()
		return nil
	}
	for _, p := range a.core.AllPairs() {
		n := a.pairs[p.ID]
		if n == nil || p.State.Done() {
			continue
		}
		if !a.shown(&p) {
			n.times = auditedTimes{}
			continue
		}
		t := &n.times
		for _, x := range []struct {
			since *exchange.Time
			is    bool
			most  exchange.Time
			what  string
		}{
			{&t.unhedged, a.unhedged(n), mostUnhedged + n.request.MaxUnhedgedTime, "unhedged by " + a.residual(n).String()},
			{&t.owing, a.owing(&p), mostOwing, "owing " + p.SpotQty.String() + " coins"},
			{&t.opening, p.State == intent.PairOpening, mostOpening + n.request.Timeout, "opening"},
			{&t.closing, p.State == intent.PairClosing, mostClosing, "closing"},
		} {
			switch {
			case !x.is || x.since == &t.unhedged && a.u.Get(p.Perp).Inverse() && barred(p.Reason) || x.since == &t.closing && strings.Contains(p.Reason, strandedWords):
				*x.since = 0
			case *x.since == 0:
				*x.since = now
			case now-*x.since > x.most:
				return fmt.Errorf("pair %d on %s is %s since %s: %s coins, perpetual %d, %s (%s)", p.ID, a.u.Get(p.Perp).Key(), x.what, *x.since,
					p.SpotQty, p.PerpQty, p.State, p.Reason)
			}
		}
	}
	return nil
}

// barred reports whether the reason of a coin-margined pair is that it can't be hedged,
// because the wallet of the short, on whose coins other positions stand, has no margin
// left. Such a pair still has to close in time; one that waits for its last coins ends by
// itself.
func barred(reason string) bool { return strings.HasPrefix(reason, "risk: balance") }

// pause begins all times anew.
func (a *auditor) pause() {
	for _, n := range a.pairs {
		n.times = auditedTimes{}
	}
}

// shown reports whether both books of a pair are live: without a price nothing can be
// mended.
func (a *auditor) shown(p *intent.Pair) bool {
	return a.core.Book(p.Spot).State() == book.Live && a.core.Book(p.Perp).State() == book.Live
}

// unhedged reports whether a pair is out of balance by more than the venue's smallest
// orders could mend.
func (a *auditor) unhedged(n *auditedPair) bool {
	spot, perp := a.u.Get(n.request.Spot), a.u.Get(n.request.Perp)
	if perp.Inverse() {
		return n.state != intent.PairOpen && n.coinResidual().Abs().GreaterThan(a.coinTolerance(n).Mul(decimal.NewFromInt(2)))
	}
	res := a.residual(n)
	bid, _ := a.core.Book(spot.ID).Level(exchange.Buy, 1)
	value := res.Abs().Mul(spot.PriceDecimal(bid.Price))
	least := decimal.Max(spot.MinNotional, perp.MinNotional).Mul(decimal.RequireFromString("1.1"))
	return res.Abs().GreaterThan(a.tolerance(n)) && value.GreaterThan(least)
}

// owing reports whether a pair has sold coins that are others', worth an order.
func (a *auditor) owing(p *intent.Pair) bool {
	spot := a.u.Get(p.Spot)
	bid, _ := a.core.Book(p.Spot).Level(exchange.Buy, 1)
	return p.SpotQty.Neg().Mul(spot.PriceDecimal(bid.Price)).GreaterThan(spot.MinNotional.Mul(decimal.RequireFromString("1.1")))
}

// backed wants the coins of all pairs to be in the wallet: what one sold too many it
// owes, and what was sold beside them was taken from one of them.
func (a *auditor) backed() error {
	coins := map[string]decimal.Decimal{}
	slack := map[string]decimal.Decimal{}
	for _, p := range a.core.AllPairs() {
		if spot := a.u.Get(p.Spot); !p.State.Done() {
			coins[spot.Base] = coins[spot.Base].Add(p.SpotQty)
			slack[spot.Base] = slack[spot.Base].Add(spot.QtyDecimal(1))
		} else if p.SpotQty.IsNegative() { // it ended owing less than the smallest order, and said so
			coins[spot.Base] = coins[spot.Base].Add(p.SpotQty)
		}
	}
	for _, coin := range sortedKeys(coins) {
		if have := a.wallets["spot "+coin]; coins[coin].Sub(have).GreaterThan(slack[coin]) {
			return fmt.Errorf("pairs hold %s %s, and the spot wallet has %s", coins[coin], coin, have)
		}
	}
	return nil
}
