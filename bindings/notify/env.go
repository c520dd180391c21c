package notify

import (
	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange/intent"
)

// Env is what the module needs.
type Env interface {
	bindings.Env
	// Notify tells people, and returns false when the strategy has told them enough.
	Notify(severity intent.Severity, text string) bool
}

func env(rt *bindings.Runtime) Env { return rt.Env().(Env) }
