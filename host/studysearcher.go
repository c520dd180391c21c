package host

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sort"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/study"
)

// searcher is a search at work.
type searcher struct {
	o       *StudySearchOptions
	script  *loaded
	score   func(*StudyFigures) float64
	search  *study.Search
	history *History // that all runs read
	all     study.Span
	splits  []study.Split // none: the whole time chooses
	trials  *trialFile
	slots   chan struct{} // runs at a time

	progress struct {
		sync.Mutex
		StudyProgress
		began time.Time
		err   error // Progress panicked
	}
}

// cut finds the time that is searched, and cuts it.
func (s *searcher) cut() (err error) {
	s.all.From, s.all.To = s.history.h.Span()
	if h := &s.o.Session.History; h.From != 0 {
		s.all.From = max(s.all.From, h.From)
	}
	if to := s.o.Session.History.To; to != 0 {
		s.all.To = min(s.all.To, to)
	}
	if s.all.To <= s.all.From {
		return &DataError{fmt.Errorf("market data: there is none in the time asked for")}
	}
	switch {
	case s.o.WalkForward != nil:
		// Windows begin at midnight, as the days do that returns are of.
		whole := study.Span{From: (s.all.From + exchange.Day - 1) / exchange.Day * exchange.Day, To: s.all.To}
		s.splits, err = s.o.WalkForward.Splits(whole)
	case s.o.Folds != nil:
		s.splits, err = s.o.Folds.Splits(s.all)
	}
	if err != nil {
		return configError("%v", err)
	}
	return nil
}

// perform searches in all windows at once, so that no processor waits for the end of one.
func (s *searcher) perform(ctx context.Context) (*StudySearch, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	workers := s.o.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	s.slots = make(chan struct{}, workers)
	s.progress.began, s.progress.Score = time.Now(), math.NaN()
	splits := s.splits
	if len(splits) == 0 {
		splits = []study.Split{{Train: []study.Span{s.all}}}
	}
	for i := range splits {
		s.progress.All += s.search.Count() * len(splits[i].Train)
		if len(s.splits) > 0 {
			s.progress.All++
		}
	}
	windows := make([]StudyWindow, len(splits))
	var running sync.WaitGroup
	for i := range splits {
		running.Go(func() {
			if err := s.window(ctx, &splits[i], &windows[i]); err != nil {
				cancel(err)
			}
		})
	}
	running.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if len(s.splits) == 0 {
		return s.whole(windows[0].all), nil
	}
	return s.walked(windows), nil
}

// window searches where a split chooses, and runs the best where it judges.
func (s *searcher) window(ctx context.Context, split *study.Split, w *StudyWindow) error {
	all, err := s.trial(ctx, split.Train)
	if err != nil {
		return err
	}
	for _, t := range split.Train {
		w.Train = append(w.Train, fmt.Sprintf("%.10s/%.10s", t.From, t.To))
	}
	w.Tried, w.all = len(all), all
	if len(s.splits) == 0 {
		return nil
	}
	var lists [][]float64
	for i := range all {
		lists = append(lists, all[i].returns)
	}
	w.Chosen = *best(all)
	w.Doubts = study.Doubt(aligned(lists), byMean(s.o.Objective))
	w.From, w.To = split.Test.From.String(), split.Test.To.String()
	run, err := s.run(ctx, w.Chosen.Params, split.Test, true)
	if err != nil {
		return err
	}
	w.Judged, w.returns = figures([]*trialRun{run})
	w.trades = run.Trades
	for i := range w.all { // of the windows, the figures are kept alone
		w.all[i].returns, w.all[i].trades = nil, nil
	}
	return nil
}

// best is the trial of the highest score; of equals, the earliest.
func best(trials []StudyTrial) *StudyTrial {
	at := 0
	for i := range trials {
		if trials[i].Score > trials[at].Score {
			at = i
		}
	}
	return &trials[at]
}

// trial goes through the points of the search. A point is chosen as soon as the trials that
// it needs have ended, whatever else is under way.
func (s *searcher) trial(ctx context.Context, train []study.Span) ([]StudyTrial, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	n := s.search.Count()
	trials, ended := make([]StudyTrial, n), make([]chan struct{}, n)
	var running sync.WaitGroup
	var points [][]string
	var scores []float64
	for i := range n {
		for len(scores) < s.search.Needs(i) && ctx.Err() == nil {
			select {
			case <-ended[len(scores)]:
				scores = append(scores, trials[len(scores)].Score)
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			break
		}
		p := s.search.Point(i, points, scores)
		if p == nil {
			s.fewer((n - i) * len(train))
			break
		}
		points, ended[i] = append(points, p), make(chan struct{})
		trials[i] = StudyTrial{Number: i, Params: s.params(p)}
		running.Go(func() {
			defer close(ended[i])
			if err := s.evaluate(ctx, &trials[i], train); err != nil {
				cancel(err)
			}
		})
	}
	running.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return trials[:len(points)], nil
}

// params are the settings of a point.
func (s *searcher) params(point []string) map[string]string {
	out := map[string]string{}
	for d, v := range point {
		out[s.script.name+"."+s.search.Space[d].Name] = v
	}
	return out
}

// evaluate runs a trial over all spans.
func (s *searcher) evaluate(ctx context.Context, t *StudyTrial, spans []study.Span) error {
	runs := make([]*trialRun, len(spans))
	for i, span := range spans {
		var err error
		if runs[i], err = s.run(ctx, t.Params, span, t.Number == 0); err != nil {
			return err
		}
		t.trades = append(t.trades, runs[i].Trades...)
	}
	t.StudyFigures, t.returns = figures(runs)
	t.Score = s.score(&t.StudyFigures)
	s.scored(t.Score)
	return nil
}

// run runs parameters over a span, unless that was done before.
func (s *searcher) run(ctx context.Context, params map[string]string, span study.Span, tells bool) (*trialRun, error) {
	if known := s.trials.find(trialKey(params, span)); known != nil && (known.Told != nil || !tells) {
		return known, s.ended(true)
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	out, err := s.play(ctx, params, span, tells)
	if err == nil {
		err = s.trials.keep(out)
	}
	if err == nil {
		err = s.ended(false)
	}
	return out, err
}

// ended tells of a run. A panic of who is told is an error, once.
func (s *searcher) ended(kept bool) (err error) {
	p := &s.progress
	p.Lock()
	defer p.Unlock()
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("RunStudySearch: Progress panicked: %v (%s)", v, panickedAt())
		}
	}()
	if p.Done++; kept {
		p.Kept++
	}
	if ran := p.Done - p.Kept; ran > 0 {
		p.Left = time.Since(p.began) / time.Duration(ran) * time.Duration(p.All-p.Done)
	}
	if s.o.Progress != nil {
		s.o.Progress(p.StudyProgress)
	}
	return nil
}

// scored notes the best score.
func (s *searcher) scored(v float64) {
	s.progress.Lock()
	defer s.progress.Unlock()
	if !(v <= s.progress.Score) {
		s.progress.Score = v
	}
}

// fewer takes runs off that will not be.
func (s *searcher) fewer(n int) {
	s.progress.Lock()
	defer s.progress.Unlock()
	s.progress.All -= n
}

// ranked are trials, the best first; equals in order of the search.
func ranked(trials []StudyTrial) []StudyTrial {
	sort.SliceStable(trials, func(a, b int) bool { return trials[a].Score > trials[b].Score })
	return trials
}
