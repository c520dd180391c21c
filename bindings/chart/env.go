package chart

import "github.com/perilune/perilune/bindings"

// Env is what the module needs.
type Env interface {
	bindings.Env
	Chart(series string, value float64)
}

func env(rt *bindings.Runtime) Env { return rt.Env().(Env) }
