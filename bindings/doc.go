// Package bindings defines what a strategy can call, and how a call crosses
// from Lua to Go.
//
// # Assumptions
//
//   - One [Runtime] serves one Lua state and is used by one goroutine.
//   - A function is called either while a file is loading, when there is no
//     market to look at, or inside a callback, when there is an [Env]. Unless a
//     function says it may be used while loading, calling it then raises.
//   - Numbers that reach Lua are float64 and are signals. Prices and sizes that
//     come back for orders may be numbers, strings or decimals, and are read
//     through their shortest decimal form: 0.1 is one tenth.
//   - Time crosses as seconds since the Unix epoch, UTC, cut to microseconds,
//     which float64 holds exactly until the year 2255.
//   - Identifiers cross as strings, because a float64 cannot hold a uint64 and a
//     large integer makes gopher-lua allocate a dense table.
//
// # Modules
//
// A [Module] is a table of functions that a script sees under the module's name.
// Each function carries a [Spec], from which argument errors are worded and the
// type stubs for editors are generated. The modules live in packages below this
// one and package bindings/std lists them; nothing registers itself.
//
// Everything a script gets wrong in the shape of a call (an unknown symbol, a
// missing field, NaN) raises at the call, with the script's file and line. What
// the risk gate or a venue refuses arrives later as an order event.
package bindings
