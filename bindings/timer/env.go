package timer

import (
	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

// Env is what the module needs.
type Env interface {
	bindings.Env
	// SetTimer arms (or re-arms) the timer of this name. every > 0 repeats it. A
	// strategy that has very many already gets an error.
	SetTimer(name string, at, every exchange.Time) error
	ClearTimer(name string)
	// Fed is the spacing of the market's data when that is bars and nothing finer; 0
	// otherwise. Caution warns the author, once, of what a script counts on and does
	// not get.
	Fed() exchange.Time
	Caution(where, text string)
}

func env(rt *bindings.Runtime) Env { return rt.Env().(Env) }
