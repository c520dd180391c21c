package host

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/host/report"
)

// SureAuto as Options.Sure has a paper result say how sure it is where that is cheap.
const SureAuto = -1

// MostSure is how many runs may be asked for.
const MostSure = 10_000

const (
	sureRuns   = 12        // of SureAuto
	cheapSteps = 1_000_000 // events of all runs together that are cheap
)

// Sureness is how sure the profit of a run on paper is: what it comes to when the same
// session runs again over the same data, and the paper venue assumes something else of what
// nobody can know without real orders: who stands before a resting order, how long messages
// take, what the market does about what was taken. It says nothing about other data.
type Sureness struct {
	// Runs are those beside the result itself; 0: it was not found out, and Why says why.
	Runs int    `json:"runs"`
	Why  string `json:"why,omitempty"`
	// Low and High are the interval of the profit: the least and the most of all runs with
	// the result, and of what nine of ten more draws would come to.
	Low  Money `json:"low"`
	High Money `json:"high"`
	// Draws are as many runs whose assumptions are drawn from what is plausible; DrawsLow and
	// DrawsHigh have nine of ten more such runs between them, taken as normally distributed
	// (a prediction interval of Student's t over the draws and the result).
	Draws     int        `json:"draws"`
	DrawsLow  Money      `json:"draws_low"`
	DrawsHigh Money      `json:"draws_high"`
	Cases     []SureCase `json:"cases,omitempty"`
}

// SureCase is one of the runs.
type SureCase struct {
	Name     string  `json:"name"`
	Assumes  string  `json:"assumes"`
	PnL      Money   `json:"pnl"`
	Fees     Money   `json:"fees"`
	Fills    int     `json:"fills"`
	Drawdown float64 `json:"max_drawdown"`

	draw bool
	set  func(*Options)
}

// Width is how far the least and the most are apart.
func (s *Sureness) Width() decimal.Decimal { return s.High.Sub(s.Low.Decimal) }

// Sentences tell it to people, of a profit in a currency; of nil, nothing.
func (s *Sureness) Sentences(pnl Money, currency string) []string {
	switch {
	case s == nil:
		return nil
	case s.Runs == 0:
		return []string{"not found out: " + s.Why}
	case s.Width().IsZero():
		return []string{fmt.Sprintf("the same in %d runs with other queues, latencies and impact", s.Runs)}
	}
	out := []string{fmt.Sprintf("%s to %s %s in %d runs with other queues, latencies and impact", s.Low.StringFixed(2), s.High.StringFixed(2), currency, s.Runs)}
	if c := s.Decides(pnl.Decimal); c != nil && !c.PnL.Equal(pnl.Decimal) {
		out = append(out, fmt.Sprintf("most by itself: %s %s where %s", c.PnL.StringFixed(2), currency, c.Assumes))
	}
	if s.Draws > 0 && !s.DrawsLow.Equal(s.DrawsHigh.Decimal) {
		out = append(out, fmt.Sprintf("assumptions drawn anew: nine of ten between %s and %s, by %d runs", s.DrawsLow.StringFixed(2), s.DrawsHigh.StringFixed(2), s.Draws))
	}
	return out
}

// Decides is the single assumption that changes the profit most; nil when none was tried.
func (s *Sureness) Decides(pnl decimal.Decimal) *SureCase {
	var most *SureCase
	for i := range s.Cases {
		c := &s.Cases[i]
		if c.Name == sureFewest || c.Name == sureMost {
			continue
		}
		if most == nil || c.PnL.Sub(pnl).Abs().GreaterThan(most.PnL.Sub(pnl).Abs()) {
			most = c
		}
	}
	return most
}

const (
	sureFewest = "fewest fills"
	sureMost   = "most fills"
)

// howSure finds out how sure the result of the session is; nil when nobody asked, or nothing
// was traded on paper.
func (r *runner) howSure(ctx context.Context, s *Summary) *Sureness {
	n := r.o.Sure
	if n == 0 || r.account.real() || s.EndedBy == "error" {
		return nil
	}
	auto := n == SureAuto
	if auto {
		n = sureRuns
	}
	if why := r.unrepeatable(s); why != "" {
		return &Sureness{Why: why}
	}
	if auto && s.Events*uint64(n) > cheapSteps {
		return &Sureness{Why: fmt.Sprintf("%d more runs of %.1f s were too many to make unasked: --sure %d makes them", n, s.WallSeconds, n)}
	}
	cases := sureCases(r.o, r.market.bars, n)
	if err := r.runCases(ctx, s, cases); err != nil {
		return &Sureness{Why: err.Error()}
	}
	return newSureness(s.PnL, cases)
}

