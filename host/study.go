package host

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/internal/track"
	"github.com/perilune/perilune/host/report"
	"github.com/perilune/perilune/host/script"
	"github.com/perilune/perilune/host/tearsheet"
)

// StudyOptions describe a comparison of strategies over consecutive parts of
// history. Every strategy runs over every part on an account of its own that
// begins anew, so that no part knows another.
type StudyOptions struct {
	// Session is what all runs have in common: Market, History.Symbols, Paper, Set,
	// Limits. Its Scripts are the strategies to compare. What it says of time,
	// ledger, journal and report is not used.
	Session Options
	// Splits are the borders of the parts, ascending; at least two.
	Splits []exchange.Time
	// Tune gives values to try for parameters, by "strategy.parameter". Before each
	// part, a tuned strategy takes the values that earned most, by the sum of net
	// results, over the parts before it; over the first part it has its defaults.
	// So what it is judged by was never seen when its values were chosen.
	Tune map[string][]string
	// Capital is what returns and drawdowns are parts of; zero: what the account begins
	// with, of which a strategy may use a small part.
	Capital decimal.Decimal
	// Report writes an HTML page here; "": none.
	Report string
	// Progress is told of every run as it ends, from one goroutine at a time.
	Progress func(done, all int, r *StudyRun)
}

// StudyRun is one strategy over one part.
type StudyRun struct {
	Strategy string            `json:"strategy"`
	Script   string            `json:"script"`
	From     string            `json:"from"`
	To       string            `json:"to"`
	Params   map[string]string `json:"params,omitempty"` // tuned ones
	// Chosen: the run counts. A tuned strategy has others, which were only tried.
	Chosen bool `json:"chosen"`
	// InSample: no part was before this one to choose by.
	InSample bool `json:"in_sample"`

	Net      Money   `json:"net"`     // change of equity, less Exit
	Funding  Money   `json:"funding"` // received
	Fees     Money   `json:"fees"`    // paid
	Exit     Money   `json:"exit"`    // taker fees and half the spread of closing what was open at the end
	Return   float64 `json:"return"`  // Net over the starting equity, or StudyOptions.Capital, fraction
	Annual   float64 `json:"annual"`  // Return of a year, as StudyTotal has it
	Drawdown float64 `json:"max_drawdown"`
	Sharpe   float64 `json:"sharpe"` // autocorrelated; 0 when it is not defined
	Pairs    int     `json:"pairs_opened"`
	Fills    int     `json:"fills"`
	Turnover Money   `json:"turnover"` // all that was bought and sold, in quote
	Errors   int     `json:"strategy_errors"`
	Halted   string  `json:"halted,omitempty"`
	// Venues are the markets that it traded on.
	Venues []string `json:"venues,omitempty"`

	part   int
	equity []track.Point
	start  decimal.Decimal
	// problems of the data; the same for all runs of a part
	problems []string
}

// StudyTotal is one strategy over all parts, by the runs that count.
type StudyTotal struct {
	Strategy    string  `json:"strategy"`
	Net         Money   `json:"net"`
	OutOfSample Money   `json:"net_out_of_sample"` // without the first part
	Return      float64 `json:"return"`            // compounded over the parts; of a Capital their sum
	Drawdown    float64 `json:"max_drawdown"`      // the worst of a part
	Pairs       int     `json:"pairs_opened"`
	// Annual is Return of a year, not compounded where a Capital is given; AnnualOutOfSample
	// that of the parts after the first, 0 where there is one.
	Annual            float64 `json:"annual"`
	AnnualOutOfSample float64 `json:"annual_out_of_sample"`
}

// Study is the result of a comparison.
type Study struct {
	Market      string       `json:"market"`
	Currency    string       `json:"currency"` // of all money
	Splits      []string     `json:"splits"`
	Runs        []*StudyRun  `json:"runs"` // by strategy, part and values
	Totals      []StudyTotal `json:"totals"`
	Assumptions []string     `json:"assumptions"`
	// DataProblems are those of all parts, by part.
	DataProblems []string `json:"data_problems,omitempty"`
	Report       string   `json:"report,omitempty"`
}

