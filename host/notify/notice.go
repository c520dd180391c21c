package notify

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange/intent"
)

// Notice is something that people should know.
type Notice struct {
	// Key is the same when the same notice comes again, after a restart say.
	Key      string
	Time     time.Time // the session's
	Severity intent.Severity
	Class    string // what it is about: halt, feed, daily, …
	Mode     string // LIVE or PAPER
	Session  string
	Strategy string // "host" for the host itself
	Text     string // in one line
	Count    int    // how often it came since it was told last: 1 or more
}

// textMost bounds the text of a notice, in bytes.
const textMost = 1000

// tidied is the notice with a text that is fit to be sent.
func (n Notice) tidied() Notice {
	n.Text = OneLine(n.Text)
	n.Count = max(n.Count, 1)
	return n
}

// OneLine makes of any text one printable line of at most 1000 bytes.
func OneLine(text string) string {
	if len(text) > 4*textMost {
		text = text[:4*textMost]
	}
	text = strings.Join(strings.Fields(bindings.Printable(strings.ToValidUTF8(text, "\uFFFD"))), " ")
	return cut(text, textMost)
}

// cut shortens text to a number of bytes, between two letters.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	text = text[:most-len("…")]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text + "…"
}

// title is the notice in a few words.
func (n *Notice) title() string {
	return fmt.Sprintf("%s %s: %s", n.Mode, strings.ToUpper(n.Severity.String()), n.Class)
}

// line is the notice among others.
func (n *Notice) line() string {
	return fmt.Sprintf("%s %s %s: %s", n.Time.UTC().Format("15:04:05"), n.Severity, n.Class, n.said())
}

// said is the text, with who says it and how often.
func (n *Notice) said() string {
	text := n.Text
	if n.Strategy != "" && n.Strategy != "host" {
		text = n.Strategy + ": " + text
	}
	if n.Count > 1 {
		text += fmt.Sprintf(" (%d times)", n.Count)
	}
	return text
}

// titleOf is the title of one notice or of several, by the worst of them.
func titleOf(list []Notice) string {
	worst := &list[0]
	for i := range list {
		if list[i].Severity > worst.Severity {
			worst = &list[i]
		}
	}
	if len(list) == 1 {
		return worst.title()
	}
	return fmt.Sprintf("%s and %d more", worst.title(), len(list)-1)
}

// bodyOf is what is told of one notice or of several, in lines.
func bodyOf(list []Notice) string {
	if len(list) == 1 {
		n := &list[0]
		return fmt.Sprintf("%s\n%s UTC, session %s", n.said(), n.Time.UTC().Format("2006-01-02 15:04:05"), n.Session)
	}
	lines := make([]string, 0, len(list)+1)
	for i := range list {
		lines = append(lines, list[i].line())
	}
	return strings.Join(append(lines, "session "+list[0].Session), "\n")
}

// textOf is title and body, for targets that have no title.
func textOf(list []Notice) string { return titleOf(list) + "\n" + bodyOf(list) }

// unmention parts every @ from what follows, so that nothing is a mention.
func unmention(text string) string { return strings.ReplaceAll(text, "@", "@\u200b") }
