package jsonscan

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
)

// Shape is what a kind of object has that is wanted, and the order in which its members came
// the last time. Venues write the members of a message in one order nearly always, so that a
// walk looks whether the next one is there, in place of finding out which it is. The order is
// learned from the messages; another one costs time and is read alike. A Shape belongs to one
// decoder: it is not safe for concurrent use.
type Shape struct {
	known []*member // in the order in which they were met; the first stands for the beginning
}

// member is one that was met.
type member struct {
	head, mask [2]uint64 // the first sixteen bytes of the text, where it has so many
	text       string    // "px":
	rest       string    // what of the text is beyond them
	key        int
	kind       kind
	place      int     // among the known
	next       *member // that came after it
}

// kind is what a member is read as.
type kind uint8

const (
	unwanted kind = iota
	text
	whole
	ticks
	lots
	eighths
	rate
	flag
	value
)

var kinds = map[string]kind{"whole": whole, "text": text, "ticks": ticks, "lots": lots, "e8": eighths, "rate": rate, "flag": flag, "value": value}

const (
	// MostWanted is how many members of an object can be wanted.
	MostWanted = 16
	// mostMembers bounds what is remembered of objects: a hostile one may have any keys. One of
	// more is left to the other way.
	mostMembers = 64
)

// NewShape returns the Shape of an object of which these members are wanted, at most
// MostWanted. Each is a name and what it is read as:
//
//	whole  a whole number of at most 18 digits: Walk.N
//	text   a string without its quotes, or a number: Strict.Text of Walk.N
//	ticks  a price, whole ticks of Walk.Tick and not negative: Walk.N
//	lots   a quantity, whole lots of Walk.Lot and not negative: Walk.N
//	e8     a number in eight places: Walk.N
//	rate   the same, perhaps with a negative exponent: 1.0e-5
//	flag   true or false: Walk.N is 1 or 0
//	value  anything, which the caller takes while Walk.Key is it
//
// Numbers may be in quotes: see Quotes. The order in which they are named is the one that is tried first.
func NewShape(members ...string) *Shape {
	if len(members) > MostWanted {
		panic("jsonscan: a shape wants too much")
	}
	sh := &Shape{}
	begin := sh.remember("", 0, unwanted)
	begin.head[0] = 1 // nothing is like it
	at := begin
	for i, m := range members {
		name, of, _ := strings.Cut(m, " ")
		if kinds[of] == unwanted {
			panic("jsonscan: " + m + " is read as nothing that there is")
		}
		m := sh.remember(`"`+name+`":`, i, kinds[of])
		at.next, at = m, m
	}
	return sh
}

func (sh *Shape) remember(text string, key int, of kind) *member {
	m := &member{text: text, key: key, kind: of, place: len(sh.known)}
	var head, mask [16]byte
	m.rest = text[copy(head[:], text):]
	for i := range len(text) - len(m.rest) {
		mask[i] = 0xff
	}
	for i := range m.head {
		m.head[i], m.mask[i] = binary.LittleEndian.Uint64(head[8*i:]), binary.LittleEndian.Uint64(mask[8*i:])
	}
	sh.known = append(sh.known, m)
	m.next = sh.known[0] // which nothing is like
	return m
}

// Quotes says where quotes must be.
type Quotes uint8

// What venues write.
const (
	Either  Quotes = iota
	Texts          // around texts alone
	Numbers        // around texts and numbers, but not those that are whole
)

func (q Quotes) fit(of kind, quoted bool) bool {
	if q == Texts {
		return quoted == (of == text)
	}
	return quoted == (of != whole && of != flag)
}

// Walk reads one object:
//
//	w := shape.Walk(&s)
//	w.Tick, w.Lot = in.Tick, in.Lot
//	for w.Next() {
//		// s is at the value of the member w.Key
//	}
//
// What is not wanted is passed over, and checked to be JSON. A name that comes twice is bad.
type Walk struct {
	Tick, Lot exchange.Step
	Quotes    Quotes
	Key       int               // of the value that the caller takes: its place in NewShape
	N         [MostWanted]int64 // what was read; 0 of what did not come
	met       uint64            // bits of the places of the members that came so far
	s         *Strict
	sh        *Shape
	at        int  // place of the member before the one that comes
	lead      byte // what comes before the next one
}

