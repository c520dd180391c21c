package host

import (
	"context"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"

	"github.com/perilune/perilune/host/core"
)

// SweepOptions are a grid of parameters and the session that each point of it is run
// in.
type SweepOptions struct {
	// Session is what all runs share. They keep no ledger and no journal, and are not
	// logged; Loaded or a SliceSource is read by all of them at once.
	Session Options
	// Grid has the values to try of each parameter. With scripts they are set in them,
	// named as in Options.Set; without, they are for Strategies alone.
	Grid map[string][]string
	// Strategies, when set, makes the strategies written in Go of one run, which may
	// not share anything that changes.
	Strategies func(params map[string]string) []core.Strategy
	// Rules, when set, makes the risk rules of one run, likewise. Functions of
	// Session.Modules are called by several runs at once.
	Rules    func(params map[string]string) []Rule
	Workers  int                   // runs at a time; 0: one a processor
	Progress func(done, total int) // called by one goroutine at a time; nil: not
}

// SweepRun is one point of the grid and what came of it.
type SweepRun struct {
	Params  map[string]string
	Summary *Summary // nil when it failed
	Err     error
}

// Sweep runs a session for every combination of the grid's values, several at a time,
// and returns them in the order of the grid: by the names of its parameters, the last
// changing fastest. A run that fails has its error in the list; the sweep itself fails
// when the options make no sense, or with ctx. Each run comes out as it would alone.
func Sweep(ctx context.Context, o SweepOptions) ([]SweepRun, error) {
	if _, stream := o.Session.Source.(*ChanSource); stream {
		return nil, configError("Sweep: a ChanSource can be read once: want Loaded or a SliceSource")
	}
	if len(o.Session.Strategies) > 0 {
		return nil, configError("Sweep: runs can't share strategies written in Go: make them in SweepOptions.Strategies")
	}
	if len(o.Session.Rules) > 0 {
		return nil, configError("Sweep: runs can't share risk rules, which may remember: make them in SweepOptions.Rules")
	}
	runs, err := points(o.Grid)
	if err != nil {
		return nil, err
	}
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	next := make(chan *SweepRun)
	var running sync.WaitGroup
	var telling sync.Mutex
	done := 0
	for range min(workers, len(runs)) {
		running.Go(func() {
			for run := range next {
				run.Summary, run.Err = o.run(ctx, run.Params)
				telling.Lock()
				done++
				o.report(done, len(runs))
				telling.Unlock()
			}
		})
	}
	for i := range runs {
		if ctx.Err() != nil {
			break
		}
		next <- &runs[i]
	}
	close(next)
	running.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return runs, nil
}

// report tells of progress; a panic there costs no run.
func (o *SweepOptions) report(done, total int) {
	defer func() { _ = recover() }()
	if o.Progress != nil {
		o.Progress(done, total)
	}
}

// run runs one point of the grid.
func (o *SweepOptions) run(ctx context.Context, params map[string]string) (sum *Summary, err error) {
	defer func() {
		if v := recover(); v != nil {
			sum, err = nil, &PanicError{Value: v, Stack: string(debug.Stack())}
		}
	}()
	s := o.Session
	s.Ledger, s.Journal, s.New, s.Watch, s.Report, s.Log, s.Status = LedgerNone, "off", true, false, "", nil, nil
	s.Logger, s.Notifier = nil, nil
	s.Set = maps.Clone(o.Session.Set)
	if s.Set == nil {
		s.Set = map[string]string{}
	}
	if len(s.Scripts) > 0 { // strategies written in Go declare no parameters
		maps.Copy(s.Set, params)
	}
	if o.Strategies != nil {
		s.Strategies = o.Strategies(maps.Clone(params))
	}
	if o.Rules != nil {
		s.Rules = o.Rules(maps.Clone(params))
	}
	return Run(ctx, &s)
}

// mostPoints is how many runs a sweep may have.
const mostPoints = 1_000_000

// points are the combinations of a grid.
func points(grid map[string][]string) ([]SweepRun, error) {
	out := []SweepRun{{Params: map[string]string{}}}
	for _, name := range slices.Sorted(maps.Keys(grid)) {
		values := grid[name]
		if len(values) == 0 || len(out)*len(values) > mostPoints {
			return nil, configError("Sweep: parameter %s: %d values for each of %d points: want at least 1, and at most %d points", name, len(values), len(out), mostPoints)
		}
		var finer []SweepRun
		for _, p := range out {
			for _, v := range values {
				more := maps.Clone(p.Params)
				more[name] = v
				finer = append(finer, SweepRun{Params: more})
			}
		}
		out = finer
	}
	return out, nil
}
