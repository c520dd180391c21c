// Package clienttest lets a Bybit client library that was written elsewhere trade against
// the simulated exchange. It is a module of its own, so that the library is no dependency
// of ours.
package clienttest
