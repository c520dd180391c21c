package intent

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// The legs of a spread, as in Order.Leg less one.
const (
	LongLeg = iota
	ShortLeg
	StandIn // the substitute that hedges while the venue of a leg is dark
)

// spreadForm is the form in which a Spread is kept.
const spreadForm = 1

// Spread is what a pair holds whose legs are any two instruments of one coin; with nothing
// but Since for coins against a contract of their own house, which Pair's own fields tell of. There
// SpotQty is the coins of the long leg, PerpQty the lots of the short one, and the costs
// are theirs, so that a report needs to know no difference.
type Spread struct {
	Form  int // of what is kept; 0: the pair is no spread
	Legs  [3]Holding
	Since exchange.Time `json:",omitempty"` // when what is unhedged became so, by its venue's clock; 0: nothing is
	// Dark says which venues can't be traded at, and why; "": none.
	Dark string `json:",omitempty"`
}

// Holding is what a pair has of one instrument, by fills alone.
//
// Coins are the common unit of all legs. A unit of a multiplied contract stands for so
// many of them. A contract of dollars stands for the coins that they were worth when it
// was entered, for as long as it is held: sold at EP, n dollars of contracts are short
// n/M coins at the price M, and the profit that lies in coin beside them,
// n/M - n/EP, makes up for the difference at every price. What a close, funding and fees
// pay in coin is the account's, and counts in quote at the price of that moment.
type Holding struct {
	Instrument exchange.InstrumentID
	Key        string          // of the instrument, by which a later run finds it
	Lots       exchange.Lots   // signed; bought less sold
	Coins      decimal.Decimal // signed; of spot without what fees took, and with what interest added to a debt
	Cash       decimal.Decimal // signed, quote, without fees: Cash + Coins × price is what the leg made
	Borrowed   bool            `json:",omitempty"` // what it sells of coins is borrowed, and owed
	Interest   decimal.Decimal `json:",omitzero"`  // in coins, that was charged on it; negative
}

// Book adds a fill.
func (h *Holding) Book(in *exchange.Instrument, f *exchange.Fill) {
	dq := exchange.Lots(f.Side) * f.Qty
	h.Cash = h.Cash.Sub(in.Notional(f.Price, dq))
	if in.Inverse() {
		h.bookInverse(in, f.Price, dq)
		return
	}
	h.Lots += dq
	h.Coins = h.Coins.Add(in.BaseQty(f.Price, dq))
	if !in.Perp() && f.FeeAsset == in.Base {
		h.Coins = h.Coins.Sub(f.Fee)
	}
}

// bookInverse realises what is closed: the coins that it brought count in quote at the
// price of the fill, and those that remain are what the rest stands for.
func (h *Holding) bookInverse(in *exchange.Instrument, price exchange.Ticks, dq exchange.Lots) {
	closing := exchange.Lots(0)
	if h.Lots != 0 && (h.Lots > 0) != (dq > 0) {
		closing = dq
		if dq.Abs() > h.Lots.Abs() {
			closing = -h.Lots
		}
		entered := h.Coins
		if closing.Abs() < h.Lots.Abs() {
			entered = h.Coins.Mul(decimal.NewFromInt(int64(closing.Abs()))).DivRound(decimal.NewFromInt(int64(h.Lots.Abs())), 16)
		}
		made := entered.Add(in.BaseQty(price, closing))
		h.Cash = h.Cash.Add(made.Mul(in.PriceDecimal(price)))
		h.Coins = h.Coins.Sub(entered)
		h.Lots += closing
	}
	if rest := dq - closing; rest != 0 {
		h.Lots += rest
		h.Coins = h.Coins.Add(in.BaseQty(price, rest))
	}
}

// NewSpread is a spread without a position.
func NewSpread(long, short, standIn *exchange.Instrument) Spread {
	s := Spread{Form: spreadForm}
	for i, in := range [...]*exchange.Instrument{long, short, standIn} {
		if in == nil {
			s.Legs[i].Instrument = exchange.NoInstrument
			continue
		}
		s.Legs[i].Instrument, s.Legs[i].Key = in.ID, in.Key()
	}
	return s
}

// Is reports whether the pair is a spread.
func (s *Spread) Is() bool { return s.Form != 0 }

// Readable says why a later run can't go on from what was kept, or nil.
func (s *Spread) Readable() error {
	if s.Form > spreadForm {
		return fmt.Errorf("its legs were kept in form %d, by a newer version; this one reads up to %d", s.Form, spreadForm)
	}
	return nil
}

// Leg finds the leg of an instrument.
func (s *Spread) Leg(id exchange.InstrumentID) (which int, ok bool) {
	for i := range s.Legs {
		if s.Is() && s.Legs[i].Instrument == id {
			return i, true
		}
	}
	return 0, false
}

