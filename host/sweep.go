package host

import (
	"context"
	"fmt"
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
// changing fastest. Each run comes out as it would alone. A run that fails has its error
// in the list, whatever Sweep itself returns.
//
// Sweep fails when the options make no sense, which it finds before anything runs or by
// all runs failing, when Progress panicked, and with ctx: then runs that did not come to
// their end have its error.
func Sweep(ctx context.Context, o SweepOptions) ([]SweepRun, error) {
	if err := needsContext(ctx, "Sweep"); err != nil {
		return nil, err
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	runs, err := points(o.Grid)
	if err != nil {
		return nil, err
	}
	workers := o.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	next := make(chan *SweepRun)
	var running sync.WaitGroup
	var telling sync.Mutex
	var told error
	done := 0
	for range min(workers, len(runs)) {
		running.Go(func() {
			for run := range next {
				run.Summary, run.Err = o.run(ctx, run.Params)
				telling.Lock()
				if done++; told == nil {
					told = o.report(done, len(runs))
				}
				telling.Unlock()
			}
		})
	}
	for i := range runs {
		if ctx.Err() != nil {
			runs[i].Err = context.Cause(ctx)
			continue
		}
		next <- &runs[i]
	}
	close(next)
	running.Wait()
	if ctx.Err() != nil {
		for i := range runs {
			if r := &runs[i]; r.Err == nil && r.Summary.EndedBy == "stop" {
				r.Err = context.Cause(ctx)
			}
		}
		return runs, context.Cause(ctx)
	}
	if !slices.ContainsFunc(runs, func(r SweepRun) bool { return r.Err == nil }) {
		return runs, fmt.Errorf("Sweep: none of the %d runs came to its end; the first: %w", len(runs), runs[0].Err)
	}
	return runs, told
}

// check says what makes no sense whatever the grid.
func (o *SweepOptions) check() error {
	s := &o.Session
	if _, stream := s.Source.(*ChanSource); stream {
		return configError("Sweep: a ChanSource can be read once: want Loaded or a SliceSource")
	}
	switch {
	case len(s.Strategies) > 0:
		return configError("Sweep: runs can't share strategies written in Go: make them in SweepOptions.Strategies")
	case len(s.Rules) > 0:
		return configError("Sweep: runs can't share risk rules, which may remember: make them in SweepOptions.Rules")
	case len(s.Scripts) == 0 && o.Strategies == nil:
		return configError("Sweep: no strategy to run: want Session.Scripts or SweepOptions.Strategies")
	case s.liveData() || s.streamed() || s.Account != nil:
		return configError("Sweep: live data and real orders can't be had once for each run: want past or simulated data, and no Account")
	case o.Workers < 0:
		return configError("Sweep: Workers %d: want 0 or more", o.Workers)
	}
	for _, name := range sortedKeys(o.Grid) {
		if _, twice := s.Set[name]; twice {
			return configError("Sweep: parameter %s is in Grid and in Session.Set: want it in one", name)
		}
	}
	return nil
}

// report tells of progress; a panic there costs no run. It is not called again.
func (o *SweepOptions) report(done, total int) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("Sweep: Progress panicked, and was not called again: %v (%s)", v, panickedAt())
		}
	}()
	if o.Progress != nil {
		o.Progress(done, total)
	}
	return nil
}

// run runs one point of the grid.
func (o *SweepOptions) run(ctx context.Context, params map[string]string) (sum *Summary, err error) {
	defer func() {
		if v := recover(); v != nil {
			sum, err = nil, &PanicError{Value: v, Stack: string(debug.Stack())}
		}
	}()
	s := o.Session.apart()
	s.Set = maps.Clone(o.Session.Set)
	if s.Set == nil {
		s.Set = map[string]string{}
	}
	if len(s.Scripts) > 0 { // strategies written in Go declare no parameters
		maps.Copy(s.Set, params)
	}
	if s.Strategies, err = made("Strategies", o.Strategies, params); err != nil {
		return nil, err
	}
	if s.Rules, err = made("Rules", o.Rules, params); err != nil {
		return nil, err
	}
	return Run(ctx, &s)
}

// apart are the options of a run of which nothing is left but its result.
func (o *Options) apart() Options {
	s := *o
	s.Ledger, s.DB, s.Backup, s.New, s.ClearHalt, s.Journal = LedgerNone, "", BackupOptions{}, false, false, "off"
	s.Watch, s.Report, s.Log, s.Status = false, "", nil, nil
	s.Logger, s.Notifier, s.Notify, s.Opened = nil, nil, nil, nil
	s.Sure, s.Speed, s.Shadow, s.Twin = 0, 0, "", false
	return s
}

// made is what a function of the options makes of one point of the grid. Its panic is a
// fault of the options, as that of what they name is.
func made[T any](option string, by func(map[string]string) []T, params map[string]string) (list []T, err error) {
	if by == nil {
		return nil, nil
	}
	defer func() {
		if v := recover(); v != nil {
			err = configError("Sweep: %s panicked: %v (%s)", option, v, panickedAt())
		}
	}()
	return by(maps.Clone(params)), nil
}

// mostPoints is how many runs a sweep may have.
const mostPoints = 1_000_000

// points are the combinations of a grid.
func points(grid map[string][]string) ([]SweepRun, error) {
	out := []SweepRun{{Params: map[string]string{}}}
	for _, name := range slices.Sorted(maps.Keys(grid)) {
		values := grid[name]
		if name == "" {
			return nil, configError("Sweep: Grid has a parameter without a name")
		}
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
