package payload

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// tolerant collects the payload of the frame whatever its key order, unknown
// keys and whitespace. It returns ErrIgnored for an array.
func (d *Decoder) tolerant() error {
	d.stream, d.scan.I = field{}, 0
	if d.spacedEnvelope() {
		if err := d.collect(); err != nil || d.scan.Token('}', "want a brace") && d.scan.End() {
			return err
		}
	}
	d.stream, d.scan.I = field{}, 0
	return d.whole()
}

// spacedEnvelope takes an envelope up to the object that is its data, when the
// stream comes first. Another envelope is read twice, by whole and by unwrap.
func (fr *frame) spacedEnvelope() bool {
	if !fr.scan.Token('{', "want an envelope") || !fr.takeKey(keyStream) || fr.scan.Peek() != '"' {
		return false
	}
	name, ok := fr.value()
	fr.stream = name
	return ok && fr.scan.Token(',', "want a comma") && fr.takeKey(keyData) && fr.scan.Peek() == '{'
}

// takeKey takes a key and its colon if it is k.
func (fr *frame) takeKey(k key) bool {
	lo, hi, ok := fr.scan.Text()
	return ok && keyOf(fr.scan.B[lo:hi]) == k && fr.scan.Token(':', "want a colon")
}

// whole collects a frame without knowing whether it is in an envelope.
func (d *Decoder) whole() error {
	if c := d.scan.Peek(); c != '{' {
		start := d.scan.I
		if !d.scan.Skip(1) || !d.scan.End() {
			return d.syntax(noKey)
		}
		if c == '[' {
			d.array = start
			return ErrIgnored
		}
		return jsonscan.NewDecodeError(d.scan.B, start, "", "want an object or an array")
	}
	if err := d.collect(); err != nil {
		return err
	}
	if !d.scan.End() {
		return d.syntax(noKey)
	}
	if !d.has(keyData) || d.has(keyEvent) {
		return nil
	}
	return d.unwrap()
}

// unwrap goes from an envelope that is known to be well-formed to what it holds.
func (d *Decoder) unwrap() error {
	data := d.fields[keyData]
	if d.has(keyStream) {
		d.stream = d.fields[keyStream]
		if d.stream.shape != textShape {
			return d.unlike(keyStream, "a string")
		}
	}
	switch data.shape {
	case objectShape:
		d.scan.I = data.lo
		return d.collect()
	case arrayShape:
		d.array = data.lo
	}
	return ErrIgnored
}

// collect takes the object at i and fills the message.
func (d *Decoder) collect() error {
	d.begin()
	d.start = d.scan.I
	for more := d.scan.Open('{', '}'); more; {
		at := d.scan.I
		lo, hi, ok := d.scan.Text()
		if !ok || !d.scan.Token(':', "want a colon") {
			return d.syntax(noKey)
		}
		k := keyOf(d.scan.B[lo:hi])
		if err := d.collectValue(k); err != nil {
			return err
		}
		if k != noKey && d.twice {
			return jsonscan.NewDecodeError(d.scan.B, at, keyNames[k], "the key appears twice")
		}
		if more, ok = d.scan.Next('}'); !ok {
			return d.syntax(k)
		}
	}
	return nil
}

func (d *Decoder) collectValue(k key) error {
	if k == noKey {
		if !d.scan.Skip(1) {
			return d.syntax(k)
		}
		return nil
	}
	if d.scan.Peek() == '[' && d.readyFor(k) {
		if err := d.levels(k); err != nil {
			return err
		}
		d.take(k, field{shape: levelsShape})
		return nil
	}
	f, ok := d.value()
	if !ok {
		return d.syntax(k)
	}
	d.take(k, f)
	return nil
}

// readyFor reports whether k holds the levels of a book and it is known which
// instrument's. Levels that come before that is known are decoded at the end.
func (d *Decoder) readyFor(k key) bool {
	if d.in == nil || d.has(k) {
		return false
	}
	switch k {
	case keyBids, keyAsks:
		return !d.has(keySymbol)
	case keyBid, keyAsk:
		return d.has(keySymbol) && d.has(keyEvent) && d.named() == depthEvent
	}
	return false
}

// value takes any value of a known key.
func (fr *frame) value() (f field, ok bool) {
	switch c := fr.scan.Peek(); {
	case c == '"':
		f.shape = textShape
		f.lo, f.hi, ok = fr.scan.Text()
		return f, ok
	case c == '-' || c-'0' <= 9:
		f.lo = fr.scan.I
		n, whole, ok := fr.scan.Number()
		if whole {
			f.shape, f.n = wholeShape, n
		}
		f.hi = fr.scan.I
		return f, ok
	case c == 't':
		return field{lo: fr.scan.I, shape: boolShape, n: 1}, fr.scan.Word("true")
	case c == 'f':
		return field{lo: fr.scan.I, shape: boolShape}, fr.scan.Word("false")
	case c == '[':
		f.shape = arrayShape
	case c == '{':
		f.shape = objectShape
	}
	f.lo = fr.scan.I
	ok = fr.scan.Skip(1)
	f.hi = fr.scan.I
	return f, ok
}

