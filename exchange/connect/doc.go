// Package connect says what the package of a venue implements, so that the rest of the
// program names none.
//
// A [Connector] is what is known of a venue without asking it: its house, its segments
// and wallets, its section of the configuration. A [Section] that was read becomes a
// [Venue], which has a [Catalogue] and, for instruments chosen from it, a [Market] of live
// data, and which signs in to an [Account]. The account is an oms.Account: what only
// some venues have is asked for by type assertion (oms.CapabilitiesOf). Connectors are
// values in a list of the host, not registered by an import.
//
// # Goal
//
// A new venue is one package of at most 2,500 lines (the last four took 4,000 to 4,400), its
// simulator's front apart, and one line in that list. What it need not bring: a book and its sequencing
// (exchange/book, by exchange.Linking), its live market data but for hooks (exchange/connect/live:
// connections, books that are begun anew, settled rates, bars, the past), the account of
// limits (exchange/limit, by a Table), keys, signatures and the venue's time
// (exchange/sign), requests that are sent once (exchange/rest), JSON read in place
// (exchange/jsonscan), the choice of symbols ([Listings], live.Browse), recordings (exchange/record, by
// a [Format]), orders, unknown outcomes, executions and reconciliation (exchange/oms).
// exchange/venuetest runs the same suite on every one.
//
// # Names
//
// Venues and wallets have their full names here: "bybit.linear". Symbols are the
// venue's own text.
package connect
