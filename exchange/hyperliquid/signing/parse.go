package signing

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/perilune/perilune/exchange/jsonscan"
)

// Null is a field without a value.
type Null struct{}

func (Null) pack(b []byte) []byte { return append(b, 0xc0) }
func (Null) json(b []byte) []byte { return append(b, "null"...) }

// Parse reads an action as whoever receives it does: its fields in the order in which they
// were sent, which is the one that was signed.
func Parse(raw []byte) (Value, error) {
	switch {
	case len(raw) == 0:
		return nil, errors.New("no value")
	case !utf8.Valid(raw):
		return nil, errors.New("want UTF-8")
	case raw[0] == '{':
		out := Object{}
		f := jsonscan.Object(raw)
		for f.Next() {
			v, err := Parse(f.Raw())
			if err != nil {
				return nil, fmt.Errorf("%s: %w", f.Key(), err)
			}
			name, err := Parse(fmt.Appendf(nil, "\"%s\"", f.Key())) // it may have escapes
			text, ok := name.(Text)
			if err != nil || !ok {
				return nil, fmt.Errorf("key %q: want text", f.Key())
			}
			out = append(out, Field{string(text), v})
		}
		return out, f.Err()
	case raw[0] == '[':
		out := List{}
		f := jsonscan.Array(raw)
		for f.Next() {
			v, err := Parse(f.Raw())
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, f.Err()
	case raw[0] == '"':
		one := jsonscan.Array(append(append([]byte{'['}, raw...), ']'))
		if !one.Next() {
			return nil, one.Err()
		}
		text := one.Text()
		if one.Next() {
			return nil, errors.New("want one value")
		}
		return Text(text), one.Err()
	}
	switch string(raw) {
	case "true":
		return Bool(true), nil
	case "false":
		return Bool(false), nil
	case "null":
		return Null{}, nil
	}
	n, err := strconv.ParseUint(string(raw), 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%.40q: want a whole number", raw)
	}
	return Int(n), nil
}

// Get is a field of an object; nil when there is none.
func (o Object) Get(name string) Value { return o.get(name) }
