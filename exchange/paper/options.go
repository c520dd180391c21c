package paper

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// Options says what is simulated and how. Universe and Books are required;
// every other zero value means the default named with the field.
type Options struct {
	Universe *exchange.Universe
	// Books returns an instrument's book, or nil. It is read only here: whoever
	// feeds Market keeps the books, and applies an event before showing it.
	Books func(exchange.InstrumentID) *book.Book

	Seed    uint64 // of every latency
	Latency Latency
	// TransferLatency is how long a transfer is in transit, after the venue took
	// it. Default: log-normal, at least 200 ms, median 1 s, p99 5 s.
	TransferLatency Latency
	Queue           Queue
	Impact          Impact
	// Participation is the part of a bar's volume that our resting orders get at
	// most, all together, on a feed of bars. Default 0.1.
	Participation float64

	// Models are an embedder's own fees, latencies and queue; nil: those that the options
	// above and below say.
	Models Models

	// Fees replaces the instruments' own rates at a venue, by its name in the session
	// (Instrument.Segment). Zero rates are
	// allowed, and so are negative ones (a rebate).
	Fees map[exchange.Venue]FeeRate
	// Leverage is the leverage of every perpetual, from 1. Default 5.
	Leverage    int
	LeverageFor map[exchange.InstrumentID]int

	// Balances are the opening balances. They are not announced as events.
	Balances []Deposit
	// Restore continues an earlier session; Balances come on top of it.
	Restore *Account
}

// FeeRate is what is charged, as fractions of notional.
type FeeRate struct{ Maker, Taker decimal.Decimal }

// Deposit is an opening balance.
type Deposit struct {
	Wallet exchange.Wallet
	Asset  string
	Amount decimal.Decimal
}

// Account is what one session hands to the next: see Venue.Account. Open orders
// are not part of it, because orders end with their session.
type Account struct {
	Balances  []Deposit
	Positions []Holding
	NextTrade uint64 // the next TradeID; 0 means 1
	NextOrder uint64 // the next VenueID; 0 means 1
	NextTran  uint64 // the next TranID of a funding payment; 0 means 1
}

// Holding is one position of an Account.
type Holding struct {
	Instrument exchange.InstrumentID
	Position   exchange.Position
	// Cost is the exact signed cost of the open part, in the settlement asset
	// (in Quote on spot). Zero means Position.Entry times the quantity, which can
	// differ from it in the sixteenth place.
	Cost decimal.Decimal
}

// Impact is what our own taking does to the liquidity that we see later.
type Impact struct {
	// Model is "memory" (default): what was taken from a level is gone until the
	// level's displayed size changes. Or "none": a level can be taken again and
	// again.
	Model string
	// HalfLife is how long it takes until half of what was taken is back though
	// the displayed size stayed the same. Default 2 s; negative: never.
	HalfLife exchange.Time
}

func (im Impact) withDefaults() (Impact, error) {
	if im.Model == "" {
		im.Model = "memory"
	}
	if im.HalfLife == 0 {
		im.HalfLife = 2 * exchange.Second
	}
	if im.Model != "memory" && im.Model != "none" {
		return im, fmt.Errorf(`impact model %q: want "memory" or "none"`, im.Model)
	}
	return im, nil
}

func (im Impact) String() string {
	switch {
	case im.Model == "none":
		return "none, a displayed level can be taken again and again"
	case im.HalfLife < 0:
		return "what we took from a level is gone until its displayed size changes"
	}
	return fmt.Sprintf("what we took from a level is gone until its displayed size changes, and comes back with a half-life of %s",
		duration(im.HalfLife))
}

// withDefaults returns the options complete and checked.
func (o Options) withDefaults() (Options, error) {
	if o.Universe == nil {
		return o, fmt.Errorf("paper venue: Universe is missing")
	}
	if o.Books == nil {
		return o, fmt.Errorf("paper venue: Books is missing")
	}
	if o.Leverage == 0 {
		o.Leverage = 5
	}
	if o.Participation == 0 {
		o.Participation = 0.1
	}
	if !(o.Participation > 0 && o.Participation <= 1) {
		return o, fmt.Errorf("paper venue: participation %v: want a fraction above 0, up to 1", o.Participation)
	}
	if o.Restore == nil {
		o.Restore = &Account{}
	}
	var errs [4]error
	o.Latency, errs[0] = o.Latency.withDefaults(defaultLatency)
	o.TransferLatency, errs[1] = o.TransferLatency.withDefaults(defaultTransfer)
	o.Queue, errs[2] = o.Queue.withDefaults()
	o.Impact, errs[3] = o.Impact.withDefaults()
	for _, err := range errs {
		if err != nil {
			return o, fmt.Errorf("paper venue: %w", err)
		}
	}
	o.Models = o.Models.fill(&o)
	return o, o.checkLeverage()
}

