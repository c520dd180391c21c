package advice

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// MaxAnswer is how long an answer may be, in bytes.
const MaxAnswer = 16 << 10

// Value is one field of an answer: a float64, a string or a bool.
type Value struct {
	Name  string
	Value any
}

// Answer is the declared fields that an advisor gave, by name.
type Answer []Value

// JSON returns the answer as one object: the same answer is the same text.
func (a Answer) JSON() string {
	var b strings.Builder
	b.WriteByte('{')
	for i, v := range a {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote(v.Name) + ":")
		switch v := v.Value.(type) {
		case float64:
			b.WriteString(number(v))
		case bool:
			b.WriteString(strconv.FormatBool(v))
		case string:
			b.WriteString(quote(v))
		}
	}
	return b.String() + "}"
}

// Parse takes the answer out of what an advisor wrote. It looks through a code
// fence, a thinking block and prose around the object, and refuses everything
// else that is odd: no object or two of them, a name that is there twice, a
// missing field, another type, another word, a number out of bounds or in quotes.
func (s *Schema) Parse(content string) (Answer, error) {
	if len(content) > MaxAnswer {
		return nil, fmt.Errorf("the answer has %d bytes: at most %d are read", len(content), MaxAnswer)
	}
	if !utf8.ValidString(content) {
		return nil, errors.New("the answer is not UTF-8")
	}
	object, err := find(content)
	if err != nil {
		return nil, err
	}
	raw, err := members(object)
	if err != nil {
		return nil, err
	}
	var out Answer
	for i := range s.fields {
		f := &s.fields[i]
		v, there := raw[f.Name]
		if !there || (f.Optional && v == nil) {
			if f.Optional {
				continue
			}
			return nil, fmt.Errorf("the answer has no field %s", f.Name)
		}
		value, err := f.read(v)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		out = append(out, Value{f.Name, value})
	}
	return out, nil
}

// find returns the one JSON object in a text.
func find(content string) (string, error) {
	if _, after, ok := strings.Cut(content, "</think>"); ok {
		content = after
	}
	start := strings.IndexByte(content, '{')
	if start < 0 {
		return "", errors.New("the answer holds no JSON object")
	}
	end := balanced(content[start:])
	if end < 0 {
		return "", errors.New("the JSON object of the answer is cut off")
	}
	if strings.ContainsAny(content[start+end:], "{}") {
		return "", errors.New("there is more than one JSON object in the answer")
	}
	return content[start : start+end], nil
}

// balanced returns the length of the object that s begins with; -1 when it does
// not end. Brackets within strings do not count.
func balanced(s string) int {
	depth, text := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// members decodes an object. Package json keeps the last of two equal names,
// where another reader may keep the first: neither is to be trusted.
func members(object string) (map[string]any, error) {
	dec := json.NewDecoder(strings.NewReader(object))
	dec.UseNumber()
	if _, err := dec.Token(); err != nil {
		return nil, malformed(err)
	}
	out := map[string]any{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, malformed(err)
		}
		name, ok := key.(string)
		if !ok {
			return nil, fmt.Errorf("malformed JSON: a name is missing")
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("the answer has field %s twice", Clean(name))
		}
		var v any
		if err := dec.Decode(&v); err != nil {
			return nil, malformed(err)
		}
		out[name] = v
	}
	if _, err := dec.Token(); err != nil {
		return nil, malformed(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("malformed JSON: there is more behind the object")
	}
	return out, nil
}

func malformed(err error) error { return fmt.Errorf("malformed JSON: %s", Reason(err.Error())) }

func (f *Field) read(v any) (any, error) {
	switch f.Kind {
	case Number, Integer:
		return f.number(v)
	case Choice:
		return f.choice(v)
	case Flag:
		if b, ok := v.(bool); ok {
			return b, nil
		}
		return nil, fmt.Errorf("want true or false, got %s", describe(v))
	}
	return f.prose(v)
}

func (f *Field) number(v any) (any, error) {
	n, ok := v.(json.Number)
	if !ok {
		return nil, fmt.Errorf("want a number, got %s", describe(v))
	}
	x, err := strconv.ParseFloat(n.String(), 64)
	switch {
	case err != nil || math.IsInf(x, 0):
		return nil, fmt.Errorf("%s is no number that can be used", Clean(n.String()))
	case f.Kind == Integer && x != math.Trunc(x):
		return nil, fmt.Errorf("want a whole number, got %v", x)
	case x < f.Min || x > f.Max:
		return nil, fmt.Errorf("%v is outside of %v to %v", x, f.Min, f.Max)
	}
	return x + 0, nil // -0 is 0
}

func (f *Field) choice(v any) (any, error) {
	s, ok := v.(string)
	if !ok || !slices.Contains(f.Words, s) {
		return nil, fmt.Errorf("want one of %s, got %s", strings.Join(f.Words, ", "), describe(v))
	}
	return s, nil
}

func (f *Field) prose(v any) (any, error) {
	s, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("want text, got %s", describe(v))
	}
	if n := utf8.RuneCountInString(s); n > f.Length {
		return nil, fmt.Errorf("text of %d letters: want at most %d", n, f.Length)
	}
	return strings.Map(func(r rune) rune {
		if !printable(r) {
			return ' '
		}
		return r
	}, s), nil
}

// describe words what came instead. It quotes little: an answer may hold
// anything.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return Clean(v.String())
	case string:
		return `"` + Clean(v) + `"`
	case []any:
		return "a list"
	}
	return "an object"
}

func sortedKeys(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	// order does not matter: the keys are sorted next
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
