// Package feed is the live market data of Binance spot, USD-M and COIN-M, and the
// catalogue of what these list.
//
// [List] asks for the rules, [DecodeExchangeInfo] understands them, and a [Catalog]
// chooses among instruments. [Market] keeps connections on the routes that deliver,
// and posts events to a [Sink]. Books are linked by whoever keeps them; the Market
// follows their update ids, fetches a snapshot whenever one is needed and posts it
// only if it links, looks at books whose stream is silent, and turns everything missed
// into a gap.
//
// # Cost
//
// A thousand books with ten changes a second each, checked against the exchange's
// own in the end, with CPU and memory of the process that keeps them:
//
//	go test ./exchange/binance/feed -run TestThousandBooks -thousand 30s -v
package feed
