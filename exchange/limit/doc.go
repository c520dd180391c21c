// Package limit keeps the account of what a venue lets us ask, so that it never
// has to tell us to stop.
//
// # Assumptions
//
//   - A limit is a count per window, and windows are aligned to the clock: a
//     minute begins at :00, ten seconds at :00, :10 and so on. They do not roll, and
//     nothing refills, unless their Rule says so.
//   - Our clock and the way to the venue are off by less than Options.Guard, one
//     way or the other. A request sent that close to the edge of a window may be
//     counted on either side of it, so it is charged to both.
//   - The venue's own figure is the truth when it is higher than ours, because
//     other processes share the address. When it is lower it is not believed:
//     requests may be on their way, and some endpoints report nonsense.
//   - Pools do not share limits, so a ban of one stops that one: what is open on the
//     others can still be hedged.
//   - A refusal means that the limit is reached, whatever we have counted. Anything sent
//     before it ends, cancels too, risks a ban of the address.
//
// # Features
//
// A venue's [Table] says what it counts; what a request costs is a [Cost] on its
// meters. [Ledger.Reserve] grants it, or says when to ask again, leaving a part
// of each limit to what matters more: cancels over hedges over opening orders
// over queries. [Ledger.Observe] learns from answers. Bans outlive the process in
// a [Store]. The ledger is pure: every time is passed in, nothing runs by itself,
// and the same calls get the same answers. A [Throttle] waits for goroutines.
package limit
