package exchange

import "github.com/shopspring/decimal"

// Kind says what an Event is and so which of its fields mean something.
type Kind uint8

const (
	// Market data. Instrument is always set.
	KindSnapshot Kind = iota + 1 // LastID, Bids, Asks: the whole known book
	KindDiff                     // FirstID, LastID, PrevID, Bids, Asks: absolute quantities
	KindTicker                   // LastID, Price/Qty best bid, Price2/Qty2 best ask
	KindTrade                    // ID, Price, Qty, Side of the aggressor
	KindMark                     // Mark, Index, Rate (running estimate), NextFunding, Hours, Path
	KindFunding                  // settled rate: Rate, Mark, Hours; Time is the settlement
	KindBar                      // Bar
	KindGap                      // Reason: data is missing; the book must prove itself again

	// What a venue says of our own account.
	KindOrder       // Update
	KindFill        // Fill
	KindFundingPaid // Payment
	KindTransfer    // Transfer
	KindBalance     // Wallet, Asset, Amount: a deposit, an adjustment or, by its Reason, the insurance fund or interest (signed change)

	// What the host itself feeds to the core.
	KindTimer   // Strategy, Name: a timer is due
	KindReload  // Reload: a new version of a script
	KindCommand // Name, Reason: halt, resume, stop; Instrument, when it is about one
	KindAdvice  // Advice: what an advisor said to a question

	// More market data.
	KindOpenInterest // Qty: all open contracts of an instrument, one side counted
	KindPremium      // Rate: mean premium of a perpetual in the minute that ended at VenueTime

	// What the host knows of the way to a venue.
	KindVenue // Name: a house ("bybit"), Channel, Reason: why it is dark there; "": it is back
	KindClock // Name: a house, ID: by how many nanoseconds its clock is ahead of ours

	// Market data that is had where somebody asked for it.
	KindLiquidation // Price, Qty, Side of the forced order: Sell closes a long position

	// What was asked for because of a volume curve.
	KindVolume // Volumes, up to VenueTime; without any, Reason: why

	// More market data that is had where somebody asked for it.
	KindDay // Day: the 24 hours before VenueTime, as the venue has them

	KindFeed // Instrument, Name: the feed that its book comes from now on (FeedVenue, FeedRelay), Reason

	KindScan // Scan: what all perpetuals of the venues pay; without any, Reason: why

	KindPast // Past: what is looked back on of an instrument; Reason: what of it can't be had. It pays nobody

	// More of what a venue says of our own account.
	KindMargin // Amount: the margin that our position has of its own, without its profit; 0: it shares the wallet's
)

// The feeds that a book may come from. It is that of the venue until a KindFeed says
// otherwise.
const (
	FeedVenue = "venue"
	FeedRelay = "relay" // its books are LinkUnproved
)

var kindNames = [...]string{"none", "snapshot", "diff", "ticker", "trade", "mark", "funding", "bar", "gap",
	"order", "fill", "funding_paid", "transfer", "balance", "timer", "reload", "command", "advice",
	"open_interest", "premium", "venue", "clock", "liquidation", "volume", "day", "feed", "scan", "past", "margin"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "none"
}

// Commands that a venue's side gives as well as people: with an Instrument, that
// nothing may trade in it because the venue's account and ours differ, until they
// agree; without one, that the account can't be seen.
const (
	CommandHold    = "hold"
	CommandRelease = "release"
)

// Channel is one of the ways to a house, which fail each by itself. At the start of a
// session every house is up; what is dark then is told first.
type Channel uint8

// The channels of a house.
const (
	// ChannelMarket is its market data. It is dark when no connection brings any: what
	// its books show is the past, and its instruments have had a KindGap each.
	ChannelMarket Channel = iota
	// ChannelOrders is its account: orders, cancels, positions, balances. It is dark when
	// its answers do not come, or it was not compared for long: what is sent may arrive or
	// not, and the outcome of what was sent may stay unknown until it is back.
	ChannelOrders
)

func (c Channel) String() string {
	switch c {
	case ChannelMarket:
		return "market data"
	case ChannelOrders:
		return "orders"
	}
	return "none"
}

