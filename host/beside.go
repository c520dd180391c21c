package host

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
	"github.com/perilune/perilune/host/shadow"
)

// shadowOf are the options of a shadow of the session: from where it stood, with a program in
// the place of one of its scripts, and with its other strategies standing still. The program's
// state is that of the standing.
func shadowOf(r *runner, head *header, at int, c strategyConfig, p *script.Program, from *core.Standing) (shadow.Options, error) {
	u, err := exchange.NewUniverse(head.Instruments)
	if err != nil {
		return shadow.Options{}, err
	}
	if c.State = ""; at < len(from.States) {
		c.State = from.States[at]
	}
	st, err := newScript(&c, r.o.own.scripting(), head.Seed, u, p)
	if err != nil {
		return shadow.Options{}, err
	}
	l := st.(*luaStrategy)
	l.supply = head.Supply
	if err := l.supplied(l.vm); err != nil {
		st.Close()
		return shadow.Options{}, &ScriptError{c.Path, err}
	}
	names := r.strategies().Running
	list := make([]core.Strategy, len(names))
	for i, name := range names {
		if list[i] = shadow.Still(name); i == at {
			list[i] = st
		}
	}
	return shadow.Options{Core: head.coreConfig(u), Strategies: list, Watched: int32(at), Paper: paperModels(r), Standing: from}, nil
}

// paperModels are how orders fill at a paper venue beside the session.
func paperModels(r *runner) paper.Options {
	on := r.o.paper()
	models := on.venueOptions(r.market.bars)
	models.Leverage = r.terms.leverage
	return models
}
