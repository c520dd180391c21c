package host

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
)

// auditedCoin is the coin side of a coin-margined pair, added up from what was
// booked: transfers, fills and funding.
type auditedCoin struct {
	margin, moving, sold, funding decimal.Decimal
	move                          intent.MoveState // as last told
	failures                      int
	next                          exchange.Time // when a transfer that failed is tried again
}

// transferPaths are the ways in which a pair gets over a transfer that goes wrong.
// Each must be taken by some seed.
var transferPaths = []string{
	"coins moved to back a short", "coins moved back", "transfer tried again", "shorted while the transfer was late",
	"coins sold after transfers failed", "hedged back while closing", "coins sent ahead", "both legs at once on a buffer",
}

func (p *auditedPair) coinResidual() decimal.Decimal {
	c := &p.coin
	return p.spot.Add(c.margin).Add(c.moving).Add(c.funding).Sub(c.sold)
}

func (p *auditedPair) coinFill(in *exchange.Instrument, f *exchange.Fill) {
	if in.Inverse() {
		p.coin.sold = p.coin.sold.Sub(in.BaseQty(f.Price, exchange.Lots(f.Side)*f.Qty))
		p.coin.margin = p.coin.margin.Sub(f.Fee)
	}
}

func (a *auditor) coinFunding(e *core.FundingPaid) {
	if n := a.pairs[e.Pair]; e.Pair != 0 && n != nil {
		n.coin.funding = n.coin.funding.Add(e.Payment.Amount)
	}
}

// coinMove follows a pair's coins from wallet to wallet.
func (a *auditor) coinMove(txn *core.Txn) {
	p := a.pairs[txn.Pair]
	if txn.Pair == 0 || p == nil || txn.Transfer == nil {
		return
	}
	t, wallet := txn.Transfer, &p.coin.margin
	amount := t.Amount
	if txn.Kind == "transfer_out" {
		a.coinSent(p, t)
		amount = amount.Neg()
		if t.From == "spot" {
			wallet = &p.spot
		}
	} else if t.To == "spot" {
		wallet = &p.spot
	}
	*wallet = wallet.Add(amount)
	p.coin.moving = p.coin.moving.Sub(amount)
}

func (a *auditor) coinSent(p *auditedPair, t *exchange.Transfer) {
	count := a.venue.count
	naked := p.coinResidual().GreaterThan(a.coinTolerance(p))
	switch {
	case t.From == "spot":
		count["coins moved to back a short"]++
	case p.state == intent.PairClosing && !naked && p.perp != 0:
		count["coins sent ahead"]++
	default:
		count["coins moved back"]++
	}
	if p.coin.failures > 0 {
		count["transfer tried again"]++
	}
}

// coinPath counts what an order of a pair was for.
func (a *auditor) coinPath(p *auditedPair, o *auditedOrder) {
	in := a.u.Get(o.Instrument)
	if !a.u.Get(p.request.Perp).Inverse() {
		return
	}
	count := a.venue.count
	flying := p.coin.move == intent.MoveUnknown || p.coin.move == intent.MoveSent
	switch {
	case in.Perp() && o.Side == exchange.Sell && p.state == intent.PairClosing:
		count["hedged back while closing"]++
	case in.Perp() && o.Side == exchange.Sell && flying:
		count["shorted while the transfer was late"]++
	case in.Perp() && o.Side == exchange.Sell && p.coinResidual().LessThanOrEqual(a.coinTolerance(p)):
		count["both legs at once on a buffer"]++
	case !in.Perp() && o.Side == exchange.Sell && p.state == intent.PairOpening && p.coin.failures > 0:
		count["coins sold after transfers failed"]++
	}
}

