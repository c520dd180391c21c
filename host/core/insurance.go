package core

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// liquidation is the reason of fills by which a venue closes what a wallet can't carry.
const liquidation = "liquidation"

// liquidationSpan ends a liquidation: fills that come later belong to another one.
const liquidationSpan = exchange.Minute

// closedOut is the last liquidation of a wallet: from whom it took how much. Whoever
// was closed out has a part of what the insurance fund pays for it.
type closedOut struct {
	wallet exchange.Wallet
	asset  string
	at     exchange.Time // of its last fill
	parts  []closedPart
}

// closedPart is what a liquidation took from one holder, valued at its own price in
// the settlement asset. Strategy -1 is nobody.
type closedPart struct {
	strategy int32
	pair     exchange.PairID
	value    decimal.Decimal
}

// noteClosed remembers from whom a liquidation took what.
func (ins *insurance) noteClosed(in *exchange.Instrument, f *exchange.Fill, shares []FillShare) {
	if f.Reason != liquidation {
		return
	}
	for i := range shares {
		ins.noteClosedBy(in, ins.now, shares[i].Strategy, shares[i].Pair, &shares[i].Fill)
	}
	if len(shares) == 0 {
		ins.noteClosedBy(in, ins.now, -1, 0, f)
	}
}

func (ins *insurance) noteClosedBy(in *exchange.Instrument, at exchange.Time, strategy int32, pair exchange.PairID, f *exchange.Fill) {
	l := ins.closedIn(in.Wallet, in.Settle())
	if l == nil {
		ins.liquidated = append(ins.liquidated, closedOut{wallet: in.Wallet, asset: in.Settle()})
		l = &ins.liquidated[len(ins.liquidated)-1]
	}
	if at-l.at > liquidationSpan {
		l.parts = l.parts[:0]
	}
	l.at = at
	value := ins.wallets.exposure(in, f.Qty, in.PriceDecimal(f.Price))
	for i := range l.parts {
		if p := &l.parts[i]; p.strategy == strategy && p.pair == pair {
			p.value = p.value.Add(value)
			return
		}
	}
	l.parts = append(l.parts, closedPart{strategy, pair, value})
}

func (ins *insurance) closedIn(wallet exchange.Wallet, asset string) *closedOut {
	for i := range ins.liquidated {
		if l := &ins.liquidated[i]; l.wallet == wallet && l.asset == asset {
			return l
		}
	}
	return nil
}

// onInsurance books what the insurance fund paid or took: a part to everybody whom
// the wallet's last liquidation closed out, in proportion to the value that it took
// from them. What no liquidation that we saw accounts for is the account's own.
func (ins *insurance) onInsurance(ev *exchange.Event) {
	parts, whole := []closedPart{{strategy: -1}}, decimal.Zero
	if l := ins.closedIn(ev.Wallet, ev.Asset); l != nil {
		parts = l.parts
	}
	for i := range parts {
		whole = whole.Add(parts[i].value)
	}
	verb := "paid"
	if ev.Amount.IsNegative() {
		verb = "took"
	}
	ins.log(intent.Warn, -1, fmt.Sprintf("%s wallet: the insurance fund %s %s %s (%s)", ev.Wallet, verb, ev.Amount.Abs(), ev.Asset, ev.Reason))
	ins.stats.Insurance = ins.stats.Insurance.Add(ins.wallets.Worth(ev.Asset, ev.Amount))
	left := ev.Amount
	for i := range parts {
		amount := left
		if i < len(parts)-1 {
			amount = ev.Amount.Mul(parts[i].value).DivRound(whole, 16)
		}
		left = left.Sub(amount)
		if parts[i].strategy < 0 {
			ins.stats.Others.Insurance = ins.stats.Others.Insurance.Add(ins.wallets.Worth(ev.Asset, amount))
		}
		ins.insured(ev, &parts[i], i, amount)
	}
}

// insured books one holder's part. Ref names the event and the part, and the venue's
// row: a session goes on over runs, each of which counts its events from 1, and a later
// one is told the row again.
func (ins *insurance) insured(ev *exchange.Event, p *closedPart, n int, amount decimal.Decimal) {
	postings := []exchange.Posting{ins.acct.addToWallet(ev.Wallet, ev.Asset, amount), against("I:insurance:"+string(ev.Wallet), ev.Asset, amount)}
	ins.emit(p.strategy, Booked{&Txn{Kind: "insurance", Ref: fmt.Sprintf("%d.%d.%d %s", ins.now, ins.seq, n, ev.Reason),
		Strategy: p.strategy, Pair: p.pair, Postings: postings}})
	if m := ins.pairs.machine(p.pair); m != nil {
		over := m.Pair.State.Done()
		m.Insured(ins.driver.port, ev.Asset, amount)
		if ins.driver.snoozeIdle(m); over {
			ins.driver.recordPair(m)
		} else {
			ins.driver.Changed(m)
		}
	}
}