// RunStudy runs a comparison, on as many goroutines as there are processors. A run
// that fails ends it.
func RunStudy(ctx context.Context, o *StudyOptions) (*Study, error) {
	if err := needsContext(ctx, "RunStudy"); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, configError("RunStudy: no options: want a *host.StudyOptions")
	}
	if err := sharedByRuns("RunStudy", &o.Session); err != nil {
		return nil, err
	}
	if err := namedPaths("Session.Scripts", o.Session.Scripts); err != nil {
		return nil, err
	}
	st, err := newStudy(o)
	if err != nil {
		return nil, err
	}
	if err := st.load(); err != nil {
		return nil, err
	}
	out, err := st.perform(ctx)
	if err != nil {
		return nil, err
	}
	if o.Report != "" {
		page := report.Study{Title: strings.Join(st.names, ", "), Market: out.Market, Assumptions: out.Assumptions, Problems: out.DataProblems,
			Asset: out.Currency, Command: o.Session.Command, Candidates: st.candidates(out)}
		if err := writeStudy(o.Report, &page); err != nil {
			return out, err
		}
		out.Report = o.Report
	}
	return out, nil
}

// sharedByRuns refuses what the runs of a comparison can't have in common.
func sharedByRuns(call string, s *Options) error {
	switch {
	case len(s.Strategies)+len(s.Rules) > 0:
		return configError("%s: its runs can't share strategies written in Go, or rules: want Session.Scripts alone", call)
	case s.Source != nil:
		return configError("%s: a Source can't be cut into parts: want Session.Market or Session.Loaded", call)
	}
	return nil
}

// perform runs all there is and adds it up.
func (st *comparison) perform(ctx context.Context) (*Study, error) {
	if err := st.runAll(ctx); err != nil {
		return nil, err
	}
	return st.result(), nil
}

// comparison is a comparison at work.
type comparison struct {
	o           *StudyOptions
	names       []string
	runs        []*StudyRun
	loaded      *History // that all runs read; nil: each opens its own market
	assumptions []string
	currency    string
	once        sync.Once
}

func newStudy(o *StudyOptions) (*comparison, error) {
	if len(o.Splits) < 2 || !slices.IsSorted(o.Splits) {
		return nil, configError("splits: want two or more days, each later than the one before")
	}
	scripts, err := loadScripts(o.Session.Scripts, o.Session.own.scripting())
	if err != nil {
		return nil, err
	}
	if len(scripts) == 0 {
		return nil, configError("no strategy to compare")
	}
	if err := checkReport(o.Report); err != nil {
		return nil, err
	}
	st := &comparison{o: o}
	for _, s := range scripts {
		grid, err := st.grid(&s)
		if err != nil {
			return nil, err
		}
		st.names = append(st.names, s.name)
		for part := range len(o.Splits) - 1 {
			for _, values := range grid {
				st.runs = append(st.runs, &StudyRun{Strategy: s.name, Script: s.path, Params: values, part: part,
					From: o.Splits[part].String(), To: o.Splits[part+1].String(), InSample: part == 0})
			}
		}
	}
	return st, st.checkTune(scripts)
}

// load reads a directory of data for all runs.
func (st *comparison) load() (err error) {
	s := &st.o.Session
	if s.Source != nil || s.Loaded != nil || s.synthetic() || len(s.Market) != 1 || isJournal(s.Market[0]) {
		return nil
	}
	st.loaded, err = LoadHistory(s.Market[0], s.History.Symbols...)
	return err
}

// grid lists the combinations of values of a strategy, each once. The first is its defaults.
func (st *comparison) grid(s *loaded) ([]map[string]string, error) {
	grid := []map[string]string{nil}
	for _, key := range sortedKeys(st.o.Tune) {
		name, param, _ := strings.Cut(key, ".")
		if name != s.name {
			continue
		}
		var wider []map[string]string
		for _, base := range grid {
			for _, v := range st.o.Tune[key] {
				values := map[string]string{name + "." + param: v}
				for k, b := range base { // order does not matter: into a map
					values[k] = b
				}
				wider = append(wider, values)
			}
		}
		grid = wider
	}
	for _, values := range grid {
		if err := checkParams([]loaded{*s}, values, nil); err != nil {
			return nil, err
		}
	}
	if grid[0] == nil {
		return grid, nil
	}
	grid = slices.DeleteFunc(grid, func(values map[string]string) bool { return st.usual(s, values) })
	return append([]map[string]string{nil}, grid...), nil
}

