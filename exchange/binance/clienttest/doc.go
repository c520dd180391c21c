// Package clienttest lets a Binance client library that was written elsewhere
// trade against the simulated exchange, in all three markets. It is a module of
// its own, so that the library is no dependency of ours.
package clienttest
