package jsonscan

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
)

// walkStrict reads an object of words and of arrays of such objects, both ways, into text.
func walkStrict(sh *Shape, s *Strict, out *strings.Builder) {
	w := sh.Walk(s)
	for w.Next() {
		key := "abcdefg"[w.Key : w.Key+1]
		if len(s.B) > 0 && s.B[0] == '[' {
			for more := s.List(); more; more = s.More() {
				fmt.Fprintf(out, "%s[", key)
				walkStrict(sh, s, out)
				out.WriteString("]")
			}
			continue
		}
		fmt.Fprintf(out, "%s=%s ", key, s.Word())
	}
}

func letters() *Shape {
	return NewShape("a value", "b value", "c value", "d value", "e value", "f value", "g value")
}

func walkFields(raw []byte, out *strings.Builder) error {
	f := Object(raw)
	for f.Next() {
		if len(f.Key()) != 1 || f.Key()[0] < 'a' || f.Key()[0] > 'g' {
			continue
		}
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
		{`{"a":"b","c":-1.50,"d":"true","e":[{"f":0},{"f":"x"}],"g":[]}`, true}, {`{"a":1}`, true}, {`{}`, true}, {`{"e":[{}]}`, true}, {`{"d":1,"b":2,"a":3}`, true}, {`{"a":1,"a":2}`, false}, {`{"x":1,"x":2}`, false},
		{`{"x":null,"a":1,"y":[true,false,{"z":{},"a":[]},-1.5e-5,"",1E+2],"z":{"":1}}`, true}, {`{"x":[1,],"a":1}`, false}, {`{"x":{"a":1,},"a":1}`, false}, {`{"x":nul}`, false}, {`{"x":1e}`, false},
		{`{"x":01}`, false}, {`{"x":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `}`, false},
		{`{"a": 1}`, false}, {`{"a":1,}`, false}, {`{"a":01}`, false}, {`{"a":1.}`, false}, {`{"a":1e3}`, false}, {`{"a":"\n"}`, false},
		{`{"a":"\u0041"}`, false}, {`{"a":1}}`, false}, {`{"a":1`, false}, {`{"a"`, false}, {`{a:1}`, false}, {`{"a":null}`, false}, {`{"a":true}`, false},
		{`{"a":[{"b":1},]}`, false}, {`{"a":[,{"b":1}]}`, false}, {`,"a":1}`, false}, {``, false}, {`{"a":-}`, false}, {`{"a":tru}`, false},
	} {
		var out strings.Builder
		s := Strict{B: []byte(c.text)}
		walkStrict(letters(), &s, &out)
		if s.Whole() != c.ok {
			t.Errorf("%s: taken %t, want %t (%s)", c.text, s.Whole(), c.ok, out.String())
		}
	}
}

// Whatever is taken is taken by the tolerant way too, and is the same, whatever came before.
func FuzzStrict(f *testing.F) {
	for _, seed := range []string{`{"a":"b","c":-1.50,"d":"true","e":[{"f":0},{"f":"x"}]}`, `{"a":1,"b":[{"c":12345678901234567890}]}`, `{"a":"x","a":"y"}`, `{"g":1,"x":{"a":[null]},"a":2}`} {
		f.Add([]byte(seed), []byte(`{"b":1,"x":2,"a":3}`))
	}
	f.Fuzz(func(t *testing.T, text, before []byte) {
		sh := letters()
		for range 2 {
			var out strings.Builder
			walkStrict(sh, &Strict{B: before}, &out)
		}
		var strict, anew, tolerant strings.Builder
		s, first := Strict{B: text}, Strict{B: text}
		walkStrict(sh, &s, &strict)
		walkStrict(letters(), &first, &anew)
		if s.Whole() != first.Whole() {
			t.Fatalf("%q is taken %t, and by a shape that saw nothing %t", text, s.Whole(), first.Whole())
		}
		if !s.Whole() {
			return
		}
		if err := walkFields(text, &tolerant); err != nil || strict.String() != tolerant.String() || strict.String() != anew.String() {
			t.Errorf("%q is %q, anew %q, and to the tolerant way %q, %v", text, strict.String(), anew.String(), tolerant.String(), err)
		}
	})
}

// What is remembered of hostile objects is bounded: what has more is left to the other way.
func TestManyMembers(t *testing.T) {
	sh := letters()
	for i := range 300 {
		s := Strict{B: fmt.Appendf(nil, `{"x%d":1,"y":{"z%d":2},"b":7}`, i, i)}
		w := sh.Walk(&s)
		n := ""
		for w.Next() {
			n = string(s.Word())
		}
		if s.Whole() && (n != "7" || !w.Has(1<<1) || w.HasAny(1)) || !s.Whole() && i < mostMembers/2 {
			t.Fatalf("%d: %t, b = %s", i, s.Whole(), n)
		}
	}
	if len(sh.known) != mostMembers {
		t.Errorf("%d members are remembered, want %d", len(sh.known), mostMembers)
	}
	s := Strict{B: []byte(`{"y":1,"b":7}`)}
	w := sh.Walk(&s)
	for w.Next() {
		s.Word()
	}
	if !s.Whole() {
		t.Error("what was there before is not read any more")
	}
}

// Numbers are what Fields and package fixed say, or are left to them.
func FuzzStrictNumbers(f *testing.F) {
	for _, text := range []string{"12.50", `"12.50"`, "-0.001", `"-0.123456789"`, "007", `"007"`, "1e5", "0", `"0.0"`, "00", "-", `""`, "0.123456785", "9223372036854775807", "true", "--0", "1.0e-5", "-1.5e-8", "4.9e-9", "1.000000009e-1", "1e-1", "5E-9"} {
		f.Add(text)
	}
	step := exchange.MustStep("0.5")
	kinds := []string{"whole", "text", "ticks", "lots", "e8", "rate", "flag"}
	f.Fuzz(func(t *testing.T, text string) {
		frame := []byte(`{"a":` + text + `,"b":1}`)
		for _, of := range kinds {
			s := Strict{B: frame}
			w := NewShape("a " + of).Walk(&s)
			w.Tick, w.Lot = step, step
			if w.Next() || !s.Whole() {
				continue // left to the other way
			}
			fields := Object(frame)
			if !fields.Next() || string(fields.Key()) != "a" {
				t.Fatalf("%s takes %q, which is no JSON", of, frame)
			}
			word := fields.Word()
			var want int64
			var err error
			switch of {
			case "whole":
				want, err = strconv.ParseInt(string(word), 10, 64)
			case "text":
				if string(s.Text(w.N[0])) != string(word) {
					t.Errorf("text: %q, want %q", s.Text(w.N[0]), word)
				}
				want = w.N[0]
			case "e8":
				v, bad := fixed.E8(word)
				want, err = int64(v), bad
			case "rate":
				if strings.ContainsAny(string(word), "eE") {
					var a Amount
					err = a.UnmarshalJSON(word)
					word = []byte(a.String())
				}
				v, bad := fixed.E8(word)
				want, err = int64(v), errors.Join(err, bad)
			case "flag":
				if fields.Bool() {
					want = 1
				}
			default:
				want, err = fixed.Steps(word, step)
			}
			for fields.Next() {
			}
			if err != nil || fields.Err() != nil || w.N[0] != want {
				t.Errorf("%s: %q is %d, want %d, %v %v", of, text, w.N[0], want, err, fields.Err())
			}
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
