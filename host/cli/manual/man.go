package manual

import (
	"fmt"
	"io"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
)

// ManWidth is how wide code and tables are in a man page, which does not wrap them.
const ManWidth = 78

// Man writes the chapter as a man page of section 7, for man(1) and mandoc. version is
// what its foot says.
func (c Chapter) Man(w io.Writer, version string) error {
	m := &man{}
	fmt.Fprintf(&m.b, ".TH \"PERILUNE-%s\" 7 \"\" %q \"Perilune\"\n.nh\n.ad l\n", strings.ToUpper(c.Name), "perilune "+version)
	fmt.Fprintf(&m.b, ".SH NAME\nperilune-%s \\- %s\n", c.Name, roff(c.Title))
	var doc ast.Node
	doc, m.src = parse(c.Source)
	m.blocks(doc)
	_, err := io.WriteString(w, m.b.String())
	return err
}

// Command is a command of the program, for its man page.
type Command struct {
	Name, Short string
	Help        string // as --help prints it
}

// ManCommand writes the man page of the program itself, section 1.
func ManCommand(w io.Writer, version string, commands []Command) error {
	m := &man{}
	fmt.Fprintf(&m.b, ".TH PERILUNE 1 \"\" %q \"Perilune\"\n.nh\n.ad l\n.SH NAME\nperilune \\- run trading strategies on perpetual and spot markets\n", "perilune "+version)
	m.b.WriteString(".SH SYNOPSIS\n.B perilune\n.I COMMAND\n[arguments]\n.SH COMMANDS\n")
	for _, c := range commands {
		fmt.Fprintf(&m.b, ".SS %s\n%s\n", roff(c.Name), roff(c.Short))
		m.verbatim(strings.Split(strings.TrimSpace(c.Help), "\n"))
	}
	m.b.WriteString(".SH SEE ALSO\n")
	for _, c := range Chapters() {
		fmt.Fprintf(&m.b, ".BR perilune\\-%s (7)\n", roff(c.Name))
	}
	_, err := io.WriteString(w, m.b.String())
	return err
}

type man struct {
	b     strings.Builder
	src   []byte
	depth int  // of lists
	item  bool // the next block is the first of an item: its mark was written
}

func (m *man) blocks(n ast.Node) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		m.block(c)
	}
}

func (m *man) block(n ast.Node) {
	switch n := n.(type) {
	case *ast.Heading:
		macro := ".SS"
		if n.Level <= 2 {
			macro = ".SH"
		}
		fmt.Fprintf(&m.b, "%s %s\n", macro, roff(words(spans(n, m.src))))
	case *ast.Paragraph, *ast.TextBlock:
		m.begin()
		m.b.WriteString(m.inline(n) + "\n")
	case *ast.FencedCodeBlock, *ast.CodeBlock:
		m.verbatim(strings.Split(strings.TrimSuffix(string(n.Lines().Value(m.src)), "\n"), "\n"))
	case *ast.List:
		m.list(n)
	case *extast.Table:
		t := &terminal{src: m.src, width: ManWidth}
		m.verbatim(table(t.rows(n), ManWidth, t.wrap))
	case *ast.HTMLBlock: // a place or a comment of a page
	default:
		m.blocks(n)
	}
}

// begin begins a block: a paragraph of its own, or one more of an item.
func (m *man) begin() {
	switch {
	case m.item:
		m.item = false
	case m.depth > 0:
		m.b.WriteString(".IP \"\" 4\n")
	default:
		m.b.WriteString(".PP\n")
	}
}

func (m *man) list(n *ast.List) {
	if m.depth > 0 {
		m.b.WriteString(".RS 4\n")
		defer m.b.WriteString(".RE\n")
	}
	m.depth++
	for c, i := n.FirstChild(), n.Start; c != nil; c, i = c.NextSibling(), i+1 {
		mark := "\\(bu"
		if n.IsOrdered() {
			mark = fmt.Sprintf("%d.", i)
		}
		fmt.Fprintf(&m.b, ".IP %s 4\n", mark)
		m.item = true
		m.blocks(c)
		m.item = false
	}
	m.depth--
}

func (m *man) verbatim(lines []string) {
	m.begin()
	m.b.WriteString(".nf\n")
	for _, l := range lines {
		m.b.WriteString(roff(l) + "\n")
	}
	m.b.WriteString(".fi\n")
}

func (m *man) inline(n ast.Node) string {
	var b strings.Builder
	for _, s := range spans(n, m.src) {
		text := strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(s.text)
		if s.style != plain {
			text = `\fB` + text + `\fR`
		}
		b.WriteString(text)
	}
	return guard(b.String())
}

// roff is text that a formatter takes as it is.
func roff(text string) string { return guard(strings.NewReplacer(`\`, `\e`, `-`, `\-`).Replace(text)) }

// guard keeps a line that begins as a request does from being one.
func guard(line string) string {
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		return `\&` + line
	}
	return line
}
