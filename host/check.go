package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// CheckReport is what loading a script without trading found.
type CheckReport struct {
	Path     string       `json:"path"`
	OK       bool         `json:"ok"`
	Name     string       `json:"name,omitempty"`
	Hash     string       `json:"hash,omitempty"`
	Handlers []string     `json:"handlers,omitempty"`
	Bars     []string     `json:"bars,omitempty"` // their lengths, as declared
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
	l, err := loadScript(path)
	if err != nil {
		r.Problems = append(r.Problems, err.Error())
		return r
	}
	r.Name, r.Hash = l.name, l.program.Hash()
	if err := checkParams([]loaded{*l}, set, nil); err != nil {
		r.Problems = append(r.Problems, err.Error())
		return r
	}
	vm, err := script.New(script.Options{Program: l.program, Modules: std.Modules(), Params: anyValues(paramsFor(l.name, l.params, set))})
	if err != nil {
		r.Problems = append(r.Problems, err.Error())
		return r
	}
	defer vm.Close()
	for _, p := range vm.Params() {
		r.Params = append(r.Params, CheckParam{p.Name, p.Type, fmt.Sprint(p.Value), p.Doc})
	}
	for _, length := range vm.Bars() {
		r.Bars = append(r.Bars, exchange.BarLength(length))
	}
	for h := range core.Handlers {
		if vm.Wants(h) {
			r.Handlers = append(r.Handlers, h.String())
		}
	}
	for _, e := range vm.UnknownNames() {
		r.Problems = append(r.Problems, e.Error())
	}
	r.OK = len(r.Problems) == 0
	return r
}

func didYouMean(name string, known []string) string { return bindings.DidYouMean(name, known) }

// ParseQueue reads a queue model: risk_averse, log, log2, power:N, power2:N or
// power3:N. See paper.Queue.
func ParseQueue(s string) (paper.Queue, error) {
	model, n, has := strings.Cut(s, ":")
	q := paper.Queue{Model: model}
	if has {
		v, err := strconv.ParseFloat(n, 64)
		if err != nil || !(v > 0) {
			return q, fmt.Errorf("queue %q: want a power above 0 after the colon", s)
		}
		q.Power = v
	}
	switch model {
	case "risk_averse", "log", "log2", "power", "power2", "power3":
		return q, nil
	}
	return q, fmt.Errorf("queue %q: want risk_averse, log, log2, power:N, power2:N or power3:N", s)
}

var scaffoldName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// Scaffold writes a strategy skeleton with the settings that give an editor
// completion for it, and returns what it wrote, the strategy first. It never
// overwrites: editor settings that are there already stay.
func Scaffold(dir, name string) ([]string, error) {
	name = strings.TrimSuffix(filepath.Base(name), ".lua")
	if !scaffoldName.MatchString(name) {
		return nil, configError("strategy name %q: want lower-case letters, digits and _, at most 32, a letter first", name)
	}
	dir = filepath.Join(dir, "strategies")
	if err := os.MkdirAll(filepath.Join(dir, "types"), 0o755); err != nil {
		return nil, err
	}
	main := filepath.Join(dir, name+".lua")
	if _, err := os.Stat(main); !errors.Is(err, fs.ErrNotExist) {
		return nil, configError("%s exists already", main)
	}
	wrote := []string{main}
	if err := os.WriteFile(main, []byte(strings.ReplaceAll(skeleton, "NAME", name)), 0o644); err != nil {
		return nil, err
	}
	for _, stub := range bindings.Stubs(std.Modules()) {
		path := filepath.Join(dir, "types", stub.Name)
		if err := os.WriteFile(path, []byte(stub.Text), 0o644); err != nil {
			return nil, err
		}
		wrote = append(wrote, path)
	}
	settings := filepath.Join(dir, ".luarc.json")
	if _, err := os.Stat(settings); err == nil {
		return wrote, nil
	}
	return append(wrote, settings), os.WriteFile(settings, []byte(luarc), 0o644)
}

const luarc = `{
  "runtime.version": "Lua 5.1",
  "runtime.builtin": { "io": "disable", "os": "disable", "debug": "disable", "package": "disable", "coroutine": "disable" },
  "workspace.library": ["types"],
  "diagnostics.globals": []
}
`

const skeleton = `-- NAME: say here in one sentence what it trades and why that should pay.

local M = { name = "NAME" }

-- Set from outside with --set notional=500, and read as params.notional.
M.params = {
  notional = { default = 1000, min = 20, doc = "value of one order, in USDT" },
}

-- What it watches; * stands for anything.
M.universe = { "spot:BTCUSDT" }

function M.on_start()
  timer.every("look", "1m")
end

function M.on_timer(name)
  local book = market.book("spot:BTCUSDT")
  if not book:ready() then return end
  chart.plot("mid", book:mid())
  log.info(string.format("mid %.2f, imbalance %+.2f", book:mid(), book:imbalance(5)))
  -- order.buy("spot:BTCUSDT", params.notional / book:ask(1), book:ask(1), { tif = "ioc" })
end

function M.on_order(order)
  if order.status == "denied" or order.status == "rejected" then log.warn(order.reason) end
end

function M.on_fill(fill)
  log.info(string.format("%s %g at %.2f", fill.side, fill.qty, fill.price))
end

return M
`
