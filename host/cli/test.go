package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/perilune/perilune/host/trial"
)

// testFlags is what perilune test was asked for.
type testFlags struct {
	trial.Options
	asJSON, asTAP, watch   bool
	junit, lcov, coverHTML string
	failUnder              float64
}

func testVerb(ctx context.Context, e *env, args []string) error {
	f := e.flags("test", "[PATH…] [flags]", "perilune test strategies --cover")
	t := &testFlags{}
	f.BoolVar(&t.Cover, "cover", false, "tell which lines of the strategies ran, by file")
	f.StringVar(&t.coverHTML, "cover-html", "", "write a page with the lines that ran to this file")
	f.StringVar(&t.lcov, "lcov", "", "write the coverage to this file, as lcov has it")
	f.Float64Var(&t.failUnder, "fail-under", 0, "fail when less than this percentage of all lines ran")
	f.BoolVar(&t.watch, "watch", false, "go on, and run again what a save touches")
	run := f.String("run", "", "run only tests whose name, \"suite > test\", fits this regular expression")
	f.Uint64Var(&t.Seed, "seed", 1, "of sessions and of the values that forall tries")
	f.BoolVar(&t.Record, "record", false, "write golden files, and do not compare them")
	f.DurationVar(&t.Timeout, "timeout", 30*time.Second, "how long one test may take")
	f.BoolVar(&t.asJSON, "json", false, "print one JSON object on stdout")
	f.BoolVar(&t.asTAP, "tap", false, "print the Test Anything Protocol on stdout")
	f.StringVar(&t.junit, "junit", "", "write a report as JUnit's XML to this file")
	if err := parse(f, args); err != nil {
		return err
	}
	t.Paths = f.Args()
	t.Cover = t.Cover || t.coverHTML != "" || t.lcov != "" || t.failUnder > 0
	switch {
	case t.asJSON && t.asTAP:
		return fail(ExitUsage, "--json and --tap are two forms of one report: want one of them")
	case t.watch && (t.asJSON || t.asTAP):
		return fail(ExitUsage, "--watch is for people: want no --json and no --tap beside it")
	}
	if *run != "" {
		re, err := regexp.Compile(*run)
		if err != nil {
			return fail(ExitUsage, "--run %q: want a regular expression: %v", *run, err)
		}
		t.Run = re
	}
	if t.watch {
		return t.follow(ctx, e)
	}
	r, err := t.once(ctx, e, t.Options)
	if err != nil {
		return err
	}
	return outcome(r, t.failUnder)
}

// once runs tests and tells of them in every form that was asked for.
func (t *testFlags) once(ctx context.Context, e *env, o trial.Options) (*trial.Report, error) {
	c := &trial.Console{W: e.out, Color: newScreen(e.out).color}
	if !t.asJSON && !t.asTAP {
		o.Done = c.Test
	}
	r, err := trial.Run(ctx, o)
	if err != nil {
		return nil, fail(ExitUsage, "%v", err)
	}
	if len(r.Files) == 0 {
		return nil, fail(ExitUsage, "there is no test: want files named NAME%s, as perilune new writes one", trial.Suffix)
	}
	switch {
	case t.asJSON:
		err = e.printJSON(r)
	case t.asTAP:
		err = trial.TAP(e.out, r)
	default:
		c.Summary(r)
	}
	if err != nil {
		return nil, err
	}
	return r, t.files(r)
}

// files writes the forms that go to files.
func (t *testFlags) files(r *trial.Report) error {
	for _, f := range []struct {
		path  string
		write func(io.Writer) error
	}{
		{t.junit, func(w io.Writer) error { return trial.JUnit(w, r) }},
		{t.lcov, func(w io.Writer) error { return trial.LCOV(w, r.Coverage) }},
		{t.coverHTML, func(w io.Writer) error { return trial.CoverHTML(w, r.Coverage) }},
	} {
		if f.path == "" {
			continue
		}
		var b bytes.Buffer
		if err := f.write(&b); err != nil {
			return err
		}
		if err := os.WriteFile(f.path, b.Bytes(), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// outcome is the exit code of a run.
func outcome(r *trial.Report, failUnder float64) error {
	quiet := func(code int, text string) error { return &coded{code: code, quiet: true, err: fmt.Errorf("%s", text)} }
	switch {
	case r.Broken > 0:
		return quiet(ExitScript, "a file does not load")
	case r.Failed > 0:
		return quiet(ExitTest, "a test failed")
	case r.Coverage != nil && r.Coverage.Percent < failUnder:
		return fail(ExitTest, "%.1f %% of all lines ran, less than %g", r.Coverage.Percent, failUnder)
	}
	return nil
}
