// Package simserver is a local exchange: the paper venue and a market feed behind
// Binance's REST and WebSocket protocols, for tests and for anyone's own client.
//
// # Assumptions
//
//   - It is for one machine. It listens where it is told to, on loopback by
//     default, speaks no TLS, and its API keys guard nothing but play money.
//   - Two clocks. Requests are judged by the wall clock, which is also what the
//     time endpoints tell. The market has its own time, which passes at
//     [Options.Speed]; every time in a payload (E, T, transactTime, funding times)
//     is the market's. At speed 1 with a feed that begins now both are the same.
//   - An account trades against the market and not against other accounts. What
//     the paper venue assumes holds here: one-way positions, cross margin, an
//     order is matched when it arrives.
//   - A request takes effect when the loop comes to it, and its answer and user
//     events are made in that moment; the network between is a real socket.
//   - Klines, 24-hour statistics and trades are made from what the feed has shown
//     since the start of the server and its warm-up, not from a longer past.
//
// # What it does not have
//
// Stop and algo orders (refused with -1116, or -4120 as on the futures order
// endpoint), order lists, iceberg and pegged orders, GTD, hedge mode, isolated
// margin, multi-assets mode, delivery contracts, margin and portfolio accounts,
// RPI, SBE and FIX. They are refused, never accepted and ignored.
//
// # Where to read
//
// loop.go: who owns what, and how time passes. dispatch.go: how a request is
// judged; routes.go: every endpoint. order.go to modify.go: order entry.
// stream.go, publish.go: public streams. user.go: user events. faults.go: how it
// is made to misbehave.
package simserver
