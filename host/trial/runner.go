package trial

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/host/script"
)

// Suffix is how names of test files end.
const Suffix = script.TestSuffix

// Options say which tests are run, and how.
type Options struct {
	Paths   []string       // files, or folders that are searched; none: the working directory
	Run     *regexp.Regexp // of the names that are run, "suite > test"; nil: all
	Seed    uint64         // of sessions and properties; 0: 1
	Record  bool           // golden files are written, and not compared
	Cover   bool           // lines that ran are counted
	Timeout time.Duration  // of one test, by the wall clock; 0: 30 s
	Done    func(*Result)  // told of each test as it ends; may be nil
}

// Status is what became of a test.
type Status string

// The statuses.
const (
	Passed  Status = "passed"
	Failed  Status = "failed"
	Skipped Status = "skipped"
)

// Result is one test.
type Result struct {
	File    string        `json:"file"`
	Suites  []string      `json:"suites,omitempty"` // that it is in, outermost first
	Name    string        `json:"name"`
	Line    int           `json:"line"`
	Status  Status        `json:"status"`
	Reason  string        `json:"reason,omitempty"` // why it was skipped
	Failure *Failure      `json:"failure,omitempty"`
	Log     []string      `json:"log,omitempty"` // the strategies' last lines, of one that failed
	Took    time.Duration `json:"took_ns"`
}

// FullName is the name with those of its suites.
func (r *Result) FullName() string {
	return strings.Join(append(slices.Clone(r.Suites), r.Name), " > ")
}

// Failure is why a test failed, and where.
type Failure struct {
	File    string   `json:"file"`
	Line    int      `json:"line"`
	Message string   `json:"message"`
	Source  string   `json:"source,omitempty"` // the line's text
	Detail  []string `json:"detail,omitempty"` // what differs
}

// File is one file of tests.
type File struct {
	Path    string    `json:"path"`
	Problem string    `json:"problem,omitempty"` // why it does not load
	Tests   []*Result `json:"tests"`
	Uses    []string  `json:"uses,omitempty"` // the files that its outcome rests on: itself, what it requires, its strategies
}

// Report is what came of a run.
type Report struct {
	Files    []*File       `json:"files"`
	Passed   int           `json:"passed"`
	Failed   int           `json:"failed"`
	Skipped  int           `json:"skipped"`
	Broken   int           `json:"broken"` // files that do not load
	Seed     uint64        `json:"seed"`
	Took     time.Duration `json:"took_ns"`
	Coverage *Coverage     `json:"coverage,omitempty"`
}

// OK reports whether nothing failed and every file was loaded.
func (r *Report) OK() bool { return r.Failed == 0 && r.Broken == 0 }

// IsTest reports whether a path is named as a test file.
func IsTest(path string) bool { return strings.HasSuffix(path, Suffix) }

