package exchange

import (
	"slices"

	"github.com/shopspring/decimal"
)

// Lending is what a venue lends of a coin to who sells more of it on spot than the wallet
// has. The wallet's balance of the coin is then below zero, interest makes it smaller every
// hour, and coins that are bought make it good.
type Lending struct {
	Rate decimal.Decimal // of an hour, as a part of what is owed; at the time it was told
	Most decimal.Decimal // of the coin, that the account may owe; 0: nothing is lent
}

// LoanMaintenance is the part of a loan's value that must be there to keep it, by which a
// wallet is reckoned where the venue does not tell: Bybit asks 4 %, OKX 3 to 10 % by its
// tiers (see their packages). To take it the account's leverage counts, as of contracts.
var LoanMaintenance = decimal.RequireFromString("0.05")

// Interest begins the Reason of a KindBalance by which a venue charged interest on borrowed
// coins.
const Interest = "interest"

// Lends reports whether coins of the market can be borrowed to be sold.
func (in *Instrument) Lends() bool { return in.Contract == Spot && in.Lending.Most.IsPositive() }

// Loans are the markets whose coins can be borrowed, one for each coin of a wallet: the one
// at which what is owed is valued. Its quote is what backs the loan.
func (u *Universe) Loans() []*Instrument { return u.loans }

// Loan is the market at which what is owed of a coin in a wallet is valued; nil: none is lent.
func (u *Universe) Loan(w Wallet, coin string) *Instrument {
	for _, in := range u.loans {
		if in.Wallet == w && in.Base == coin {
			return in
		}
	}
	return nil
}

// noteLoan takes a market into Loans, or puts it in the place of one whose quote is a less
// usual dollar.
func (u *Universe) noteLoan(in *Instrument) {
	if !in.Lends() {
		return
	}
	if !slices.Contains(u.margins, in.Wallet) {
		u.margins = append(u.margins, in.Wallet)
	}
	rank := func(in *Instrument) int {
		if i := slices.Index(Dollars, in.Quote); i >= 0 {
			return i
		}
		return len(Dollars)
	}
	for i, other := range u.loans {
		if other.Wallet == in.Wallet && other.Base == in.Base {
			if rank(in) < rank(other) {
				u.loans[i] = in
			}
			return
		}
	}
	u.loans = append(u.loans, in)
}
