package lint

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// maxLines is how long a file that people write may be.
const maxLines = 700

// unfinished matches the usual marks of work left undone. Written this way, it
// does not match itself.
var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)

// generated is the mark that go generate's convention prescribes, in the comment
// of any language.
var generated = regexp.MustCompile(`(?m)^\W*Code generated .* DO NOT EDIT\.`)

// checkText reads every source file as lines.
func checkText(t *Tree) (out []Finding) {
	for _, p := range sorted(t.Files) {
		text := t.Files[p]
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		if len(lines) > maxLines && path.Ext(p) != ".md" && !generated.MatchString(text) {
			out = append(out, Finding{p, maxLines + 1, fmt.Sprintf("the file has %d lines, more than %d: it holds more than one idea", len(lines), maxLines)})
		}
		for i, line := range lines {
			if mark := unfinished.FindString(line); mark != "" {
				out = append(out, Finding{p, i + 1, mark + ": finish it, or say what is not done in the documentation"})
			}
		}
	}
	return out
}

// top is what may stand at the root, beside names that begin with a dot.
var top = []string{"host", "bindings", "scripts", "exchange", "ledger", "main.go", "go.mod", "go.sum", "README.md", "LICENSE"}

// checkTopLevel keeps the root to what a newcomer can take in at a glance.
func checkTopLevel(t *Tree) (out []Finding) {
	for _, name := range t.Top {
		if !strings.HasPrefix(name, ".") && !slices.Contains(top, name) {
			out = append(out, Finding{Path: name, Text: "does not belong at the root, where only these are: " + strings.Join(top, " ")})
		}
	}
	return out
}
