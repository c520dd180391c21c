package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/script"
	"github.com/perilune/perilune/host/watch"
)

// problemForm is how a problem of a script begins; the lines below it show the place.
var problemForm = regexp.MustCompile(`^(.+?\.lua):(?:(\d+):)? (.*)$`)

// gcc words a problem as compilers do, file:line:column: error: message, which :make of editors
// and problem matchers read. path is of the script, where the problem names no file.
func gcc(path, problem string) string {
	first, rest, _ := strings.Cut(problem, "\n")
	file, line, column, message := path, "1", 1, first
	if m := problemForm.FindStringSubmatch(first); m != nil {
		file, message = m[1], m[3]
		if m[2] != "" {
			line = m[2]
		}
	}
	if _, caret, ok := strings.Cut(rest, "\n"); ok {
		if at := strings.IndexByte(caret, '^'); at >= len("    ") {
			column = at - len("    ") + 1
		}
	}
	return fmt.Sprintf("%s:%s:%d: error: %s", file, line, column, message)
}

// printForCompilers writes the problems of scripts in the form of compilers.
func printForCompilers(w io.Writer, list []*host.CheckReport) {
	for _, r := range list {
		for _, p := range r.Problems {
			fmt.Fprintln(w, gcc(r.Path, p))
		}
	}
}

// watchChecks shows the reports of scripts at once, and again after each save that touches one,
// until ctx is done.
func watchChecks(ctx context.Context, e *env, paths []string, values map[string]string, show func([]*host.CheckReport) error) error {
	w, err := watch.New(watch.Options{Load: loadChecked})
	if err != nil {
		return err
	}
	defer w.Close()
	for _, path := range paths {
		_, hash, _, _ := loadChecked(path) // what is wrong with it is told by its report
		if err := w.Add(path, hash); err != nil {
			return err
		}
	}
	for {
		fmt.Fprintln(e.err, "checking")
		reports, bad := checkAll(paths, values), 0
		for _, r := range reports {
			bad += len(r.Problems)
		}
		if err := show(reports); err != nil {
			return err
		}
		fmt.Fprintf(e.err, "checked: %d problems; watching\n", bad)
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-w.Changes():
			if !open {
				return nil
			}
		}
	}
}

// loadChecked reads a script with what it requires, for a watcher. One that does not load is
// known by its own text alone.
func loadChecked(path string) (files []string, hash string, payload any, err error) {
	sources, err := script.Load(path)
	if err != nil {
		raw, _ := os.ReadFile(path) // only to tell one bad save from the next
		return []string{path}, script.Hash([]exchange.Source{{Path: path, Text: string(raw)}}), nil, err
	}
	for _, s := range sources {
		files = append(files, filepath.Join(filepath.Dir(path), filepath.FromSlash(s.Path)))
	}
	return files, script.Hash(sources), nil, nil
}
