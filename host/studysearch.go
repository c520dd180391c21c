package host

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/host/study"
)

// StudySearchOptions describe a search for the parameters of one strategy over a history,
// and how what it finds is doubted.
type StudySearchOptions struct {
	// Session is what all runs have in common. Its Scripts are the one strategy; History.From
	// and To are the time that is searched, by default all there is. What it says of ledger,
	// journal and report is not used.
	Session Options
	Method  study.Method // "": random
	Trials  int          // 0: of a grid all points, else 100
	Seed    uint64       // of the search and of Monte Carlo; 0: 1
	// Ranges are what parameters may be, by "param" or "strategy.param", as
	// study.ParseDimension reads it; "" is what the script itself says of one. None: every
	// parameter that the script gives both bounds, choices or a boolean.
	Ranges    map[string]string
	Objective string // one of StudyObjectives; "": sharpe
	// WalkForward or Folds judge on what did not choose; nil both: the whole time chooses, and
	// nothing is left to judge by.
	WalkForward *study.WalkForward
	Folds       *study.Folds
	// Capital is what returns and drawdowns are parts of; zero: what the account begins with.
	Capital decimal.Decimal
	// TrialsFile keeps the runs that have ended. The same search goes on from it, however it
	// ended, and comes to the same result; "": nothing is kept. In a folder, which ends in a
	// slash and is made, each script, data and session has a file of its own.
	TrialsFile string
	Paths      int       // of Monte Carlo; 0: 2,000
	Block      float64   // mean days of a bootstrapped block; 0: the cube root of their number
	Ruin       float64   // drawdown that counts as ruin; 0: 0.5
	Heat       [2]string // parameters of the heat map; "": the two that most hangs on
	Workers    int       // runs at a time; 0: one a processor
	Report     string    // writes an HTML page here; "": none
	// Progress is told of every run as it ends, from one goroutine at a time.
	Progress func(StudyProgress)
}

// StudyProgress is how far a search has come.
type StudyProgress struct {
	Done, All int           // runs; a space that is used up has fewer in the end
	Kept      int           // of Done, those that a file had
	Left      time.Duration // that the rest will take, by those that ran; 0: not known yet
	Score     float64       // of the best so far of any window; NaN before there is one
}

// StudySearch is the result of a search.
type StudySearch struct {
	Market     string `json:"market"`
	Strategy   string `json:"strategy"`
	Currency   string `json:"currency"` // of all money
	From       string `json:"from"`
	To         string `json:"to"`
	Method     string `json:"method"`
	Seed       uint64 `json:"seed"`
	Objective  string `json:"objective"`
	Parameters []struct {
		Name  string `json:"name"`
		Range string `json:"range"`
	} `json:"parameters"`
	// Trials are those over the whole time, best first; with windows they are in the windows.
	Trials []StudyTrial `json:"trials,omitempty"`
	// Windows choose and judge; OutOfSample is their judgments together: stitched end to end
	// of a walk-forward, the parts of all folds in order.
	Windows     []StudyWindow    `json:"windows,omitempty"`
	OutOfSample *StudyFigures    `json:"out_of_sample,omitempty"`
	Equity      []StudyDay       `json:"equity,omitempty"` // of OutOfSample, or of the best trial: growth by day
	Stability   []StudyStability `json:"stability,omitempty"`
	// Doubts are about the best trial, or of windows about OutOfSample alone: each window has
	// those about its choice.
	Doubts     *study.Doubts `json:"doubts,omitempty"`
	TradeOrder *study.Paths  `json:"trade_order,omitempty"` // nil: less than two trades
	Bootstrap  *study.Paths  `json:"bootstrap,omitempty"`   // nil: less than two days
	Heat       *study.Heat   `json:"heat,omitempty"`        // nil: fewer than two parameters

	Assumptions  []string `json:"assumptions"`
	DataProblems []string `json:"data_problems,omitempty"`
	TrialsFile   string   `json:"trials_file,omitempty"`
	Report       string   `json:"report,omitempty"`
}

// StudyTrial is one point of a search.
type StudyTrial struct {
	Number int               `json:"number"` // in order of the search, from 0: the script's own values
	Params map[string]string `json:"params"`
	Score  float64           `json:"score"`
	StudyFigures
	returns []float64
	trades  []float64
}

// Values words the parameters.
func (t *StudyTrial) Values() string { return wordsOf(t.Params) }

// StudyWindow is one part of the time: what was chosen for it, and how it did.
type StudyWindow struct {
	Train  []string      `json:"train"` // spans, as from/to
	From   string        `json:"from"`  // of the part that judges
	To     string        `json:"to"`
	Tried  int           `json:"tried"`
	Chosen StudyTrial    `json:"chosen"` // by its figures where it was chosen
	Judged StudyFigures  `json:"judged"`
	Doubts *study.Doubts `json:"doubts"` // about the choice

	returns []float64
	trades  []float64
	all     []StudyTrial
}

