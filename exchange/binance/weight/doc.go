// Package weight knows what Binance counts, what a request costs, and what answers say
// of it.
//
// # Assumptions
//
//   - Weights are per IP address, orders per account. USD-M and COIN-M share one
//     pool since 2026-06-30; spot and the wallet endpoints (sapi) have their own.
//   - A 429 means that the limit is reached. Anything sent before it ends risks a 418: a
//     ban of the address for 2 minutes to 3 days. A 429 with -1015 is about orders alone.
//
// [Find] and [FindMethod] know what a request costs, [Answer] reads what comes back.
//
// Sources: spot REST manual of 2026-07-21; derivatives manuals of 2026-05-28
// with the connectors of 2026-08-21; notice on the CM-UM integration, effective
// 2026-06-30; for sapi the venue's developer forum on request limits. Where
// sources differ, the higher weight is taken.
package weight
