package jsonscan_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/jsonscan"
)

// value walks to the value of "v".
func value(frame string) *jsonscan.Fields {
	f := jsonscan.Object([]byte(frame))
	for f.Next() && string(f.Key()) != "v" {
	}
	return &f
}

func TestFieldsValues(t *testing.T) {
	for _, c := range []struct{ frame, want string }{
		{`{"V":"9","v":"0.10"}`, "0.1"}, {`{"v":-12.5}`, "-12.5"}, {`{"v":"61800.30000000"}`, "61800.3"}, {`{"v":"0.00000000"}`, "0"},
		{`{"v":"1234567890123456789.25"}`, "1234567890123456789.25"}, {`{"v":1e3}`, "1000"}, {`{"v":null}`, "0"}, {`{"v":""}`, "0"},
	} {
		f := value(c.frame)
		if got := f.Decimal(); f.Err() != nil || !got.Equal(decimal.RequireFromString(c.want)) {
			t.Errorf("%s: %s %v", c.frame, got, f.Err())
		}
	}
	for frame, want := range map[string]int64{`{"v":9007199254740993}`: 9007199254740993, `{"v":"17"}`: 17, `{"v":null}`: 0, `{"v":""}`: 0, `{"v":-1}`: -1} {
		if f := value(frame); f.Int() != want || f.Err() != nil {
			t.Errorf("%s: %v", frame, f.Err())
		}
	}
	for frame, want := range map[string]string{`{"v":"币安"}`: "币安", `{"v":"a\"\u00e9"}`: `a"é`, `{"v":9689322392}`: "9689322392", `{"v":null}`: ""} {
		if f := value(frame); f.Text() != want || f.Err() != nil {
			t.Errorf("%s: %v", frame, f.Err())
		}
	}
	if f := value(`{"v":true}`); !f.Bool() || f.Err() != nil {
		t.Error(f.Err())
	}
	if f := value(`{"v":"false"}`); f.Bool() || f.Err() != nil { // isAutoAddMargin of COIN-M
		t.Error(f.Err())
	}
}

func TestFieldsErrors(t *testing.T) {
	for name, read := range map[string]func(*jsonscan.Fields){
		`{"v":"12 "}`:               func(f *jsonscan.Fields) { f.Decimal() },
		`{"v":"1e9999"}`:            func(f *jsonscan.Fields) { f.Decimal() },
		`{"v":{}}`:                  func(f *jsonscan.Fields) { f.Decimal() },
		`{"v":[1]}`:                 func(f *jsonscan.Fields) { _ = f.Text() },
		`{"v":false}`:               func(f *jsonscan.Fields) { _ = f.Text() },
		`{"v":9223372036854775808}`: func(f *jsonscan.Fields) { f.Int() },
		`{"v":1.5}`:                 func(f *jsonscan.Fields) { f.Int() },
		`{"v":"yes"}`:               func(f *jsonscan.Fields) { f.Bool() },
		`{"v":1,}`:                  func(f *jsonscan.Fields) {},
		`{"v":1} x`:                 func(f *jsonscan.Fields) {},
		`{"v":1`:                    func(f *jsonscan.Fields) {},
		`[1]`:                       func(f *jsonscan.Fields) {},
		``:                          func(f *jsonscan.Fields) {},
	} {
		f := jsonscan.Object([]byte(name))
		for f.Next() {
			read(&f)
		}
		var d *jsonscan.DecodeError
		if !errors.As(f.Err(), &d) {
			t.Errorf("%s: %v", name, f.Err())
		}
	}
}

func TestFieldsOfArrays(t *testing.T) {
	f := jsonscan.Array([]byte(` [ 1 , "2", {"a":[3]} ] `))
	var got []string
	for f.Next() {
		got = append(got, string(f.Raw()))
	}
	if f.Err() != nil || len(got) != 3 || got[0] != "1" || got[1] != `"2"` || got[2] != `{"a":[3]}` {
		t.Errorf("%q %v", got, f.Err())
	}
}

// A walk accepts what encoding/json does, and sees as much.
func FuzzFields(f *testing.F) {
	for _, s := range []string{`{}`, `{"a":1,"A":"2"}`, `{"a":{"b":[1,2,{}]}}`, `{"a":1,}`, ` {"a" : null } `, `{"a":"\u12"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		w, n := jsonscan.Object(frame), 0
		for w.Next() {
			n++
			_, _, _, _ = w.Text(), w.Int(), w.Bool(), w.Decimal()
		}
		w, n = jsonscan.Object(frame), 0
		for w.Next() {
			n++
			if !json.Valid(w.Raw()) {
				t.Errorf("%q has %q", frame, w.Raw())
			}
		}
		if w.Err() == nil && !json.Valid(frame) {
			t.Errorf("accepted %q", frame)
		}
	})
}
