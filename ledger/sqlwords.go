package ledger

import "strings"

// sqlWord is a word, number, string or sign of a statement.
type sqlWord struct {
	text string
	at   int // byte
}

// sqlWords cuts a statement up, and leaves spaces and comments out. What never ends goes to
// the end of the text.
func sqlWords(text string) (words []sqlWord) {
	for at := 0; at < len(text); {
		rest := text[at:]
		n := 1
		switch c := text[at]; {
		case c == ' ' || c >= '\t' && c <= '\r':
			at++
			continue
		case strings.HasPrefix(rest, "--"):
			at += through(rest, "\n")
			continue
		case strings.HasPrefix(rest, "/*"):
			at += through(rest, "*/")
			continue
		case c == '\'' || c == '"' || c == '`':
			n = quoted(rest, c)
		case c == '[':
			n = through(rest, "]")
		case inWord(c):
			for n < len(rest) && inWord(rest[n]) {
				n++
			}
		}
		words = append(words, sqlWord{text[at : at+n], at})
		at += n
	}
	return words
}

func through(rest, end string) int {
	before, _, ok := strings.Cut(rest, end)
	if !ok {
		return len(rest)
	}
	return len(before) + len(end)
}

// quoted is the length of a quoted text; a quote in it is doubled.
func quoted(rest string, quote byte) int {
	for i := 1; i < len(rest); i++ {
		if rest[i] != quote {
			continue
		}
		if i+1 == len(rest) || rest[i+1] != quote {
			return i + 1
		}
		i++
	}
	return len(rest)
}

func inWord(c byte) bool {
	return c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
}
