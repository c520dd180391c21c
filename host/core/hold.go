package core

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// A difference between our books and the venue's account is never traded on: what
// it touches is held, people and strategies are told, and the venue is asked until
// its own records explain it. Two things are held:
//
//   - an instrument whose position the venue has otherwise, by its order manager's
//     word (CommandHold with an Instrument): no order is made in it at all;
//   - the pairs of a coin of which the spot wallet has less than they hold, after a
//     correction of the wallet that nothing explains.

// suspend sets or, with "", lifts the hold on an instrument.
func (hs *holds) suspend(id exchange.InstrumentID, why string) {
	m := &hs.markets.list[id]
	if m.held == why {
		return
	}
	first := m.held == ""
	m.held = why
	switch {
	case why == "":
		hs.logAbout(intent.Warn, -1, About{Instrument: m.in.Key()}, m.in.Key()+": the account agrees with the venue's again: orders pass")
	case first:
		hs.logAbout(intent.Error, -1, About{Instrument: m.in.Key()}, hs.markets.holdOf(id, id)+"; it is asked for again")
		hs.withdraw(id)
	}
	hs.applyHolds()
}

// withdraw takes back what strategies have resting in an instrument.
func (hs *holds) withdraw(id exchange.InstrumentID) {
	for _, o := range hs.orders.open {
		if o.Instrument == id && o.Pair == 0 && o.Parent == 0 {
			hs.entry.Cancel(o.ID)
		}
	}
	hs.conditionals.recall(id, "its instrument is held")
}

// shortfall is a coin of which a wallet has less than its pairs hold.
type shortfall struct {
	wallet exchange.Wallet
	coin   string
	by     decimal.Decimal
}

// checkBacking looks whether a wallet still has the coins of all pairs, after a
// correction that nothing explains.
func (hs *holds) checkBacking(wallet exchange.Wallet, coin string) {
	if slices.ContainsFunc(hs.shortfalls, func(l shortfall) bool { return l.wallet == wallet && l.coin == coin }) {
		return // it is looked at with every change of the account
	}
	if by := hs.claims.missing(wallet, coin); by.IsPositive() {
		hs.shortfalls = append(hs.shortfalls, shortfall{wallet, coin, by})
		hs.log(intent.Error, -1, fmt.Sprintf("the %s wallet has %s %s less than its pairs hold: they make no order until the coins are there again", wallet, by, coin))
		hs.applyHolds()
	}
}

// recheckBacking looks at what was lacking again, after the account changed.
func (hs *holds) recheckBacking() {
	changed := false
	for i := range hs.shortfalls {
		by := hs.claims.missing(hs.shortfalls[i].wallet, hs.shortfalls[i].coin)
		changed = changed || !by.Equal(hs.shortfalls[i].by)
		hs.shortfalls[i].by = by
	}
	if !changed {
		return
	}
	hs.shortfalls = slices.DeleteFunc(hs.shortfalls, func(l shortfall) bool {
		if l.by.IsZero() {
			hs.log(intent.Warn, -1, fmt.Sprintf("the %s wallet has the %s of its pairs again: they go on", l.wallet, l.coin))
		}
		return l.by.IsZero()
	})
	hs.applyHolds()
}

// applyHolds tells every machine whether it is held.
func (hs *holds) applyHolds() {
	for _, m := range hs.pairs.list {
		if m.Pair.State.Done() {
			continue
		}
		why := hs.markets.holdOf(m.Pair.Spot, m.Pair.Perp)
		for _, l := range hs.shortfalls {
			if hs.claims.hasCoinsIn(m, l.wallet, l.coin) {
				why = fmt.Sprintf("held: the %s wallet has %s %s less than its pairs hold", l.wallet, l.by, l.coin)
			}
		}
		if why != "" {
			m.Hold(hs.driver.port, why)
		} else {
			m.Release(hs.driver.port)
		}
		hs.driver.snoozeIdle(m)
	}
}

// Held lists why instruments and pairs are held, for a status line.
func (hs *holds) Held() []string {
	var out []string
	for i := range hs.markets.list {
		if id := hs.markets.list[i].in.ID; hs.markets.list[i].held != "" {
			out = append(out, hs.markets.holdOf(id, id))
		}
	}
	for _, l := range hs.shortfalls {
		out = append(out, fmt.Sprintf("%s %s are missing in the %s wallet", l.by, l.coin, l.wallet))
	}
	return out
}
