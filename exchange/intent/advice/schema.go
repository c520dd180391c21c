package advice

import (
	"fmt"
	"math"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// Kind is what a field of an answer is.
type Kind uint8

const (
	Number  Kind = iota // within Min and Max
	Integer             // a whole number within Min and Max
	Choice              // one of Words
	Flag                // true or false
	Text                // at most Length letters; for people
)

// Field is one field of an answer.
type Field struct {
	Name     string
	Kind     Kind
	Min, Max float64
	Words    []string
	Length   int
	Optional bool
}

// Limits of a schema.
const (
	maxFields = 16
	maxWords  = 32
	maxText   = 500
)

// Schema says which answers count. It is immutable.
type Schema struct {
	fields []Field // by name
	text   string
}

var (
	fieldName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	word      = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,64}$`)
)

// NewSchema returns the schema of these fields, in any order.
func NewSchema(fields []Field) (*Schema, error) {
	if len(fields) == 0 || len(fields) > maxFields {
		return nil, fmt.Errorf("schema: want 1 to %d fields, got %d", maxFields, len(fields))
	}
	s := &Schema{fields: append([]Field{}, fields...)}
	sort.Slice(s.fields, func(i, j int) bool { return s.fields[i].Name < s.fields[j].Name })
	required := 0
	for i := range s.fields {
		f := &s.fields[i]
		if i > 0 && s.fields[i-1].Name == f.Name {
			return nil, fmt.Errorf("schema: field %s is declared twice", f.Name)
		}
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("schema: field %q: %w", f.Name, err)
		}
		if !f.Optional {
			required++
		}
	}
	if required == 0 {
		return nil, fmt.Errorf("schema: every field is optional: an empty answer would count")
	}
	s.text = s.render()
	return s, nil
}

func (f *Field) check() error {
	if !fieldName.MatchString(f.Name) {
		return fmt.Errorf("want a name of a-z, 0-9 and _, at most 32, a letter first")
	}
	switch f.Kind {
	case Number, Integer:
		if math.IsNaN(f.Min) || math.IsInf(f.Min, 0) || math.IsNaN(f.Max) || math.IsInf(f.Max, 0) || f.Min > f.Max {
			return fmt.Errorf("want min <= max, got %v and %v", f.Min, f.Max)
		}
	case Choice:
		return checkWords(f.Words)
	case Text:
		if f.Length < 1 || f.Length > maxText {
			return fmt.Errorf("want a length of 1 to %d, got %d", maxText, f.Length)
		}
	}
	return nil
}

func checkWords(words []string) error {
	if len(words) == 0 || len(words) > maxWords {
		return fmt.Errorf("want 1 to %d words, got %d", maxWords, len(words))
	}
	for i, w := range words {
		if !word.MatchString(w) {
			return fmt.Errorf("word %q: want 1 to 64 of A-Z, a-z, 0-9, _ . : and -", w)
		}
		for _, other := range words[:i] {
			if other == w {
				return fmt.Errorf("word %q is there twice", w)
			}
		}
	}
	return nil
}

// String returns the schema as JSON Schema, as it is sent to an advisor.
func (s *Schema) String() string { return s.text }

// MarshalJSON returns the schema as JSON Schema.
func (s *Schema) MarshalJSON() ([]byte, error) { return []byte(s.text), nil }

// render gives every optional field the type null beside its own and makes it
// required: strict endpoints take no schema in which a property is not.
func (s *Schema) render() string {
	var b, names strings.Builder
	b.WriteString(`{"type":"object","properties":{`)
	for i := range s.fields {
		if i > 0 {
			b.WriteByte(',')
			names.WriteByte(',')
		}
		f := &s.fields[i]
		b.WriteString(quote(f.Name) + ":" + f.render())
		names.WriteString(quote(f.Name))
	}
	return b.String() + `},"required":[` + names.String() + `],"additionalProperties":false}`
}

func (f *Field) render() string {
	kind, rest := "string", ""
	switch f.Kind {
	case Number, Integer:
		kind = "number"
		if f.Kind == Integer {
			kind = "integer"
		}
		rest = `,"minimum":` + number(f.Min) + `,"maximum":` + number(f.Max)
	case Choice:
		words := make([]string, len(f.Words), len(f.Words)+1)
		for i, w := range f.Words {
			words[i] = quote(w)
		}
		if f.Optional {
			words = append(words, "null")
		}
		rest = `,"enum":[` + strings.Join(words, ",") + `]`
	case Flag:
		kind = "boolean"
	case Text:
		rest = `,"maxLength":` + strconv.Itoa(f.Length)
	}
	if f.Optional {
		return `{"type":["` + kind + `","null"]` + rest + `}`
	}
	return `{"type":"` + kind + `"` + rest + `}`
}

func number(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
