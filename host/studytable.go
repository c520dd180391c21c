package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/record"
	"github.com/perilune/perilune/host/report"
)

// StudyTableOptions are a plan and where its data are.
type StudyTableOptions struct {
	Plan *StudyPlan
	// Session is what all runs have in common, as StudyOptions.Session is; Scripts, Set and
	// History.Symbols are the plan's to say.
	Session Options
	Data    string // directory that the plan's data are in
	Report  string // writes the walk-forwards as an HTML page here; "": none
	// Progress is told of every run as it ends, from one goroutine at a time.
	Progress func(done, all int, row string, r *StudyRun)
}

// StudyTable is every row of a plan, tuned on one half, judged on the other, and walked
// forward.
type StudyTable struct {
	Title       string          `json:"title,omitempty"`
	Data        string          `json:"data"`
	Currency    string          `json:"currency"` // of all money
	Capital     Money           `json:"capital"`  // 0: the opening balance
	Halves      []string        `json:"halves"`
	Folds       []string        `json:"folds"`
	Rows        []StudyTableRow `json:"rows"`
	Lacking     []string        `json:"lacking,omitempty"` // what the data can't show
	Assumptions []string        `json:"assumptions"`
	// DataProblems are those of all rows, by half.
	DataProblems []string `json:"data_problems,omitempty"`
	Report       string   `json:"report,omitempty"`
}

// StudyTableRow is one row. Its runs begin anew, each on an account of its own.
type StudyTableRow struct {
	Name     string            `json:"name"`
	Strategy string            `json:"strategy"`
	Symbols  []string          `json:"symbols,omitempty"` // none: all
	Set      map[string]string `json:"set,omitempty"`
	Tried    int               `json:"tried"` // combinations of values that were chosen from; 1: nothing is tuned
	// Skipped says why there is nothing else: the data lack what the row is about.
	Skipped string `json:"skipped,omitempty"`
	// Tuned is the run over the first half with the values that earned most there, and
	// Untouched the one over the second half with the same values.
	Tuned     *StudyRun `json:"tuned,omitempty"`
	Untouched *StudyRun `json:"untouched,omitempty"`
	// Folds are the parts of the walk-forward. The first has nothing before it, and is not
	// in what follows: what the others earned a year, the deepest of their drawdowns, and
	// how many of them earned something.
	Folds    []*StudyRun `json:"folds,omitempty"`
	Annual   float64     `json:"annual"`
	Drawdown float64     `json:"max_drawdown"`
	Gained   int         `json:"folds_gained"`
}

// tableRow is a row at work.
type tableRow struct {
	out           *StudyTableRow
	halves, folds *comparison
}

// RunStudyTable runs all rows of a plan. A row whose data are not there is skipped, and
// says why; a strategy, parameter or directory that is not there ends it before anything
// runs, with a *ConfigError, *ScriptError or *DataError. Any other run that fails ends it.
func RunStudyTable(ctx context.Context, o *StudyTableOptions) (*StudyTable, error) {
	if err := needsContext(ctx, "RunStudyTable"); err != nil {
		return nil, err
	}
	if o == nil || o.Plan == nil {
		return nil, configError("RunStudyTable: no plan: want what LoadStudyPlan returned")
	}
	if err := sharedByRuns("RunStudyTable", &o.Session); err != nil {
		return nil, err
	}
	if err := checkReport(o.Report); err != nil {
		return nil, err
	}
	p := o.Plan
	t := &StudyTable{Title: p.Title, Data: o.Data, Capital: Money{p.Capital}, Lacking: p.Lacking}
	for _, at := range p.Halves {
		t.Halves = append(t.Halves, at.String())
	}
	for _, at := range p.Folds {
		t.Folds = append(t.Folds, at.String())
	}
	rows, err := o.rows()
	if err != nil {
		return nil, err
	}
	history, drop, err := o.history()
	if err != nil {
		return nil, err
	}
	defer drop()
	candidates, err := o.run(ctx, t, rows, history)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		t.Rows = append(t.Rows, *r.out)
	}
	o.name(t, history.dir)
	if o.Report != "" && len(candidates) > 0 {
		page := report.Study{Title: p.Title, Market: t.Data, Asset: t.Currency, Assumptions: slices.Concat(p.Lacking, t.Assumptions), Problems: t.DataProblems,
			Command: o.Session.Command, Candidates: candidates}
		if err := writeStudy(o.Report, &page); err != nil {
			return t, err
		}
		t.Report = o.Report
	}
	return t, nil
}