// unrepeatable says why the session can't run again from its beginning; "": it can.
func (r *runner) unrepeatable(s *Summary) string {
	_, stream := r.o.Source.(*ChanSource)
	switch {
	case len(r.o.Strategies)+len(r.o.Rules) > 0:
		return "strategies and rules written in Go can't be run again by the host"
	case r.o.liveData() || r.o.streamed() || stream:
		return "data that come once can't be run on again: run the scripts on the session's journal, --market JOURNAL --sure N"
	case r.o.Source != nil && r.o.Loaded == nil:
		if _, again := r.o.Source.(*SliceSource); !again {
			return "the program's market data can't be read again"
		}
	case r.o.Advisor != nil:
		return "its strategies ask a model, which would be asked again"
	}
	switch {
	case s.Resumed:
		return "it went on from an earlier run of its ledger"
	case s.EndedBy == "stop":
		return "it was ended by hand"
	case s.Reloads > 0:
		return "its scripts were changed while it ran"
	}
	return ""
}

// runCases runs them, several at a time.
func (r *runner) runCases(ctx context.Context, s *Summary, cases []SureCase) error {
	o := r.o.apart()
	if r.market.bars && o.Source == nil && o.Loaded == nil && len(o.Market) == 1 && !isJournal(o.Market[0]) {
		var err error
		if o.Loaded, err = LoadHistory(o.Market[0], o.History.Symbols...); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan *SureCase)
	var running sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(cases)) {
		running.Go(func() {
			for c := range next {
				if err := c.run(ctx, o); err != nil {
					cancel(fmt.Errorf("the run %q failed: %w", c.Name, err))
				}
			}
		})
	}
	for i := range cases {
		r.supervisor.entering("running it again with other assumptions, %d of %d", i+1, len(cases))
		next <- &cases[i]
	}
	close(next)
	running.Wait()
	return context.Cause(ctx)
}

func (c *SureCase) run(ctx context.Context, o Options) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.set(&o)
	sum, err := Run(ctx, &o)
	switch {
	case err != nil:
		return err
	case sum.EndedBy == "stop":
		return cmp.Or(context.Cause(ctx), context.Canceled)
	}
	c.PnL, c.Fees, c.Fills, c.Drawdown = sum.PnL, sum.Fees, sum.Fills, sum.Drawdown
	return nil
}

func newSureness(pnl Money, cases []SureCase) *Sureness {
	u := &Sureness{Runs: len(cases), Low: pnl, High: pnl, Cases: cases}
	drawn := []float64{pnl.InexactFloat64()}
	for i := range cases {
		c := &cases[i]
		u.widen(c.PnL.Decimal)
		if c.draw {
			u.Draws++
			drawn = append(drawn, c.PnL.InexactFloat64())
		}
	}
	low, high := predict(drawn)
	u.DrawsLow, u.DrawsHigh = Money{decimal.NewFromFloat(low).Round(8)}, Money{decimal.NewFromFloat(high).Round(8)}
	if u.Draws > 0 && low < high {
		u.widen(u.DrawsLow.Decimal)
		u.widen(u.DrawsHigh.Decimal)
	}
	return u
}

func (s *Sureness) widen(v decimal.Decimal) {
	s.Low, s.High = Money{decimal.Min(s.Low.Decimal, v)}, Money{decimal.Max(s.High.Decimal, v)}
}

// predict is the prediction interval of 90 % for one more value of a normal variable of
// which a sample is known.
func predict(sample []float64) (low, high float64) {
	n := float64(len(sample))
	mean, squares := 0.0, 0.0
	for _, v := range sample {
		mean += v / n
	}
	for _, v := range sample {
		squares += (v - mean) * (v - mean)
	}
	if n < 2 || squares == 0 {
		return mean, mean
	}
	half := t95(len(sample)-1) * math.Sqrt(squares/(n-1)*(1+1/n))
	return mean - half, mean + half
}

// t95 is the quantile of 0.95 of Student's t with n degrees of freedom; of more than the
// table has, by the first terms of its expansion about the normal quantile (Abramowitz and
// Stegun 26.7.5).
func t95(n int) float64 {
	table := [...]float64{6.3138, 2.9200, 2.3534, 2.1318, 2.0150, 1.9432, 1.8946, 1.8595, 1.8331, 1.8125}
	if n <= len(table) {
		return table[n-1]
	}
	const z = 1.6448536269514722
	f := float64(n)
	z3, z5, z7 := math.Pow(z, 3), math.Pow(z, 5), math.Pow(z, 7)
	return z + (z3+z)/(4*f) + (5*z5+16*z3+3*z)/(96*f*f) + (3*z7+19*z5+17*z3-15*z)/(384*f*f*f)
}

// sure is what the report shows of it.
func (s *Summary) sure() (out report.Sure) {
	for i, text := range s.Sure.Sentences(s.PnL, s.Currency) {
		if i == 0 {
			text = strings.ToUpper(text[:1]) + text[1:]
		}
		out.Text += text + ". "
	}
	if s.Sure != nil {
		for _, c := range s.Sure.Cases {
			out.Cases = append(out.Cases, report.SureCase{Name: c.Name, Assumes: c.Assumes, PnL: c.PnL.Decimal, Fills: c.Fills})
		}
	}
	for i := range s.Beyond {
		out.Beyond = append(out.Beyond, s.Beyond[i].String())
	}
	return out
}