// Walk begins at an object.
func (sh *Shape) Walk(s *Strict) Walk {
	if s.all == nil {
		s.all = s.B
	}
	return Walk{s: s, sh: sh, lead: '{'}
}

// Has reports whether members came: their bits, 1<<key. The place of a key is the one after it.
func (w *Walk) Has(bits uint64) bool { return w.met>>1&bits == bits }

// HasAny reports whether any of them came.
func (w *Walk) HasAny(bits uint64) bool { return w.met>>1&bits != 0 }

// Next reads on to the next value that the caller takes; false: the object has ended, and is
// passed, or it is bad.
func (w *Walk) Next() bool {
	b, i, at := w.s.B, 0, w.sh.known[w.at]
	for {
		m := at.next
		if k := b[i:]; len(k) >= 17 && k[0] == w.lead && binary.LittleEndian.Uint64(k[1:9])&m.mask[0] == m.head[0] && binary.LittleEndian.Uint64(k[9:17])&m.mask[1] == m.head[1] &&
			(m.rest == "" || len(k) >= 17+len(m.rest) && string(k[17:17+len(m.rest)]) == m.rest) {
			at, w.lead = m, ','
			i += 1 + len(m.text)
		} else {
			w.s.B, w.at = b[i:], at.place
			if m = w.find(); m == nil {
				return false
			}
			b, i, at = w.s.B, 0, w.sh.known[w.at]
		}
		if i >= len(b) {
			break
		}
		bit, end := uint64(1)<<m.place, 0
		if w.met&bit != 0 {
			break
		}
		w.met |= bit
		switch {
		case m.kind <= text && b[i] == '"': // most of what there is
			i++
			used := TextEnd(b[i:])
			if m.kind == text {
				w.N[m.key] = int64(len(w.s.all)-len(b)+i)<<32 | int64(used)
			}
			if i += used + 1; i <= len(b) && b[i-1] == '"' {
				continue
			}
		case m.kind == unwanted:
			end = w.pass(b, i)
		case m.kind == value:
			w.Key, w.s.B, w.at = m.key, b[i:], at.place
			return true
		default:
			w.N[m.key], end = w.read(m.kind, b, i)
		}
		if end == 0 {
			break
		}
		i = end
	}
	w.s.fail()
	return false
}

// pass goes over the value at b[i], which is no text, and returns where it ends; 0: it is none.
func (w *Walk) pass(b []byte, i int) (end int) {
	if b[i]-'0' <= 9 {
		used := numberEnd(b[i:])
		if end = i + used; used > 0 && end < len(b) && b[end]|0x20 != 'e' {
			return end
		}
	}
	w.s.B = b[i:]
	if w.s.pass(0); w.s.Bad {
		return 0
	}
	return len(b) - len(w.s.B)
}

// read reads the value at b[i], and returns where it ends; 0: it is not what it should be.
func (w *Walk) read(of kind, b []byte, i int) (n int64, end int) {
	v, quoted := b[i:], 0
	if v[0] == '"' {
		v, quoted = v[1:], 1
	}
	if w.Quotes != Either && !w.Quotes.fit(of, quoted > 0) {
		return 0, 0
	}
	used := 0
	switch of {
	case whole:
		n, used = leading(v)
	case ticks:
		n, used = fixed.Prefix(v, w.Tick)
	case lots:
		n, used = fixed.Prefix(v, w.Lot)
	case eighths:
		n, used = leadingE8(v)
	case rate:
		if n, used = leadingE8(v); used > 0 && used < len(v) && v[used]|0x20 == 'e' {
			n, used = shifted(v, n, used)
		}
	case text:
		used = numberEnd(v) // Next has read what is in quotes
		n = int64(len(w.s.all)-len(v))<<32 | int64(used)
	case flag:
		if n, used = truth(v); quoted > 0 {
			return 0, 0
		}
	}
	if used == 0 || used >= len(v) {
		return 0, 0
	}
	if quoted > 0 {
		if v[used] == '"' {
			return n, i + used + 2
		}
		return 0, 0
	}
	// What comes after it must be a comma or a brace, which Next sees to.
	if v[0] != '0' || used == 1 || v[1] == '.' {
		return n, i + used
	}
	return 0, 0
}

