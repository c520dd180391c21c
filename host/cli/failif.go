package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/tearsheet"
)

// failIf is the flag --fail-if: what figures must not be, so that a script or a build stops
// at a strategy that got worse.
type failIf struct {
	texts   []string
	list    []tearsheet.Condition
	of      []tearsheet.Definition // what may be named
	chapter string                 // of the manual, which lists them
}

// ofReport makes the flag one about the figures of a report.
func (c *failIf) ofReport(f *pflag.FlagSet) {
	c.define(f, "the report", "max_drawdown>0.2", "reports", tearsheet.Definitions())
}

// ofSearch makes the flag one about the figures of a search.
func (c *failIf) ofSearch(f *pflag.FlagSet) {
	c.define(f, "the search", "pbo>0.5", "study", host.StudyMetrics())
}

func (c *failIf) define(f *pflag.FlagSet, what, example, chapter string, of []tearsheet.Definition) {
	c.of, c.chapter = of, chapter
	f.StringArrayVar(&c.texts, "fail-if", nil, fmt.Sprintf("end with exit code 14 when a figure of %s is so, e.g. '%s' (repeatable; perilune docs %s lists them)", what, example, chapter))
}

// parse reads the conditions, before anything runs.
func (c *failIf) parse() error {
	for _, text := range c.texts {
		one, err := tearsheet.ParseCondition(text, c.of, c.chapter, bindings.DidYouMean)
		if err != nil {
			return fail(ExitUsage, "--fail-if %w", err)
		}
		c.list = append(c.list, one)
	}
	return nil
}

// judge returns what holds of the conditions, and tells those that can't be judged.
func (c *failIf) judge(e *env, of string, m tearsheet.Metrics) (failed []string) {
	if m == nil && len(c.list) > 0 {
		fmt.Fprintln(e.err, "--fail-if not judged: the summary has no figures of a record so long; perilune report --fail-if has")
		return nil
	}
	for i := range c.list {
		holds, known, text := c.list[i].Judge(m)
		if of != "" {
			text = of + ": " + text
		}
		switch {
		case !known:
			fmt.Fprintf(e.err, "--fail-if not judged: %s\n", text)
		case holds:
			failed = append(failed, text)
		}
	}
	return failed
}

// failed is the error of conditions that hold; nil when there is none.
func failed(list []string) error {
	if len(list) == 0 {
		return nil
	}
	return &coded{code: ExitCondition, err: errors.New("--fail-if " + strings.Join(list, "; "))}
}
