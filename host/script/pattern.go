package script

import "strings"

// Limits of pattern matching. A pattern item recurses at most once, so the
// length of the pattern bounds the depth of the recursion.
const (
	maxCaptures = 32
	maxPattern  = 1 << 10
	// stepsPerUnit is how many steps of matching count as one Lua instruction.
	stepsPerUnit = 8
	// stepsPerCharge is how many steps pass between charges.
	stepsPerCharge = 1 << 10
)

// matcher is Lua 5.1's pattern matching (lstrlib.c), which backtracks and so may
// take time exponential in the pattern. Every step is counted and charged, so
// that the callback's budget ends a match as it ends a loop.
type matcher struct {
	src, pat string
	level    int // captures, finished or not
	captures [maxCaptures]capture
	steps    int
	spend    func(units int) // raises when the budget is spent
	cut      func(from, to int) string
	fail     func(text string) // raises a mistake in the pattern; does not return
}

// capture is a part of the subject; a length below zero is one of the states.
type capture struct{ start, length int }

const (
	captureOpen     = -1
	capturePosition = -2
)

func (m *matcher) step() {
	if m.steps++; m.steps%stepsPerCharge == 0 {
		m.spend(stepsPerCharge / stepsPerUnit)
	}
}

// classEnd returns the index after the single-character class at p.
func (m *matcher) classEnd(p int) int {
	c := m.pat[p]
	p++
	switch c {
	case '%':
		if p == len(m.pat) {
			m.fail("malformed pattern (ends with '%')")
		}
		return p + 1
	case '[':
		if p < len(m.pat) && m.pat[p] == '^' {
			p++
		}
		// The first character after [ is taken as it is, even when it is ].
		for first := true; first || p == len(m.pat) || m.pat[p] != ']'; first = false {
			if p == len(m.pat) {
				m.fail("malformed pattern (missing ']')")
			}
			p++
			if m.pat[p-1] == '%' && p < len(m.pat) {
				p++
			}
		}
		return p + 1
	}
	return p
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// inClass reports whether c is in the class named by a letter after %. An upper
// case letter is the complement; what is not a letter stands for itself.
func inClass(c, class byte) bool {
	var in bool
	switch class | 0x20 {
	case 'a':
		in = isAlpha(c)
	case 'c':
		in = c < 0x20 || c == 0x7f
	case 'd':
		in = isDigit(c)
	case 'l':
		in = c >= 'a' && c <= 'z'
	case 'p':
		in = c > 0x20 && c < 0x7f && !isAlpha(c) && !isDigit(c)
	case 's':
		in = c == ' ' || c >= '\t' && c <= '\r'
	case 'u':
		in = c >= 'A' && c <= 'Z'
	case 'w':
		in = isAlpha(c) || isDigit(c)
	case 'x':
		in = isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
	case 'z':
		in = c == 0
	default:
		return class == c
	}
	if !isAlpha(class) {
		return class == c
	}
	return in != (class >= 'A' && class <= 'Z')
}

// inSet reports whether c is in the set [p, end], both brackets included.
func (m *matcher) inSet(c byte, p, end int) bool {
	p++
	positive := true
	if m.pat[p] == '^' {
		positive, p = false, p+1
	}
	for ; p < end; p++ {
		switch {
		case m.pat[p] == '%':
			p++
			if inClass(c, m.pat[p]) {
				return positive
			}
		case p+2 < end && m.pat[p+1] == '-':
			if m.pat[p] <= c && c <= m.pat[p+2] {
				return positive
			}
			p += 2
		case m.pat[p] == c:
			return positive
		}
	}
	return !positive
}

// single reports whether the class [p, end) matches the character at s.
func (m *matcher) single(s, p, end int) bool {
	m.step()
	if s >= len(m.src) {
		return false
	}
	c := m.src[s]
	switch m.pat[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pat[p+1])
	case '[':
		return m.inSet(c, p, end-1)
	}
	return m.pat[p] == c
}

