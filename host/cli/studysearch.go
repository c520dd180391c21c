package cli

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/study"
)

// searchFlags are those of a study that looks for parameters.
type searchFlags struct {
	method, objective, walk, folds, trialsFile, from, to string
	heat                                                 []string
	trials, paths                                        int
	block, ruin                                          float64
	fails                                                failIf
}

// searching are the flags that make a study a search.
var searching = []string{"search", "walk-forward", "folds"}

func (s *searchFlags) define(f *pflag.FlagSet) {
	f.StringVar(&s.method, "search", "", "look for parameters: grid, random or tpe, over --tune or what the script says of its parameters")
	f.IntVar(&s.trials, "trials", 0, "points to try (default: of a grid all, else 100)")
	f.StringVar(&s.objective, "objective", "sharpe", "what to look for: "+strings.Join(host.StudyObjectives(), ", "))
	f.StringVar(&s.walk, "walk-forward", "", "choose on one part of the time and judge on the next: train=2y,test=6m, with step=3m, purge=7d, anchored")
	f.StringVar(&s.folds, "folds", "", "judge each of k parts by what the others choose: k=5, with purge=7d, embargo=2d around it")
	f.StringVar(&s.from, "from", "", "first day of a search, UTC: 2023-01-01")
	f.StringVar(&s.to, "to", "", "day to end a search before, UTC")
	f.StringVar(&s.trialsFile, "trials-file", "perilune-trials/", "keep ended runs of a search here, to go on after an interruption: a file, a folder/ or off")
	f.IntVar(&s.paths, "paths", 0, "paths of Monte Carlo (default 2000)")
	f.Float64Var(&s.block, "block", 0, "mean days of a bootstrapped block (default: cube root of their number)")
	f.Float64Var(&s.ruin, "ruin", 0, "drawdown that counts as ruin, as a fraction (default 0.5)")
	s.fails.ofSearch(f)
	f.StringSliceVar(&s.heat, "heat", nil, "two parameters of the heat map: a,b (default: those that most hangs on)")
}

// asked reports whether a search is asked for. Flags that only a search has are refused
// without one.
func (s *searchFlags) asked(f *pflag.FlagSet) (bool, error) {
	if slices.ContainsFunc(searching, f.Changed) {
		if f.Changed("splits") {
			return false, fail(ExitUsage, "--splits: a search has --walk-forward, --folds or --from and --to")
		}
		return true, nil
	}
	for _, name := range []string{"trials", "objective", "from", "to", "trials-file", "paths", "block", "ruin", "heat", "fail-if"} {
		if f.Changed(name) {
			return false, fail(ExitUsage, "--%s: it is of a search: want --search, --walk-forward or --folds too", name)
		}
	}
	return false, nil
}

// options turns the flags into those of a search.
func (s *searchFlags) options(session *host.Options, tune []string) (*host.StudySearchOptions, error) {
	o := &host.StudySearchOptions{Session: *session, Method: study.Method(s.method), Trials: s.trials, Seed: session.Seed, Objective: s.objective,
		TrialsFile: s.trialsFile, Paths: s.paths, Block: s.block, Ruin: s.ruin, Report: session.Report, Ranges: map[string]string{}}
	o.Session.Report = ""
	if s.method != "" && !slices.Contains(study.Methods, o.Method) {
		return nil, fail(ExitUsage, "--search %q: want grid, random or tpe", s.method)
	}
	if s.trialsFile == "off" {
		o.TrialsFile = ""
	}
	if len(s.heat) > 0 && len(s.heat) != 2 {
		return nil, fail(ExitUsage, "--heat %s: want two parameters, such as a,b", strings.Join(s.heat, ","))
	}
	copy(o.Heat[:], s.heat)
	var err error
	if o.Session.History.From, o.Session.History.To, err = parseDays(s.from, s.to); err != nil {
		return nil, err
	}
	if s.walk != "" {
		w, err := study.ParseWalkForward(s.walk)
		if err != nil {
			return nil, fail(ExitUsage, "--walk-forward: %w", err)
		}
		o.WalkForward = &w
	}
	if s.folds != "" {
		k, err := study.ParseFolds(s.folds)
		if err != nil {
			return nil, fail(ExitUsage, "--folds: %w", err)
		}
		o.Folds = &k
	}
	for _, t := range tune {
		name, what, _ := strings.Cut(t, "=")
		if name == "" {
			return nil, fail(ExitUsage, "--tune %q: want name=lo..hi, name=lo..hi:log, name=lo..hi:step=N, name=v1,v2 or name", t)
		}
		o.Ranges[name] = what
	}
	return o, nil
}

// studySearch looks for parameters.
func studySearch(ctx context.Context, e *env, s *searchFlags, o *host.Options, tune []string, capital string, flags *sessionFlags) error {
	st, err := s.options(o, tune)
	if err != nil {
		return err
	}
	if st.Capital, err = parseCapital(capital); err != nil {
		return err
	}
	if err := s.fails.parse(); err != nil {
		return err
	}
	p := newProgress(e.err, flags.quiet)
	st.Progress = func(now host.StudyProgress) {
		best := ""
		if !math.IsNaN(now.Score) {
			best = ", best " + s.objective + " " + shortNumber(now.Score)
		}
		p.show(now.Done, now.All, now.Kept, now.Left, best)
	}
	result, err := host.RunStudySearch(ctx, st)
	p.end()
	if err != nil && st.TrialsFile != "" && ctx.Err() != nil {
		return fail(ExitKilled, "interrupted: the same command goes on from the runs in %s", st.TrialsFile)
	}
	if result == nil {
		return err
	}
	if flags.json {
		if jsonErr := e.printJSON(result); jsonErr != nil {
			return jsonErr
		}
	} else {
		printSearch(e.out, result)
	}
	if err != nil {
		return err
	}
	return failed(s.fails.judge(e, "", result.Metrics()))
}
