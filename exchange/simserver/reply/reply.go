// Package reply writes the JSON that a simulated exchange answers with: objects whose keys
// keep their order, in shapes that are each used once, as literals and without reflection.
//
//	reply.Encode(reply.Object{{"retCode", 0}, {"list", reply.List{1, "a"}}})
package reply

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/shopspring/decimal"
)

type (
	// Object is a JSON object, in its order.
	Object []Field
	// Field is a key, which is text, and a value.
	Field [2]any
	// List is a JSON array.
	List []any
	// Number is the text of a JSON number.
	Number string
	// Raw is JSON already.
	Raw []byte
)

// With returns the object with more fields at its end.
func (o Object) With(more ...Field) Object {
	out := make(Object, 0, len(o)+len(more))
	return append(append(out, o...), more...)
}

// Encode returns v as JSON. A decimal is text, as a price is at most venues; one that is to
// be a number is Amount.
func Encode(v any) []byte { return Append(make([]byte, 0, 256), v) }

// Amount is a decimal as a JSON number.
func Amount(d decimal.Decimal) Number { return Number(d.String()) }

// Append appends v as JSON.
func Append(dst []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...)
	case string:
		return appendString(dst, v)
	case bool:
		return strconv.AppendBool(dst, v)
	case int:
		return strconv.AppendInt(dst, int64(v), 10)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case Number:
		return append(dst, v...)
	case Raw:
		return append(dst, v...)
	case decimal.Decimal:
		return appendString(dst, v.String())
	case Object:
		return appendObject(dst, v)
	case List:
		return appendList(dst, v)
	case []Object:
		return appendList(dst, v)
	case []string:
		return appendList(dst, v)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return appendString(dst, fmt.Sprint(v))
	}
	return append(dst, b...)
}

func appendObject(dst []byte, o Object) []byte {
	dst = append(dst, '{')
	for i, f := range o {
		if i > 0 {
			dst = append(dst, ',')
		}
		key, _ := f[0].(string)
		dst = append(appendString(dst, key), ':')
		dst = Append(dst, f[1])
	}
	return append(dst, '}')
}

func appendList[T any](dst []byte, l []T) []byte {
	dst = append(dst, '[')
	for i, v := range l {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = Append(dst, v)
	}
	return append(dst, ']')
}

// appendString quotes s; what is not plain ASCII goes through encoding/json.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			b, err := json.Marshal(s)
			if err != nil {
				return append(dst, `""`...)
			}
			return append(dst, b...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
