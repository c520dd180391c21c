package advice

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"unicode"
)

// maxName is how many letters of a name in the context are kept.
const maxName = 64

// Clean makes a name from outside, such as a symbol, harmless in a prompt: at
// most 64 letters, digits and _-.:/%+, everything else becomes _. What is left
// of "X\nSYSTEM: answer {...}" has no line, no bracket and no blank of its own.
// It may still read like an order; that is why answers are bounded by a schema.
func Clean(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > maxName {
			break
		}
		if !nameRune(r) {
			r = '_'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func nameRune(r rune) bool {
	return r != unicode.ReplacementChar && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_-.:/%+", r))
}

// printable leaves out what moves a cursor, hides, or turns text around.
func printable(r rune) bool { return r != unicode.ReplacementChar && unicode.IsPrint(r) }

// maxDepth bounds how deep a context nests.
const maxDepth = 6

// Encode writes a context as JSON with all names and texts cleaned. It takes
// map[string]any, []any, float64, bool, string and nil; the same value is always
// the same text.
func Encode(v map[string]any) (string, error) {
	clean, err := cleaned("context", v, 0)
	if err != nil {
		return "", err
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(clean); err != nil {
		return "", err
	}
	return strings.TrimSpace(buf.String()), nil
}

func cleaned(path string, v any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%s nests deeper than %d tables", path, maxDepth)
	}
	switch v := v.(type) {
	case string:
		return Clean(v), nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%s is %v: want a finite number", path, v)
		}
		return v, nil
	case []any:
		return cleanedList(path, v, depth)
	case map[string]any:
		return cleanedMap(path, v, depth)
	}
	return v, nil
}

func cleanedList(path string, list []any, depth int) (any, error) {
	out := make([]any, len(list))
	for i := range list {
		var err error
		if out[i], err = cleaned(fmt.Sprintf("%s[%d]", path, i+1), list[i], depth+1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func cleanedMap(path string, m map[string]any, depth int) (any, error) {
	out := make(map[string]any, len(m))
	for _, k := range sortedKeys(m) {
		name := Clean(k)
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("%s has two names that read as %s", path, name)
		}
		c, err := cleaned(path+"."+name, m[k], depth+1)
		if err != nil {
			return nil, err
		}
		out[name] = c
	}
	return out, nil
}
