package cli

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"
)

// screen is what is known of where text goes for a person.
type screen struct {
	w     io.Writer
	tty   bool // a terminal
	moves bool // one that takes control sequences
	color bool
}

// newScreen looks at a writer and at what the environment asks for: NO_COLOR (of any value
// but none) and TERM=dumb, which takes no control sequences at all.
func newScreen(w io.Writer) screen {
	s := screen{w: w}
	_, s.tty = terminal(w)
	s.moves = s.tty && os.Getenv("TERM") != "dumb"
	s.color = s.moves && os.Getenv("NO_COLOR") == ""
	return s
}

// usualWidth is taken for that of a terminal that does not tell its own.
const usualWidth = 80

// width is how many columns a line may have, asked anew each time because terminals are
// resized; 0: any number.
func (s *screen) width() int {
	if !s.moves {
		return 0
	}
	w, _ := terminal(s.w)
	if w <= 0 {
		w, _ = strconv.Atoi(os.Getenv("COLUMNS"))
	}
	if w <= 0 {
		w = usualWidth
	}
	return max(w-1, 1) // a full last column makes some terminals wrap
}

// Colors of a severity, as SGR parameters.
const (
	plain  = ""
	bad    = "1;31" // bold red
	uneasy = "33"   // yellow
	good   = "32"
	faint  = "2"
)

// paint puts a text in a color, where there are any.
func paint(color bool, sgr, text string) string {
	if !color || sgr == plain || text == "" {
		return text
	}
	return "\x1b[" + sgr + "m" + text + "\x1b[0m"
}

// wide are the characters that terminals give two columns: East Asian wide and full-width
// ones, and what is shown as a picture.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115f, Stride: 1}, {Lo: 0x231a, Hi: 0x231b, Stride: 1}, {Lo: 0x23e9, Hi: 0x23ec, Stride: 1},
		{Lo: 0x25fd, Hi: 0x25fe, Stride: 1}, {Lo: 0x2614, Hi: 0x2615, Stride: 1}, {Lo: 0x2648, Hi: 0x2653, Stride: 1},
		{Lo: 0x26a1, Hi: 0x26a1, Stride: 1}, {Lo: 0x26aa, Hi: 0x26ab, Stride: 1}, {Lo: 0x26bd, Hi: 0x26be, Stride: 1},
		{Lo: 0x26c4, Hi: 0x26c5, Stride: 1}, {Lo: 0x26d4, Hi: 0x26d4, Stride: 1}, {Lo: 0x2705, Hi: 0x2705, Stride: 1},
		{Lo: 0x2728, Hi: 0x2728, Stride: 1}, {Lo: 0x274c, Hi: 0x274c, Stride: 1}, {Lo: 0x2753, Hi: 0x2757, Stride: 1},
		{Lo: 0x2795, Hi: 0x2797, Stride: 1}, {Lo: 0x2b1b, Hi: 0x2b1c, Stride: 1}, {Lo: 0x2e80, Hi: 0x303e, Stride: 1},
		{Lo: 0x3041, Hi: 0x33ff, Stride: 1}, {Lo: 0x3400, Hi: 0x4dbf, Stride: 1}, {Lo: 0x4e00, Hi: 0xa4cf, Stride: 1},
		{Lo: 0xa960, Hi: 0xa97c, Stride: 1}, {Lo: 0xac00, Hi: 0xd7a3, Stride: 1}, {Lo: 0xf900, Hi: 0xfaff, Stride: 1},
		{Lo: 0xfe30, Hi: 0xfe6f, Stride: 1}, {Lo: 0xff00, Hi: 0xff60, Stride: 1}, {Lo: 0xffe0, Hi: 0xffe6, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1f300, Hi: 0x1f64f, Stride: 1}, {Lo: 0x1f680, Hi: 0x1f6ff, Stride: 1}, {Lo: 0x1f900, Hi: 0x1f9ff, Stride: 1},
		{Lo: 0x20000, Hi: 0x3fffd, Stride: 1},
	},
}

// columnsOf is how many columns of a terminal a character takes.
func columnsOf(r rune) int {
	switch {
	case r < 0x300: // all that is common
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// columns is how many columns of a terminal a text takes.
func columns(text string) (n int) {
	for _, r := range text {
		n += columnsOf(r)
	}
	return n
}

// shorten cuts a text to a number of columns, with an ellipsis where something is left out.
func shorten(text string, width int) string {
	if columns(text) <= width {
		return text
	}
	var b strings.Builder
	n := 1 // of the ellipsis
	for _, r := range text {
		if n += columnsOf(r); n > width {
			break
		}
		b.WriteRune(r)
	}
	return b.String() + "…"
}