// match matches the pattern from p at s and returns the end, or -1.
func (m *matcher) match(s, p int) int {
	for p < len(m.pat) {
		m.step()
		switch m.pat[p] {
		case '(':
			if p+1 < len(m.pat) && m.pat[p+1] == ')' {
				return m.startCapture(s, p+2, capturePosition)
			}
			return m.startCapture(s, p+1, captureOpen)
		case ')':
			return m.endCapture(s, p+1)
		case '$':
			if p+1 == len(m.pat) {
				if s == len(m.src) {
					return s
				}
				return -1
			}
		case '%':
			if next, end, special := m.escape(s, p); special {
				if end < 0 {
					return -1
				}
				s, p = end, next
				continue
			}
		}
		end := m.classEnd(p)
		switch m.suffix(end) {
		case '?':
			if m.single(s, p, end) {
				if e := m.match(s+1, end+1); e >= 0 {
					return e
				}
			}
			p = end + 1
		case '*':
			return m.maxExpand(s, p, end)
		case '+':
			if !m.single(s, p, end) {
				return -1
			}
			return m.maxExpand(s+1, p, end)
		case '-':
			return m.minExpand(s, p, end)
		default:
			if !m.single(s, p, end) {
				return -1
			}
			s, p = s+1, end
		}
	}
	return s
}

func (m *matcher) suffix(end int) byte {
	if end < len(m.pat) {
		return m.pat[end]
	}
	return 0
}

// escape handles %b, %f and %1 to %9 at p. It returns where the pattern goes on
// and where the subject does, -1 for no match; special is false for an ordinary
// class such as %a.
func (m *matcher) escape(s, p int) (next, end int, special bool) {
	if p+1 == len(m.pat) {
		return 0, 0, false
	}
	switch c := m.pat[p+1]; {
	case c == 'b':
		return p + 4, m.balance(s, p+2), true
	case c == 'f':
		return m.frontier(s, p+2)
	case isDigit(c):
		return p + 2, m.backReference(s, c), true
	}
	return 0, 0, false
}

func (m *matcher) balance(s, p int) int {
	if p+1 >= len(m.pat) {
		m.fail("unbalanced pattern")
	}
	if s >= len(m.src) || m.src[s] != m.pat[p] {
		return -1
	}
	opening, closing, depth := m.pat[p], m.pat[p+1], 1
	for s++; s < len(m.src); s++ {
		m.step()
		switch m.src[s] {
		case closing:
			if depth--; depth == 0 {
				return s + 1
			}
		case opening:
			depth++
		}
	}
	return -1
}

// frontier matches the empty string between a character outside a set and one
// inside it, the ends of the subject counting as the character zero.
func (m *matcher) frontier(s, p int) (next, end int, special bool) {
	if p >= len(m.pat) || m.pat[p] != '[' {
		m.fail("missing '[' after '%f' in pattern")
	}
	close := m.classEnd(p)
	var before, here byte
	if s > 0 {
		before = m.src[s-1]
	}
	if s < len(m.src) {
		here = m.src[s]
	}
	if m.inSet(before, p, close-1) || !m.inSet(here, p, close-1) {
		return close, -1, true
	}
	return close, s, true
}

func (m *matcher) backReference(s int, digit byte) int {
	l := int(digit - '1')
	if l < 0 || l >= m.level || m.captures[l].length == captureOpen {
		m.fail("invalid capture index")
	}
	c := m.captures[l]
	if c.length == capturePosition || !strings.HasPrefix(m.src[s:], m.src[c.start:c.start+c.length]) {
		return -1
	}
	return s + c.length
}

func (m *matcher) startCapture(s, p, state int) int {
	if m.level == maxCaptures {
		m.fail("too many captures")
	}
	m.captures[m.level] = capture{s, state}
	m.level++
	e := m.match(s, p)
	if e < 0 {
		m.level--
	}
	return e
}

func (m *matcher) endCapture(s, p int) int {
	l := m.level - 1
	for ; l >= 0 && m.captures[l].length != captureOpen; l-- {
	}
	if l < 0 {
		m.fail("invalid pattern capture")
	}
	m.captures[l].length = s - m.captures[l].start
	e := m.match(s, p)
	if e < 0 {
		m.captures[l].length = captureOpen
	}
	return e
}

func (m *matcher) maxExpand(s, p, end int) int {
	n := 0
	for m.single(s+n, p, end) {
		n++
	}
	for ; n >= 0; n-- {
		if e := m.match(s+n, end+1); e >= 0 {
			return e
		}
	}
	return -1
}

func (m *matcher) minExpand(s, p, end int) int {
	for {
		if e := m.match(s, end+1); e >= 0 {
			return e
		}
		if !m.single(s, p, end) {
			return -1
		}
		s++
	}
}
