// Package payload reads what Binance sends: market data of spot, USD-M and COIN-M, in
// place and without allocating.
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
// combined stream, into events. Every other message is read with package jsonscan.
package payload
