package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/host/cli/manual"
	"github.com/perilune/perilune/host/learn"
)

// docsWidth is how wide the manual is where no terminal says less.
const docsWidth = 100

// chapters are those of the manual, the one that is made of the API's specifications, and the
// tutorial.
func chapters() []manual.Chapter {
	return manual.Chapters(manual.New("api", bindings.Reference(std.Modules())), manual.New("learn", learn.Chapter()))
}

// docsVerb shows the manual: its contents, a chapter, or where words stand in it.
func docsVerb(_ context.Context, e *env, args []string) error {
	f := e.flags("docs", "[CHAPTER] [WORD…] [flags]", "perilune docs live | less")
	list := f.Bool("list", false, "print the names of the chapters, one a line")
	markdown := f.Bool("markdown", false, "print Markdown as it is written")
	llms := f.Bool("llms", false, "print llms.txt: what the chapters are, for a model")
	all := f.Bool("all", false, "print all chapters as one text in Markdown")
	dir := f.String("man", "", "write man pages into this directory")
	asJSON := f.Bool("json", false, "print one JSON object on stdout")
	if err := parse(f, args); err != nil {
		return err
	}
	if *dir != "" || *list || *llms || *all {
		if f.NArg() > 0 {
			return fail(ExitUsage, "--man, --list, --llms and --all are of the whole manual: unexpected argument %q", f.Arg(0))
		}
		if *dir != "" {
			return e.manPages(*dir, *asJSON)
		}
		if *llms || *all {
			return e.forModels(chapters(), *all)
		}
	}
	chapters, query := chapters(), f.Args()
	if len(query) == 0 {
		return e.contents(chapters, *list, *asJSON)
	}
	within := chapters
	if c, ok := manual.Find(chapters, query[0]); ok {
		if len(query) == 1 {
			return e.shown(c.Name, c.Title, c.Source, *markdown, *asJSON)
		}
		within, query = []manual.Chapter{c}, query[1:]
	}
	hits := manual.Search(within, query)
	switch {
	case len(hits) == 0:
		return fail(ExitFailure, "nothing in the manual has %q%s (see perilune docs)", strings.Join(query, " "), nearestChapter(query[0]))
	case len(hits) == 1 && !*asJSON:
		return e.shown(hits[0].Chapter, hits[0].Title, hits[0].Source, *markdown, false)
	}
	return e.found(hits, query, *asJSON)
}

// forModels prints the contents as llms.txt (llmstxt.org) wants them, or the whole.
func (e *env) forModels(chapters []manual.Chapter, whole bool) error {
	var b strings.Builder
	if !whole {
		b.WriteString("# Perilune\n\n> Runs your own Lua trading strategies on perpetual and spot markets: paper by default, every order journalled, a session replays exactly.\n\n" +
			"`perilune docs CHAPTER --markdown` prints a chapter, `perilune docs --all` all of them; over MCP (`perilune mcp`) they are the resources below.\n\n## Manual\n\n")
	}
	for _, c := range chapters {
		if whole {
			b.WriteString(strings.TrimSuffix(c.Source, "\n") + "\n\n")
			continue
		}
		fmt.Fprintf(&b, "- [%s](%s): %s\n", c.Title, docURI(c.Name), c.Summary)
	}
	_, err := io.WriteString(e.out, b.String())
	return err
}

// docURI is where the chapter is read over MCP.
func docURI(chapter string) string { return "perilune://docs/" + chapter }

func nearestChapter(word string) string {
	var names []string
	for _, c := range chapters() {
		names = append(names, c.Name)
	}
	return bindings.DidYouMean(word, names)
}

func (e *env) contents(chapters []manual.Chapter, bare, asJSON bool) error {
	if asJSON {
		type chapterOut struct {
			Name    string `json:"name"`
			Title   string `json:"title"`
			Summary string `json:"summary"`
		}
		var out []chapterOut
		for _, c := range chapters {
			out = append(out, chapterOut{c.Name, c.Title, c.Summary})
		}
		return e.printJSON(map[string]any{"chapters": out})
	}
	if bare {
		for _, c := range chapters {
			fmt.Fprintln(e.out, c.Name)
		}
		return nil
	}
	var b strings.Builder
	b.WriteString("# The manual\n\n`perilune docs CHAPTER` shows a chapter, `perilune docs WORD…` finds the sections that have all the words.\n\n| chapter | |\n|---|---|\n")
	for _, c := range chapters {
		fmt.Fprintf(&b, "| `%s` | %s |\n", c.Name, strings.ReplaceAll(c.Summary, "|", `\|`))
	}
	return e.markdown(b.String())
}

// shown prints a chapter or a section of it.
func (e *env) shown(chapter, title, source string, raw, asJSON bool) error {
	switch {
	case asJSON:
		return e.printJSON(map[string]string{"chapter": chapter, "title": title, "markdown": source})
	case raw:
		_, err := fmt.Fprintln(e.out, strings.TrimSuffix(source, "\n"))
		return err
	}
	return e.markdown(source)
}

func (e *env) markdown(source string) error {
	width := docsWidth
	if w, _ := terminal(e.out); w > 0 {
		width = min(w, width)
	}
	return manual.Terminal(e.out, source, width, newScreen(e.out).color)
}

// found lists where the words stand.
func (e *env) found(hits []manual.Section, query []string, asJSON bool) error {
	if asJSON {
		type hitOut struct {
			Chapter  string `json:"chapter"`
			Title    string `json:"title"`
			Markdown string `json:"markdown"`
		}
		var out []hitOut
		for _, h := range hits {
			out = append(out, hitOut{h.Chapter, h.Title, h.Source})
		}
		return e.printJSON(map[string]any{"sections": out})
	}
	t := tabwriter.NewWriter(e.out, 0, 0, 2, ' ', 0)
	for _, h := range hits {
		fmt.Fprintf(t, "%s\t%s\t%s\n", h.Chapter, h.Title, cutTo(h.Line(query), 80))
	}
	return t.Flush()
}

// cutTo shortens a line to n letters.
func cutTo(line string, n int) string {
	r := []rune(line)
	if len(r) <= n {
		return line
	}
	return string(r[:n-1]) + "…"
}

// manPages writes perilune.1 and a page of section 7 for each chapter.
func (e *env) manPages(dir string, asJSON bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	version := buildOf().Version
	var files []string
	write := func(name string, page func(io.Writer) error) error {
		path := filepath.Join(dir, name)
		files = append(files, path)
		w, err := os.Create(path)
		if err != nil {
			return err
		}
		if err := page(w); err != nil {
			w.Close()
			return err
		}
		return w.Close()
	}
	err := write("perilune.1", func(w io.Writer) error { return manual.ManCommand(w, version, manCommands()) })
	for _, c := range chapters() {
		if err == nil {
			err = write("perilune-"+c.Name+".7", func(w io.Writer) error { return c.Man(w, version) })
		}
	}
	if err != nil {
		return err
	}
	if asJSON {
		return e.printJSON(map[string]any{"files": files})
	}
	for _, path := range files {
		fmt.Fprintln(e.out, "wrote", path)
	}
	return nil
}

// manCommands are all commands with what --help says of each.
func manCommands() (out []manual.Command) {
	for _, v := range verbs() {
		var help strings.Builder
		_ = v.run(context.Background(), &env{in: strings.NewReader(""), out: &help, err: io.Discard}, []string{"--help"})
		out = append(out, manual.Command{Name: v.name, Short: v.short, Help: help.String()})
	}
	return out
}
