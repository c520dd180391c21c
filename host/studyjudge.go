package host

import (
	"math"
	"slices"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/study"
)

// frame is what every result says.
func (s *searcher) frame() *StudySearch {
	out := &StudySearch{Market: s.history.dir, Strategy: s.script.name, From: s.all.From.String(), To: s.all.To.String(),
		Method: string(s.o.Method), Seed: s.o.Seed, Objective: s.o.Objective, TrialsFile: s.o.TrialsFile}
	for i := range s.search.Space {
		d := &s.search.Space[i]
		out.Parameters = append(out.Parameters, struct {
			Name  string `json:"name"`
			Range string `json:"range"`
		}{d.Name, rangeText(d)})
	}
	for _, span := range s.spans() {
		if run := s.trials.find(trialKey(s.params(s.search.First), span)); run != nil && run.Told != nil {
			out.hear(run.Told)
		}
	}
	return out
}

// spans are all parts of the time that trials run over.
func (s *searcher) spans() (out []study.Span) {
	for _, x := range s.splits {
		out = append(out, x.Train...)
	}
	if len(out) == 0 {
		out = []study.Span{s.all}
	}
	return out
}

// hear takes what a run said of its data, each once.
func (out *StudySearch) hear(t *trialTold) {
	out.Currency = t.Currency
	out.Assumptions, out.DataProblems = joined(out.Assumptions, t.Assumptions), joined(out.DataProblems, t.Problems)
}

// whole is the result of a search that keeps nothing to judge by.
func (s *searcher) whole(trials []StudyTrial) *StudySearch {
	out := s.frame()
	var lists [][]float64
	for i := range trials {
		lists = append(lists, trials[i].returns)
	}
	winner := *best(trials)
	// What is doubted is the trial that would be taken, which is the best by the objective.
	lists = aligned(lists)
	out.Doubts = study.DoubtOf(lists, winner.Number, byMean(s.o.Objective))
	out.Heat = s.heat(trials)
	out.chance(s.o, winner.returns, winner.trades)
	out.Equity = growth(s.all.From, winner.returns)
	out.Trials = ranked(trials)
	return out
}

// walked is the result of windows.
func (s *searcher) walked(windows []StudyWindow) *StudySearch {
	out := s.frame()
	out.Windows = windows
	var runs []*trialRun
	var returns, trades []float64
	for i := range windows {
		w := &windows[i]
		returns, trades = append(returns, w.returns...), append(trades, w.trades...)
		run := s.trials.find(trialKey(w.Chosen.Params, s.splits[i].Test))
		runs = append(runs, run)
		out.hear(run.Told)
	}
	total, _ := figures(runs)
	out.OutOfSample = &total
	out.Doubts = study.DoubtOf([][]float64{returns}, 0, byMean(s.o.Objective))
	out.chance(s.o, returns, trades)
	for i := range windows {
		out.Equity = append(out.Equity, growthFrom(out.Equity, s.splits[i].Test.From, windows[i].returns)...)
	}
	for d := range s.search.Space {
		out.Stability = append(out.Stability, s.stability(d, windows))
	}
	var all []StudyTrial
	for i := range windows {
		all = append(all, windows[i].all...)
	}
	out.Heat = s.heat(all)
	return out
}

// chance is what might have been of the same trades and days.
func (out *StudySearch) chance(o *StudySearchOptions, returns, trades []float64) {
	block := o.Block
	if block == 0 {
		block = study.UsualBlock(len(returns))
	}
	out.TradeOrder = study.TradeOrder(trades, o.Paths, o.Ruin, o.Seed)
	out.Bootstrap = study.Bootstrap(returns, o.Paths, block, o.Ruin, o.Seed)
}

// heat maps the scores over two parameters.
func (s *searcher) heat(trials []StudyTrial) *study.Heat {
	var points [][]string
	var scores []float64
	for i := range trials {
		var p []string
		for _, name := range s.names() {
			p = append(p, trials[i].Params[s.script.name+"."+name])
		}
		points, scores = append(points, p), append(scores, trials[i].Score)
	}
	x, y, ok := study.MostInfluential(s.search.Space, points, scores)
	if !ok {
		return nil
	}
	for i, name := range s.o.Heat {
		at := slices.Index(s.names(), name)
		switch {
		case at < 0:
		case i == 0 && at == y:
			x, y = y, x
		case i == 0:
			x = at
		case at != x:
			y = at
		}
	}
	return study.Sensitivity(s.search.Space, points, scores, x, y)
}

// stability is how the choice of a parameter moved.
func (s *searcher) stability(d int, windows []StudyWindow) StudyStability {
	dim := &s.search.Space[d]
	out := StudyStability{Parameter: dim.Name}
	var places []float64
	for i := range windows {
		v := windows[i].Chosen.Params[s.script.name+"."+dim.Name]
		if !slices.Contains(out.Chosen, v) {
			out.Different++
		}
		out.Chosen = append(out.Chosen, v)
		if u, ok := dim.Place(v); ok {
			places = append(places, u)
		}
	}
	out.Spread = study.MomentsOf(places).SD * math.Sqrt(12) // the deviation of the unit interval is 1 over it
	return out
}

// growth is an equity curve that begins with 1.
func growth(from exchange.Time, returns []float64) []StudyDay {
	return growthFrom(nil, from, returns)
}

// growthFrom goes on where another ended. Return i is of the day that begins i days after
// the first midnight.
func growthFrom(before []StudyDay, from exchange.Time, returns []float64) (out []StudyDay) {
	equity := 1.0
	if n := len(before); n > 0 {
		equity = before[n-1].Growth
	}
	day := (from + exchange.Day - 1) / exchange.Day * exchange.Day
	for i, r := range returns {
		equity *= max(0, 1+r)
		at := day + exchange.Time(i)*exchange.Day
		out = append(out, StudyDay{time.Unix(0, int64(at)).UTC().Format(time.DateOnly), equity})
	}
	return out
}
