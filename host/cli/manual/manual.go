// Package manual is the manual: its chapters, which are the files in Markdown beside
// this one, and how they are shown on a terminal and as man pages. The whole of it is in
// the binary, so that the text is of the version that runs.
package manual

import (
	"cmp"
	"embed"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

//go:embed *.md
var files embed.FS

// order is that of a reader who begins; chapters that are not in it come after, by name.
var order = []string{
	"getting-started", "learn", "strategies", "orders", "indicators", "testing", "debugging", "api", "pairs", "large-orders", "advisor",
	"paper", "twin", "shadow", "data", "study", "reports", "sessions", "reload", "market-data", "live", "venues", "sim",
	"install", "operating", "configuration", "control", "doors", "page", "alerts", "logs", "metrics", "ledger", "mcp",
	"commands", "exit-codes", "troubleshooting", "embedding", "performance", "limits", "changelog",
}

// Chapter is one file of the manual.
type Chapter struct {
	Name    string // as a reader asks for it: the file's name without .md
	Title   string // its heading
	Summary string // the paragraph under the heading
	Source  string // Markdown
}

// Section is what stands under one heading of a chapter, its title included.
type Section struct {
	Chapter, Title string
	Source         string // Markdown
}

// Chapters are all chapters in reading order, with those that are made elsewhere (New).
func Chapters(made ...Chapter) []Chapter {
	list, err := files.ReadDir(".")
	if err != nil {
		panic(err) // what is embedded can be read
	}
	out := slices.Clone(made)
	for _, f := range list {
		source, err := files.ReadFile(f.Name())
		if err != nil {
			panic(err)
		}
		out = append(out, New(strings.TrimSuffix(f.Name(), ".md"), string(source)))
	}
	slices.SortStableFunc(out, func(a, b Chapter) int { return cmp.Compare(place(a.Name), place(b.Name)) })
	return out
}

func place(name string) int {
	if i := slices.Index(order, name); i >= 0 {
		return i
	}
	return len(order)
}

// New is a chapter of a text in Markdown.
func New(name, source string) Chapter {
	c := Chapter{Name: name, Source: source}
	doc, src := parse(source)
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		switch n.Kind() {
		case ast.KindHeading:
			if c.Title != "" {
				return c
			}
			c.Title = words(spans(n, src))
		case ast.KindParagraph:
			c.Summary = words(spans(n, src))
			return c
		}
	}
	return c
}

// parse reads Markdown with tables.
func parse(source string) (ast.Node, []byte) {
	src := []byte(source)
	return goldmark.New(goldmark.WithExtensions(extension.Table)).Parser().Parse(text.NewReader(src)), src
}

// Find returns the chapter of that name.
func Find(chapters []Chapter, name string) (Chapter, bool) {
	for _, c := range chapters {
		if c.Name == name {
			return c, true
		}
	}
	return Chapter{}, false
}

// Sections are the parts of a chapter, each under its heading.
func (c Chapter) Sections() []Section {
	doc, src := parse(c.Source)
	var out []Section
	begin := 0
	add := func(end int) {
		if s := strings.TrimSpace(c.Source[begin:end]); s != "" {
			title, _, _ := strings.Cut(s, "\n")
			out = append(out, Section{Chapter: c.Name, Title: strings.TrimSpace(strings.TrimLeft(title, "#")), Source: s})
		}
		begin = end
	}
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if n.Kind() == ast.KindHeading && n.Lines().Len() > 0 {
			add(strings.LastIndex(string(src[:n.Lines().At(0).Start]), "\n") + 1)
		}
	}
	add(len(c.Source))
	return out
}

// Search finds the sections of these chapters that hold all words, in capitals or not:
// those that have them in the title first, then by how often they have them.
func Search(chapters []Chapter, query []string) []Section {
	type hit struct {
		Section
		titles, times int
	}
	var hits []hit
	for _, c := range chapters {
		for _, s := range c.Sections() {
			h := hit{Section: s}
			body, title, all := strings.ToLower(s.Source), strings.ToLower(s.Title), true
			for _, w := range query {
				w = strings.ToLower(w)
				n := strings.Count(body, w)
				all = all && n > 0
				h.times += n
				if strings.Contains(title, w) {
					h.titles++
				}
			}
			if all {
				hits = append(hits, h)
			}
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(b.titles, a.titles), cmp.Compare(b.times, a.times))
	})
	out := make([]Section, len(hits))
	for i, h := range hits {
		out[i] = h.Section
	}
	return out
}

// Line is the first line of a section with one of the words, as text; "" when only the
// title has them.
func (s Section) Line(query []string) string {
	for _, line := range strings.Split(s.Source, "\n")[1:] {
		for _, w := range query {
			if strings.Contains(strings.ToLower(line), strings.ToLower(w)) {
				return strings.TrimSpace(line)
			}
		}
	}
	return ""
}
