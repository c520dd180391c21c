// Package live is the live market data that every venue has alike: a [Market] that is
// connected by [Open], and a [Catalogue] that is asked by [Browse].
//
// A venue fills in [Options]: its [Route]s (an address, a wire.Protocol, the streams of an
// instrument with the longest silence of each, a connect.Decoder for a connection) and the [Questions]
// that it is asked over REST. What follows is done here: connections that carry some hundred
// streams each, events that are copied, stamped and posted in one order for each instrument,
// what a second connection repeats, books that are followed by their ids and begun anew,
// settled rates after each settlement, bars that are finished once and whose holes are
// filled, the past, changes of the listing, and what is silent, malformed or lost.
//
// # Books
//
// A book is judged by exchange.Linking, not by the venue's package. How it gets a snapshot is
// one of two:
//
//   - Questions.Snapshot is there: it is fetched, again and later until the diffs that
//     were posted meanwhile link with it; a silent book is looked at over REST, and what is
//     found unchanged is excused. Binance.
//   - It is nil: a subscription begins with a snapshot (KindSnapshot of the Decoder), and is begun anew for
//     another one, at most every 2 seconds and the less often the less it helps. The book is
//     that of the connection whose snapshot came last; what another one says of it is dropped. Bybit,
//     OKX, Deribit. With exchange.LinkSnapshots every message is such a one. Hyperliquid.
//
// A snapshot whose id is before the book's comes after a KindGap: the venue has begun anew. An
// update that proves nothing (Bybit's delta with u = 1) is announced by a KindGap of the Decoder's.
//
// # Instruments
//
// An instrument does not change while its universe is in use, so new rules are told to
// people. Its state is followed: a book whose market was halted is stale, and is begun anew when it
// trades again. The state comes from Questions.Listings every ten minutes, and from a stream
// by Session.Listed at once.
//
// # Clocks
//
// Everything is stamped by the machine's clock as it is posted; VenueTime is the venue's. What
// a venue's clock says is compared with nothing here.
package live
