package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// BiasOptions describe a look for what a strategy's result depends on.
type BiasOptions struct {
	// Session is run on paper, again and again. What it says of ledger, journal and report is
	// not used.
	Session Options
	// Progress is told of every run as it ends, from one goroutine at a time.
	Progress func(done, all int)
}

// BiasVerdict says what a changed run shows.
type BiasVerdict string

// The verdicts.
const (
	BiasSame      BiasVerdict = "same"       // every decision is the same
	BiasDepends   BiasVerdict = "depends"    // another result, as may be right
	BiasLookAhead BiasVerdict = "look-ahead" // decisions that what was known can't explain
)

// BiasReport says what the result depends on.
type BiasReport struct {
	Market    string    `json:"market"`
	Currency  string    `json:"currency"`
	From      string    `json:"from"`
	To        string    `json:"to"`
	Net       Money     `json:"net"`
	Decisions int       `json:"decisions"` // orders that were sent
	LookAhead bool      `json:"look_ahead"`
	Rows      []BiasRow `json:"rows"`
}

// BiasRow is one run with something changed, beside the run without.
type BiasRow struct {
	Test      string      `json:"test"`
	Changed   string      `json:"changed"`
	Verdict   BiasVerdict `json:"verdict"`
	Net       Money       `json:"net"`
	Delta     Money       `json:"net_delta"` // of a run that was cut short: 0
	Decisions int         `json:"decisions"`
	// First is the first decision that differs, each side as it was; nil: none does.
	First *BiasDifference `json:"first_difference,omitempty"`
	Says  string          `json:"says,omitempty"`
}

// BiasDifference is where two runs part. A side that decided nothing any more is empty.
type BiasDifference struct {
	Time    string `json:"time"`
	Without string `json:"without"`
	With    string `json:"with"`
}

// calendarShift moves history without moving hours or days of the week.
const calendarShift = 364 * exchange.Day

// mostDecisions bounds what is compared of one run.
const mostDecisions = 200_000

// biasCase is one run.
type biasCase struct {
	test, changed string
	options       Options
	shift         exchange.Time // of its times
	until         exchange.Time // only decisions before it are compared; 0: all
	looks         bool          // a difference is look-ahead
	says          string        // of a difference

	net      decimal.Decimal
	trace    []decision
	from, to exchange.Time
	currency string
	err      error
}

// CheckBias runs a session as it is, and with one thing changed at a time: ended early, on
// other dates, with funding told late, with twice the latency and the costs, begun later, and
// with latency drawn at random. All other runs have the session's latency, or a fixed one, so
// that chance does not part them.
func CheckBias(ctx context.Context, o *BiasOptions) (*BiasReport, error) {
	if err := needsContext(ctx, "CheckBias"); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, configError("CheckBias: no options: want a *host.BiasOptions")
	}
	if err := sharedByRuns("CheckBias", &o.Session); err != nil {
		return nil, err
	}
	s := alone(&o.Session)
	if s.liveData() || s.streamed() || s.Account != nil {
		return nil, configError("CheckBias: live data and real orders can't be had once for each run: want past or simulated data, and no account")
	}
	if len(s.Market) == 1 && s.Loaded == nil && !s.synthetic() && !isJournal(s.Market[0]) {
		// What is no directory of bars is read by each run.
		if h, err := LoadHistory(s.Market[0], s.History.Symbols...); err == nil {
			s.Loaded, s.Market = h, nil
		}
	}
	if s.Paper.Latency == nil {
		l := ConstLatency(20)
		s.Paper.Latency = &l
	}
	base := &biasCase{options: s}
	if base.run(ctx); base.err != nil {
		return nil, base.err
	}
	cases := base.variants(s)
	tell(o.Progress, 1, len(cases)+1)
	if err := runCases(ctx, cases, func(done int) { tell(o.Progress, done+1, len(cases)+1) }); err != nil {
		return nil, err
	}
	out := &BiasReport{Market: cmp.Or(historyName(&s), fmt.Sprint(s.Market)), Currency: base.currency, From: base.from.String(), To: base.to.String(),
		Net: Money{base.net}, Decisions: len(base.trace)}
	for _, c := range cases {
		row := base.compare(c)
		out.LookAhead = out.LookAhead || row.Verdict == BiasLookAhead
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

func historyName(o *Options) string {
	if o.Loaded != nil {
		return o.Loaded.dir
	}
	return ""
}

func tell(progress func(done, all int), done, all int) {
	if progress != nil {
		progress(done, all)
	}
}

// runCases runs them on all processors; the first error ends them.
func runCases(ctx context.Context, cases []*biasCase, ended func(done int)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var running sync.WaitGroup
	var telling sync.Mutex
	done := 0
	for _, c := range cases {
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if c.run(ctx); c.err != nil {
				cancel(fmt.Errorf("%s: %w", c.test, c.err))
				return
			}
			telling.Lock()
			defer telling.Unlock()
			done++
			ended(done)
		})
	}
	running.Wait()
	return context.Cause(ctx)
}

