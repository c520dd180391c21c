// Package simserver is a local exchange for tests and for anyone's own client: accounts
// and keys, matching by the paper venue on a market feed, conditional orders, funding,
// faults, and a door behind which the truth is. What clients see of it, a protocol, is a
// [Front], which a venue's package brings, as simfront below.
//
// It is used as httptest is. New reads the feed up to where the exchange opens; from
// the first request on a loop runs it, until Close:
//
//	x, err := simserver.New(simserver.Options{Universe: u, Feed: feed})
//	...
//	defer x.Close()
//	srv := httptest.NewServer(simfront.New(x))
//	defer srv.Close()
//
// # Assumptions
//
//   - It is for one machine. It listens where it is told to, speaks no TLS, and its API
//     keys guard nothing but play money.
//   - Two clocks. Requests are judged by the wall clock. The market has its own time,
//     which passes at [Options.Speed]; what a front tells of the market and of accounts
//     is in that. At speed 1 with a feed that begins now both are the same.
//   - An account trades against the market and not against other accounts. What
//     the paper venue assumes holds here: one-way positions, cross margin, an
//     order is matched when it arrives.
//   - A request takes effect when the loop comes to it, and its answer and user
//     events are made in that moment; the network between is a real socket.
//   - Candles and trades are made from what the feed has shown since the start of the
//     exchange and its warm-up, not from a longer past.
//
// # Faults and truth
//
// What goes wrong at a real exchange can be made to go wrong here. POST
// /sim/faults takes a [Fault], GET lists what is to come, DELETE clears it, and
// GET /sim/faults/fired tells what came. A [Chaos] sends a sequence of faults that
// its seed decides; the next of them are in the list beforehand. What struck is a
// function of the seed; what it struck depends on what clients did.
//
// GET /sim/account?account=0 is the simulator's own view of an account, an
// [AccountTruth]: balances by wallet, positions, open orders, every order, conditional
// order, trade, income and transfer, with exact decimals.
// GET /sim/book?market=usdm&symbol=BTCUSDT is the whole book and its id. Tests compare a
// client's state with both to the last digit. GET /sim/state is all accounts at once, a
// [Truth].
//
// POST /sim/settings takes [Settings], POST /sim/keys registers a public key (RSA
// or Ed25519, PKIX in PEM) for an account, and POST /sim/advance moves a market
// that stands still by {"ms":N}.
//
// # How a front is written
//
//  1. Make a type with the methods of [Front] and a constructor that calls
//     [Exchange.Attach]. Segments name the venue's parts, as "linear" and its venue and
//     wallet; a unified account names one wallet for all. Open gives you the [State].
//  2. Make an http.Handler. Let [Foreign] refuse pages of other sites, pass paths under
//     [Prefix] to [Exchange.Control], and answer the rest inside [Exchange.Do], where
//     alone the State may be touched.
//  3. Judge a request: find the key with [State.Key], its signature with
//     APIKey.Verifier, its time against [Clock.Wall], its permission with [APIKey.May],
//     and count what it weighs. Limits and their tables are the front's.
//  4. Read market data from [State.Market]: Book, Touch, Prints, Candles, Mark, Settled.
//     Its fields are the exchange's: read them and change none.
//  5. Enter orders: check what the venue checks at its door, against Market.Rules as a
//     fault may have changed them, and hand a [Ticket] to [Entry.Place]. What the
//     matching venue refuses comes through Refuse, which words it. Cancel, Reduce and
//     Change are the rest of an order's life; [Conditionals.Place] and
//     [Deadlines.Countdown] are for venues that have such things.
//  6. Word user events in Tell, at once, because the state moves on; Send brings the
//     messages to the connections. The front keeps who listens to what.
//  7. Stream the market: Show is called for every event, [Beater] by the clock. Accept
//     connections with wire.Accept between [Links.Join] and [Links.Leave], so that faults
//     of the network strike them, and count them with [Exchange.Connect]. Ask
//     [Links.Muted] before a user event.
//  8. Misbehave: ask [Faults.Closed] for maintenance, and [Faults.Occasion] where a
//     [Fault] has something to happen to: before a diff of a book is sent, before a
//     request is carried out, before its answer is given. [Striker] is for faults of
//     your streams.
//  9. Keep what the protocol alone knows in the Note of an account, market, order or
//     conditional order. Implement [Admitter], [Brancher], [Namer], [Announcer] and
//     [Ticker] where the venue has something to say there, [Moded] where positions have
//     modes, [Keymaker] where its keys are not a name and a secret, [Mischievous] where it
//     fails in ways of its own.
//
// 10. Give the front a method Describe that lists its addresses by the names that its section of
// the configuration has, and Paths for [Mux]; run your client's tests and the conformance suite
// against it.
//
// [Exchange.ServeREST] and [Exchange.ServeSocket] are what the Handler of every front does
// alike, and package reply writes JSON.
//
// # Units
//
// A quantity here is in lots of the instrument: base coins, and contracts of ContractSize USD
// of an inverse contract. Where the venue counts otherwise the front converts, at its door and
// in what it tells, and nowhere else: contracts of 0.01 BTC (qty = contracts × their size, the
// instrument's lot being one contract's smallest part), amounts in USD (of an inverse contract
// with a ContractSize of 1 they are the quantity). [Market.Worth] is quote, and coins of an
// inverse contract. Money that the venue tells as a JSON number is reply.Amount.
//
// # Unified accounts
//
// Segments that name one wallet share it: what an order on spot holds is no margin, and what
// is margin can't be spent. Each coin backs what settles in it; a coin does not back what
// settles in another, and nothing is borrowed.
//
// # Answers at once, and answers later
//
// An order is matched before Place returns, and its events are told then. A venue whose
// answer tells the fills builds it from what Place returns. One whose answer is only that the
// order was taken answers with the id, and the rest is on the stream: [Refusal] of Place
// may then be told there, with [Outbox.Queue], as of an order that was accepted and rejected.
// What the venue tells of first is which of the two the front writes first.
//
// # Several venues
//
// A [Mux] puts exchanges of several venues behind one address. Each is an Exchange of its own,
// so a front knows no other: the universe has one house, Accounts are its customers, and
// ids, clock, keys and faults are its own. What makes them one market is that their feeds are
// made of one seed: a synth.House says what the venue lists there, and stands beside the front as
// its function Lists. The control door takes venue as a parameter or a field, or a market by its
// full name ("venue.linear"); without, faults, state and time are of all, and the rest of the
// first. Options.Opened and Begin are the same for all, so that their times are.
//
// # Where to read
//
// server.go, loop.go, clock.go: who owns what, and how time passes. front.go,
// segments.go: the door to protocols. account.go, parts.go: what an account is made of,
// and each part in the file of its name. faults.go and its siblings, link.go: how it is
// made to misbehave. control.go, audit.go: the truth. mux.go, serve.go: the way in.
package simserver
