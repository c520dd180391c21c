// Package account is one account of the venue: the requests that change it, the
// questions about it, and its own stream of events, for spot, USD-M and COIN-M.
//
// Assumptions: quantities and prices are decimals here, because this is the wire;
// package oms turns them into ticks and lots. The account is in one-way mode. A request
// is signed when it is sent and is never sent twice, with one exception: after a
// refused timestamp, which shows that it was thrown away, it is signed and sent once
// more. Nothing here keeps the state of an order: package oms does.
//
// [Client] asks, over REST or, for orders, over the WebSocket APIs; it is an
// [oms.Account] with all that one may have. Every error of it is an
// [*exchange.VenueError], whose class says whether the venue may have acted: class.go
// has the table of codes. [Listen] tells what happens in the account as an
// [oms.AccountEvent] each, with a Gap wherever something may have been missed.
package account
