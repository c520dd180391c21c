package jsonscan

import (
	"encoding/json"
	"strconv"

	"github.com/shopspring/decimal"
)

// Fields walks over the members of a JSON object, or the elements of an array,
// in place:
//
//	for f := Object(frame); f.Next(); {
//		switch string(f.Key()) {
//		case "orderId":
//			id = f.Int()
//		}
//	}
//
// Keys are matched in their exact case, and what is not asked for is passed
// over. The first thing wrong, in the JSON or in a value that was asked for,
// ends the walk; Err tells it.
type Fields struct {
	s       Scanner
	closing byte // of the container
	begun   bool
	more    bool
	keyLo   int
	keyHi   int
	lo, hi  int // the value
	err     error
}

// Object walks over {"key":value,…}.
func Object(frame []byte) Fields { return Fields{s: Scanner{B: frame}, closing: '}'} }

// Array walks over [value,…]; its keys are empty.
func Array(frame []byte) Fields { return Fields{s: Scanner{B: frame}, closing: ']'} }

// Next goes to the next value and reports whether there is one.
func (f *Fields) Next() bool {
	if f.err != nil {
		return false
	}
	ok := true
	if !f.begun {
		f.begun = true
		f.more, ok = f.open()
	} else {
		f.more, ok = f.s.Next(f.closing)
	}
	if !ok || f.more && !f.value() || !f.more && !f.s.End() {
		f.fail(f.s.I, f.s.Reason)
		return false
	}
	return f.more
}

func (f *Fields) open() (more, ok bool) {
	bracket := byte('{')
	if f.closing == ']' {
		bracket = '['
	}
	if f.s.Peek() != bracket {
		return false, f.s.fail("want " + string(bracket))
	}
	return f.s.Open(bracket, f.closing), true
}

// value takes a key, in an object, and the value behind it.
func (f *Fields) value() (ok bool) {
	if f.closing == '}' {
		if f.keyLo, f.keyHi, ok = f.s.Text(); !ok || !f.s.Token(':', "want a colon") {
			return false
		}
	}
	f.s.Peek()
	f.lo = f.s.I
	ok = f.s.Skip(0)
	f.hi = f.s.I
	return ok
}

// Key is the key of the value, as it is written.
func (f *Fields) Key() []byte { return f.s.B[f.keyLo:f.keyHi] }

// Raw is the value as it is written: a part of the frame.
func (f *Fields) Raw() []byte { return f.s.B[f.lo:f.hi] }

// Err tells why the walk ended before its time; nil when it did not.
func (f *Fields) Err() error { return f.err }

// Text returns a string, or the digits of a number; "" for null.
func (f *Fields) Text() string {
	raw := f.Raw()
	if raw[0] != '"' {
		if raw[0] == 'n' {
			return ""
		}
		if raw[0] != '-' && raw[0]-'0' > 9 {
			f.wrong("want a string")
			return ""
		}
		return string(raw)
	}
	for _, c := range raw {
		if c == '\\' || c >= 0x80 {
			var text string
			if err := json.Unmarshal(raw, &text); err != nil {
				f.wrong(err.Error())
			}
			return text
		}
	}
	return string(raw[1 : len(raw)-1])
}

// Word is a string as it is written, without its quotes: a part of the frame. It
// is for words that are compared and not kept.
func (f *Fields) Word() []byte { return f.bare() }

// Int returns an integer, also one that is written as a string; 0 for null and
// "".
func (f *Fields) Int() int64 {
	raw := f.bare()
	if len(raw) == 0 {
		return 0
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		f.wrong("want an integer below 2^63")
	}
	return n
}

// Bool returns true or false; false for null.
func (f *Fields) Bool() bool {
	switch string(f.bare()) {
	case "true":
		return true
	case "false", "":
	default:
		f.wrong("want true or false")
	}
	return false
}

// Decimal returns a number, also one that is written as a string; 0 for null and
// "".
func (f *Fields) Decimal() decimal.Decimal {
	raw := f.bare()
	if d, ok := shortDecimal(raw); ok {
		return d
	}
	var a Amount
	if err := a.UnmarshalJSON(f.Raw()); err != nil {
		f.wrong(err.Error())
	}
	return a.Decimal
}

// bare is the value without quotes; nothing for null.
func (f *Fields) bare() []byte {
	raw := f.Raw()
	switch {
	case raw[0] == '"':
		return raw[1 : len(raw)-1]
	case string(raw) == "null":
		return nil
	}
	return raw
}

// shortDecimal reads -?digits.digits of at most 18 digits, which is nearly
// every number, without the detours that longer ones need. The zeros behind the
// point go: they cost memory and mean nothing.
func shortDecimal(b []byte) (decimal.Decimal, bool) {
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 19 {
		return decimal.Zero, len(b) == 0 && !negative
	}
	var n int64
	digits, point := 0, -1
	for i, c := range b {
		switch {
		case c-'0' <= 9:
			n, digits = n*10+int64(c-'0'), digits+1
		case c == '.' && point < 0 && i > 0 && i < len(b)-1:
			point = i
		default:
			return decimal.Zero, false
		}
	}
	if digits > 18 {
		return decimal.Zero, false
	}
	places := 0
	if point >= 0 {
		places = len(b) - 1 - point
	}
	for places > 0 && n%10 == 0 {
		n, places = n/10, places-1
	}
	if n == 0 {
		return decimal.Zero, true
	}
	if negative {
		n = -n
	}
	return decimal.New(n, int32(-places)), true
}

func (f *Fields) wrong(reason string) { f.fail(f.lo, reason) }

func (f *Fields) fail(offset int, reason string) {
	if f.err == nil {
		f.err = NewDecodeError(f.s.B, offset, string(f.s.B[f.keyLo:f.keyHi]), reason)
	}
}
