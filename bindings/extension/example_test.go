package extension_test

import (
	"fmt"

	"github.com/perilune/perilune/bindings/extension"
	"github.com/perilune/perilune/bindings/std"
)

// A module's functions are found by scripts as clock.session(hour), and by editors
// through its stub.
func Example() {
	clock := extension.Module{Name: "clock", Version: 1, Doc: "When which exchange is open.", Funcs: []extension.Func{{
		Name: "session", Doc: "The session that an hour of the day belongs to.",
		Args:    []extension.Value{{Name: "hour", Type: "integer", Doc: "UTC"}},
		Returns: []extension.Value{{Name: "name", Type: "string"}},
		Pure: func(args []any) ([]any, error) {
			if h := args[0].(float64); h >= 13 && h < 21 {
				return []any{"new york"}, nil
			}
			return []any{"elsewhere"}, nil
		},
	}}}
	if _, err := extension.Bind([]extension.Module{clock}, std.Modules()); err != nil {
		fmt.Println(err)
		return
	}
	name, text, err := clock.Stub()
	fmt.Println(name, err)
	fmt.Print(text)
	// Output:
	// clock.lua <nil>
	// ---@meta
	//
	// ---When which exchange is open.
	// ---@class clocklib
	// clock = {}
	//
	// ---The session that an hour of the day belongs to.
	// ---@param hour integer # UTC
	// ---@return string name
	// function clock.session(hour) end
}
