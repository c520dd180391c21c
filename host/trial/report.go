package trial

import (
	"encoding/xml"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/perilune/perilune/bindings"
)

// Console tells of tests as people read them.
type Console struct {
	W      io.Writer
	Color  bool
	suites []string
	file   string
}

func (c *Console) paint(code, text string) string {
	if !c.Color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Test tells of one test.
func (c *Console) Test(r *Result) {
	if r.File != c.file {
		c.file, c.suites = r.File, nil
		fmt.Fprintf(c.W, "%s\n", r.File)
	}
	for i, name := range r.Suites {
		if i >= len(c.suites) || c.suites[i] != name {
			fmt.Fprintf(c.W, "%s%s\n", strings.Repeat("  ", i+1), name)
			c.suites = append(c.suites[:min(i, len(c.suites))], name)
		}
	}
	c.suites = c.suites[:len(r.Suites)]
	indent := strings.Repeat("  ", len(r.Suites)+1)
	switch r.Status {
	case Passed:
		fmt.Fprintf(c.W, "%s%s %s%s\n", indent, c.paint("32", "✓"), r.Name, slow(r.Took))
	case Skipped:
		fmt.Fprintf(c.W, "%s%s %s: %s\n", indent, c.paint("33", "-"), r.Name, r.Reason)
	case Failed:
		fmt.Fprintf(c.W, "%s%s %s\n", indent, c.paint("31", "✗"), r.Name)
		c.failure(indent+"    ", r)
	}
}

func slow(d time.Duration) string {
	if d < time.Second {
		return ""
	}
	return fmt.Sprintf(" (%.1f s)", d.Seconds())
}

func (c *Console) failure(indent string, r *Result) {
	for _, l := range r.Failure.lines() {
		fmt.Fprintf(c.W, "%s%s\n", indent, l)
	}
	for i, l := range r.Log {
		if i == 0 {
			fmt.Fprintf(c.W, "%sits log ends with\n", indent)
		}
		for _, part := range strings.Split(l, "\n") {
			fmt.Fprintf(c.W, "%s  %s\n", indent, part)
		}
	}
}

// lines are a failure as text: the place, what was wanted and what there was, the line, and
// what differs.
func (f *Failure) lines() []string {
	out := strings.Split(fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message), "\n")
	if f.Source != "" {
		out = append(out, "    "+f.Source)
	}
	for _, d := range f.Detail {
		out = append(out, "  "+d)
	}
	return out
}

// Summary tells what came of all.
func (c *Console) Summary(r *Report) {
	for _, f := range r.Files {
		if f.Problem != "" {
			fmt.Fprintf(c.W, "%s %s does not load\n    %s\n", c.paint("31", "✗"), f.Path, strings.ReplaceAll(f.Problem, "\n", "\n    "))
		}
	}
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{r.Passed, "passed"}, {r.Failed, "failed"}, {r.Skipped, "skipped"}, {r.Broken, "files that do not load"}} {
		if p.n > 0 || p.what == "passed" {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	code := "32"
	if !r.OK() {
		code = "31"
	}
	fmt.Fprintf(c.W, "%s in %.2f s, seed %d\n", c.paint(code, strings.Join(parts, ", ")), r.Took.Seconds(), r.Seed)
	if r.Coverage != nil {
		c.coverage(r.Coverage)
	}
}

func (c *Console) coverage(v *Coverage) {
	fmt.Fprintf(c.W, "\n%-40s %7s %9s  %s\n", "file", "lines", "covered", "not covered")
	for _, f := range v.Files {
		fmt.Fprintf(c.W, "%-40s %7d %8.1f%%  %s\n", f.Path, f.Lines, f.Percent, Ranges(f.Uncovered))
	}
	if len(v.Files) > 1 {
		fmt.Fprintf(c.W, "%-40s %7d %8.1f%%\n", "all", v.Lines, v.Percent)
	}
}

// TAP writes a report as the Test Anything Protocol has it, version 13.
func TAP(w io.Writer, r *Report) error {
	var b strings.Builder
	b.WriteString("TAP version 13\n")
	n := 0
	for _, f := range r.Files {
		if f.Problem != "" {
			n++
			fmt.Fprintf(&b, "not ok %d - %s does not load\n%s", n, described(filepath.ToSlash(f.Path)), yaml(strings.Split(f.Problem, "\n")))
		}
		for _, t := range f.Tests {
			n++
			name := described(filepath.ToSlash(t.File) + ": " + t.FullName())
			switch t.Status {
			case Passed:
				fmt.Fprintf(&b, "ok %d - %s\n", n, name)
			case Skipped:
				fmt.Fprintf(&b, "ok %d - %s # SKIP %s\n", n, name, oneLine(t.Reason))
			case Failed:
				fmt.Fprintf(&b, "not ok %d - %s\n%s", n, name, yaml(t.Failure.lines()))
			}
		}
	}
	fmt.Fprintf(&b, "1..%d\n", n)
	_, err := io.WriteString(w, b.String())
	return err
}

// described is text as a description of TAP, which ends with its line, or at a #.
func described(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(oneLine(text), "\\", "\\\\"), "#", "\\#")
}