// StudyDay is a day of an equity curve.
type StudyDay struct {
	Day    string  `json:"day"`
	Growth float64 `json:"growth"` // 1 at the beginning
}

// StudyStability is how a parameter's choice moved over the windows.
type StudyStability struct {
	Parameter string   `json:"parameter"`
	Chosen    []string `json:"chosen"` // by window
	Different int      `json:"different"`
	// Spread is the deviation of the choice's place in its range, over that of choosing
	// evenly at random: about 0 is stable, 1 is chance.
	Spread float64 `json:"spread"`
}

// RunStudySearch runs a search, on all processors. Each run comes out as it would alone, and
// the same options give the same result on any number of processors. A run that fails ends
// it; with a TrialsFile those before it are kept.
func RunStudySearch(ctx context.Context, o *StudySearchOptions) (*StudySearch, error) {
	if err := needsContext(ctx, "RunStudySearch"); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, configError("RunStudySearch: no options: want a *host.StudySearchOptions")
	}
	s, err := newSearcher(o)
	if err != nil {
		return nil, err
	}
	of, err := s.identity()
	if err != nil {
		return nil, err
	}
	if s.o.TrialsFile, err = trialPath(o.TrialsFile, s.script.name, of); err != nil {
		return nil, err
	}
	if s.trials, err = openTrials(s.o.TrialsFile, of); err != nil {
		return nil, err
	}
	out, err := s.perform(ctx)
	if closing := s.trials.close(); err == nil && closing != nil {
		err = fmt.Errorf("trials: %w", closing)
	}
	if err != nil {
		return nil, err
	}
	if o.Report != "" {
		if err := out.writePage(o.Report, o.Session.Command); err != nil {
			return out, err
		}
		out.Report = o.Report
	}
	return out, nil
}

// newSearcher checks all that can be wrong before anything runs.
func newSearcher(given *StudySearchOptions) (*searcher, error) {
	o := *given
	if err := sharedByRuns("RunStudySearch", &o.Session); err != nil {
		return nil, err
	}
	if err := namedPaths("Session.Scripts", o.Session.Scripts); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	scripts, err := loadScripts(o.Session.Scripts, o.Session.own.scripting())
	if err != nil {
		return nil, err
	}
	if err := checkParams(scripts, o.Session.Set, o.Session.origins); err != nil {
		return nil, err
	}
	s := &searcher{o: &o, script: &scripts[0]}
	if s.score, err = objective(o.Objective); err != nil {
		return nil, err
	}
	if s.search, err = o.space(s.script); err != nil {
		return nil, err
	}
	if s.history = o.Session.Loaded; s.history == nil {
		if len(o.Session.Market) != 1 {
			return nil, configError("RunStudySearch: want one directory of a history as Session.Market, or Session.Loaded")
		}
		if s.history, err = LoadHistory(o.Session.Market[0], o.Session.History.Symbols...); err != nil {
			return nil, err
		}
	}
	return s, s.cut()
}

// check looks at the options by themselves, and fills in what is usual.
func (o *StudySearchOptions) check() error {
	if o.Method == "" {
		o.Method = study.Random
	}
	if o.Objective == "" {
		o.Objective = "sharpe"
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Paths == 0 {
		o.Paths = 2000
	}
	if o.Ruin == 0 {
		o.Ruin = 0.5
	}
	switch {
	case len(o.Session.Scripts) != 1:
		return configError("a search is for the parameters of one strategy: %d are named", len(o.Session.Scripts))
	case o.WalkForward != nil && o.Folds != nil:
		return configError("a walk-forward and folds: want one of them")
	case o.Paths < 0 || o.Paths > 1_000_000:
		return configError("%d paths: want 1 to 1000000", o.Paths)
	case o.Ruin < 0 || o.Ruin > 1:
		return configError("a ruin of %g: want a drawdown from 0 to 1", o.Ruin)
	case o.Block < 0 || o.Workers < 0:
		return configError("Block %g, Workers %d: want 0 or more", o.Block, o.Workers)
	}
	return checkReport(o.Report)
}

// names are the parameters that the search changes.
func (s *searcher) names() (out []string) {
	for _, d := range s.search.Space {
		out = append(out, d.Name)
	}
	return out
}

// rangeText words what a parameter may be.
func rangeText(d *study.Dimension) string {
	switch {
	case d.Values != nil:
		return strings.Join(d.Values, ",")
	case d.Log:
		return fmt.Sprintf("%g..%g:log", d.Lo, d.Hi)
	case d.Step > 0:
		return fmt.Sprintf("%g..%g:step=%g", d.Lo, d.Hi, d.Step)
	}
	return fmt.Sprintf("%g..%g", d.Lo, d.Hi)
}