func (o *Options) checkLeverage() error {
	if o.Leverage < 1 {
		return fmt.Errorf("paper venue: leverage %d: want 1 or more", o.Leverage)
	}
	for _, in := range o.Universe.All() {
		if l, ok := o.LeverageFor[in.ID]; ok && l < 1 {
			return fmt.Errorf("paper venue: leverage %d of %s: want 1 or more", l, in.Key())
		}
	}
	return nil
}

func (o *Options) leverage(id exchange.InstrumentID) int {
	if l, ok := o.LeverageFor[id]; ok {
		return l
	}
	return o.Leverage
}

func (o *Options) fees(in *exchange.Instrument) FeeRate {
	if f, ok := o.Fees[exchange.Venue(in.Segment())]; ok {
		return f
	}
	return FeeRate{in.MakerFee, in.TakerFee}
}

// Describe says in plain sentences what is simulated, and what is not.
func (v *Venue) Describe() []string {
	o := &v.opt
	return slices.Concat([]string{
		"Latency: " + o.Models.Latency.String() + fmt.Sprintf(", drawn from seed %d and the order's number. Each wallet answers over one stream, which keeps its order.", o.Seed),
		"Taker: walks the book level by level as of its arrival, or as of the first update after it; nothing is filled beyond the known book.",
		"A book that was lost has no liquidity, for reducing orders either: in a hole of the data, and where an instrument's data end before those of others. What is held there stays, counts at its last price, and is named.",
		"Impact: " + o.Impact.String() + ".",
		"Maker: " + o.Models.Queue.String() + "; a trade through the price fills at most its own size, which all our orders share, and a book that moved through it the displayed size.",
		"Feeds without a book fill takers at the best quote only.",
		fmt.Sprintf("Bars: together our orders get at most %.4g %% of the bar's volume: takers from the book that the bar is shown as, which has as much on each side; resting orders share it, less what we took since the bar before, and fill at their price when a bar that opened after they were sent trades strictly through it, or closes beyond it.", o.Participation*100),
		"A bar without volume, or of which that is less than a lot, has no book and fills nothing, for opening nor closing, of pairs and schedules either: they wait. A liquidation is carried out all the same, at the mark.",
		"Course of a bar: all prices and marks of a wallet go from open to low and high, in the order that hurts the wallet more, and to the close; a close-out within a bar is filled from the worse of mark and traded price of that point on.",
	}, o.describeFees(), []string{
		fmt.Sprintf("Margin: cross, leverage %d%s. Without a mark price, the middle of the book stands in for it.", o.Leverage, o.describeLeverage()),
		"Liquidation: the largest position of a wallet is closed whole, in the book and then at the mark, never better than its liquidation price, until the margin balance is above maintenance; no surcharge, no auto-deleveraging; a wallet left below zero is made good by the insurance fund.",
		"Funding: paid on the position just before the settlement, at the settled rate and its mark; exact for linear contracts, rounded half to even at 8 places for inverse ones.",
		"Delivery of dated futures: at the mark price of that moment, with the taker fee; orders expire and nothing is taken any more.",
		"Transfers: " + o.Models.Transfer.String() + " in transit.",
		"An order that would meet one of our own expires (self-trade prevention).",
	}, v.loans.describe())
}

func (o *Options) describeFees() []string {
	var out []string
	if _, own := o.Models.Fees.(rates); !own {
		return []string{"Fees: " + o.Models.Fees.String() + "."}
	}
	for _, m := range o.Universe.Venues() {
		if f, ok := o.Fees[m]; ok {
			out = append(out, fmt.Sprintf("Fees on %s: maker %s %%, taker %s %%.", m, f.Maker.Shift(2), f.Taker.Shift(2)))
			continue
		}
		out = append(out, fmt.Sprintf("Fees on %s: each instrument's own rates.", m))
	}
	return append(out, "Fees are charged in what was received on spot, in the margin asset on futures; those in coin of inverse contracts are rounded half to even at 8 places.")
}

func (o *Options) describeLeverage() string {
	text := ""
	for _, in := range o.Universe.All() {
		if l, ok := o.LeverageFor[in.ID]; ok {
			text += fmt.Sprintf(", %s %d", in.Key(), l)
		}
	}
	return text
}

// duration formats a Time that is a length.
func duration(t exchange.Time) string {
	if t < exchange.Second {
		return fmt.Sprintf("%g ms", float64(t)/float64(exchange.Millisecond))
	}
	return fmt.Sprintf("%g s", float64(t)/float64(exchange.Second))
}
