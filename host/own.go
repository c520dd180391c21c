package host

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/bindings/extension"
	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/host/risk"
)

// Module is a Lua module of one's own: functions written in Go that every script of the
// session finds as a global, with a stub for editors. See package extension.
type Module = extension.Module

// ModuleFunc is one function of a Module, and ModuleValue an argument or a result.
type (
	ModuleFunc  = extension.Func
	ModuleValue = extension.Value
)

// Rule is a risk rule of one's own. It is asked after those of the gate and can only
// refuse. A RuleObserver also sees the equity, and a RuleMarket is what it is told of an
// order's surroundings. See package risk.
type (
	Rule         = risk.Rule
	RuleObserver = risk.Observer
	RuleMarket   = risk.Market
)

// own is what a session has of whoever embeds it, as it was checked. A journal keeps
// names and versions alone, so a replay is given it again.
type own struct {
	strategies []*contained
	modules    []Module
	rules      []Rule
	closings   *closings
	lua        []bindings.Module // what scripts find: the built-in modules, then those
}

// scripting is what scripts find; nil: the built-in modules.
func (w *own) scripting() []bindings.Module {
	if w == nil || w.lua == nil {
		return std.Modules()
	}
	return w.lua
}

// checkOwn checks what a session, or a replay, is given.
func checkOwn(o *Options) (*own, error) {
	w := &own{modules: o.Modules, rules: o.Rules, closings: &closings{}}
	err := errors.Join(namedPaths("Scripts", o.Scripts), namedPaths("Market", o.Market))
	if err != nil {
		return nil, err
	}
	if w.strategies, err = checkStrategies(o.Strategies); err != nil {
		return nil, err
	}
	for _, s := range w.strategies {
		s.closings = w.closings
	}
	if err := risk.CheckRules(o.Rules); err != nil {
		return nil, configError("Rules: %v", err)
	}
	builtIn := std.Modules()
	bound, err := extension.Bind(o.Modules, builtIn)
	if err != nil {
		return nil, configError("Modules: %v", err)
	}
	w.lua = append(builtIn, bound...)
	return w, nil
}

// moduleNames and ruleNames are what a journal keeps of them.
func (w *own) moduleNames() (out []string) {
	for i := range w.modules {
		out = append(out, fmt.Sprintf("%s@%d", w.modules[i].Name, w.modules[i].Version))
	}
	return out
}

func (w *own) ruleNames() (out []string) {
	for _, r := range w.rules {
		out = append(out, r.Name())
	}
	return out
}

// sameOwn refuses a replay with other modules or rules than the session had: it would
// decide otherwise, or not at all.
func (s *header) sameOwn(w *own) error {
	for _, k := range []struct {
		what       string
		had, given []string
	}{{"modules", s.Modules, w.moduleNames()}, {"risk rules", s.Rules, w.ruleNames()}} {
		if !slices.Equal(k.had, k.given) {
			return configError("the session had %s of its program's own, which a journal does not hold: %s; given are %s",
				k.what, orNone(k.had), orNone(k.given))
		}
	}
	return nil
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}

// namedPaths refuses a path that is empty in an option, which would fail later without
// saying which it was.
func namedPaths(option string, list []string) error {
	for i, path := range list {
		if path == "" {
			return configError("%s[%d]: the path is empty", option, i)
		}
	}
	return nil
}
