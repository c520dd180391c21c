package intent

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Coin is the margin side of a coin-margined pair; zero for others. The coins that
// were bought are the collateral of the short, so they live in three places: the
// spot wallet (Pair.SpotQty), on their way, and here.
//
// A short of n contracts of size C, sold at EP and backed by WB coins, is worth
// E = WB + n·C·(1/M − 1/EP) coins at the mark M, of which n·C/M are hedged. What
// is left, δ = E − n·C/M = WB − n·C/EP, does not depend on M: a short that is
// backed one to one hedges its own collateral at every price. Only fees, funding
// and trades move δ, so it is kept as a sum and never estimated.
type Coin struct {
	Margin decimal.Decimal // moved to the COIN-M wallet, less moved back, less the perpetual's fees
	Sold   decimal.Decimal // coins that the contracts stood for when they traded: sold less bought back
	Fees   decimal.Decimal // of the perpetual's fills
	Result decimal.Decimal // once closed: what the short made in coin, after its fees and with funding
	Move   Move
	// Stranded is since when no coins could be brought to spot; 0: they can.
	Stranded exchange.Time `json:",omitempty"`
}

// InMargin is what the pair has in the COIN-M wallet beyond what backs its short
// one to one; negative when funding and fees ate into it.
func (p *Pair) InMargin() decimal.Decimal { return p.MarginCoins().Sub(p.Coin.Sold) }

// MarginCoins is the pair's coins in the COIN-M wallet, without the profit of its short.
func (p *Pair) MarginCoins() decimal.Decimal { return p.Coin.Margin.Add(p.Funding).Add(p.Insurance) }

// NetCoins is δ: every coin of the pair wherever it is, less what the short hedges.
func (p *Pair) NetCoins() decimal.Decimal {
	return p.SpotQty.Add(p.Moving()).Add(p.InMargin())
}

// Moving is how many of the pair's coins are on their way.
func (p *Pair) Moving() decimal.Decimal {
	if !p.Coin.Move.Flying() {
		return decimal.Zero
	}
	return p.Coin.Move.Coins
}

// Away is what the pair's spot fills brought and is not on spot: coins that back its
// short or are on their way, and those that the perpetual's fees took.
func (p *Pair) Away() decimal.Decimal { return p.Moving().Add(p.Coin.Margin).Add(p.Coin.Fees) }

// Collateral is the pair's part of the COIN-M wallet's equity at a price, and how
// many of its coins the short stands for. Both are zero for other pairs.
func (p *Pair) Collateral(in *exchange.Instrument, price decimal.Decimal) (equity, short decimal.Decimal) {
	if !p.OfCoin(in) || p.State.Done() {
		return decimal.Zero, decimal.Zero
	}
	if p.PerpQty != 0 && price.IsPositive() {
		short = in.Notional(1, -p.PerpQty).DivRound(price, 16)
	}
	return p.InMargin().Add(short), short
}

// MoveState is where the transfer of a coin-margined pair stands.
type MoveState uint8

const (
	MoveNone    MoveState = iota
	MoveSent              // its row is in the ledger and the venue has it, or will
	MoveUnknown           // no word for longer than it should take: it is neither lost nor done
	MoveFailed            // the coins are back where they came from; the next try waits until Next
)

// Move is the one transfer that a coin-margined pair may have under way. A pair
// never sends a transfer again whose end it does not know: coins could move twice.
type Move struct {
	State    MoveState
	ID       uint64
	From, To exchange.Wallet
	Coins    decimal.Decimal
	Sent     exchange.Time
	Failures int           // in a row
	Next     exchange.Time // when a failed one may be tried again
	Why      string        `json:",omitempty"` // the last one failed
}

// Flying reports whether coins have left one wallet and not reached the other.
func (v *Move) Flying() bool { return v.State == MoveSent || v.State == MoveUnknown }
