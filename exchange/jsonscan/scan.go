package jsonscan

// maxDepth bounds the nesting of values that are passed over, and with it the
// stack that a hostile payload can use.
const maxDepth = 32

// Scanner walks over JSON in place. Its methods start at I, leave I behind what
// they read, and report false at the first byte that is not JSON; I is then that
// byte and Reason says what was wanted.
//
// Invalid UTF-8 inside a string is passed over: no string that is used can hold
// it and still name an instrument.
type Scanner struct {
	B      []byte
	I      int
	Reason string
}

func (s *Scanner) fail(reason string) bool {
	s.Reason = reason
	return false
}

// Peek skips whitespace and returns the next byte, 0 at the end.
func (s *Scanner) Peek() byte {
	for s.I < len(s.B) {
		switch c := s.B[s.I]; c {
		case ' ', '\t', '\n', '\r':
			s.I++
		default:
			return c
		}
	}
	return 0
}

// Token skips whitespace and takes the byte c.
func (s *Scanner) Token(c byte, want string) bool {
	if s.Peek() != c || s.I == len(s.B) {
		return s.fail(want)
	}
	s.I++
	return true
}

// End reports whether only whitespace is left.
func (s *Scanner) End() bool {
	s.Peek()
	if s.I < len(s.B) {
		return s.fail("want the end of the payload")
	}
	return true
}

// Text takes a string and returns what is between its quotes, escapes and all.
func (s *Scanner) Text() (lo, hi int, ok bool) {
	if !s.Token('"', `want a string`) {
		return 0, 0, false
	}
	lo = s.I
	for {
		s.I += TextEnd(s.B[s.I:])
		if s.I >= len(s.B) {
			break
		}
		switch c := s.B[s.I]; {
		case c == '"':
			s.I++
			return lo, s.I - 1, true
		case c < ' ':
			return 0, 0, s.fail("control character in a string")
		}
		if !s.escape() {
			return 0, 0, false
		}
	}
	return 0, 0, s.fail("string is cut off")
}

func (s *Scanner) escape() bool {
	if s.I++; s.I == len(s.B) {
		return s.fail("string is cut off")
	}
	c := s.B[s.I]
	s.I++
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if s.I == len(s.B) || !isHex(s.B[s.I]) {
				return s.fail(`want four hex digits after \u`)
			}
			s.I++
		}
		return true
	}
	s.I--
	return s.fail("unknown escape in a string")
}

func isHex(c byte) bool {
	return c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// Number takes a number and reports whether it is a plain integer that fits.
func (s *Scanner) Number() (n int64, whole, ok bool) {
	start := s.I
	if s.B[s.I] == '-' {
		s.I++
	}
	first := s.I
	if !s.digits() {
		return 0, false, false
	}
	if s.B[first] == '0' && s.I > first+1 {
		s.I = first
		return 0, false, s.fail("number has a leading zero")
	}
	last := s.I
	if s.I < len(s.B) && s.B[s.I] == '.' {
		if s.I++; !s.digits() {
			return 0, false, false
		}
	}
	if s.I < len(s.B) && s.B[s.I]|0x20 == 'e' {
		if s.I++; s.I < len(s.B) && (s.B[s.I] == '+' || s.B[s.I] == '-') {
			s.I++
		}
		if !s.digits() {
			return 0, false, false
		}
	}
	n, fits := parseInt(s.B[start:last])
	return n, fits && s.I == last, true
}

func (s *Scanner) digits() bool {
	start := s.I
	for s.I < len(s.B) && s.B[s.I]-'0' <= 9 {
		s.I++
	}
	return s.I > start || s.fail("want a digit")
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

// Skip takes any value at all.
func (s *Scanner) Skip(depth int) bool {
	if depth > maxDepth {
		return s.fail("values nest too deeply")
	}
	switch c := s.Peek(); {
	case c == '"':
		_, _, ok := s.Text()
		return ok
	case c == '{':
		return s.skipObject(depth)
	case c == '[':
		return s.skipArray(depth)
	case c == '-' || c-'0' <= 9:
		_, _, ok := s.Number()
		return ok
	case c == 't':
		return s.Word("true")
	case c == 'f':
		return s.Word("false")
	case c == 'n':
		return s.Word("null")
	}
	return s.fail("want a value")
}

func (s *Scanner) skipObject(depth int) bool {
	for more := s.Open('{', '}'); more; {
		if _, _, ok := s.Text(); !ok || !s.Token(':', "want a colon") || !s.Skip(depth+1) {
			return false
		}
		var ok bool
		if more, ok = s.Next('}'); !ok {
			return false
		}
	}
	return true
}

func (s *Scanner) skipArray(depth int) bool {
	for more := s.Open('[', ']'); more; {
		if !s.Skip(depth + 1) {
			return false
		}
		var ok bool
		if more, ok = s.Next(']'); !ok {
			return false
		}
	}
	return true
}

// Open takes the bracket that the caller has seen, and the closing one if the
// container is empty; it reports whether there is an element.
func (s *Scanner) Open(bracket, closing byte) bool {
	s.Token(bracket, "want a bracket")
	if s.Peek() != closing || s.I == len(s.B) {
		return true
	}
	s.I++
	return false
}

// Next takes the comma or the closing bracket behind an element.
func (s *Scanner) Next(closing byte) (more, ok bool) {
	switch c := s.Peek(); {
	case s.I == len(s.B):
		return false, s.fail("payload is cut off")
	case c == ',':
		s.I++
		return true, true
	case c == closing:
		s.I++
		return false, true
	}
	return false, s.fail("want a comma or a closing bracket")
}

// Word takes a bare word, such as null.
func (s *Scanner) Word(w string) bool {
	if len(s.B)-s.I < len(w) || string(s.B[s.I:s.I+len(w)]) != w {
		return s.fail("want " + w)
	}
	s.I += len(w)
	return true
}
