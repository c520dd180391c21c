package manual

import (
	"strings"

	"github.com/yuin/goldmark/ast"
)

// style is how a piece of text is set off.
type style int

const (
	plain style = iota
	strong
	code
)

// span is text of one style.
type span struct {
	text  string
	style style
}

// spans are the inline contents of a block. A line's end is a space, and a link is its
// text with the place it leads to: a chapter by the command that shows it.
func spans(n ast.Node, src []byte) []span { return inline(nil, n, src, plain) }

func inline(out []span, n ast.Node, src []byte, in style) []span {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			out = append(out, span{string(c.Segment.Value(src)), in})
			if c.SoftLineBreak() || c.HardLineBreak() {
				out = append(out, span{" ", in})
			}
		case *ast.String:
			out = append(out, span{string(c.Value), in})
		case *ast.CodeSpan:
			// Its lines are texts of their own, each with the break at its end.
			text := strings.ReplaceAll(words(inline(nil, c, src, code)), "\n", " ")
			out = append(out, span{text, code})
		case *ast.Emphasis:
			out = inline(out, c, src, strong)
		case *ast.AutoLink:
			out = append(out, span{string(c.URL(src)), in})
		case *ast.Link:
			out = inline(out, c, src, in)
			out = append(out, span{" (" + target(string(c.Destination)) + ")", plain})
		case *ast.Image:
			out = inline(out, c, src, in)
		case *ast.RawHTML: // marks places in a page, and says nothing here
		default:
			out = inline(out, c, src, in)
		}
	}
	return out
}

// target is where a link leads, for a reader who has a shell and no browser.
func target(link string) string {
	if strings.Contains(link, "://") {
		return link
	}
	name, _, _ := strings.Cut(link, "#")
	if chapter, ok := strings.CutSuffix(name, ".md"); ok && !strings.Contains(chapter, "/") && chapter != "" {
		return "perilune docs " + chapter
	}
	if name == "" {
		return "below"
	}
	return strings.TrimLeft(name, "./")
}

// words is the text alone.
func words(list []span) string {
	var b strings.Builder
	for _, s := range list {
		b.WriteString(s.text)
	}
	return b.String()
}