// MarketData reports whether the event comes from a market rather than from our
// account or the host.
func (k Kind) MarketData() bool {
	return k >= KindSnapshot && k <= KindGap || k == KindOpenInterest || k == KindPremium || k == KindLiquidation || k == KindVolume || k == KindDay
}

// Event is one input of the core. It is one flat struct so that a feed can
// reuse it without allocation: Kind says which fields count, the others are
// left as they were. Bids and Asks belong to the producer and are valid only
// until its next event.
type Event struct {
	Seq        uint64 // given by the loop
	Kind       Kind
	Channel    Channel // of a KindVenue
	Instrument InstrumentID
	Time       Time // when this process may act on it; the loop's time never runs back
	VenueTime  Time // when it happened at the venue; 0 when the venue did not say
	// More says of market data that the next event is of the same instant: the
	// source knows no order between them, as between the bars that close at one
	// time. An instant is applied whole before anyone acts on it. It ends with an
	// event without More, and at the latest with one of another time or origin.
	More bool

	FirstID, LastID, PrevID int64 // of a book's updates: see Linking; PrevID is -1 when the feed has none
	Bids, Asks              []Level
	// Synthetic marks a book made from something poorer than a book (bars). Its
	// best bid may equal its best ask, when the spread was set to zero.
	Synthetic bool

	Price, Price2 Ticks
	Qty, Qty2     Lots
	Side          Side
	ID            int64 // a text of the venue by TextID

	Mark, Index, Rate E8
	NextFunding       Time
	Hours             int // funding interval; see Instrument.FundingAccrues
	Bar               Bar
	Day               DayStats
	Path              MarkPath // of a KindMark that ends a bar

	Update   OrderUpdate
	Fill     *Fill
	Payment  *FundingPayment
	Transfer *Transfer
	Wallet   Wallet
	Asset    string
	Amount   decimal.Decimal

	Strategy int32
	Name     string
	Reason   string
	Reload   *Reload
	Advice   *Advice
	Volumes  *Volumes
	Scan     *Scan
	Past     *Past
}

// Past is what was before a session saw an instrument, each list oldest first.
type Past struct {
	Settled  []Settled
	Premiums []Premium
	Bars     []Bar // of one length after the other; Time is when each closed
}

// Premium is the mean premium of a perpetual in the minute that ended at a time.
type Premium struct {
	Time Time
	Rate E8
}

// Volumes is what an instrument traded in equal spans of time, one after the other, in
// units of quantity. They are floats because no money is computed from them.
type Volumes struct {
	Length Time
	Qty    []float64
}

// DayStats are what happened in 24 hours. What is not told is 0. Volumes are floats because no money is
// computed from them.
type DayStats struct {
	Open, High, Low, Last Ticks
	Volume                float64 // units of quantity
	Quote                 float64 // what they were worth, in quote
	Count                 int64   // trades
}

// MarkPath is what a mark price did in the bar that it closes: where it began, and
// how high and low it was, in an order that nobody knows. Zero: not known.
type MarkPath struct {
	Open, High, Low E8
	Interval        Time
}

// Reload carries a new version of a strategy into the loop.
type Reload struct {
	Strategy int32
	Path     string   // as the user named it
	Sources  []Source // the script first, then what it requires
	Hash     string   // of Sources
	By, Why  string   // who asked for it, and in whose words; "": the file was saved
	To       int      // the version of before that it goes back to; 0: it is a new one
	// Compiled is what the watcher already made of Sources, or nil, and Took what reading,
	// compiling and trying them took; they are not part of the journal.
	Compiled any
	Took     Time
}

// Source is one file of a strategy.
type Source struct {
	Path string
	Text string
}

// InsuranceFund begins the Reason of a KindBalance by which a venue's insurance fund
// made good a wallet that a liquidation left below zero, or charged it for one.
const InsuranceFund = "insurance fund"

// AutoExchange is the Reason of a KindBalance by which a venue sold one asset of a wallet
// to pay what it owed in another.
const AutoExchange = "auto-exchange"
