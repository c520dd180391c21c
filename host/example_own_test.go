package host_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
)

const bargain = `
local M = { name = "bargain", universe = { "spot:BTCUSDT" } }
function M.on_start() timer.every("look", "10m") end
function M.on_timer() desk.quote("BTC") end          -- asked outside of the loop
function M.on_advice(advice)
  if not advice.ok then return end
  local ask = (market.book("spot:BTCUSDT"):ask(1))
  if desk.cheap(ask, advice.answer.price) then order.buy("spot:BTCUSDT", 0.01, ask, { tif = "ioc" }) end
end
return M
`

// smallBook is a risk rule: at most a hundredth of a coin.
type smallBook struct{}

func (smallBook) Name() string { return "small-book@1" }

func (smallBook) Check(in *exchange.Instrument, o *exchange.Order, m host.RuleMarket) error {
	if in.QtyFloat(m.Position) >= 0.01 {
		return errors.New("a hundredth of a coin is held already")
	}
	return nil
}

// A module and a rule of one's own. The desk's quotes are journalled: a replay, which is
// given the same module and rule, asks nobody.
func ExampleModule() {
	dir, err := os.MkdirTemp("", "own")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	script := filepath.Join(dir, "bargain.lua")
	if err := os.WriteFile(script, []byte(bargain), 0o644); err != nil {
		fmt.Println(err)
		return
	}
	asked := 0
	desk := host.Module{Name: "desk", Version: 1, Doc: "The desk's opinion.", Funcs: []host.ModuleFunc{
		{Name: "cheap", Args: []host.ModuleValue{{Name: "price", Type: "number"}, {Name: "fair", Type: "number"}},
			Returns: []host.ModuleValue{{Name: "cheap", Type: "boolean"}},
			Pure:    func(args []any) ([]any, error) { return []any{args[0].(float64) < args[1].(float64)}, nil }},
		{Name: "quote", Args: []host.ModuleValue{{Name: "coin", Type: "string"}}, Returns: []host.ModuleValue{{Name: "price", Type: "number"}},
			Recorded: func(ctx context.Context, args []any) (map[string]any, error) {
				asked++
				return map[string]any{"price": 1e6}, nil
			}},
	}}
	sum, err := host.Run(context.Background(), &host.Options{
		Scripts: []string{script}, For: exchange.Hour, DB: filepath.Join(dir, "own.db"),
		Modules: []host.Module{desk}, Rules: []host.Rule{smallBook{}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("questions:", asked, "fills:", sum.Fills)

	again, err := host.ReplayWith(context.Background(), sum.Journal, host.ReplayOptions{Modules: []host.Module{desk}, Rules: []host.Rule{smallBook{}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("differs:", again.Diff != nil, "questions:", asked)
	// Output:
	// questions: 6 fills: 1
	// differs: false questions: 6
}
