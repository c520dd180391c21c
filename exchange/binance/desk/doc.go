// Package desk is the live venue: it takes the orders and transfers of the core,
// asks the exchange for them through account.API, and tells the core what became
// of them in the same events as the simulated venue.
//
// # Assumptions
//
//   - An answer may be lost, late, or overtaken by the stream; a notice may come
//     twice, out of order, or not at all. Only an execution moves a quantity, and
//     it counts once, by market, symbol and trade id.
//   - A signed request cannot be accepted later than its timestamp and recvWindow.
//     Only on that ground is an order, or a transfer, ever taken for lost; nothing
//     whose outcome is unknown is sent again.
//   - The account is in one-way mode, and one desk trades on it: a second one
//     would take the first one's fills for somebody else's. Of two, the one of the
//     older run gives way as soon as it hears of an order of the other: fence.go.
//   - The wallet balance of a derivatives wallet is the sum of realised profit,
//     fees, funding and moves, as the venue books it.
//
// # Parts
//
// Desk is a pure machine without clock, goroutines or randomness: what happened
// goes in, requests and events come out. Venue drives one in real time.
//
// Where to read: order.go is the life of an order, report.go what the venue says
// of it, doubt.go orders whose outcome is unknown, tape.go executions, move.go
// transfers, audit.go the comparison with the venue's account, guard.go the
// dead-man switch, fence.go other runs on the account, and venue.go the driver.
package desk
