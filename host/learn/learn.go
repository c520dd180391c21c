// Package learn is the tutorial: eight steps, each a strategy with a task in it, a test that
// turns green when the task is done, a text of half a page, and a solution. The steps are files
// of package scripts:
//
//	learn/1-first_order/lesson.md     what it is about; its heading is the step's title
//	learn/1-first_order/start.lua     what a learner edits
//	learn/1-first_order/solution.lua  the same, done
//	learn/1-first_order/test.lua      the test
//	learn/1-first_order/*.lua         whatever else the test opens
//
// In a learner's folder they become first_order.lua and first_order_test.lua in a folder
// 1-first_order of their own. Where a step's task is its tests (7-tests), what is edited is
// mine.lua.
package learn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/trial"
	"github.com/perilune/perilune/scripts"
)

const root = "learn"

// Step is one step of the tutorial.
type Step struct {
	N      int
	Name   string // "first_order"
	Title  string
	Lesson string // Markdown
}

// Steps are all of them in order.
func Steps() (out []Step) {
	list, _ := scripts.Lessons.ReadDir(root)
	for i, f := range list {
		_, name, _ := strings.Cut(f.Name(), "-")
		s := Step{N: i + 1, Name: name}
		s.Lesson = s.read("lesson.md")
		title, _, _ := strings.Cut(s.Lesson, "\n")
		s.Title = strings.TrimPrefix(title, "# ")
		out = append(out, s)
	}
	return out
}

// Folder is the step's folder in that of the learner.
func (s Step) Folder() string { return fmt.Sprintf("%d-%s", s.N, s.Name) }

// Edited is the file that a learner edits, in the learner's folder.
func (s Step) Edited() string {
	if s.Name == "tests" {
		return path.Join(s.Folder(), "mine.lua")
	}
	return path.Join(s.Folder(), s.Name+".lua")
}

// Solution is what Edited is when the task is done.
func (s Step) Solution() string { return s.read("solution.lua") }

func (s Step) read(name string) string {
	raw, err := scripts.Lessons.ReadFile(path.Join(root, s.Folder(), name))
	if err != nil {
		panic(err) // what is embedded can be read
	}
	return string(raw)
}

// files are the step's files by their names in the learner's folder, the edited one left out.
func (s Step) files() map[string]string {
	out := map[string]string{path.Join(s.Folder(), s.Name+trial.Suffix): s.read("test.lua")}
	list, _ := scripts.Lessons.ReadDir(path.Join(root, s.Folder()))
	for _, f := range list {
		switch f.Name() {
		case "lesson.md", "start.lua", "solution.lua", "test.lua":
		default:
			out[path.Join(s.Folder(), f.Name())] = s.read(f.Name())
		}
	}
	return out
}

// Begin writes a step into a learner's folder, with what an editor needs, and returns the file
// to edit. What the learner has edited stays; the test is written anew.
func (s Step) Begin(dir string) (edit string, begun bool, err error) {
	if err := os.MkdirAll(filepath.Join(dir, s.Folder()), 0o755); err != nil {
		return "", false, err
	}
	if _, err := host.EditorSettings(dir); err != nil {
		return "", false, err
	}
	for name, text := range s.files() {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o644); err != nil {
			return "", false, err
		}
	}
	edit = filepath.Join(dir, filepath.FromSlash(s.Edited()))
	if s.Begun(dir) {
		return edit, true, nil
	}
	return edit, false, os.WriteFile(edit, []byte(s.read("start.lua")), 0o644)
}

// Begun reports whether a learner's folder has the step.
func (s Step) Begun(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, filepath.FromSlash(s.Edited())))
	return !errors.Is(err, fs.ErrNotExist)
}

// Check runs the step's test on what the learner wrote. The test is the program's own, whatever
// became of the learner's copy. done, when set, is told of each test as it ends.
func (s Step) Check(ctx context.Context, dir string, done func(*trial.Result)) (*trial.Report, error) {
	if !s.Begun(dir) {
		return nil, fmt.Errorf("step %d is not begun: perilune learn %d writes it to %s", s.N, s.N, filepath.Join(dir, s.Folder()))
	}
	if _, _, err := s.Begin(dir); err != nil {
		return nil, err
	}
	test := filepath.Join(dir, s.Folder(), s.Name+trial.Suffix)
	return trial.Run(ctx, trial.Options{Paths: []string{test}, Seed: 1, Done: done})
}

// Chapter is the tutorial as a chapter of the manual, in Markdown.
func Chapter() string {
	var b strings.Builder
	b.WriteString("# Learn it in eight steps\n\nA tutorial: each step is a strategy with a task in it, and a test that turns green when the task is done.\n\n" +
		"`perilune learn` lists the steps and how far you are. `perilune learn 1` writes the first one to the folder `learn` and shows what it\n" +
		"is about; edit the script, and `perilune learn check` tells whether it is done. `--solution` shows one way to do it. Nothing needs a\n" +
		"key, an account or a network.\n")
	for _, s := range Steps() {
		_, text, _ := strings.Cut(s.Lesson, "\n")
		fmt.Fprintf(&b, "\n## %d. %s\n%s", s.N, s.Title, text)
	}
	return b.String()
}
