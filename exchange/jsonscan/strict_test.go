package jsonscan

import (
	"fmt"
	"strings"
	"testing"
)

// walk reads an object of words and of arrays of such objects, both ways, into text.
func walkStrict(s *Strict, out *strings.Builder) {
	for key := s.Open(); key != nil; key = s.Next() {
		if len(s.B) > 0 && s.B[0] == '[' {
			for more := s.List(); more; more = s.More() {
				fmt.Fprintf(out, "%s[", key)
				walkStrict(s, out)
				out.WriteString("]")
			}
			continue
		}
		fmt.Fprintf(out, "%s=%s ", key, s.Word())
	}
}

func walkFields(raw []byte, out *strings.Builder) error {
	f := Object(raw)
	for f.Next() {
		if f.Raw()[0] == '[' {
			key := string(f.Key())
			list := Array(f.Raw())
			for list.Next() {
				fmt.Fprintf(out, "%s[", key)
				if err := walkFields(list.Raw(), out); err != nil {
					return err
				}
				out.WriteString("]")
			}
			if list.Err() != nil {
				return list.Err()
			}
			continue
		}
		fmt.Fprintf(out, "%s=%s ", f.Key(), f.Word())
	}
	return f.Err()
}

func TestStrict(t *testing.T) {
	for _, c := range []struct {
		text string
		ok   bool
	}{
		{`{"a":"b","c":-1.50,"d":"true","e":[{"f":0},{"f":"x"}],"g":[]}`, true}, {`{"a":1}`, true},
		{`{"a": 1}`, false}, {`{"a":1,}`, false}, {`{"a":01}`, false}, {`{"a":1.}`, false}, {`{"a":1e3}`, false}, {`{"a":"\n"}`, false},
		{`{"a":"\u0041"}`, false}, {`{"a":1}}`, false}, {`{"a":1`, false}, {`{"a"`, false}, {`{a:1}`, false}, {`{"a":null}`, false}, {`{"a":true}`, false},
		{`{"a":[{"b":1},]}`, false}, {`{"a":[,{"b":1}]}`, false}, {`,"a":1}`, false}, {``, false}, {`{"a":-}`, false}, {`{"a":tru}`, false},
	} {
		var out strings.Builder
		s := Strict{B: []byte(c.text)}
		walkStrict(&s, &out)
		if s.Whole() != c.ok {
			t.Errorf("%s: taken %t, want %t (%s)", c.text, s.Whole(), c.ok, out.String())
		}
	}
}

// Whatever is taken is taken by the tolerant way too, and is the same.
func FuzzStrict(f *testing.F) {
	for _, seed := range []string{`{"a":"b","c":-1.50,"d":"true","e":[{"f":0},{"f":"x"}]}`, `{"a":1,"b":[{"c":12345678901234567890}]}`, `{"a":"x","a":"y"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var strict, tolerant strings.Builder
		s := Strict{B: text}
		walkStrict(&s, &strict)
		if !s.Whole() {
			return
		}
		if err := walkFields(text, &tolerant); err != nil || strict.String() != tolerant.String() {
			t.Errorf("%q is %q, and to the tolerant way %q, %v", text, strict.String(), tolerant.String(), err)
		}
	})
}

func TestTextEnd(t *testing.T) {
	for _, pad := range []string{"", "a", "abcdefg", "abcdefgh", "abcdefghijklmnop", "\x80\xff é…0123456789"} {
		for _, end := range []string{`"`, `\`, "\x00", "\x1f", ""} {
			for _, after := range []string{"", `"`, "x", `x"\yyyyyyyyyyyy`} {
				text := pad + end + after
				want := strings.IndexFunc(text, func(r rune) bool { return r == '"' || r == '\\' || r < ' ' })
				if want < 0 {
					want = len(text)
				}
				if got := TextEnd([]byte(text)); got != want {
					t.Errorf("%q ends at %d, want %d", text, got, want)
				}
			}
		}
	}
}