// coinPair compares a coin-margined pair as told with what was booked.
func (a *auditor) coinPair(p *intent.Pair, n *auditedPair) error {
	if !a.u.Get(p.Perp).Inverse() {
		return nil
	}
	n.coin.move, n.coin.failures, n.coin.next = p.Coin.Move.State, p.Coin.Move.Failures, p.Coin.Move.Next
	c := &n.coin
	booked := c.margin.Add(c.funding).Sub(c.sold)
	if !p.InMargin().Equal(booked) || !p.Moving().Equal(c.moving) {
		return fmt.Errorf("pair %d: %s coins in margin and %s moving, it was booked %s and %s", p.ID, p.InMargin(), p.Moving(), booked, c.moving)
	}
	return nil
}

// coinTolerance is half a contract, in coins.
func (a *auditor) coinTolerance(p *auditedPair) decimal.Decimal {
	in := a.u.Get(p.request.Perp)
	bid, ok := a.core.Book(in.ID).Level(exchange.Buy, 1)
	if !ok {
		return decimal.NewFromInt(1)
	}
	// Half a contract is more coins at a lower price: a pair that is held looks
	// every five minutes.
	return in.BaseQty(bid.Price, 1).Mul(decimal.RequireFromString("0.52"))
}

// strandedWords are how a pair says that its last coins can't leave the wallet of the
// short, or that it left them there.
const strandedWords = "be brought to spot"

// coinEnd allows what no contract could mend, what the request lets pass, and
// coins below the smallest order.
func (a *auditor) coinEnd(id exchange.PairID, p *auditedPair) error {
	perp := a.u.Get(p.request.Perp)
	res, tol := p.coinResidual(), a.coinTolerance(p)
	bid, ok := a.core.Book(perp.ID).Level(exchange.Buy, 1)
	if !ok {
		return nil // a gap at the very end: nothing could be mended or valued
	}
	price := perp.PriceDecimal(bid.Price)
	if p.state == intent.PairOpen {
		held := perp.BaseQty(bid.Price, p.perp.Abs()).Mul(decimal.NewFromFloat(p.request.RebalanceBP)).Shift(-4)
		tol = decimal.Max(tol, held.Mul(decimal.RequireFromString("1.02")))
		if res.IsPositive() && p.request.Harvest.IsPositive() {
			tol = decimal.Max(tol, p.request.Harvest.DivRound(price, 8).Mul(decimal.RequireFromString("1.02")))
		}
	}
	dust := a.u.Get(p.request.Spot).MinNotional.Mul(decimal.RequireFromString("1.1"))
	switch {
	case p.perp == 0 && res.IsPositive() && res.Mul(price).LessThan(dust):
		return nil
	case p.state != intent.PairOpen && p.perp == 0 && res.IsPositive() && res.LessThan(tol.Mul(decimal.NewFromInt(3))) && strings.Contains(p.reason, strandedWords):
		a.venue.count["last coins left in the wallet of the short"]++
		return nil // about a contract's worth, too little on either side for an order, and it says so
	case p.state == intent.PairClosing && p.perp == 0 && res.IsPositive() && barred(p.reason) && strings.Contains(p.reason, strandedWords) && a.core.AccountPosition(perp.ID).Qty != 0:
		a.venue.count["coins that others stand on, neither hedged nor moved"]++
		return nil // as long as the other position stands, there is neither margin nor a way out, and it says so
	case p.coin.move == intent.MoveFailed && p.coin.next > a.core.Now()-exchange.Minute:
		return nil // the venue shut the lane until the end, or the last try's pause: the next session tries again
	case p.coin.moving.IsPositive():
		return fmt.Errorf("pair %d on %s is left with %s coins on their way", id, perp.Key(), p.coin.moving)
	case p.state.Done() && p.perp != 0:
		return fmt.Errorf("pair %d on %s is %s with %d contracts", id, perp.Key(), p.state, p.perp)
	case res.Abs().GreaterThan(tol):
		return fmt.Errorf("pair %d on %s is %s and unhedged by %s coins worth %s: %s on spot, %s in margin, %d contracts", id, perp.Key(), p.state,
			res, res.Mul(price).Round(2), p.spot, p.coin.margin, p.perp)
	}
	return nil
}