// Find returns the test files of paths, in order: a folder's, with those of its folders.
func Find(paths []string) ([]string, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var out []string
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			out = append(out, testOf(p))
			continue
		}
		err = filepath.WalkDir(p, func(path string, d os.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && path != p && strings.HasPrefix(d.Name(), "."):
				return filepath.SkipDir
			case !d.IsDir() && IsTest(path):
				out = append(out, path)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// testOf is the tests of a strategy that was named instead of them.
func testOf(path string) string {
	if IsTest(path) {
		return path
	}
	beside := strings.TrimSuffix(path, ".lua") + Suffix
	for _, p := range []string{beside, filepath.Join(filepath.Dir(path), "tests", filepath.Base(beside))} {
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return path
}

// Run runs tests. An error is about the files as such: a path that is not there. What failed is
// in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	files, err := Find(o.Paths)
	if err != nil {
		return nil, err
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	began := time.Now()
	r := &Report{Seed: o.Seed, Files: []*File{}}
	var cover *counter
	if o.Cover {
		cover = newCounter()
	}
	dog := script.NewWatchdog(o.Timeout)
	defer dog.Close()
	programs := &programs{}
	for _, path := range files {
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		f := &runner{o: &o, path: path, cover: cover, watchdog: dog, programs: programs, file: &File{Path: path, Tests: []*Result{}}}
		f.run(ctx)
		r.add(f.file)
	}
	r.Took = time.Since(began)
	if ctx.Err() != nil { // the last test was given up
		return r, ctx.Err()
	}
	if cover != nil {
		r.Coverage = cover.report()
	}
	return r, nil
}

// uses notes the files of a program that lies in a directory.
func (f *File) uses(dir string, p *script.Program) {
	for _, src := range p.Sources() {
		if path := filepath.Join(dir, filepath.FromSlash(src.Path)); !slices.Contains(f.Uses, path) {
			f.Uses = append(f.Uses, path)
		}
	}
}

func (r *Report) add(f *File) {
	r.Files = append(r.Files, f)
	if f.Problem != "" {
		r.Broken++
	}
	for _, t := range f.Tests {
		switch t.Status {
		case Passed:
			r.Passed++
		case Failed:
			r.Failed++
		case Skipped:
			r.Skipped++
		}
	}
}

// Check loads a test file without running its tests, and says what is wrong with it.
func Check(path string) []string {
	o := &Options{Seed: 1, Timeout: 30 * time.Second}
	f := &runner{o: o, path: path, programs: &programs{}, file: &File{Path: path}}
	if err := f.load(); err != nil {
		return []string{f.named(err).Error()}
	}
	defer f.bench.Close()
	var out []string
	for _, e := range f.bench.UnknownNames() {
		out = append(out, f.named(e).Error())
	}
	return out
}

// instructions are what one test may execute. A strategy's callbacks have budgets of their own.
const instructions = 20_000_000

// runner runs one file.
type runner struct {
	o        *Options
	path     string
	file     *File
	program  *script.Program
	bench    *script.Bench
	suites   suites
	cover    *counter
	watchdog *script.Watchdog
	programs *programs
	api      *api
	test     *running // nil between tests
}

// running is a test under way.
type running struct {
	ctx      context.Context
	name     string // with its suites
	sessions []*session
	failure  *Failure // that an expectation raised
}

func (f *runner) run(ctx context.Context) {
	if err := f.load(); err != nil {
		f.file.Problem = f.named(err).Error()
		return
	}
	defer func() { f.bench.Close() }()
	for i := 0; i < len(f.suites.tests); i++ {
		if ctx.Err() != nil {
			return
		}
		t := f.suites.tests[i]
		res := &Result{File: f.path, Suites: t.suite.path(), Name: t.name, Line: t.line}
		if f.o.Run != nil && !f.o.Run.MatchString(res.FullName()) {
			continue
		}
		if t.skipped {
			res.Status, res.Reason = Skipped, t.reason
		} else {
			f.one(ctx, t, res)
		}
		f.file.Tests = append(f.file.Tests, res)
		if f.o.Done != nil {
			f.o.Done(res)
		}
		if f.bench.Poisoned() == nil {
			continue
		}
		f.bench.Close()
		if err := f.load(); err != nil {
			f.file.Problem = f.named(err).Error()
			return
		}
	}
}

// load compiles the file and runs it as far as its tests.
func (f *runner) load() error {
	if f.program == nil {
		sources, err := script.Load(f.path)
		if err != nil {
			return err
		}
		if f.program, err = script.Compile(sources); err != nil {
			return err
		}
		f.file.uses(filepath.Dir(f.path), f.program)
	}
	var err error
	f.suites = suites{lines: map[testKey]int{}}
	f.suites.at = &f.suites.root
	f.bench, err = script.NewBench(script.Options{Program: f.program, Modules: f.modules(), Seed: f.o.Seed,
		Limits: script.Limits{Instructions: instructions}, Watchdog: f.watchdog})
	if err != nil {
		return err
	}
	if err := f.bench.Load(); err != nil {
		f.bench.Close()
		return err
	}
	f.suites.loaded = true
	return nil
}

// one runs a test between its hooks.
func (f *runner) one(ctx context.Context, t *test, res *Result) {
	began := time.Now()
	// Whoever runs the tests may have no time left though this one still has.
	defer context.AfterFunc(ctx, f.bench.Interrupt)()
	ctx, cancel := context.WithDeadline(ctx, began.Add(f.o.Timeout))
	defer cancel()
	f.test = &running{ctx: ctx, name: res.FullName()}
	err := f.between(t)
	if err == nil {
		err = f.test.faults()
	}
	res.Status = Passed
	if err != nil {
		res.Status, res.Failure, res.Log = Failed, f.failure(t, err), f.test.log()
	}
	for _, s := range f.test.sessions {
		if err := s.stage.Close(); err != nil && res.Failure == nil {
			res.Status, res.Failure = Failed, &Failure{File: f.path, Line: t.line, Message: err.Error()}
		}
	}
	f.test = nil
	res.Took = time.Since(began)
}

// between runs a test with its hooks around it.
func (f *runner) between(t *test) error {
	err := f.hooks(t.suite.chain(), func(s *suite) []*lua.LFunction { return s.before })
	if err == nil {
		err = f.bench.Call(f.env(), t.body)
	}
	chain := t.suite.chain()
	slices.Reverse(chain)
	return errors.Join(err, f.hooks(chain, func(s *suite) []*lua.LFunction { return s.after }))
}

func (f *runner) hooks(chain []*suite, of func(*suite) []*lua.LFunction) error {
	for _, s := range chain {
		for _, fn := range of(s) {
			if err := f.bench.Call(f.env(), fn); err != nil {
				return err
			}
		}
	}
	return nil
}

// failure words an error of a test.
func (f *runner) failure(t *test, err error) *Failure {
	var fault *faultError
	if errors.As(err, &fault) {
		return &Failure{File: f.path, Line: t.line, Message: fault.Error(), Detail: fault.detail()}
	}
	var e *script.Error
	if !errors.As(err, &e) {
		return &Failure{File: f.path, Line: t.line, Message: err.Error()}
	}
	out := &Failure{File: f.beside(e.File), Line: e.Line, Message: e.Message, Source: strings.TrimSpace(e.Source)}
	if known := f.test.failure; known != nil && known.Message == e.Message {
		out.Detail = known.Detail
	}
	switch {
	case errors.Is(e, script.ErrBudget):
		out.Message = fmt.Sprintf("the test does not end: it was stopped after %d instructions", instructions)
	case errors.Is(e, script.ErrInterrupted):
		out.Message = fmt.Sprintf("the test does not end: it was stopped after %s", f.o.Timeout)
	}
	if out.Line == 0 {
		out.File, out.Line = f.path, t.line
	}
	return out
}

// beside is a source's path as the user would name it.
func (f *runner) beside(file string) string {
	if file == "" {
		return f.path
	}
	return filepath.Join(filepath.Dir(f.path), filepath.FromSlash(file))
}

// named is an error with its file named so.
func (f *runner) named(err error) error {
	var e *script.Error
	if !errors.As(err, &e) || e.File == "" {
		return err
	}
	named := *e
	named.File = f.beside(e.File)
	return &named
}

// fail ends the test with an expectation that does not hold.
func (f *runner) fail(rt *bindings.Runtime, detail []string, format string, args ...any) {
	text := bindings.Printable(fmt.Sprintf(format, args...))
	if f.test != nil {
		f.test.failure = &Failure{Message: text, Detail: detail}
	}
	rt.L.RaiseError("%s", text)
}