// levels takes the array of levels at i into the side of k.
func (d *Decoder) levels(k key) error {
	start := d.scan.I
	d.scan.I++
	side := d.side(k)
	if out, rest, ok := fixed.Levels((*side)[:0], d.scan.B[d.scan.I:], d.in.Tick, d.in.Lot); ok {
		*side, d.scan.I = out, len(d.scan.B)-len(rest)
		return nil
	}
	d.scan.I = start
	*side = (*side)[:0]
	for more := d.scan.Open('[', ']'); more; {
		l, used := spacedLevel(d.scan.B[d.scan.I:], d.in)
		d.scan.I += used
		if used == 0 {
			var err error
			if l, err = d.level(k); err != nil {
				return err
			}
		}
		*side = append(*side, l)
		var ok bool
		if more, ok = d.scan.Next(']'); !ok {
			return d.syntax(k)
		}
	}
	return nil
}

// spacedLevel takes a level that is plain but for whitespace, and returns how
// many bytes it is; 0 when there is anything else about it.
func spacedLevel(b []byte, in *exchange.Instrument) (l exchange.Level, used int) {
	rest := after(after(b, '['), '"')
	price, digits := fixed.Prefix(rest, in.Tick)
	if price <= 0 || digits == len(rest) || rest[digits] != '"' {
		return l, 0
	}
	rest = after(after(rest[digits+1:], ','), '"')
	qty, digits := fixed.Prefix(rest, in.Lot)
	if digits == 0 || digits == len(rest) || rest[digits] != '"' {
		return l, 0
	}
	if rest = after(rest[digits+1:], ']'); rest == nil {
		return l, 0
	}
	return exchange.Level{Price: exchange.Ticks(price), Qty: exchange.Lots(qty)}, len(b) - len(rest)
}

// after returns what follows whitespace and the byte c, or nil.
func after(b []byte, c byte) []byte {
	for i, x := range b {
		switch x {
		case c:
			return b[i+1:]
		case ' ', '\t', '\n', '\r':
		default:
			return nil
		}
	}
	return nil
}

// level takes one level. Elements behind price and quantity are passed over:
// spot once sent a third one.
func (d *Decoder) level(k key) (l exchange.Level, err error) {
	if d.scan.Peek() != '[' || !d.scan.Open('[', ']') {
		return l, jsonscan.NewDecodeError(d.scan.B, d.scan.I, keyNames[k], `want a level such as ["61800.1","0.5"]`)
	}
	if l.Price, err = d.levelPrice(k); err != nil {
		return l, err
	}
	more, ok := d.scan.Next(']')
	if !ok {
		return l, d.syntax(k)
	}
	if !more {
		return l, jsonscan.NewDecodeError(d.scan.B, d.scan.I, keyNames[k], "the level has no quantity")
	}
	if l.Qty, err = d.levelQty(k); err != nil {
		return l, err
	}
	if more, ok = d.scan.Next(']'); !ok {
		return l, d.syntax(k)
	}
	for more {
		if !d.scan.Skip(2) {
			return l, d.syntax(k)
		}
		if more, ok = d.scan.Next(']'); !ok {
			return l, d.syntax(k)
		}
	}
	return l, nil
}

func (d *Decoder) levelPrice(k key) (exchange.Ticks, error) {
	lo, hi, ok := d.scan.Text()
	if !ok {
		return 0, d.syntax(k)
	}
	n, err := d.steps(k, field{lo: lo, hi: hi}, d.in.Tick, "a price")
	if err == nil && n == 0 {
		err = jsonscan.NewDecodeError(d.scan.B, lo, keyNames[k], "the price of a level is zero")
	}
	return exchange.Ticks(n), err
}

// levelQty rounds down. Orders outlive a change of the lot, so that a book can
// show a quantity that the present lot does not divide; nobody can trade the
// rest of it with the present lot, and refusing the message would cost the book.
func (d *Decoder) levelQty(k key) (exchange.Lots, error) {
	lo, hi, ok := d.scan.Text()
	if !ok {
		return 0, d.syntax(k)
	}
	n, inexact, err := fixed.FloorText(d.scan.B[lo:hi], d.in.Lot)
	if err != nil {
		return 0, jsonscan.NewDecodeError(d.scan.B, lo, keyNames[k], fmt.Sprintf("a quantity of %s: %v", d.in.Key(), err))
	}
	if inexact {
		d.rounded++
	}
	return exchange.Lots(n), nil
}

// steps parses a price or a quantity, neither of which can be negative.
func (d *Decoder) steps(k key, f field, s exchange.Step, what string) (int64, error) {
	n, err := fixed.Steps(d.scan.B[f.lo:f.hi], s)
	if err == nil && n < 0 {
		err = fmt.Errorf("%q: negative", d.scan.B[f.lo:f.hi])
	}
	if err != nil {
		return 0, jsonscan.NewDecodeError(d.scan.B, f.lo, keyNames[k], fmt.Sprintf("%s of %s: %v", what, d.in.Key(), err))
	}
	return n, nil
}

// syntax turns the scanner's failure into an error.
func (fr *frame) syntax(k key) error {
	return jsonscan.NewDecodeError(fr.scan.B, fr.scan.I, keyNames[k], fr.scan.Reason)
}

// unlike says that a value has the wrong shape.
func (fr *frame) unlike(k key, want string) error {
	f := fr.fields[k]
	return jsonscan.NewDecodeError(fr.scan.B, f.lo, keyNames[k], fmt.Sprintf("want %s, found %s", want, shapeNames[f.shape]))
}
