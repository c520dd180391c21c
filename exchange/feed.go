package exchange

// Feed yields market events in the order a process may see them: Time never
// decreases.
//
// Next fills *ev and returns nil, or returns io.EOF at the end. Bids and Asks
// belong to the feed and are valid until the next call. A feed is used by one
// goroutine. Input that is broken but can be passed over is not an error: the
// feed counts it, and sends KindGap for what it may have cost.
type Feed interface {
	Next(ev *Event) error
	Close() error
}

// Linking is how the updates of an instrument's book follow each other: what a feed
// promises of Event.FirstID, LastID and PrevID. Diffs without ids (FirstID and LastID
// are 0) follow whatever was before them.
type Linking uint8

const (
	// LinkPrevious: PrevID is the LastID of the diff before. Where the venue has no first
	// id of a diff, FirstID is PrevID+1. Binance's futures, OKX, Deribit.
	LinkPrevious Linking = iota
	// LinkDense: ids count every change, so FirstID is the LastID before plus one, or
	// lower. PrevID does not count. Binance's spot.
	LinkDense
	// LinkRising: LastID rises, and nothing else is promised: what is missing can't be
	// told from it, only what comes late or twice. So a book that has lost input needs a
	// snapshot. Bybit.
	LinkRising
	// LinkSnapshots: every message is the whole book; there are no diffs. Hyperliquid.
	LinkSnapshots
	// LinkUnproved: as LinkRising, but nobody answers for the feed: levels may be missing
	// without a sign. A relay.
	LinkUnproved
)

// Rises reports whether ids prove nothing but which update is the later.
func (l Linking) Rises() bool { return l == LinkRising || l == LinkUnproved }

// Integrity says in a word what a book can prove of itself.
func (l Linking) Integrity() Integrity {
	switch l {
	case LinkPrevious, LinkDense:
		return Verified
	case LinkRising, LinkSnapshots:
		return ForwardOnly
	}
	return Unverifiable
}

// Integrity is what a book can prove of itself.
type Integrity string

// The integrities.
const (
	Verified     Integrity = "verified"     // each update names the one before: nothing can be missing unseen
	ForwardOnly  Integrity = "forward-only" // what is late or comes twice is seen, not what is missing
	Unverifiable Integrity = "unverifiable" // nothing is
)

// Execution takes orders. A call only enqueues: what becomes of it arrives as an
// event, so there is no error to return. now is the loop's time.
//
// The pointed-to values are the caller's; a venue copies what it keeps.
type Execution interface {
	Submit(o *Order, now Time)
	Cancel(id OrderID, now Time)
	Transfer(t *Transfer, now Time)
}

// Shrinker is an Execution that makes a resting order smaller in its place, without it
// losing its turn. The answer is an update with the order's Qty.
type Shrinker interface {
	Shrink(id OrderID, qty Lots, now Time)
}

// Simulated is an Execution that lives inside the loop and runs on the loop's time.
//
// The loop shows it every market event after the core has seen it (so that the
// books it reads are current), and asks for what is due: NextTime tells when,
// and Pop fills ev with it. Given the same calls it gives the same answers.
type Simulated interface {
	Execution
	Market(ev *Event)
	NextTime() (Time, bool)
	Pop(ev *Event)
}
