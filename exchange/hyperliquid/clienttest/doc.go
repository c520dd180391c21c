// Package clienttest lets a client of Hyperliquid that nobody here wrote run a session against
// the simulated venue: the TypeScript library @nktkas/hyperliquid. It needs node and npm, and
// the network for the library, so it runs when PERILUNE_NPM is set.
package clienttest
