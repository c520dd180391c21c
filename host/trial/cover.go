package trial

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perilune/perilune/host/script"
)

// Coverage is which lines of the strategies ran.
type Coverage struct {
	Files []FileCoverage `json:"files"`
	// Lines and Covered are of all files together; Percent is 100 where there are none.
	Lines   int     `json:"lines"`
	Covered int     `json:"covered"`
	Percent float64 `json:"percent"`
}

// FileCoverage is one file. Lines on which a statement begins can be covered; no others count.
type FileCoverage struct {
	Path      string   `json:"path"`
	Lines     int      `json:"lines"`
	Covered   int      `json:"covered"`
	Percent   float64  `json:"percent"`
	Uncovered []int    `json:"uncovered"`
	Hits      []uint64 `json:"-"` // by line, from 1; of lines that count
	Counts    []bool   `json:"-"` // by line
	Text      []string `json:"-"`
}

// counter counts lines over all tests, by file.
type counter struct {
	files map[string]*counted
	known map[*script.Program][]*counted
}

type counted struct {
	path string
	text string
	can  map[int]bool
	hits []uint64
}

func newCounter() *counter {
	return &counter{files: map[string]*counted{}, known: map[*script.Program][]*counted{}}
}

// add notes the files of a program that lies in a directory.
func (c *counter) add(dir string, p *script.Program) {
	if c.known[p] != nil {
		return
	}
	var list []*counted
	for i, src := range p.Sources() {
		path := filepath.Join(dir, filepath.FromSlash(src.Path))
		f := c.files[path]
		if f == nil || f.text != src.Text {
			f = &counted{path: path, text: src.Text, can: map[int]bool{}, hits: make([]uint64, strings.Count(src.Text, "\n")+3)}
			for _, line := range p.Lines(i) {
				f.can[line] = true
			}
			if raw, err := os.ReadFile(path); err == nil && string(raw) == src.Text { // a text of a test's own is no file
				c.files[path] = f
			}
		}
		list = append(list, f)
	}
	c.known[p] = list
}

// probe counts the lines of a strategy in a directory and of the versions that follow it.
func (c *counter) probe(dir string) script.Probe {
	var program *script.Program
	var files []*counted
	return func(p script.Place) {
		if p.Program != program {
			if c.known[p.Program] == nil {
				c.add(dir, p.Program)
			}
			program, files = p.Program, c.known[p.Program]
		}
		files[p.Source].hits[p.Line]++
	}
}

func (c *counter) report() *Coverage {
	out := &Coverage{Files: []FileCoverage{}}
	for _, path := range slices.Sorted(maps.Keys(c.files)) {
		f := c.files[path]
		one := FileCoverage{Path: path, Lines: len(f.can), Text: strings.Split(strings.TrimSuffix(f.text, "\n"), "\n"), Uncovered: []int{}}
		one.Hits, one.Counts = f.hits, make([]bool, len(f.hits))
		for _, line := range slices.Sorted(maps.Keys(f.can)) {
			one.Counts[line] = true
			if f.hits[line] > 0 {
				one.Covered++
			} else {
				one.Uncovered = append(one.Uncovered, line)
			}
		}
		one.Percent = percent(one.Covered, one.Lines)
		out.Lines += one.Lines
		out.Covered += one.Covered
		out.Files = append(out.Files, one)
	}
	out.Percent = percent(out.Covered, out.Lines)
	return out
}

func percent(part, of int) float64 {
	if of == 0 {
		return 100
	}
	return 100 * float64(part) / float64(of)
}

// Ranges words lines as people read them: 3, 7-9.
func Ranges(lines []int) string {
	var out []string
	for i := 0; i < len(lines); {
		j := i
		for j+1 < len(lines) && lines[j+1] == lines[j]+1 {
			j++
		}
		if j == i {
			out = append(out, fmt.Sprint(lines[i]))
		} else {
			out = append(out, fmt.Sprintf("%d-%d", lines[i], lines[j]))
		}
		i = j + 1
	}
	return strings.Join(out, ", ")
}
