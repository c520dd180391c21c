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
// # Faults and truth
//
// What goes wrong at a real exchange can be made to go wrong here. POST
// /sim/faults takes a [Fault], GET lists what is to come, DELETE clears it, and
// GET /sim/faults/fired tells what came. A [Chaos] sends a sequence of faults that
// its seed decides; the next of them are in the list beforehand. What struck is a
// function of the seed; what it struck depends on what clients did.
//
// GET /sim/account?account=0 is the simulator's own view of an account: balances
// by wallet, positions, open orders, every order, algo order, trade, income and
// transfer, with exact decimals. GET /sim/book?market=usdm&symbol=BTCUSDT is the
// whole book and its id. Tests compare a client's state with both to the last
// digit. GET /sim/state is all accounts at once.
//
// POST /sim/settings takes [Settings], POST /sim/keys registers a public key (RSA
// or Ed25519, PKIX in PEM) for an account, and POST /sim/advance moves a market
// that stands still by {"ms":N}.
//
// # What it does not have
//
// Order lists, trailingDelta of spot, iceberg and pegged orders, trading in hedge
// mode, isolated margin or multi-assets mode (the modes can be set and asked for),
// selfTradePreventionMode other than EXPIRE_TAKER, TRADE_LITE, delivery contracts,
// margin and portfolio accounts, RPI, compositeIndex, SBE and FIX. They are
// refused, never accepted and ignored. The premium index is that of the mark over
// the index, not of impact prices. Open interest is what its accounts hold.
//
// # Where to read
//
// loop.go: who owns what, and how time passes. dispatch.go: how a request is
// judged; routes.go: every endpoint. ticket.go to modify.go: order entry. algo.go,
// stops.go: what waits for a price. stream.go, publish.go: public streams. user.go:
// user events. faults.go and its siblings: how it is made to misbehave. audit.go:
// the truth.
package simserver
