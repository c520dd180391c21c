package script_test

import (
	"errors"
	"fmt"

	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/script"
)

// A script is compiled, run as a chunk, and asked what it declares. What is wrong with
// one is told with its line.
func Example() {
	for _, text := range []string{
		"return { name = \"hello\", universe = { \"usdm:*\" }, on_timer = function(name) end }",
		"local M = { name = \"hello\" }\nfunction M.on_tiemr() end\nreturn M",
		"local x = = 1",
	} {
		vm, err := load(text)
		var e *script.Error
		if errors.As(err, &e) {
			fmt.Println(e.Line, e.Message)
			continue
		}
		fmt.Println(vm.Name(), vm.Subscriptions())
		vm.Close()
	}
	// Output:
	// hello [usdm:*]
	// 0 unknown handler on_tiemr; did you mean "on_timer"?
	// 1 syntax error near "="
}

func load(text string) (*script.VM, error) {
	p, err := script.Compile([]exchange.Source{{Path: "hello.lua", Text: text}})
	if err != nil {
		return nil, err
	}
	return script.New(script.Options{Program: p, Modules: std.Modules()})
}