// leading reads the whole number of at most 18 digits that b begins with.
func leading(b []byte) (n int64, used int) {
	n, used = leadingDigits(b)
	if used > 18 || used > 1 && b[0] == '0' {
		return 0, 0
	}
	if used == 0 && len(b) > 1 && b[0] == '-' && b[1]-'0' <= 9 {
		if n, used = leading(b[1:]); used > 0 {
			return -n, used + 1
		}
	}
	return n, used
}

// leadingDigits reads digits, of which more than 18 are anything.
func leadingDigits(b []byte) (n int64, used int) {
	if len(b) > 8 {
		if eight, ok := digits(binary.LittleEndian.Uint64(b)); ok {
			n, used = eight, 8
		}
	}
	for used < len(b) {
		d := b[used] - '0'
		if d > 9 {
			break
		}
		n = n*10 + int64(d)
		used++
	}
	return n, used
}

// digits reads eight digits at once: a time has thirteen.
func digits(x uint64) (n int64, ok bool) {
	const zeros, halves = '0' * ones, 0xf0 * ones
	if x&halves != zeros || (x+0x06*ones)&halves != zeros {
		return 0, false
	}
	x -= zeros
	x = x*10 + x>>8 // pairs, in every second byte
	const pairs = 0x000000ff000000ff
	return int64((x&pairs*(100+1000000<<32) + x>>16&pairs*(1+10000<<32)) >> 32), true
}

var eighth = exchange.Step{M: 1, Scale: 8}

// leadingE8 reads the number in eight places that b begins with.
func leadingE8(b []byte) (n int64, used int) {
	sign := 0
	if len(b) > 0 && b[0] == '-' {
		sign = 1
	}
	if n, used = fixed.Prefix(b[sign:], eighth); used == 0 { // what is beyond eight places is rounded
		if end := numberEnd(b); end > 0 {
			if v, err := fixed.E8(b[:end]); err == nil {
				return int64(v), end
			}
		}
		return 0, 0
	}
	if sign > 0 && b[1] == '0' && used > 1 && b[2] != '.' {
		return 0, 0
	}
	if sign > 0 {
		n = -n
	}
	return n, used + sign
}

// shifted applies the exponent that comes after so many bytes of a number of at most eight
// places; 0 used: it is none that is small and negative.
func shifted(b []byte, n int64, used int) (int64, int) {
	if bytes.IndexByte(b[:used], '.') < used-9 { // it was rounded
		return 0, 0
	}
	e, digits := int64(0), 0
	if used+1 < len(b) && b[used+1] == '-' {
		e, digits = leadingDigits(b[used+2:])
	}
	if digits == 0 || digits > 2 || e > 18 {
		return 0, 0
	}
	p := int64(1)
	for range e {
		p *= 10
	}
	q, r := n/p, n%p
	switch {
	case r >= p-r && n > 0:
		q++
	case -r >= p+r && n < 0:
		q--
	}
	return q, used + 2 + digits
}

func truth(b []byte) (n int64, used int) {
	if len(b) >= 4 && string(b[:4]) == "true" {
		return 1, 4
	}
	if len(b) >= 5 && string(b[:5]) == "false" {
		return 0, 5
	}
	return 0, 0
}

// find takes the key of a member that is not the one which came here the last time.
func (w *Walk) find() *member {
	b := w.s.B
	switch {
	case len(b) > 1 && b[0] == w.lead && b[1] == '"':
		w.s.B, w.lead = b[1:], ','
		if name := w.s.name(); name != nil {
			before := w.sh.known[w.at]
			if m := w.sh.learn(before, name); m != nil {
				before.next, w.at = m, m.place
				return m
			}
			w.s.fail()
		}
		return nil
	case len(b) > 0 && b[0] == '}' && w.lead == ',':
		w.s.B = b[1:]
	case len(b) > 1 && b[0] == '{' && b[1] == '}' && w.lead == '{':
		w.s.B = b[2:]
	default:
		w.s.fail()
	}
	return nil
}

// learn finds the member of a text; nil: there are too many. The search goes on behind the one before: what is left
// out of a message most often is a few of them.
func (sh *Shape) learn(before *member, text []byte) *member {
	for i := range len(sh.known) {
		if m := sh.known[(before.place+1+i)%len(sh.known)]; string(text) == m.text {
			return m
		}
	}
	if len(sh.known) == mostMembers {
		return nil
	}
	return sh.remember(string(text), 0, unwanted)
}
