// Package state is the Lua module for what a strategy remembers.
//
// It is one global table of plain data that the host owns: it survives a
// reload, a crash and a restart, which local variables do not. It may hold
// booleans, finite numbers, UTF-8 strings and tables of them, with string or
// number keys, without cycles. Package script checks and stores it.
package state

import "github.com/perilune/perilune/bindings"

// Module returns the module.
func Module() bindings.Module {
	return bindings.Module{
		Name: "state",
		Doc: "What the strategy remembers over reloads, crashes and restarts. Plain data only: booleans, finite numbers,\n" +
			"strings and tables of them. Locals and upvalues do not survive. on_reload(state, from_version) may migrate it.",
	}
}
