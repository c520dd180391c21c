package trial_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/perilune/perilune/host/trial"
)

var update = flag.Bool("update", false, "rewrite scripts/types/testing.lua and what testdata expects")

func run(t *testing.T, o trial.Options) *trial.Report {
	t.Helper()
	r, err := trial.Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// golden compares text with a file, and with -update writes it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got {
		t.Errorf("%s is not what comes (%v): look at the difference after go test ./host/trial -update", path, err)
	}
}

var times = regexp.MustCompile(`in \d+\.\d\d s| \(\d+\.\d s\)`)

// console is what a person reads of a run, without how long it took.
func console(t *testing.T, o trial.Options) (string, *trial.Report) {
	t.Helper()
	var b bytes.Buffer
	c := &trial.Console{W: &b}
	o.Done = c.Test
	r := run(t, o)
	c.Summary(r)
	return strings.ReplaceAll(times.ReplaceAllString(b.String(), ""), "\\", "/"), r
}

// The tests in testdata/pass use all that a test can use, and hold; those of the line counts too.
func TestWhatATestCanUse(t *testing.T) {
	text, r := console(t, trial.Options{Paths: []string{"testdata/pass"}, Cover: true})
	if !r.OK() || r.Passed == 0 || r.Skipped != 1 {
		t.Fatal(text)
	}
	if r.Coverage.Percent != 100 || r.Coverage.Lines == 0 {
		t.Errorf("%.1f %% of %d lines ran", r.Coverage.Percent, r.Coverage.Lines)
	}
}

// Every kind of failure, as a person reads it.
func TestWhatFailuresLookLike(t *testing.T) {
	text, _ := console(t, trial.Options{Paths: []string{"testdata/fail"}})
	golden(t, "testdata/fail.txt", text)
}

// The same seed gives the same values to forall, and another one others.
func TestTheSeedDecides(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "seed_test.lua")
	code := `it("tells", function() local all = "" forall({ runs = 3 }, gen.integer(0, 1e6), function(n) all = all .. n .. " " end) expect(all):to_be("") end)`
	if err := os.WriteFile(path, []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	message := func(seed uint64) string {
		return run(t, trial.Options{Paths: []string{dir}, Seed: seed}).Files[0].Tests[0].Failure.Message
	}
	if message(1) != message(1) || message(1) == message(2) {
		t.Errorf("seed 1: %s, again: %s, seed 2: %s", message(1), message(1), message(2))
	}
}

func TestNamesThatAreChosen(t *testing.T) {
	r := run(t, trial.Options{Paths: []string{"testdata/pass"}, Run: regexp.MustCompile("^properties > hold")})
	if r.Passed != 1 || r.Failed+r.Skipped != 0 {
		t.Errorf("%d passed, %d failed, %d skipped", r.Passed, r.Failed, r.Skipped)
	}
}

// Programs read a report as well as people do.
func TestFormsOfAReport(t *testing.T) {
	o := trial.Options{Paths: []string{"testdata/fail/wrong_test.lua", "testdata/fail/syntax_test.lua", "testdata/pass/tests"}, Cover: true, Run: regexp.MustCompile("names the values|hold|finds")}
	r := run(t, o)
	var tap, junit, lcov, page bytes.Buffer
	for _, err := range []error{trial.TAP(&tap, r), trial.JUnit(&junit, r), trial.LCOV(&lcov, r.Coverage), trial.CoverHTML(&page, r.Coverage)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var doc struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Cases    []struct {
			Name string `xml:"name,attr"`
		} `xml:"testsuite>testcase"`
	}
	if err := xml.Unmarshal(junit.Bytes(), &doc); err != nil || doc.Failures != 1 || doc.Errors != 1 || len(doc.Cases) != doc.Tests+1 {
		t.Errorf("JUnit: %+v, %v\n%s", doc, err, junit.String())
	}
	raw, err := json.Marshal(r)
	if err != nil || !bytes.Contains(raw, []byte(`"message":"want 3, got 2"`)) {
		t.Errorf("JSON: %s, %v", raw, err)
	}
	for what, pair := range map[string][2]string{
		"TAP":  {tap.String(), "not ok 2 - testdata/fail/wrong_test.lua: a failure > names the values"},
		"plan": {tap.String(), "\n1..6\n"},
		"skip": {tap.String(), "# SKIP nobody knows yet"},
		"lcov": {lcov.String(), "SF:testdata/pass/probe.lua\nDA:2,1\n"},
		"html": {page.String(), `<span class="not">`},
		"text": {page.String(), "function M.on_stop()"},
	} {
		if !strings.Contains(filepath.ToSlash(pair[0]), pair[1]) {
			t.Errorf("%s: no %q in\n%s", what, pair[1], pair[0])
		}
	}
}

func TestFilesThatAreChecked(t *testing.T) {
	if got := trial.Check("testdata/pass/probe_test.lua"); len(got) != 0 {
		t.Error(got)
	}
	if got := trial.Check("testdata/fail/syntax_test.lua"); len(got) != 1 || !strings.Contains(filepath.ToSlash(got[0]), "testdata/fail/syntax_test.lua:1: syntax error") {
		t.Error(got)
	}
}

func TestLinesAreToldAsRanges(t *testing.T) {
	if got := trial.Ranges([]int{1, 3, 4, 5, 9, 10}); got != "1, 3-5, 9-10" {
		t.Error(got)
	}
}

// TestStubIsFresh keeps what editors read equal to the specifications.
func TestStubIsFresh(t *testing.T) {
	golden(t, "../../scripts/types/testing.lua", trial.Stub().Text)
}

// The tests that come with the strategies hold, and run nearly all of their lines: people learn
// from both.
func TestStrategiesThatComeWithTheProgram(t *testing.T) {
	text, r := console(t, trial.Options{Paths: []string{"../../scripts"}, Cover: true})
	if !r.OK() || r.Passed == 0 {
		t.Fatal(text)
	}
	for _, f := range r.Coverage.Files {
		if f.Percent < 90 {
			t.Errorf("%s: %.1f %% of its lines ran; not %s", f.Path, f.Percent, trial.Ranges(f.Uncovered))
		}
	}
}
