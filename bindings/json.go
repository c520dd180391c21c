package bindings

import (
	"encoding/json"
	"io"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// mostValues is how many values a JSON text may have to become a table.
const mostValues = 4096

// FromJSON makes a value of JSON: an object or an array is a table, and a null in one is
// missing. Text that is no JSON, nests too deep or has too many values stays text; none
// at all is nil.
func FromJSON(rt *Runtime, text string) lua.LValue {
	if text == "" {
		return lua.LNil
	}
	d := json.NewDecoder(strings.NewReader(text))
	var v any
	if !shallow(text) || d.Decode(&v) != nil {
		return lua.LString(text)
	}
	if _, err := d.Token(); err != io.EOF {
		return lua.LString(text)
	}
	return rt.ToLua(v)
}

// shallow reports whether JSON nests no deeper than plain data may, and has no more values
// than a table is made of. It is asked first: the decoder has no such bounds.
func shallow(text string) bool {
	d := json.NewDecoder(strings.NewReader(text))
	for depth, n := 0, 0; ; n++ {
		t, err := d.Token()
		switch {
		case err != nil:
			return true // the decoder says whether it is JSON
		case n > mostValues || depth > maxNesting:
			return false
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
}