// rows prepares the runs of all rows, which checks what they ask of their strategies.
func (o *StudyTableOptions) rows() (out []*tableRow, err error) {
	for _, row := range o.Plan.Rows {
		scripts, err := loadScripts([]string{row.Script}, o.Session.own.scripting())
		if err != nil {
			return nil, err
		}
		name := scripts[0].name
		s := StudyOptions{Session: o.Session, Tune: map[string][]string{}, Capital: o.Plan.Capital, Splits: o.Plan.Halves}
		s.Session.Scripts, s.Session.History.Symbols, s.Session.Set = []string{row.Script}, row.Symbols, map[string]string{}
		for _, param := range sortedKeys(row.Set) {
			s.Session.Set[name+"."+param] = row.Set[param]
		}
		for _, param := range sortedKeys(row.Tune) {
			s.Tune[name+"."+param] = row.Tune[param]
		}
		r := &tableRow{out: &StudyTableRow{Name: row.Name, Strategy: name, Symbols: row.Symbols, Set: row.Set}}
		walk := s
		walk.Splits = o.Plan.Folds
		err = checkParams(scripts, s.Session.Set, nil)
		if err == nil {
			r.halves, err = newStudy(&s)
		}
		if err == nil {
			r.folds, err = newStudy(&walk)
		}
		if err != nil {
			return nil, fmt.Errorf("row %q: %w", row.Name, err)
		}
		r.out.Tried = len(r.halves.runs) / 2
		out = append(out, r)
	}
	return out, nil
}

// history loads what all rows read, and makes it first where the plan says of what.
func (o *StudyTableOptions) history() (h *History, drop func(), err error) {
	p := o.Plan
	if p.Tables == "" {
		h, err = LoadHistory(o.Data)
		return h, func() {}, err
	}
	for _, dir := range []string{p.Tables, p.Prices} {
		path := filepath.Join(o.Data, dir)
		if _, err := os.Stat(path); err != nil {
			return nil, nil, &DataError{fmt.Errorf("%s is not there: the study is about %s, with the prices of %s, in one directory", path, p.Tables, p.Prices)}
		}
	}
	made, err := os.MkdirTemp("", "perilune-history-*")
	if err != nil {
		return nil, nil, err
	}
	drop = func() { os.RemoveAll(made) } // made anew each time
	of := record.FundingTables{Prices: filepath.Join(o.Data, p.Prices), WorseBP: record.UsualWorseBP, Ahead: p.Ahead}
	err = Recordings().ImportFunding(filepath.Join(o.Data, p.Tables), made, of, func(connect.Imported) {})
	if err != nil {
		drop()
		return nil, nil, &DataError{err}
	}
	if h, err = LoadHistory(made); err != nil {
		drop()
	}
	return h, drop, err
}

// run runs the rows one after another; each uses all processors.
func (o *StudyTableOptions) run(ctx context.Context, t *StudyTable, rows []*tableRow, history *History) (pages []report.Candidate, err error) {
	done, all := 0, 0
	for _, r := range rows {
		all += len(r.halves.runs) + len(r.folds.runs)
	}
	for _, r := range rows {
		for _, st := range []*comparison{r.halves, r.folds} {
			before := done
			st.loaded = history
			if o.Progress != nil {
				st.o.Progress = func(n, _ int, run *StudyRun) { o.Progress(before+n, all, r.out.Name, run) }
			}
			done += len(st.runs)
		}
		halves, err := r.halves.perform(ctx)
		var folds *Study
		if err == nil {
			folds, err = r.folds.perform(ctx)
		}
		if lacking := (*DataError)(nil); errors.As(err, &lacking) {
			r.out.Skipped = o.named(lacking.Error(), history.dir)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("row %q: %w", r.out.Name, err)
		}
		r.take(halves, folds)
		t.Currency = halves.Currency
		t.Assumptions = joined(t.Assumptions, halves.Assumptions)
		t.DataProblems = joined(t.DataProblems, halves.DataProblems)
		for _, c := range r.folds.candidates(folds) {
			c.Name = r.out.Name
			pages = append(pages, c)
		}
	}
	return pages, nil
}

// take keeps what the table shows of a row.
func (r *tableRow) take(halves, folds *Study) {
	out := r.out
	out.Untouched = r.halves.choose(out.Strategy, 1)
	for _, run := range halves.Runs {
		if run.part == 0 && sameValues(run.Params, out.Untouched.Params) {
			tuned := *run
			tuned.Chosen = true // by itself, which is what it is shown for
			out.Tuned = &tuned
		}
	}
	for _, run := range folds.Runs {
		if !run.Chosen {
			continue
		}
		out.Folds = append(out.Folds, run)
		if run.part > 0 {
			out.Drawdown = max(out.Drawdown, run.Drawdown)
			if run.Net.IsPositive() {
				out.Gained++
			}
		}
	}
	out.Annual = folds.Totals[0].AnnualOutOfSample
}

// joined adds what is not in a list yet.
func joined(list, more []string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// name says in all texts what a history was made of in the place of where it was made, which
// is another place each time.
func (o *StudyTableOptions) name(t *StudyTable, dir string) {
	for _, list := range [][]string{t.Assumptions, t.DataProblems} {
		for i := range list {
			list[i] = o.named(list[i], dir)
		}
	}
}

func (o *StudyTableOptions) named(text, dir string) string {
	if o.Plan.Tables == "" {
		return text
	}
	return strings.ReplaceAll(text, dir, filepath.Join(o.Data, o.Plan.Tables))
}
