package core

import (
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// OpeningBalance is the Reason of a KindBalance that tells what was there before the
// session. Any other, but for exchange.InsuranceFund and exchange.Interest,
// is an adjustment.
const OpeningBalance = "opening balance"

// onBalance takes a deposit, or a correction of the venue.
func (c *Core) onBalance(ev *exchange.Event) {
	ev.Wallet = ev.Wallet.Within(c.u.House())
	if strings.HasPrefix(ev.Reason, exchange.InsuranceFund) {
		c.insurance.onInsurance(ev)
		return
	}
	if strings.HasPrefix(ev.Reason, exchange.Interest+":") {
		c.insurance.onInterest(ev)
		return
	}
	kind, equity := "deposit", "Q:opening"
	if ev.Reason != "" && ev.Reason != OpeningBalance {
		kind, equity = "adjust", "Q:adjust"
		c.log(intent.Warn, -1, fmt.Sprintf("%s wallet: %s %s: %s", ev.Wallet, ev.Amount, ev.Asset, ev.Reason))
	}
	postings := []exchange.Posting{c.acct.addToWallet(ev.Wallet, ev.Asset, ev.Amount), against(equity, ev.Asset, ev.Amount)}
	// A session goes on over runs, each of which counts its events from 1, and is told
	// rows of the venue again.
	ref := fmt.Sprintf("%d.%d", c.now, c.seq)
	if kind == "adjust" {
		ref += " " + ev.Reason
	}
	c.emit(-1, Booked{&Txn{Kind: kind, Ref: ref, Strategy: -1, Postings: postings}})
	if kind == "adjust" && !c.u.HasMargin(ev.Wallet) {
		c.holds.checkBacking(ev.Wallet, ev.Asset)
	}
}
