package learn

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/host/trial"
	"github.com/perilune/perilune/scripts"
)

// Each step can be done, and is not done as it begins.
func TestSteps(t *testing.T) {
	steps := Steps()
	if len(steps) != 8 {
		t.Fatalf("there are %d steps: want 8", len(steps))
	}
	for _, s := range steps {
		t.Run(s.Folder(), func(t *testing.T) {
			dir := t.TempDir()
			edit, begun, err := s.Begin(dir)
			if err != nil || begun {
				t.Fatalf("begin: %v, begun %v", err, begun)
			}
			if r := check(t, s, dir); r.Failed == 0 || r.Broken > 0 {
				t.Errorf("as it begins %d tests fail, and %d files do not load: want some and none", r.Failed, r.Broken)
			}
			if err := os.WriteFile(edit, []byte(s.Solution()), 0o644); err != nil {
				t.Fatal(err)
			}
			if r := check(t, s, dir); r.Failed+r.Broken > 0 || r.Passed == 0 {
				t.Errorf("with the solution %d tests pass and %d fail: want all", r.Passed, r.Failed+r.Broken)
			}
		})
	}
}

func check(t *testing.T, s Step, dir string) *trial.Report {
	t.Helper()
	r, err := s.Check(context.Background(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// A learner's edits survive, and a test that was bent does not help.
func TestABentTestDoesNotHelp(t *testing.T) {
	s, dir := Steps()[0], t.TempDir()
	edit, _, err := s.Begin(dir)
	if err != nil {
		t.Fatal(err)
	}
	mine := "-- mine\n" + s.read("start.lua")
	test := filepath.Join(filepath.Dir(edit), s.Name+trial.Suffix)
	for path, text := range map[string]string{edit: mine, test: `it("passes", function() end)`} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if r := check(t, s, dir); r.Failed == 0 {
		t.Error("a test that was emptied made the step done")
	}
	if raw, _ := os.ReadFile(edit); string(raw) != mine {
		t.Errorf("what the learner wrote became %q", raw)
	}
}

// The gallery is short. That its tests hold is for package trial to say, as of all strategies.
func TestTheGallery(t *testing.T) {
	list, err := scripts.Gallery.ReadDir("gallery")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		raw, err := scripts.Gallery.ReadFile("gallery/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(raw), "\n"); lines > 80 && !strings.HasSuffix(f.Name(), trial.Suffix) {
			t.Errorf("%s has %d lines: want 80 at most", f.Name(), lines)
		}
	}
}