// Net is how many coins more are long than short.
func (s *Spread) Net() decimal.Decimal {
	return s.Legs[LongLeg].Coins.Add(s.Legs[ShortLeg].Coins).Add(s.Legs[StandIn].Coins)
}

// Owes is how many borrowed coins the pair has to bring back; zero when it borrows none.
func (p *Pair) Owes() decimal.Decimal {
	if h := &p.Spread.Legs[ShortLeg]; h.Borrowed && h.Coins.IsNegative() && !p.State.Done() {
		return h.Coins.Abs()
	}
	return decimal.Zero
}

// Holds is a pair's part of the account's position in an instrument, or of its coins.
// Coins that a spread sold short were the account's, and are its to buy back; where it
// borrowed them, it owes them.
func (p *Pair) Holds(in *exchange.Instrument) exchange.Lots {
	if which, ok := p.Spread.Leg(in.ID); ok {
		if h := &p.Spread.Legs[which]; in.Perp() {
			return h.Lots
		} else if h.Coins.IsPositive() {
			return exchange.Lots(in.Lot.Floor(h.Coins))
		} else if h.Borrowed {
			return -exchange.Lots(in.Lot.Ceil(h.Coins.Abs()))
		}
		return 0
	}
	switch in.ID {
	case p.Perp:
		return p.PerpQty
	case p.Spot:
		return exchange.Lots(in.Lot.Floor(p.SpotQty))
	}
	return 0
}

// OfCoin reports whether the pair is coins on spot against an inverse contract that they
// back.
func (p *Pair) OfCoin(short *exchange.Instrument) bool { return short.Inverse() && !p.Spread.Is() }

// Dark is what happens to what is unhedged while a leg's venue can't be traded at. What
// is hedged stays as it is: a position at a venue that is dark is still there.
type Dark struct {
	// Wait is for how long the venue is waited for. Zero means MaxUnhedgedTime. What is
	// beyond MaxUnhedged is not waited with.
	Wait exchange.Time `json:",omitempty"`
	Then Then          `json:",omitempty"`
	// Substitute hedges with SubstituteThen, in the place of the leg that is dark, until
	// that is back.
	Substitute exchange.InstrumentID `json:",omitempty"`
}

// Then is what is done after the wait.
type Then uint8

const (
	FlattenThen    Then = iota // the leg that can be traded is made to match the other
	HoldThen                   // nothing, until the venue is back
	SubstituteThen             // another instrument of the coin takes the place of the dark leg
)

func (t Then) String() string { return [...]string{"flatten", "hold", "substitute"}[t] }

// CheckLegs says why two instruments can't hedge each other, or nil.
func CheckLegs(long, short *exchange.Instrument, now exchange.Time) error {
	switch {
	case long.ID == short.ID:
		return fmt.Errorf("long and short are both %s: want two instruments", long.Key())
	case long.Base != short.Base:
		return fmt.Errorf("long %s and short %s are of different coins: %s and %s", long.Key(), short.Key(), long.Base, short.Base)
	case long.Quote != short.Quote && !(exchange.IsDollar(long.Quote) && exchange.IsDollar(short.Quote)):
		return fmt.Errorf("long %s is quoted in %s and short %s in %s: what one gains the other would not lose; want the same, or both of them dollars",
			long.Key(), long.Quote, short.Key(), short.Quote)
	case !long.Perp() && !short.Perp():
		return fmt.Errorf("long %s and short %s are both spot markets: want a contract on one side", long.Key(), short.Key())
	}
	for _, leg := range [...]struct {
		name string
		in   *exchange.Instrument
	}{{"long", long}, {"short", short}} {
		switch {
		case leg.in.Dated() && now >= leg.in.Delivery-lastHour:
			return fmt.Errorf("%s: %s is delivered at %s: too late to open a position", leg.name, leg.in.Key(), leg.in.Delivery)
		case leg.in.Inverse() && !leg.in.ContractSize.IsPositive():
			return fmt.Errorf("%s: %s has no contract size: want the USD value of one contract", leg.name, leg.in.Key())
		}
	}
	return nil
}

// lastHour before a delivery the mark price is an average of the index, and no
// longer the price that the contract trades at.
const lastHour = exchange.Hour

// Spreads reports whether two legs make a spread: all but coins on spot against a
// contract of the same house that is margined in quote, or with the coins once they were
// moved to its wallet.
func Spreads(long, short *exchange.Instrument) bool {
	return long.Perp() || !short.Perp() || long.Venue.House() != short.Venue.House() || short.Inverse() && long.Wallet == short.Wallet
}
