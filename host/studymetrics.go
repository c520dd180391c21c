package host

import "github.com/perilune/perilune/host/tearsheet"

// studyMetric is a figure of a search that conditions are about (--fail-if).
type studyMetric struct {
	tearsheet.Definition
	of func(*StudySearch) tearsheet.Value
}

// StudyMetrics define the figures of a search. Those of the strategy are of what was judged,
// and without windows of the best trial.
func StudyMetrics() (out []tearsheet.Definition) {
	for _, m := range studyMetrics() {
		out = append(out, m.Definition)
	}
	return out
}

// Metrics are the figures of the search, in the order of StudyMetrics.
func (s *StudySearch) Metrics() (out tearsheet.Metrics) {
	for _, m := range studyMetrics() {
		out = append(out, tearsheet.Metric{Definition: m.Definition, Value: m.of(s)})
	}
	return out
}

func studyMetrics() []studyMetric {
	metric := func(name string, unit tearsheet.Unit, doc string, of func(*StudySearch) tearsheet.Value) studyMetric {
		return studyMetric{tearsheet.Definition{Name: name, Unit: unit, Doc: doc}, of}
	}
	figure := func(name string, unit tearsheet.Unit, doc string, of func(*StudyFigures) float64) studyMetric {
		return metric(name, unit, doc, func(s *StudySearch) tearsheet.Value {
			return tearsheet.Value{Defined: true, Float: of(s.judged())}
		})
	}
	doubt := func(name, doc string, of func(*StudySearch) (float64, bool)) studyMetric {
		return metric(name, tearsheet.Ratio, doc, func(s *StudySearch) (v tearsheet.Value) {
			if s.Doubts != nil && s.Doubts.Days > 0 {
				v.Float, v.Defined = of(s)
			}
			return v
		})
	}
	return []studyMetric{
		metric("net", tearsheet.Money, "change of equity after all costs", func(s *StudySearch) tearsheet.Value {
			return tearsheet.Value{Defined: true, Money: s.judged().Net.Decimal}
		}),
		figure("return", tearsheet.Part, "of the whole time", func(f *StudyFigures) float64 { return f.Return }),
		figure("annual_return", tearsheet.Part, "of a year, compounded", func(f *StudyFigures) float64 { return f.Annual }),
		figure("sharpe", tearsheet.Ratio, "of a year", func(f *StudyFigures) float64 { return f.Sharpe }),
		figure("sortino", tearsheet.Ratio, "of a year", func(f *StudyFigures) float64 { return f.Sortino }),
		figure("calmar", tearsheet.Ratio, "annual return over the largest drawdown", func(f *StudyFigures) float64 { return f.Calmar }),
		figure("max_drawdown", tearsheet.Part, "largest fall below the peak before", func(f *StudyFigures) float64 { return f.Drawdown }),
		figure("trades", tearsheet.Number, "that ended", func(f *StudyFigures) float64 { return float64(f.Trades) }),
		doubt("pbo", "probability of backtest overfitting; of windows their mean", (*StudySearch).pbo),
		doubt("probabilistic_sharpe", "probability that the Sharpe ratio is above 0", func(s *StudySearch) (float64, bool) { return s.Doubts.Probabilistic, true }),
		doubt("deflated_sharpe", "probability that it is above that of luck", func(s *StudySearch) (float64, bool) { return s.Doubts.Deflated, true }),
		metric("ruin", tearsheet.Part, "part of bootstrapped histories with a drawdown of --ruin or more", func(s *StudySearch) (v tearsheet.Value) {
			if s.Bootstrap != nil {
				v.Float, v.Defined = s.Bootstrap.Ruin, true
			}
			return v
		}),
	}
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
