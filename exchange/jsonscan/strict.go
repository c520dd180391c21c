package jsonscan

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
)

// Strict reads JSON in one pass as venues write it: no space between tokens, no escape in a
// string, numbers without an exponent. It is a decoder's first way, and Fields the second:
// whatever is written otherwise, and what is no JSON at all, makes Bad true, and then nothing
// of it may be used. It checks all that it passes over, so what it takes Fields takes too.
//
//	s := Strict{B: frame}
//	w := shape.Walk(&s)
//	for w.Next() { // to the one member that is a value: a list of rows
//		for more := s.List(); more; more = s.More() { … }
//	}
//	return s.Whole()
type Strict struct {
	B   []byte // what is left
	Bad bool
	all []byte // that a walk began with: B is its end
}

// Text is what a Walk has read as text; empty: it is so, or did not come.
func (s *Strict) Text(n int64) []byte {
	at := n >> 32
	return s.all[at : at+n&(1<<32-1)]
}

func (s *Strict) fail() []byte {
	s.B, s.Bad = nil, true
	return nil
}

// List opens an array; false: it is empty, and passed.
func (s *Strict) List() bool {
	b := s.B
	if len(b) < 2 || b[0] != '[' {
		s.fail()
		return false
	}
	if b[1] == ']' {
		s.B = b[2:]
		return false
	}
	s.B = b[1:]
	return true
}

// More goes to the next element of an array; false: it has ended, and is passed.
func (s *Strict) More() bool { return s.more(']') }

func (s *Strict) more(closing byte) bool {
	b := s.B
	if len(b) == 0 || b[0] != ',' && b[0] != closing {
		s.fail()
		return false
	}
	s.B = b[1:]
	return b[0] == ','
}

// Word takes a string, without its quotes, or a number. null, true and false are bad.
func (s *Strict) Word() []byte {
	b := s.B
	if len(b) == 0 || b[0] != '"' {
		return s.number()
	}
	i := 1 + TextEnd(b[1:])
	if i >= len(b) || b[i] != '"' {
		return s.fail()
	}
	s.B = b[i+1:]
	return b[1:i]
}

// number takes -?digits.digits.
func (s *Strict) number() []byte {
	b := s.B
	i := numberEnd(b)
	if i == 0 || i == len(b) || b[i] != ',' && b[i] != '}' && b[i] != ']' {
		return s.fail()
	}
	s.B = b[i:]
	return b[:i]
}

// numberEnd is where the -?digits.digits ends that b begins with; 0: it begins with none.
func numberEnd(b []byte) int {
	i := 0
	if len(b) > 0 && b[0] == '-' {
		i++
	}
	first := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	if i == first || b[first] == '0' && i > first+1 {
		return 0
	}
	if i < len(b) && b[i] == '.' {
		point := i
		for i++; i < len(b) && b[i]-'0' <= 9; {
			i++
		}
		if i == point+1 {
			return 0
		}
	}
	return i
}

// name takes "name": and returns it as it is written.
func (s *Strict) name() []byte {
	b := s.B
	if len(b) == 0 || b[0] != '"' {
		return s.fail()
	}
	i := 1 + TextEnd(b[1:])
	if i+1 >= len(b) || b[i] != '"' || b[i+1] != ':' {
		return s.fail()
	}
	s.B = b[i+2:]
	return b[:i+2]
}

// pass takes any value.
func (s *Strict) pass(depth int) {
	b := s.B
	if len(b) == 0 || depth > maxDepth {
		s.fail()
		return
	}
	switch b[0] {
	case '"':
		i := 1 + TextEnd(b[1:])
		if i >= len(b) || b[i] != '"' {
			s.fail()
			return
		}
		s.B = b[i+1:]
	case '{':
		if s.B = b[1:]; s.Take("}") {
			return
		}
		for more := true; more; more = s.more('}') {
			s.name()
			s.pass(depth + 1)
		}
	case '[':
		for more := s.List(); more; more = s.More() {
			s.pass(depth + 1)
		}
	case 't', 'f', 'n':
		if !s.Take("true") && !s.Take("false") && !s.Take("null") {
			s.fail()
		}
	default:
		i := numberEnd(b)
		if i > 0 && i+1 < len(b) && b[i]|0x20 == 'e' {
			if i++; b[i] == '-' || b[i] == '+' {
				i++
			}
			digits := i
			for i < len(b) && b[i]-'0' <= 9 {
				i++
			}
			if i == digits {
				i = 0
			}
		}
		if i == 0 {
			s.fail()
			return
		}
		s.B = b[i:]
	}
}

// Levels takes [["price","quantity"],…] and appends them.
func (s *Strict) Levels(dst []exchange.Level, tick, lot exchange.Step) []exchange.Level {
	if !s.Take("[") {
		s.fail()
		return dst
	}
	dst, rest, ok := fixed.Levels(dst, s.B, tick, lot)
	if s.B = rest; !ok {
		s.fail()
	}
	return dst
}

// Whole reports whether all was read, and none of it was bad.
func (s *Strict) Whole() bool { return !s.Bad && len(s.B) == 0 }

// Take takes a text that is written so; false: it is not there, and nothing is taken.
func (s *Strict) Take(text string) bool {
	if len(s.B) < len(text) || string(s.B[:len(text)]) != text {
		return false
	}
	s.B = s.B[len(text):]
	return true
}