// oneLine is text of a test for a line of its own: a name may be of any bytes.
func oneLine(text string) string {
	return strings.ReplaceAll(bindings.Printable(text), "\n", " ")
}

func yaml(lines []string) string {
	text := bindings.Printable(strings.Join(lines, "\n"))
	return "  ---\n  message: |\n    " + strings.ReplaceAll(text, "\n", "\n    ") + "\n  ...\n"
}

// junitSuites and what is in it are the elements of JUnit's XML that everybody reads.
type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr,omitempty"`
	Time    string        `xml:"time,attr"`
	Failure *junitProblem `xml:"failure,omitempty"`
	Error   *junitProblem `xml:"error,omitempty"`
	Skipped *junitProblem `xml:"skipped,omitempty"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes a report as JUnit's XML, which services of continuous integration read.
func JUnit(w io.Writer, r *Report) error {
	out := junitSuites{Tests: r.Passed + r.Failed + r.Skipped + r.Broken, Failures: r.Failed, Errors: r.Broken, Skipped: r.Skipped, Time: seconds(r.Took)}
	for _, f := range r.Files {
		s := junitSuite{Name: f.Path, Tests: len(f.Tests)}
		if f.Problem != "" {
			s.Errors++
			s.Tests++ // its case
			s.Cases = append(s.Cases, junitCase{Name: "load", Class: f.Path, File: f.Path, Time: "0", Error: &junitProblem{"it does not load", f.Problem}})
		}
		for _, t := range f.Tests {
			c := junitCase{Name: t.FullName(), Class: f.Path, File: t.File, Line: t.Line, Time: seconds(t.Took)}
			switch t.Status {
			case Failed:
				s.Failures++
				c.Failure = &junitProblem{t.Failure.Message, strings.Join(append(t.Failure.lines(), t.Log...), "\n")}
			case Skipped:
				s.Skipped++
				c.Skipped = &junitProblem{Message: t.Reason}
			}
			s.Cases = append(s.Cases, c)
		}
		out.Suites = append(out.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// LCOV writes coverage as a tracefile of lcov has it, which editors and services read.
func LCOV(w io.Writer, v *Coverage) error {
	var b strings.Builder
	for i := range v.Files {
		f := &v.Files[i]
		fmt.Fprintf(&b, "TN:\nSF:%s\n", f.Path)
		for line, counts := range f.Counts {
			if counts {
				fmt.Fprintf(&b, "DA:%d,%d\n", line, f.Hits[line])
			}
		}
		fmt.Fprintf(&b, "LF:%d\nLH:%d\nend_of_record\n", f.Lines, f.Covered)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// CoverHTML writes the files with their lines that ran, and how often, as one page.
func CoverHTML(w io.Writer, v *Coverage) error { return coverPage.Execute(w, v) }

// pageLine is a line of a file for the page.
type pageLine struct {
	N     int
	Class string // "ran", "not", or ""
	Hits  string
	Text  string
}

// Page is the file's lines.
func (f *FileCoverage) Page() (out []pageLine) {
	for i, text := range f.Text {
		l := pageLine{N: i + 1, Text: text}
		if n := i + 1; n < len(f.Counts) && f.Counts[n] {
			if l.Class = "not"; f.Hits[n] > 0 {
				l.Class, l.Hits = "ran", fmt.Sprint(f.Hits[n])
			}
		}
		out = append(out, l)
	}
	return out
}

var coverPage = template.Must(template.New("cover").Parse(`<!doctype html>
<meta charset="utf-8"><title>coverage {{printf "%.1f" .Percent}} %</title>
<style>
body{font:14px/1.4 system-ui;margin:2em auto;max-width:70em;color:#222;background:#fff}
pre{font:13px/1.35 ui-monospace,monospace;background:#f7f7f7;padding:.6em 0;overflow-x:auto}
pre span{display:block;white-space:pre}i{display:inline-block;width:4em;text-align:right;padding-right:1em;color:#999;font-style:normal}
.ran{background:#dff5e1}.not{background:#fbdcdc}summary{cursor:pointer;font-weight:600}
@media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}pre{background:#1e1e1e}.ran{background:#173a1d}.not{background:#4a1c1c}}
</style>
<h1>{{printf "%.1f" .Percent}} % of {{.Lines}} lines</h1>
{{range .Files}}<details open><summary>{{.Path}}: {{printf "%.1f" .Percent}} % of {{.Lines}}</summary>
<pre>{{range .Page}}<span class="{{.Class}}"><i>{{.N}}</i><i>{{.Hits}}</i>{{.Text}}</span>{{end}}</pre></details>
{{end}}`))
