package host

// StudyMetric is a figure of a search that conditions are about (--fail-if).
type StudyMetric struct {
	Name string
	Doc  string
	of   func(*StudySearch) (float64, bool)
}

// StudyMetrics are all of them. Figures of the strategy are those of what was judged, and
// without windows of the best trial.
func StudyMetrics() []StudyMetric {
	figure := func(name, doc string, of func(*StudyFigures) float64) StudyMetric {
		return StudyMetric{name, doc, func(s *StudySearch) (float64, bool) { return of(s.judged()), true }}
	}
	doubt := func(name, doc string, of func(*StudySearch) (float64, bool)) StudyMetric {
		return StudyMetric{name, doc, func(s *StudySearch) (float64, bool) {
			if s.Doubts == nil || s.Doubts.Days == 0 {
				return 0, false
			}
			return of(s)
		}}
	}
	return []StudyMetric{
		figure("net", "change of equity after all costs", func(f *StudyFigures) float64 { return f.Net.InexactFloat64() }),
		figure("return", "of the whole time, fraction", func(f *StudyFigures) float64 { return f.Return }),
		figure("annual_return", "of a year, compounded, fraction", func(f *StudyFigures) float64 { return f.Annual }),
		figure("sharpe", "of a year", func(f *StudyFigures) float64 { return f.Sharpe }),
		figure("sortino", "of a year", func(f *StudyFigures) float64 { return f.Sortino }),
		figure("calmar", "annual return over the largest drawdown", func(f *StudyFigures) float64 { return f.Calmar }),
		figure("max_drawdown", "fraction", func(f *StudyFigures) float64 { return f.Drawdown }),
		figure("trades", "that ended", func(f *StudyFigures) float64 { return float64(f.Trades) }),
		doubt("pbo", "probability of backtest overfitting; of windows their mean", (*StudySearch).pbo),
		doubt("probabilistic_sharpe", "probability that the Sharpe ratio is above 0", func(s *StudySearch) (float64, bool) { return s.Doubts.Probabilistic, true }),
		doubt("deflated_sharpe", "probability that it is above that of luck", func(s *StudySearch) (float64, bool) { return s.Doubts.Deflated, true }),
		{"ruin", "part of bootstrapped histories with a drawdown of --ruin or more", func(s *StudySearch) (float64, bool) {
			if s.Bootstrap == nil {
				return 0, false
			}
			return s.Bootstrap.Ruin, true
		}},
	}
}

// Metric is the value of one by its name; false: it is not known, or not defined here.
func (s *StudySearch) Metric(name string) (float64, bool) {
	for _, m := range StudyMetrics() {
		if m.Name == name {
			return m.of(s)
		}
	}
	return 0, false
}

// judged are the figures that count.
func (s *StudySearch) judged() *StudyFigures {
	if s.OutOfSample != nil {
		return s.OutOfSample
	}
	return &s.Trials[0].StudyFigures
}

func (s *StudySearch) pbo() (float64, bool) {
	if s.Doubts.Overfit != nil {
		return s.Doubts.Overfit.PBO, true
	}
	sum, n := 0.0, 0.0
	for i := range s.Windows {
		if d := s.Windows[i].Doubts; d != nil && d.Overfit != nil {
			sum, n = sum+d.Overfit.PBO, n+1
		}
	}
	return sum / max(n, 1), n > 0
}