// variants are the runs with something changed.
func (b *biasCase) variants(plain Options) (out []*biasCase) {
	add := func(test, changed, says string, looks bool, change func(*Options)) *biasCase {
		c := &biasCase{test: test, changed: changed, says: says, looks: looks, options: plain}
		change(&c.options)
		out = append(out, c)
		return c
	}
	for i := range exchange.Time(3) {
		length := (b.to - b.from) * (i + 1) / 4
		c := add("prefix", fmt.Sprintf("ended at %.16s", b.from+length), "what comes after an instant changed what was decided before it", true, func(o *Options) { o.For = length })
		c.until = b.from + length
	}
	c := add("dates", "all data 364 days later", "it decides by dates that are written in it, or by the calendar; dates that were chosen by what these data did next are look-ahead", true,
		func(o *Options) { o.bend = func(m *marketData) { shiftMarket(m, calendarShift) } })
	c.shift = calendarShift
	if plain.Loaded != nil {
		add("funding", "told one settlement late", "", false, func(o *Options) { o.History.ShiftFunding++ })
	}
	add("latency", "doubled", "", false, func(o *Options) {
		l := o.Paper.Latency.Complete()
		l.Min, l.Median, l.P99 = 2*l.Min, 2*l.Median, 2*l.P99
		o.Paper.Latency = &l
	})
	add("costs", "fees and spread doubled", "", false, func(o *Options) {
		spread := 2.0
		if o.History.SpreadBP != nil {
			spread = 2 * *o.History.SpreadBP
		}
		o.History.SpreadBP = &spread
		o.bend = doubleFees
	})
	if plain.Loaded != nil {
		add("start", "7 hours later", "", false, func(o *Options) { o.History.From = b.from + 7*exchange.Hour })
	}
	add("chance", "latency drawn at random, another seed", "", false, func(o *Options) {
		o.Seed, o.Paper.Latency = max(o.Seed, 1)+1, &paper.Latency{}
	})
	return out
}

// run runs one and keeps its decisions.
func (c *biasCase) run(ctx context.Context) {
	c.err = runAlone(ctx, &c.options, func(r *runner) tap {
		return newTracer(r.core, &c.trace).take
	}, func(r *runner, sum *Summary) error {
		c.net, c.from, c.to, c.currency = sum.PnL.Decimal, r.loop.Started(), r.loop.Now(), sum.Currency
		if sum.Errors > 0 && len(sum.Paused) > 0 {
			return errors.New("the strategy was paused for its errors: " + sum.Paused[0])
		}
		return nil
	})
}

// compare says what a run shows beside the one without a change.
func (b *biasCase) compare(c *biasCase) BiasRow {
	row := BiasRow{Test: c.test, Changed: c.changed, Verdict: BiasSame, Net: Money{c.net}, Decisions: len(c.trace)}
	until := exchange.Time(math.MaxInt64)
	if c.until != 0 {
		until = c.until
	} else {
		row.Delta = Money{c.net.Sub(b.net)}
	}
	row.First = parted(b.trace, c.trace, c.shift, until)
	if row.First != nil {
		if row.Verdict, row.Says = BiasDepends, c.says; c.looks {
			row.Verdict = BiasLookAhead
		}
	}
	return row
}
