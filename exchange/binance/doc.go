// Package binance speaks the dialect of Binance spot, USD-M and COIN-M.
//
// # Assumptions
//
//   - Prices and quantities are JSON strings of plain decimals, ids and times
//     are JSON integers, flags are booleans. Ids exceed 2^53 and are int64.
//   - Keys that differ only in case (e and E, u and U, b and B, a and A, t and
//     T) are different keys.
//   - The venue adds keys to messages every month, so unknown keys are passed
//     over; a key that is needed and missing is an error.
//   - A price or quantity is a whole number of the instrument's steps. When it
//     is not, the rules in use are out of date and the message is refused. The
//     one exception is the quantity of a level: see [Decoder.Rounded].
//
// # Features
//
// [Decoder] turns the market payloads of one market, raw or in the envelope of a
// combined stream, into events, in place and without allocating. [Rules] and
// [Assume] describe instruments for sessions that run without the venue's own
// exchangeInfo, [DecodeExchangeInfo] those of sessions that have it.
//
// [Market] is the live market data of the three markets: it loads the rules,
// keeps connections on the routes that deliver, and posts events to a [Sink].
// Books are linked by whoever keeps them; the Market follows their update ids,
// fetches a snapshot whenever one is needed and posts it only if it links, looks
// at books whose stream is silent, and turns everything missed into a gap.
//
// # Cost
//
// A thousand books with ten changes a second each, checked against the exchange's
// own in the end, with CPU and memory of the process that keeps them:
//
//	go test ./exchange/binance -run TestThousandBooks -thousand 30s -v
package binance
