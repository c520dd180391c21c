package payload

// maxDepth bounds the nesting of values that are passed over, and with it the
// stack that a hostile payload can use.
const maxDepth = 32

// scanner walks over JSON in place. Its methods start at i, leave i behind what
// they read, and report false at the first byte that is not JSON; i is then that
// byte and reason says what was wanted.
//
// Invalid UTF-8 inside a string is passed over: no string that is used can hold
// it and still name an instrument.
type scanner struct {
	b      []byte
	i      int
	reason string
}

func (s *scanner) fail(reason string) bool {
	s.reason = reason
	return false
}

// peek skips whitespace and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return c
		}
	}
	return 0
}

// token skips whitespace and takes the byte c.
func (s *scanner) token(c byte, want string) bool {
	if s.peek() != c || s.i == len(s.b) {
		return s.fail(want)
	}
	s.i++
	return true
}

// end reports whether only whitespace is left.
func (s *scanner) end() bool {
	s.peek()
	if s.i < len(s.b) {
		return s.fail("want the end of the payload")
	}
	return true
}

// text takes a string and returns what is between its quotes, escapes and all.
func (s *scanner) text() (lo, hi int, ok bool) {
	if !s.token('"', `want a string`) {
		return 0, 0, false
	}
	lo = s.i
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			s.i++
			return lo, s.i - 1, true
		case c < ' ':
			return 0, 0, s.fail("control character in a string")
		case c == '\\':
			if !s.escape() {
				return 0, 0, false
			}
		default:
			s.i++
		}
	}
	return 0, 0, s.fail("string is cut off")
}

func (s *scanner) escape() bool {
	if s.i++; s.i == len(s.b) {
		return s.fail("string is cut off")
	}
	c := s.b[s.i]
	s.i++
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if s.i == len(s.b) || !isHex(s.b[s.i]) {
				return s.fail(`want four hex digits after \u`)
			}
			s.i++
		}
		return true
	}
	s.i--
	return s.fail("unknown escape in a string")
}

func isHex(c byte) bool {
	return c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// number takes a number and reports whether it is a plain integer that fits.
func (s *scanner) number() (n int64, whole, ok bool) {
	start := s.i
	if s.b[s.i] == '-' {
		s.i++
	}
	first := s.i
	if !s.digits() {
		return 0, false, false
	}
	if s.b[first] == '0' && s.i > first+1 {
		s.i = first
		return 0, false, s.fail("number has a leading zero")
	}
	last := s.i
	if s.i < len(s.b) && s.b[s.i] == '.' {
		if s.i++; !s.digits() {
			return 0, false, false
		}
	}
	if s.i < len(s.b) && s.b[s.i]|0x20 == 'e' {
		if s.i++; s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
			s.i++
		}
		if !s.digits() {
			return 0, false, false
		}
	}
	n, fits := parseInt(s.b[start:last])
	return n, fits && s.i == last, true
}

func (s *scanner) digits() bool {
	start := s.i
	for s.i < len(s.b) && s.b[s.i]-'0' <= 9 {
		s.i++
	}
	return s.i > start || s.fail("want a digit")
}

// parseInt reads -?digits. It reports false when the value is beyond ±(2^63-1).
func parseInt(b []byte) (int64, bool) {
	negative := b[0] == '-'
	if negative {
		b = b[1:]
	}
	var n int64
	for _, c := range b {
		d := int64(c - '0')
		if n > (1<<63-1-d)/10 {
			return 0, false
		}
		n = n*10 + d
	}
	if negative {
		n = -n
	}
	return n, true
}

// skip takes any value at all.
func (s *scanner) skip(depth int) bool {
	if depth > maxDepth {
		return s.fail("values nest too deeply")
	}
	switch c := s.peek(); {
	case c == '"':
		_, _, ok := s.text()
		return ok
	case c == '{':
		return s.skipObject(depth)
	case c == '[':
		return s.skipArray(depth)
	case c == '-' || c-'0' <= 9:
		_, _, ok := s.number()
		return ok
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	}
	return s.fail("want a value")
}

func (s *scanner) skipObject(depth int) bool {
	for more := s.open('{', '}'); more; {
		if _, _, ok := s.text(); !ok || !s.token(':', "want a colon") || !s.skip(depth+1) {
			return false
		}
		var ok bool
		if more, ok = s.next('}'); !ok {
			return false
		}
	}
	return true
}

func (s *scanner) skipArray(depth int) bool {
	for more := s.open('[', ']'); more; {
		if !s.skip(depth + 1) {
			return false
		}
		var ok bool
		if more, ok = s.next(']'); !ok {
			return false
		}
	}
	return true
}

// open takes the bracket that the caller has seen, and the closing one if the
// container is empty; it reports whether there is an element.
func (s *scanner) open(bracket, closing byte) bool {
	s.token(bracket, "want a bracket")
	if s.peek() != closing || s.i == len(s.b) {
		return true
	}
	s.i++
	return false
}

// next takes the comma or the closing bracket behind an element.
func (s *scanner) next(closing byte) (more, ok bool) {
	switch c := s.peek(); {
	case s.i == len(s.b):
		return false, s.fail("payload is cut off")
	case c == ',':
		s.i++
		return true, true
	case c == closing:
		s.i++
		return false, true
	}
	return false, s.fail("want a comma or a closing bracket")
}

func (s *scanner) word(w string) bool {
	if len(s.b)-s.i < len(w) || string(s.b[s.i:s.i+len(w)]) != w {
		return s.fail("want " + w)
	}
	s.i += len(w)
	return true
}
