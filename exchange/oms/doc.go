// Package oms is the order manager of every venue: it takes the orders and transfers
// of the core, asks a venue's account for them, and tells the core what became of them
// in the same events as the simulated venue. It knows no venue: what it needs of one is
// [Account], which a venue's package implements, what only some have is asked for by
// type assertion ([CapabilitiesOf]), and what an account is like is its [Profile].
//
// # Assumptions
//
//   - An answer may be lost, late, or overtaken by the stream; an event of the account
//     may come twice, out of order, or not at all. Only an execution moves a quantity,
//     and it counts once, by instrument and trade id.
//   - A request cannot be accepted later than Profile.Window after it was decided on.
//     Only on that ground is an order, or a transfer, ever taken for lost; nothing
//     whose outcome is unknown is sent again.
//   - One manager trades on the account: a second one
//     would take the first one's fills for somebody else's. Of two, the one of the
//     older run gives way as soon as it hears of an order of the other: fence.go.
//   - In hedge mode (Segment.Hedged) our position is the long or the short one and never both:
//     an order against it closes, an order without one opens the side that it names. What would
//     turn it around in one order, or open beside it, is refused. The other position, and any
//     where the ledger has none, also at its opening, is somebody else's: told, and left alone;
//     nothing of ours opens where somebody else holds. What they make or pay is found in the
//     balance.
//   - The balance of a wallet that contracts are margined in is the sum of realised
//     profit, fees, funding and transfers, as the venue books it.
//
// # Parts
//
// Manager is a pure machine without clock, goroutines or randomness: what happened
// goes in, requests and events come out. Runner drives one in real time. A manager is
// made of parts that own their state, and know of each other what their doors (the
// small interfaces that a part declares above its own type) say:
//
//   - orders: the life of an order (orders.go, place.go, cancel.go), what the venue
//     says of it (report.go), orders whose outcome is unknown (inflight.go), and
//     finding them (index.go)
//   - executions: the trades of each instrument, listed from a cursor on
//     (executions.go) and booked once (booking.go)
//   - transfers: money between wallets
//   - reconciliation: our books beside the venue's account, by sections that share
//     wallets (sections.go), in rounds (rounds.go), compared (compare.go), with income
//     (income.go) and orders of others (strangers.go)
//   - switches: dead-man switches
//   - sides: hedge mode (sides.go)
//   - fence: other runs on the account
//   - balances: the sums that our ledger comes to
//
// All of them speak through one outbox.
package oms
