// Package wire keeps websocket connections alive, and is the only home of the
// websocket library.
//
// # Assumptions
//
//   - A connection carries named streams that are asked for with messages and
//     whose messages name them. How both are spelled is a [Protocol].
//   - A connection that is open proves nothing, and neither does an accepted
//     subscription or a ping that is answered: only data does. Each stream may
//     say how long it can be silent ([Stream].Silence).
//   - The venue ends every connection after a day, counts connection attempts
//     and frames against the client, and may send anything at all.
//   - Messages that were missed are gone. What they meant is the [Handler]'s
//     business, which is told when a connection is over.
//
// # The life of a connection
//
// A [Client] dials within its budget of [Attempts], sends the protocol's
// greeting, and subscribes in batches at the pace the venue allows. From then
// on one goroutine reads, one writes, and one watches: a stream that is silent
// for too long is subscribed anew, and when that does not help the connection
// is dropped. After a drop the client waits for a random part of a delay that
// doubles with every failure, and that starts over only once data has flowed for
// a while. A login by message is waited for where the options say so; a stream
// that is refused costs only itself, if the Handler can do without ([Refuser]).
// Before the venue would end the connection, or when it says it is
// about to, a second one is opened beside it; the first is closed when all
// streams of the second have delivered. In between both deliver, so whoever
// reads must tell duplicates apart.
//
// # Concurrency
//
// A Client starts its goroutines in [Start] and has ended all of them when
// Close returns. Its methods may be called from any goroutine, Close also more
// than once, but Close not from a Handler, which it would wait for.
//
// Each connection has a Handler of its own. Frame, Subscribed and Down are
// called by the goroutine that reads the connection, one after the other, and
// Down is the last. Stalled is called by the goroutine that watches, possibly
// during a Frame. During an overlap the Handlers of two connections are called
// concurrently. A Handler that blocks stops its connection from being read.
//
// [Peer] is the other end, for servers.
package wire
