package host

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

const ownScript = `
local M = { name = "own", universe = { "spot:BTCUSDT" } }
local due = desk.every(2)
function M.on_start() timer.every("ask", due .. "m") end
function M.on_timer()
  desk.quote("BTC")
  local book = market.book("spot:BTCUSDT")
  order.buy("spot:BTCUSDT", 0.01, book:ask(1), { tif = "ioc" })
end
function M.on_advice(advice)
  if advice.tag == "desk.quote" then log.warn("quote " .. advice.answer.price) end
end
function M.on_order(o) if o.status == "denied" then log.warn("denied: " .. o.reason) end end
return M
`

// atMost refuses what is bought beyond some orders that passed.
type atMost struct {
	name  string
	least float64
}

func (r atMost) Name() string { return r.name }

func (r atMost) Check(in *exchange.Instrument, o *exchange.Order, m RuleMarket) error {
	if in.QtyFloat(m.Position) >= r.least {
		return errors.New("enough is held")
	}
	return nil
}

func ownDesk(asked *int) Module {
	return Module{Name: "desk", Version: 3, Funcs: []ModuleFunc{
		{Name: "every", Args: []ModuleValue{{Name: "n", Type: "integer"}}, Returns: []ModuleValue{{Name: "minutes", Type: "integer"}},
			Pure: func(args []any) ([]any, error) { return []any{2 * args[0].(float64)}, nil }},
		{Name: "quote", Args: []ModuleValue{{Name: "coin", Type: "string"}}, Returns: []ModuleValue{{Name: "price", Type: "number"}},
			Recorded: func(context.Context, []any) (map[string]any, error) {
				*asked++
				return map[string]any{"price": 60000 + *asked}, nil
			}},
	}}
}

// A session's modules and rules decide with it, its journal holds what was answered, and
// a replay wants the same ones and asks nobody.
func TestModulesAndRulesOfOnesOwn(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "own.lua")
	if err := os.WriteFile(path, []byte(ownScript), 0o644); err != nil {
		t.Fatal(err)
	}
	asked := 0
	var lines []string
	rule := atMost{"at-most@1", 0.02}
	sum, err := Run(t.Context(), &Options{
		Scripts: []string{path}, For: exchange.Hour, DB: filepath.Join(dir, "own.db"),
		Modules: []Module{ownDesk(&asked)}, Rules: []Rule{rule},
		Log: func(l Line) { lines = append(lines, l.Text) },
	})
	if err != nil {
		t.Fatal(err)
	}
	log := strings.Join(lines, "\n")
	for _, want := range []string{"quote 60001", "denied: risk: at-most@1: enough is held"} {
		if !strings.Contains(log, want) {
			t.Errorf("no %q in\n%s", want, log)
		}
	}
	if asked < 10 || sum.Fills != 2 {
		t.Errorf("%d questions, %d fills", asked, sum.Fills)
	}
	before := asked
	for name, c := range map[string]struct {
		o    ReplayOptions
		want string
	}{
		"none":          {ReplayOptions{}, "desk@3; given are none"},
		"without rules": {ReplayOptions{Modules: []Module{ownDesk(&asked)}}, "at-most@1; given are none"},
		"another rule":  {ReplayOptions{Modules: []Module{ownDesk(&asked)}, Rules: []Rule{atMost{"at-most@2", 1}}}, "given are at-most@2"},
		"the same":      {ReplayOptions{Modules: []Module{ownDesk(&asked)}, Rules: []Rule{rule}}, ""},
	} {
		res, err := ReplayWith(t.Context(), sum.Journal, c.o)
		switch {
		case c.want == "" && (err != nil || res.Diff != nil || res.Effects == 0):
			t.Errorf("%s: %v, %+v", name, err, res)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if asked != before {
		t.Errorf("the replays asked %d times", asked-before)
	}
	db, err := ledger.Open(ledger.Options{Path: filepath.Join(dir, "own.db"), ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if calls, _, err := db.AdviceSpent(""); err != nil || calls != 0 {
		t.Errorf("%d calls of the advisor, %v: nobody was asked but the module", calls, err)
	}
}

func TestOwnIsRefused(t *testing.T) {
	for want, o := range map[string]*Options{
		`module "market"`: {Modules: []Module{{Name: "market"}}},
		"rule 1 is nil":   {Rules: []Rule{nil}},
	} {
		o.Scripts = []string{"none.lua"}
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
