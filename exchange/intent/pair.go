package intent

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Style is how a pair trades.
type Style uint8

const (
	// Taker sends both legs at once as IOC limits: sure and quick, at the price of
	// two spreads and two taker fees.
	Taker Style = iota
	// Maker rests a post-only order on one leg and takes the other leg with each
	// fill: cheaper, and only as fast as others come.
	Maker
)

func (s Style) String() string { return [...]string{"taker", "maker"}[s] }

// Leg names one side of a pair.
type Leg uint8

const (
	AutoLeg Leg = iota // where resting saves more: the difference of the fees, and the spread
	SpotLeg            // what is long
	PerpLeg            // what is short
)

func (l Leg) String() string { return [...]string{"auto", "spot", "perp"}[l] }

// PairRequest asks for a hedged position: long one instrument and short another of the
// same coin, in equal base quantity, wherever they trade. Most often they are a spot
// market and its perpetual. With a coin-margined perpetual of the same house the coins
// are its collateral: they are moved to the COIN-M wallet, where a short that they back
// one to one can't be liquidated by the price.
type PairRequest struct {
	Spot     exchange.InstrumentID // to be bought: a spot market, or any contract (see Spread)
	Perp     exchange.InstrumentID // to be sold: a contract, or coins on spot: those that the account has, or with Borrow borrowed ones
	Notional decimal.Decimal       // target value of one leg, in quote

	// Borrow lets the coins of a short leg on spot be borrowed from its venue. All of them
	// then count as borrowed, whatever coins the account has beside them. Closing buys back
	// what is owed with its interest, that of two hours more, up to a whole lot, and up to the
	// smallest order: nothing stays owed, and no more than that is left in the wallet.
	Borrow bool `json:",omitempty"`

	// Dark is for a venue that can't be traded at while something is unhedged. With
	// anything but its zero value the pair is worked as a Spread.
	Dark Dark `json:",omitzero"`

	// Batch is the value of one slice of each leg; no slice is larger than
	// MaxUnhedged. Zero means MaxUnhedged, or half of it for a coin-margined pair,
	// because what is bought stays unhedged until a transfer arrives.
	Batch decimal.Decimal
	// Level is the book level that prices both legs, from 1. Zero means 5.
	Level int
	// MinBasis lets a slice start only while bid_perp(Level)/ask_spot(Level)-1
	// is at least this. Fraction; nil means any.
	MinBasis *float64
	// MaxUnhedged is the largest value that may be unhedged at any moment, in
	// quote. Zero means 5000.
	MaxUnhedged decimal.Decimal
	// MaxUnhedgedTime is how long a leg may stay unhedged before the excess is
	// flattened at the market within the collar. Zero means 5 s, or 30 s for a
	// coin-margined pair: the transfer counts.
	// There it holds as long as transfers arrive. Coins whose transfer is late are
	// hedged on what margin the COIN-M wallet has. For the first slice of an opening
	// without a Buffer and for the last slice of a closing it has none, because all
	// collateral is on its way, and the venue's answer may take minutes: no more than
	// one Batch can be unhedged for longer, and a Batch of half the pair or less
	// bounds a closing's earlier slices.
	MaxUnhedgedTime exchange.Time
	// Timeout ends the opening with whatever size was reached. Zero means 10 min.
	Timeout exchange.Time
	Tag     string

	Style    Style
	MakerLeg Leg // that rests, with Maker; also when the pair is closed by Maker
	// MakerTime is how long Maker waits for others before what is left is taken.
	// At or beyond Timeout nothing is taken: the opening ends with what was made.
	// Zero means half of Timeout.
	MakerTime exchange.Time

	// The rest is for coin-margined pairs.

	// Buffer is how many coins of the COIN-M wallet, beyond the pair's own, may
	// back a short until the pair's coins arrive. With it both legs are sent at
	// once; without it the short waits for the transfer. The coins stay the
	// account's: nothing hedges them.
	Buffer decimal.Decimal
	// RebalanceBP is how much of the pair's value may be unhedged while it is
	// held, before contracts are bought or sold; never less than half a contract.
	RebalanceBP float64
	// Harvest sells the coins that funding brought whenever they are worth this
	// much, in quote. Zero hedges them with a contract more and sells them at the
	// end.
	Harvest decimal.Decimal
}

// CloseRequest asks for a pair to be made flat.
type CloseRequest struct {
	Pair exchange.PairID
	// MaxBasis lets a slice start only while ask_perp(Level)/bid_spot(Level)-1
	// is at most this. Fraction; nil means any.
	MaxBasis *float64
	// Patience is how long MaxBasis is honoured; after it the pair is closed at
	// any basis, so that an exit always completes. Zero means 10 min. Maker waits
	// for others as long, and then takes.
	Patience exchange.Time
	Reason   string
	// Notional closes only this value of each leg, at the perpetual's price, and
	// leaves the rest open; a rest too small to trade goes with it. Zero means all.
	Notional decimal.Decimal
	Style    Style
}

// PairState is where a pair trade is in its life.
type PairState uint8

const (
	PairOpening PairState = iota + 1
	PairOpen
	PairClosing
	PairClosed // flat, to within dust
	PairFailed // never got a position
)

var pairStateNames = [...]string{"none", "opening", "open", "closing", "closed", "failed"}

func (s PairState) String() string { return pairStateNames[s] }

// Done reports whether the pair will not trade again.
func (s PairState) Done() bool { return s == PairClosed || s == PairFailed }

// Pair is a pair trade as strategies and reports see it. Quantities and money
// come from fills only.
type Pair struct {
	ID         exchange.PairID
	Strategy   int32
	Spot, Perp exchange.InstrumentID // what is long, and what is short
	State      PairState
	Reason     string
	Held       string `json:",omitempty"` // why it makes no order just now; "": it may
	Tag        string
	Notional   decimal.Decimal // asked for

	// Cause is why the pair is being closed, and why whole when a part was asked for. It
	// stays to the end; Reason changes with what is waited for.
	Cause string `json:",omitempty"`

	// Keep is the short that a closing leaves open; 0: none.
	Keep exchange.Lots

	SpotQty decimal.Decimal // net coins held on spot: bought - sold - fees taken in coin - moved to back the short
	PerpQty exchange.Lots   // signed; a short is negative

	SpotCost, PerpCost decimal.Decimal // signed cash of the fills of each leg, quote, without fees; contracts of COIN-M move none
	OpenBasis          float64         // size-weighted executed basis at open
	CloseBasis         float64
	Funding            decimal.Decimal // received so far, settlement asset
	Insurance          decimal.Decimal // the pair's part of what the insurance fund paid after a liquidation, settlement asset
	Interest           decimal.Decimal `json:",omitzero"` // charged on borrowed coins, in quote at the prices of those hours; negative
	Fees               decimal.Decimal // all fees, valued in quote at the fill price
	FeesInQuote        decimal.Decimal // the part that was charged in quote; the rest left fewer coins to sell
	Realised           decimal.Decimal // once closed: the whole result in quote, after fees, funding, insurance and interest

	Opened, Closed exchange.Time
	Settlements    int // funding settlements seen while it had a position

	MaxUnhedged     decimal.Decimal // as measured, quote
	MaxUnhedgedTime exchange.Time   // as measured, from trade to trade by the venues' clocks

	Coin   Coin   `json:",omitzero"` // of a coin-margined pair
	Spread Spread `json:",omitzero"` // of legs anywhere
}
