package jsonscan

// Strict reads JSON in one pass as venues write it: no space between tokens, no escape in a
// string, numbers without an exponent. It is a decoder's first way, and Fields the second:
// whatever is written otherwise, and what is no JSON at all, makes Bad true, and then nothing
// of it may be used. It checks all that it passes over, so what it takes Fields takes too.
//
//	s := Strict{B: frame}
//	for key := s.Open(); key != nil; key = s.Next() {
//		switch string(key) {
//		case "ts":
//			at = s.Int()
//		case "data":
//			for more := s.List(); more; more = s.More() { … }
//		default:
//			s.Word()
//		}
//	}
//	return s.Whole()
type Strict struct {
	B   []byte // what is left
	Bad bool
}

func (s *Strict) fail() []byte {
	s.B, s.Bad = nil, true
	return nil
}

// Open opens an object and takes its first key; nil: it is empty, and passed.
func (s *Strict) Open() []byte {
	b := s.B
	if len(b) < 2 || b[0] != '{' {
		return s.fail()
	}
	if b[1] == '}' {
		s.B = b[2:]
		return nil
	}
	return s.key(b[1:])
}

// Next goes to the next member of an object and takes its key; nil: it has ended, and is
// passed.
func (s *Strict) Next() []byte {
	b := s.B
	switch {
	case len(b) == 0:
		return s.fail()
	case b[0] == ',':
		return s.key(b[1:])
	case b[0] == '}':
		s.B = b[1:]
		return nil
	}
	return s.fail()
}

// key takes "key":.
func (s *Strict) key(b []byte) []byte {
	if len(b) == 0 || b[0] != '"' {
		return s.fail()
	}
	i := 1 + TextEnd(b[1:])
	if i+1 >= len(b) || b[i] != '"' || b[i+1] != ':' || i == 1 {
		return s.fail()
	}
	s.B = b[i+2:]
	return b[1:i]
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
func (s *Strict) More() bool {
	b := s.B
	if len(b) == 0 || b[0] != ',' && b[0] != ']' {
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
	i := 0
	if len(b) > 0 && b[0] == '-' {
		i++
	}
	first := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	if i == first || b[first] == '0' && i > first+1 {
		return s.fail()
	}
	if i < len(b) && b[i] == '.' {
		point := i
		for i++; i < len(b) && b[i]-'0' <= 9; {
			i++
		}
		if i == point+1 {
			return s.fail()
		}
	}
	if i == len(b) || b[i] != ',' && b[i] != '}' && b[i] != ']' {
		return s.fail()
	}
	s.B = b[i:]
	return b[:i]
}

// Member takes the next member of an object of which all are words: its key, and its value
// as Word takes it. more is false when the object has ended, and is passed. It is Open, Next
// and Word at once, for objects of which most members are passed over.
func (s *Strict) Member(first bool) (key, word []byte, more bool) {
	b := s.B
	if len(b) < 2 || first != (b[0] == '{') || b[1] != '"' {
		if len(b) > 0 && b[0] == '}' && !first || len(b) > 1 && first && b[0] == '{' && b[1] == '}' {
			s.B = b[1:]
			if first {
				s.B = b[2:]
			}
			return nil, nil, false
		}
		s.fail()
		return nil, nil, false
	}
	if b[0] != '{' && b[0] != ',' {
		s.fail()
		return nil, nil, false
	}
	i := 2 + TextEnd(b[2:])
	if i+2 >= len(b) || b[i] != '"' || b[i+1] != ':' || i == 2 {
		s.fail()
		return nil, nil, false
	}
	key = b[2:i]
	if b[i+2] != '"' {
		s.B = b[i+2:]
		word = s.number()
		return key, word, !s.Bad
	}
	b = b[i+3:]
	if i = TextEnd(b); i >= len(b) || b[i] != '"' {
		s.fail()
		return nil, nil, false
	}
	s.B = b[i+1:]
	return key, b[:i], true
}

// Int takes a whole number of at most 18 digits, in quotes or not.
func (s *Strict) Int() (n int64) {
	b := s.B
	quoted := len(b) > 0 && b[0] == '"'
	if quoted {
		b = b[1:]
	}
	i := 0
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		n = n*10 + int64(b[i]-'0')
	}
	if i == 0 || i > 18 || i == len(b) || b[0] == '0' && i > 1 {
		s.fail()
		return 0
	}
	switch c := b[i]; {
	case quoted && c == '"':
		s.B = b[i+1:]
	case !quoted && (c == ',' || c == '}' || c == ']'):
		s.B = b[i:]
	default:
		s.fail()
	}
	return n
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
