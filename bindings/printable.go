package bindings

import (
	"strings"
	"unicode"
)

// Printable makes text of a script fit to be shown: without the characters that
// steer a terminal, which a script may have from anywhere.
func Printable(s string) string { return strings.Map(printable, s) }

// printable replaces a character that is not for reading. Text joins several
// signs with some that have no width.
func printable(r rune) rune {
	if r == '\n' || r == '\t' || unicode.IsGraphic(r) || r == '\u200c' || r == '\u200d' {
		return r
	}
	return unicode.ReplacementChar
}
