package simfront

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/shopspring/decimal"
)

// The exchange's answers have a fixed order of keys and many shapes, each used
// once. They are written as literals of these types and encoded without
// reflection, because every public stream goes through here.
type (
	object []field
	field  struct {
		key string
		val any
	}
	list []any
	// number is the text of a JSON number.
	number string
	// raw is JSON already.
	raw []byte
)

// with returns the object with more fields at its end.
func (o object) with(more ...field) object {
	out := make(object, 0, len(o)+len(more))
	return append(append(out, o...), more...)
}

// encode returns v as JSON.
func encode(v any) []byte { return appendJSON(make([]byte, 0, 256), v) }

func appendJSON(dst []byte, v any) []byte {
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
	case number:
		return append(dst, v...)
	case raw:
		return append(dst, v...)
	case decimal.Decimal:
		return appendString(dst, money(v))
	case object:
		return appendObject(dst, v)
	case list:
		return appendList(dst, v)
	case []object:
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

func appendObject(dst []byte, o object) []byte {
	dst = append(dst, '{')
	for i, f := range o {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, f.key)
		dst = append(dst, ':')
		dst = appendJSON(dst, f.val)
	}
	return append(dst, '}')
}

func appendList[T any](dst []byte, l []T) []byte {
	dst = append(dst, '[')
	for i, v := range l {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendJSON(dst, v)
	}
	return append(dst, ']')
}

// appendString quotes s; what is not plain ASCII goes through encoding/json.
func appendString(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
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

// money formats an amount with eight places, or with all it has when it has
// more: what a client adds up must come to what the account holds.
func money(d decimal.Decimal) string {
	if d.Exponent() < -8 {
		if short := d.Truncate(8); !short.Equal(d) {
			return d.String()
		}
	}
	return d.StringFixed(8)
}
