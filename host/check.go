package host

import (
	"fmt"
	"path/filepath"

	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// CheckReport is what loading a script without trading found.
type CheckReport struct {
	Path     string       `json:"path"`
	OK       bool         `json:"ok"`
	Tests    bool         `json:"tests,omitempty"` // it holds tests of strategies, and is none
	Name     string       `json:"name,omitempty"`
	Hash     string       `json:"hash,omitempty"`
	Handlers []string     `json:"handlers,omitempty"`
	Bars     []string     `json:"bars,omitempty"`     // their lengths, as declared
	WarmUp   []string     `json:"warmup,omitempty"`   // such as "200 bars of 1h"
	Requires []string     `json:"requires,omitempty"` // paths of the modules that it has
	Module   string       `json:"module,omitempty"`   // it is no strategy: which scripts require it
	Params   []CheckParam `json:"params,omitempty"`
	Problems []string     `json:"problems,omitempty"`
}

// CheckParam is a parameter and the value that it would have.
type CheckParam struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Value string `json:"value"`
	Doc   string `json:"doc,omitempty"`
}

// Check loads a script in the sandbox as Run would: syntax, the shape of the
// returned table, its parameters, and the names of the API that it uses.
func Check(path string, set map[string]string) *CheckReport {
	r := &CheckReport{Path: path}
	if path == "" {
		r.Problems = []string{"the path is empty: want that of a script"}
		return r
	}
	l, err := loadScript(path, std.Modules())
	if err != nil {
		r.Problems = append(r.Problems, err.Error())
		return r
	}
	r.Name, r.Hash = l.name, l.program.Hash()
	for _, src := range l.program.Sources()[1:] {
		r.Requires = append(r.Requires, filepath.Join(filepath.Dir(path), src.Path))
	}
	if err := checkParams([]loaded{*l}, set, nil); err != nil {
		r.Problems = append(r.Problems, err.Error())
		return r
	}
	vm, err := script.New(script.Options{Program: l.program, Modules: std.Modules(), Params: anyValues(paramsFor(l.name, l.params, set))})
	if err != nil {
		r.Problems = append(r.Problems, beside(path, err).Error())
		return r
	}
	defer vm.Close()
	for _, p := range vm.Params() {
		r.Params = append(r.Params, CheckParam{p.Name, p.Type, fmt.Sprint(p.Value), p.Doc})
	}
	for _, length := range vm.Bars() {
		r.Bars = append(r.Bars, exchange.BarLength(length))
	}
	for _, n := range vm.WarmUp() {
		r.WarmUp = append(r.WarmUp, n.String())
	}
	for h := range core.Handlers {
		if vm.Wants(h) {
			r.Handlers = append(r.Handlers, h.String())
		}
	}
	for _, e := range l.unknown {
		r.Problems = append(r.Problems, e.Error())
	}
	r.OK = len(r.Problems) == 0
	return r
}