// usual reports whether values are those that a strategy has anyway.
func (st *comparison) usual(s *loaded, values map[string]string) bool {
	set := paramsFor(s.name, s.params, st.o.Session.Set)
	return !slices.ContainsFunc(s.params, func(p script.Param) bool {
		v, tuned := values[s.name+"."+p.Name]
		return tuned && v != cmp.Or(set[p.Name], fmt.Sprint(p.Default))
	})
}

// checkTune refuses a parameter of a strategy that is not compared.
func (st *comparison) checkTune(scripts []loaded) error {
	for _, key := range sortedKeys(st.o.Tune) {
		name, _, dotted := strings.Cut(key, ".")
		known := slices.ContainsFunc(scripts, func(s loaded) bool { return s.name == name })
		if !dotted || !known || len(st.o.Tune[key]) == 0 {
			return configError("tune %q: want strategy.parameter and values to try; the strategies are %s", key, strings.Join(st.names, ", "))
		}
	}
	return nil
}

// report tells of a run that ended.
func (st *comparison) report(done, i int) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("RunStudy: Progress panicked: %v (%s)", v, panickedAt())
		}
	}()
	if st.o.Progress != nil {
		st.o.Progress(done, len(st.runs), st.runs[i])
	}
	return nil
}

func (st *comparison) runAll(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var workers sync.WaitGroup
	var told sync.Mutex
	done := 0
	for range min(runtime.GOMAXPROCS(0), len(st.runs)) {
		workers.Go(func() {
			for i := range next {
				if err := st.run(ctx, i); err != nil {
					cancel(err)
					return
				}
				told.Lock()
				done++
				err := st.report(done, i)
				told.Unlock()
				if err != nil {
					cancel(err)
					return
				}
			}
		})
	}
feed:
	for i := range st.runs {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

// run runs one strategy over one part and keeps what the study needs of it.
func (st *comparison) run(ctx context.Context, i int) error {
	run := st.runs[i]
	o := alone(&st.o.Session)
	o.Scripts = []string{run.Script}
	o.History.From, o.History.To = st.o.Splits[run.part], st.o.Splits[run.part+1]
	o.Set = st.settings(run)
	if st.loaded != nil {
		o.Loaded = st.loaded
	}
	var book *tradeBook
	err := runAlone(ctx, &o, func(r *runner) tap {
		book = newTradeBook(r.core.Universe())
		return book.take
	}, func(r *runner, sum *Summary) error {
		run.take(r, sum, book, st.o.Capital)
		run.Annual = st.inYear(run.Return, o.History.To-o.History.From)
		st.once.Do(func() { st.assumptions, st.currency = sum.Assumptions, sum.Currency })
		if sum.Data != nil {
			run.problems = sum.Data.Troubles()
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s from %s: %w", run.Strategy, run.From, err)
	}
	return nil
}

// settings are the session's parameters as far as the strategy has them, and the
// run's own.
func (st *comparison) settings(run *StudyRun) map[string]string {
	set := map[string]string{}
	for k, v := range st.o.Session.Set { // order does not matter: into a map
		if name, _, dotted := strings.Cut(k, "."); !dotted || name == run.Strategy {
			set[k] = v
		}
	}
	for k, v := range run.Params { // order does not matter: into a map
		set[k] = v
	}
	return set
}

// result chooses the runs that count and adds them up.
func (st *comparison) result() *Study {
	out := &Study{Market: strings.Join(st.o.Session.Market, " "), Currency: st.currency, Runs: st.runs, Assumptions: st.assumptions, DataProblems: st.problems()}
	for _, s := range st.o.Splits {
		out.Splits = append(out.Splits, s.String())
	}
	for _, name := range st.names {
		t, later := StudyTotal{Strategy: name, Return: 1}, 1.0
		for part := range len(st.o.Splits) - 1 {
			run := st.choose(name, part)
			run.Chosen = true
			t.Net = Money{t.Net.Add(run.Net.Decimal)}
			if part > 0 {
				t.OutOfSample = Money{t.OutOfSample.Add(run.Net.Decimal)}
				later *= 1 + run.Return
			}
			t.Return *= 1 + run.Return
			t.Drawdown = max(t.Drawdown, run.Drawdown)
			t.Pairs += run.Pairs
		}
		t.Return--
		later--
		if capital := st.o.Capital.InexactFloat64(); capital > 0 { // which is the same in every part: nothing compounds
			t.Return, later = t.Net.InexactFloat64()/capital, t.OutOfSample.InexactFloat64()/capital
		}
		s := st.o.Splits
		t.Annual, t.AnnualOutOfSample = st.inYear(t.Return, s[len(s)-1]-s[0]), st.inYear(later, s[len(s)-1]-s[1])
		out.Totals = append(out.Totals, t)
	}
	return out
}

// inYear is a return over a time as one of a year of 365 days; 0 over none. It compounds
// unless it is of a Capital, and is -1 of what was lost whole.
func (st *comparison) inYear(r float64, over exchange.Time) float64 {
	year := float64(tearsheet.DaysPerYear * exchange.Day)
	switch {
	case over <= 0:
		return 0
	case st.o.Capital.IsPositive():
		return r * year / float64(over)
	case r <= -1:
		return -1
	}
	return math.Pow(1+r, year/float64(over)) - 1
}

// problems joins what the runs said of their data, one part after another. All runs
// of a part played the same data.
func (st *comparison) problems() (out []string) {
	for part := range len(st.o.Splits) - 1 {
		for _, run := range st.runs {
			if run.part != part {
				continue
			}
			for _, p := range run.problems {
				out = append(out, fmt.Sprintf("%.10s: %s", run.From, p))
			}
			break
		}
	}
	return out
}

// choose returns the run of a part whose values earned most over the parts before.
// Among equals, and over the first part, it is the one that comes first: the
// defaults.
func (st *comparison) choose(name string, part int) *StudyRun {
	var best *StudyRun
	var most decimal.Decimal
	for _, run := range st.runs {
		if run.Strategy != name || run.part != part {
			continue
		}
		past := decimal.Zero
		for _, before := range st.runs {
			if before.Strategy == name && before.part < part && sameValues(before.Params, run.Params) {
				past = past.Add(before.Net.Decimal)
			}
		}
		if best == nil || past.GreaterThan(most) {
			best, most = run, past
		}
	}
	return best
}

// Values words the tuned parameters of the run; "" when it has its defaults.
func (run *StudyRun) Values() string { return valuesText(run.Params) }

func sameValues(a, b map[string]string) bool { return valuesText(a) == valuesText(b) }

// valuesText is "min_edge=5 horizon_days=30", in order of name.
func valuesText(values map[string]string) string {
	var list []string
	for k, v := range values { // order does not matter: sorted below
		_, param, _ := strings.Cut(k, ".")
		list = append(list, param+"="+v)
	}
	sort.Strings(list)
	return strings.Join(list, " ")
}

// curve is an equity curve for the report, moved by shift.
func curve(equity []track.Point, shift decimal.Decimal) (out []report.Point) {
	for _, p := range equity {
		out = append(out, report.Point{Time: p.Time, Value: p.Value.Add(shift)})
	}
	return out
}

// candidates are the strategies for the page. The curves of the parts are put end to end:
// each begins where the one before ended.
func (st *comparison) candidates(s *Study) (out []report.Candidate) {
	for _, t := range s.Totals {
		c := report.Candidate{Name: t.Strategy, Net: t.Net.Decimal, OutOfSample: t.OutOfSample.Decimal, Return: t.Return, Drawdown: t.Drawdown}
		sum := decimal.Zero
		for _, run := range s.Runs {
			if run.Strategy != t.Strategy || !run.Chosen {
				continue
			}
			c.Curve = append(c.Curve, curve(run.equity, sum.Sub(run.start))...)
			sum = sum.Add(run.Net.Decimal)
			c.Parts = append(c.Parts, report.StudyPart{From: st.o.Splits[run.part], To: st.o.Splits[run.part+1], InSample: run.InSample,
				Values: run.Values(), Net: run.Net.Decimal, Funding: run.Funding.Decimal, Fees: run.Fees.Add(run.Exit.Decimal),
				Return: run.Return, Drawdown: run.Drawdown, Sharpe: run.Sharpe, Pairs: run.Pairs})
		}
		out = append(out, c)
	}
	return out
}

func writeStudy(path string, page *report.Study) error {
	if err := writeFile(path, func(w io.Writer) error { return report.WriteStudy(w, page) }); err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
