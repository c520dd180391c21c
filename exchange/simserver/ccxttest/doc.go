// Package ccxttest lets ccxt, which nobody here wrote, run a session with each venue of
// `perilune sim`: REST and its websockets, market data, orders, money; and okx-api one with OKX.
// It needs node and npm, and the network for the libraries, so it runs when PERILUNE_NPM is set.
// point.mjs is how ccxt is pointed at a simulator, for anybody to copy.
package ccxttest
