package ai

import (
	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange/intent/advice"
)

// Env is what the module needs.
type Env interface {
	bindings.Env
	// Advisor names the advisor, "" when there is none. Ask returns 0 while a
	// question of this strategy is under way; Advice is the latest answer of a
	// tag that still counts.
	Advisor() string
	Ask(advice.Question) (uint64, error)
	Advice(tag string) (*advice.Advice, bool)
}

func env(rt *bindings.Runtime) Env { return rt.Env().(Env) }
