package payload

import (
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
)

// A layout is a message exactly as the venue writes it today: no whitespace,
// and keys in a known order. Matching it is cheaper than collecting keys one by
// one. What does not match is left to the tolerant path, which accepts all that
// a layout accepts and understands it the same way.
type layout struct {
	event event
	parts []part
}

// part is the text in front of a value, and the value's key and shape.
type part struct {
	before   string
	key      key
	shape    shape
	optional bool // absent on some markets, or in older recordings
}

// Of each key a layout gives the name, the shape (# whole number, $ string,
// ! boolean, [ levels) and ? when it is optional. A key that has two places
// must be in one of them only.
var layouts = [...]layout{
	newLayout(depthEvent, `{"e":"depthUpdate"`, "E# T#? s$ ps$? U# u# pu#? b[ a[ st#?"),
	newLayout(tickerEvent, `{"e":"bookTicker"`, "u# E#? T#? s$ ps$? b$ B$ a$ A$ T#? E#? ps$? st#?"),
	newLayout(noEvent, `{`, "u# e$? s$ ps$? b$ B$ a$ A$ T#? E#? st#?"), // bookTicker of spot and COIN-M
	newLayout(tradeEvent, `{"e":"trade"`, "E# T#? s$ ps$? t# p$ q$ T#? X$? m! M!? st#?"),
	newLayout(aggTradeEvent, `{"e":"aggTrade"`, "E# a#? s$ ps$? a#? p$ q$ nq$? f# l# T# m! M!? st#?"),
	newLayout(markEvent, `{"e":"markPriceUpdate"`, "E# s$ ps$? p$ ap$? P$? i$? P$? r$ T# st#?"),
	newLayout(snapshotEvent, `{`, "lastUpdateId# E#? T#? symbol$? pair$? bids[ asks["),
}

func newLayout(ev event, head, keys string) layout {
	l := layout{event: ev}
	before := head
	if head != "{" {
		before += ","
	}
	for word := range strings.FieldsSeq(keys) {
		word, optional := strings.CutSuffix(word, "?")
		name := word[:len(word)-1]
		before += `"` + name + `":`
		p := part{key: keyOf([]byte(name)), optional: optional}
		switch word[len(word)-1] {
		case '#':
			p.shape = wholeShape
		case '$':
			p.shape, before = textShape, before+`"`
		case '!':
			p.shape = boolShape
		case '[':
			p.shape, before = levelsShape, before+`[`
		}
		p.before = before
		l.parts = append(l.parts, p)
		before = ","
	}
	return l
}

// envelope takes `{"stream":"…","data":` when it is written just so.
func (fr *frame) envelope() bool {
	if !fr.literal(`{"stream":"`) {
		return false
	}
	name, ok := fr.plainText()
	if !ok || !fr.literal(`,"data":`) {
		fr.scan.I = 0
		return false
	}
	fr.stream = name
	return true
}

// strict takes the rest of the frame if it is one of the layouts.
func (d *Decoder) strict() bool {
	start := d.scan.I
	for i := range layouts {
		l := &layouts[i]
		if !d.literal(l.parts[0].before) {
			continue
		}
		d.scan.I = start
		d.begin(l.event)
		return d.match(l) && d.closed()
	}
	return false
}

// closed takes the brace that ends the payload, and the one that ends the
// envelope, and reports whether that was all.
func (fr *frame) closed() bool {
	return fr.literal("}") && (!fr.enveloped || fr.literal("}")) && fr.scan.I == len(fr.scan.B)
}

func (d *Decoder) match(l *layout) bool {
	for i := range l.parts {
		p := &l.parts[i]
		if !d.literal(p.before) {
			if p.optional {
				continue
			}
			return false
		}
		f, ok := d.plainValue(p)
		if !ok || p.key != noKey && !d.take(p.key, f) {
			return false
		}
	}
	return true
}

func (fr *frame) literal(want string) bool {
	if len(fr.scan.B)-fr.scan.I < len(want) || string(fr.scan.B[fr.scan.I:fr.scan.I+len(want)]) != want {
		return false
	}
	fr.scan.I += len(want)
	return true
}

func (d *Decoder) plainValue(p *part) (field, bool) {
	switch p.shape {
	case wholeShape:
		return d.plainWhole()
	case textShape:
		return d.plainText()
	case boolShape:
		if d.literal("true") {
			return field{shape: boolShape, n: 1}, true
		}
		return field{shape: boolShape}, d.literal("false")
	}
	if !d.has(keySymbol) && !d.has(keyLongSymbol) {
		d.in = d.whose()
	}
	return field{shape: levelsShape}, d.in != nil && d.plainLevels(d.side(p.key))
}

// plainWhole takes a whole number of up to 18 digits, which cannot overflow.
func (fr *frame) plainWhole() (field, bool) {
	lo, i := fr.scan.I, fr.scan.I
	var n int64
	for ; i < len(fr.scan.B) && fr.scan.B[i]-'0' <= 9; i++ {
		n = n*10 + int64(fr.scan.B[i]-'0')
	}
	size := i - lo
	ok := size > 0 && size <= 18 && (size == 1 || fr.scan.B[lo] != '0')
	fr.scan.I = i
	return field{lo: lo, hi: i, n: n, shape: wholeShape}, ok
}

// plainText takes a string without escapes, whose opening quote is taken.
func (fr *frame) plainText() (field, bool) {
	lo := fr.scan.I
	for i, c := range fr.scan.B[lo:] {
		if c == '"' {
			fr.scan.I = lo + i + 1
			return field{lo: lo, hi: lo + i, shape: textShape}, true
		}
		if c == '\\' || c < ' ' {
			break
		}
	}
	return field{}, false
}

// plainLevels takes levels written as ["price","quantity"], whose opening
// bracket is taken, up to the closing one.
func (d *Decoder) plainLevels(levels *[]exchange.Level) bool {
	out, rest, ok := fixed.Levels((*levels)[:0], d.scan.B[d.scan.I:], d.in.Tick, d.in.Lot)
	if ok {
		*levels = out
		d.scan.I = len(d.scan.B) - len(rest)
	}
	return ok
}
