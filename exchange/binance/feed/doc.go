// Package feed is the live market data of Binance spot, USD-M and COIN-M, and the
// catalogue of what these list.
//
// [List] asks for the rules, [DecodeExchangeInfo] understands them, and a live.Catalogue
// chooses among instruments. [Open] keeps connections on the routes that deliver. What is
// the same at every venue is exchange/connect/live: here are the routes and their streams,
// the decoder, the questions over REST, and what the answers say of the limits.
//
// # Cost
//
// A thousand books with ten changes a second each, checked against the exchange's
// own in the end, with CPU and memory of the process that keeps them:
//
//	go test ./exchange/binance/feed -run TestThousandBooks -thousand 30s -v
package feed
