package payload

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// reader walks over the data of one message. Its methods report false at the first thing
// wrong, which fault tells.
type reader struct {
	jsonscan.Scanner
	in     *exchange.Instrument
	lo, hi int // the key
	err    error
}

func (r *reader) key() []byte { return r.B[r.lo:r.hi] }

// object opens one and goes to the value of its first key; more is false when it is empty.
func (r *reader) object() (more, ok bool) {
	if r.Peek() != '{' {
		return false, r.wrong("want an object")
	}
	if !r.Open('{', '}') {
		return false, true
	}
	return true, r.member()
}

// member takes a key and its colon.
func (r *reader) member() (ok bool) {
	if r.lo, r.hi, ok = r.Text(); !ok || !r.Token(':', "want a colon") {
		return false
	}
	r.Peek()
	return true
}

// next goes to the value of the next key.
func (r *reader) next() (more, ok bool) {
	if more, ok = r.Next('}'); more && ok {
		ok = r.member()
	}
	return more, ok
}

func (r *reader) wrong(reason string) bool {
	r.Reason = reason
	return false
}

// number takes the text of one; none of it for null.
func (r *reader) number() (text []byte, ok bool) {
	r.Peek()
	start := r.I
	if start < len(r.B) && r.B[start] == 'n' {
		return nil, r.Word("null")
	}
	if start == len(r.B) || r.B[start] != '-' && r.B[start]-'0' > 9 {
		return nil, r.wrong("want a number")
	}
	_, _, ok = r.Number()
	return r.B[start:r.I], ok
}

func (r *reader) whole() (n int64, ok bool) {
	r.Peek()
	start := r.I
	if start < len(r.B) && r.B[start] == 'n' {
		return 0, r.Word("null")
	}
	if start == len(r.B) || r.B[start] != '-' && r.B[start]-'0' > 9 {
		return 0, r.wrong("want an integer")
	}
	n, exact, ok := r.Number()
	return n, ok && (exact || r.wrong("want an integer"))
}

// time takes a number of milliseconds.
func (r *reader) time() (exchange.Time, bool) {
	ms, ok := r.whole()
	return exchange.UnixMilli(ms), ok
}

func (r *reader) word() ([]byte, bool) {
	lo, hi, ok := r.Text()
	return r.B[lo:hi], ok
}

// price takes a price; 0 for null.
func (r *reader) price() (exchange.Ticks, bool) {
	r.Peek()
	if n, used := fixed.Prefix(r.B[r.I:], r.in.Tick); used > 0 && r.ends(used) {
		r.I += used
		return exchange.Ticks(n), true
	}
	start := r.I
	text, ok := r.number()
	if !ok || text == nil {
		return 0, ok
	}
	p, err := fixed.Ticks(plain(text), r.in.Tick)
	if err != nil {
		r.I, r.err = start, err
	}
	return p, err == nil
}

// qty takes an amount; 0 for null.
func (r *reader) qty() (exchange.Lots, bool) {
	r.Peek()
	if n, used := fixed.Prefix(r.B[r.I:], r.in.Lot); used > 0 && r.ends(used) {
		r.I += used
		return exchange.Lots(n), true
	}
	start := r.I
	text, ok := r.number()
	if !ok || text == nil {
		return 0, ok
	}
	n, _, err := fixed.FloorText(plain(text), r.in.Lot)
	if err != nil {
		r.I, r.err = start, err
	}
	return exchange.Lots(n), err == nil
}

// rate takes a price without steps, or a fraction; 0 for null.
func (r *reader) rate() (exchange.E8, bool) {
	start := r.I
	text, ok := r.number()
	if !ok || text == nil {
		return 0, ok
	}
	n, err := fixed.E8(plain(text))
	if err != nil {
		r.I, r.err = start, err
	}
	return n, err == nil
}

// ends reports whether a number is over after so many bytes. That it is none with a leading
// zero, a point or an exponent is left to number.
func (r *reader) ends(used int) bool {
	if leadingZero(r.B[r.I:]) {
		return false
	}
	if r.I+used == len(r.B) {
		return true
	}
	switch r.B[r.I+used] {
	case ',', ']', '}', ' ', '\n', '\r', '\t':
		return true
	}
	return false
}

// plain writes a number without its exponent, 1.0e-5: small ones are printed with it. What
// is too far off is left as it is, for whoever reads it to refuse.
func plain(text []byte) []byte {
	if bytes.IndexByte(text, 'e') < 0 && bytes.IndexByte(text, 'E') < 0 {
		return text
	}
	var a jsonscan.Amount
	if a.UnmarshalJSON(text) != nil {
		return text
	}
	return []byte(a.String())
}

// fault is why the message can't be read.
func (r *reader) fault() error {
	err := r.err
	if err == nil {
		err = errors.New(r.Reason)
	}
	return fmt.Errorf("%s: %w", r.in.Key(), jsonscan.NewDecodeError(r.B, r.I, string(r.key()), err.Error()))
}

// float takes a number from which no money is computed: a volume.
func (r *reader) float() (float64, bool) {
	text, ok := r.number()
	if !ok || text == nil {
		return 0, ok
	}
	f, err := strconv.ParseFloat(string(text), 64)
	return f, err == nil || r.wrong("want a number")
}
