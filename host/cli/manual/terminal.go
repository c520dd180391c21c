package manual

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// Terminal shows Markdown as text of at most width columns; code and tables with long
// words may be wider. With bold, headings and names are set off by it, else as in plain
// text: a pager, a file and a mail show both.
func Terminal(w io.Writer, source string, width int, bold bool) error {
	doc, src := parse(source)
	t := &terminal{src: src, width: width, bold: bold}
	t.blocks(doc, "")
	_, err := io.WriteString(w, strings.TrimLeft(t.b.String(), "\n"))
	return err
}

type terminal struct {
	b     strings.Builder
	src   []byte
	width int
	bold  bool
	tight bool // no empty line before the next block
}

func (t *terminal) blocks(n ast.Node, indent string) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		t.block(c, indent)
	}
}

func (t *terminal) block(n ast.Node, indent string) {
	switch n := n.(type) {
	case *ast.Heading:
		t.gap()
		title := words(spans(n, t.src))
		fmt.Fprintf(&t.b, "%s%s\n", indent, t.set(title, strong))
		if mark := map[int]string{1: "=", 2: "-"}[n.Level]; mark != "" {
			fmt.Fprintf(&t.b, "%s%s\n", indent, strings.Repeat(mark, utf8.RuneCountInString(title)))
		}
	case *ast.Paragraph, *ast.TextBlock:
		t.gap()
		t.lines(t.wrap(t.styled(n), t.width-utf8.RuneCountInString(indent)), indent)
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		t.gap()
		t.lines(strings.Split(strings.TrimSuffix(string(n.Lines().Value(t.src)), "\n"), "\n"), indent+"    ")
	case *ast.List:
		t.list(n, indent)
	case *extast.Table:
		t.gap()
		t.lines(table(t.rows(n), t.width-utf8.RuneCountInString(indent), t.wrap), indent)
	case *ast.HTMLBlock: // a place or a comment of a page
	default:
		t.blocks(n, indent)
	}
}

// gap is the empty line between blocks.
func (t *terminal) gap() {
	if !t.tight {
		t.b.WriteByte('\n')
	}
	t.tight = false
}

func (t *terminal) lines(list []string, indent string) {
	for _, l := range list {
		t.b.WriteString(strings.TrimRight(indent+l, " ") + "\n")
	}
}

// list sets the first line of an item behind its mark.
func (t *terminal) list(n *ast.List, indent string) {
	number := n.Start
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		mark := "- "
		if n.IsOrdered() {
			mark = fmt.Sprintf("%d. ", number)
			number++
		}
		inner := &terminal{src: t.src, width: t.width, bold: t.bold, tight: true}
		inner.blocks(c, indent+strings.Repeat(" ", len(mark)))
		if c == n.FirstChild() || !n.IsTight {
			t.gap()
		}
		t.b.WriteString(indent + mark + strings.TrimPrefix(inner.b.String(), indent+strings.Repeat(" ", len(mark))))
	}
}

func (t *terminal) rows(n *extast.Table) (rows [][]string) {
	for r := n.FirstChild(); r != nil; r = r.NextSibling() {
		var row []string
		for c := r.FirstChild(); c != nil; c = c.NextSibling() {
			row = append(row, t.styled(c))
		}
		rows = append(rows, row)
	}
	return rows
}

func (t *terminal) styled(n ast.Node) string {
	var b strings.Builder
	for _, s := range spans(n, t.src) {
		b.WriteString(t.set(s.text, s.style))
	}
	return b.String()
}

// set sets text off. Each word for itself, so that a line can end between two.
func (t *terminal) set(text string, s style) string {
	switch {
	case s == plain || strings.TrimSpace(text) == "":
		return text
	case t.bold:
		return "\x1b[1m" + strings.ReplaceAll(text, " ", "\x1b[0m \x1b[1m") + "\x1b[0m"
	case s == code:
		return "`" + text + "`"
	}
	return text
}

// wrap breaks text at spaces into lines of at most width columns, and a word that is
// longer than that is a line.
func (t *terminal) wrap(text string, width int) (out []string) {
	line, n := "", 0
	for _, word := range strings.Fields(text) {
		size := columns(word)
		if n > 0 && n+1+size > width {
			out = append(out, line)
			line, n = "", 0
		}
		if n > 0 {
			line += " "
			n++
		}
		line += word
		n += size
	}
	return append(out, line)
}

// columns counts what is seen of a word: the escapes of bold are not.
func columns(word string) int {
	n := utf8.RuneCountInString(word)
	for _, esc := range []string{"\x1b[1m", "\x1b[0m"} {
		n -= len(esc) * strings.Count(word, esc)
	}
	return n
}

// between stands between two columns of a table.
const between = 2

// table lays rows out in columns, the first row as their heads. Columns are as wide as
// they need; where that is more than there is, the widest give way.
func table(rows [][]string, width int, wrap func(string, int) []string) (out []string) {
	need := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			need[i] = max(need[i], columns(cell))
		}
	}
	fits := fit(need, width-between*(len(need)-1))
	wide := false
	for i := range need {
		wide = wide || fits[i] < need[i]
	}
	for r, row := range rows {
		if r > 0 && wide {
			out = append(out, "")
		}
		out = append(out, tableRow(row, fits, wrap)...)
		if r == 0 {
			var rule []string
			for _, n := range fits {
				rule = append(rule, strings.Repeat("-", n))
			}
			out = append(out, strings.Join(rule, strings.Repeat(" ", between)))
		}
	}
	return out
}

func tableRow(row []string, fits []int, wrap func(string, int) []string) (out []string) {
	cells, height := make([][]string, len(row)), 0
	for i, cell := range row {
		cells[i] = wrap(cell, fits[i])
		height = max(height, len(cells[i]))
	}
	for h := range height {
		line := ""
		for i, lines := range cells {
			text := ""
			if h < len(lines) {
				text = lines[h]
			}
			line += text + strings.Repeat(" ", max(fits[i]-columns(text), 0)+between)
		}
		out = append(out, strings.TrimRight(line, " "))
	}
	return out
}

// fit takes columns from the widest until all fit; none gets narrower than 8.
func fit(need []int, width int) []int {
	fits := append([]int(nil), need...)
	sum := 0
	for _, n := range fits {
		sum += n
	}
	for ; sum > width; sum-- {
		widest := 0
		for i, n := range fits {
			if n > fits[widest] {
				widest = i
			}
		}
		if fits[widest] <= 8 {
			break
		}
		fits[widest]--
	}
	return fits
}
