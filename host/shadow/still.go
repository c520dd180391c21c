package shadow

import (
	"errors"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// Still stands in a shadow for a strategy that is not run there: it has the name, hears of
// nothing and asks for nothing.
func Still(name string) core.Strategy { return still(name) }

type still string

func (s still) Name() string                                             { return string(s) }
func (still) Subscriptions() []string                                    { return nil }
func (still) Wants(core.Handler) bool                                    { return false }
func (still) Call(*core.Port, *core.Callback) error                      { return nil }
func (still) State() ([]byte, error)                                     { return nil, nil }
func (still) Restart(*core.Port) (core.Strategy, error)                  { return nil, nil }
func (still) Close()                                                     {}
func (still) Reload(*core.Port, *exchange.Reload) (core.Strategy, error) { return nil, errStill }

var errStill = errors.New("it stands still in a shadow")
