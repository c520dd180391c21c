// Package std is the list of modules a strategy finds when it starts. It is the
// one place where a module is added or left out; an embedder may pass a list of
// its own instead.
package std

import (
	"slices"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/bindings/account"
	"github.com/perilune/perilune/bindings/ai"
	"github.com/perilune/perilune/bindings/basis"
	"github.com/perilune/perilune/bindings/carry"
	"github.com/perilune/perilune/bindings/chart"
	"github.com/perilune/perilune/bindings/exec"
	"github.com/perilune/perilune/bindings/log"
	"github.com/perilune/perilune/bindings/market"
	"github.com/perilune/perilune/bindings/notify"
	"github.com/perilune/perilune/bindings/num"
	"github.com/perilune/perilune/bindings/order"
	"github.com/perilune/perilune/bindings/params"
	"github.com/perilune/perilune/bindings/sizing"
	"github.com/perilune/perilune/bindings/state"
	"github.com/perilune/perilune/bindings/ta"
	"github.com/perilune/perilune/bindings/timer"
)

// Env is all that the modules need of whoever calls scripts.
type Env interface {
	market.Env
	carry.Env
	order.Env
	exec.Env
	account.Env
	timer.Env
	chart.Env
	ai.Env
	notify.Env
}

// Modules returns every module, in the order they are documented.
func Modules() []bindings.Module {
	return slices.Concat(
		[]bindings.Module{market.Module(), basis.Module(), carry.Module(), order.Module()},
		exec.Modules(),
		[]bindings.Module{account.Module(), timer.Module(), state.Module(), params.Module(), num.Module(), ta.Module(), sizing.Module(), log.Module(), chart.Module(), ai.Module(), notify.Module()},
	)
}
