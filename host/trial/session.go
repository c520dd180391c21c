package trial

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// session is a strategy under test: what it did, and the market it is shown.
type session struct {
	f         *runner
	path      string // of the strategy, as it can be opened
	u         *exchange.Universe
	stage     *host.Stage
	market    *scripted
	faults    *faults
	orders    []exchange.Order     // as they are by now, oldest first
	held      []intent.Conditional // orders that the host holds, likewise
	fills     []exchange.Fill
	payments  []exchange.FundingPayment
	pairs     []intent.Pair // as they are by now
	logs      []logged
	points    []core.ChartPoint
	notes     []core.Notified
	questions []*advice.Question
	decisions []string // a line each, for golden files
	noted     int      // errors that the test has asked for
	text      int      // bytes of what is kept as text
	errors    []string
}

type logged struct {
	level intent.Level
	who   int32
	where string
	text  string
}

// Bounds of each of a session's lists, and of the text in all of them: what a test has its
// strategies say is kept outside of their memory and of its own.
const (
	mostKept = 200_000
	mostText = 32 << 20
)

// roomFor reports whether so much text more is kept.
func (s *session) roomFor(text ...string) bool {
	n := 0
	for _, t := range text {
		n += len(t)
	}
	if s.text+n > mostText {
		return false
	}
	s.text += n
	return true
}

// programs are what was compiled already, by path and hash.
type programs struct{ list map[string]*script.Program }

func (p *programs) load(path string) (*script.Program, error) {
	sources, err := script.Load(path)
	if err != nil {
		return nil, err
	}
	return p.compile(filepath.Dir(path), sources)
}

func (p *programs) compile(dir string, sources []exchange.Source) (*script.Program, error) {
	key := dir + " " + script.Hash(sources)
	if known := p.list[key]; known != nil {
		return known, nil
	}
	program, err := script.Compile(sources)
	if err != nil {
		return nil, err
	}
	const mostKnown = 100 // a test may make up any number of versions
	if p.list == nil || len(p.list) == mostKnown {
		p.list = map[string]*script.Program{}
	}
	p.list[key] = program
	return program, nil
}

// find is where a strategy is that a test names: beside it, or beside the folder of tests.
func (f *runner) find(name string) string {
	dir := filepath.Dir(f.path)
	path := filepath.Join(dir, filepath.FromSlash(name))
	if !exists(path) && filepath.Base(dir) == "tests" {
		if above := filepath.Join(dir, "..", filepath.FromSlash(name)); exists(above) {
			return above
		}
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// unitsPerSession is what a session that begins counts, beside what its script does.
const unitsPerSession = 1000

// memory is what the only strategy of a test may hold: as much as in a session.
const memory = 256 << 20

// open starts a strategy in a session of its own.
func (f *runner) open(rt *bindings.Runtime) int {
	if f.test == nil {
		rt.Raise("open a strategy in a test, or in before_each: each test has a session of its own")
	}
	const mostSessions = 20
	if len(f.test.sessions) == mostSessions {
		rt.Raise("a test may have at most %d strategies", mostSessions)
	}
	rt.Charge(unitsPerSession)
	o := f.conditions(rt)
	path := f.find(rt.Arg(1).Text())
	program, err := f.programs.load(path)
	if err != nil {
		rt.Raise("%v", err)
	}
	f.file.uses(filepath.Dir(path), program)
	u, err := exchange.NewUniverse(o.Instruments)
	must(rt, err)
	s := &session{f: f, path: path, u: u, faults: &faults{}}
	// Each further one has less, so that all of a test together hold no multiple of what one may.
	o.Memory = memory / (1 + len(f.test.sessions))
	o.Models.Latency = latency{o.Latency, s.faults}
	o.Script, o.Program, o.Set = path, program, settings(rt, rt.Arg(2))
	o.Around, o.Heard = s.faults.around, s.heard
	if f.cover != nil {
		f.cover.add(filepath.Dir(path), program)
		o.Probe = f.cover.probe(filepath.Dir(path))
	}
	if s.stage, err = host.NewStage(f.test.ctx, *o); err != nil {
		rt.Raise("%v", err)
	}
	s.market = newScripted(s)
	f.test.sessions = append(f.test.sessions, s)
	return rt.Push(rt.NewObject(&f.api.session, s))
}

// settings are parameters as text, which is how they come from a command line too.
func settings(rt *bindings.Runtime, in bindings.Input) map[string]string {
	if in.Nil() {
		return nil
	}
	out := map[string]string{}
	t := in.Table()
	for _, k := range keys(rt.Charge, t) {
		v := t.RawGet(k)
		if list, ok := v.(*lua.LTable); ok {
			text, err := encoded(list)
			if err != nil {
				in.Fail("%s: %v", bindings.ToText(k), err)
			}
			if text == "{}" {
				text = "[]" // no parameter is a table with names
			}
			out[bindings.ToText(k)] = text
			continue
		}
		if f, ok := v.(lua.LNumber); ok {
			rt.Charge(1)
			out[bindings.ToText(k)] = fmt.Sprintf("%v", float64(f))
			continue
		}
		out[bindings.ToText(k)] = bindings.ToText(v)
	}
	return out
}

// encoded is a value as JSON.
func encoded(v lua.LValue) (string, error) {
	plain, err := bindings.Plain(v)
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(plain)
	return string(raw), err
}

// heard is told of every event of the session.
func (s *session) heard(_ *exchange.Event, fx []core.Effect) {
	for i := range fx {
		s.decide(&fx[i])
		switch b := fx[i].Body.(type) {
		case core.Submit:
			s.order(b.Order)
		case core.OrderChanged:
			s.order(b.Order)
		case core.ConditionalChanged:
			s.held = renewed(s.held, *b.Conditional, func(x *intent.Conditional) bool { return x.ID == b.Conditional.ID })
		case *core.Filled:
			if len(s.fills) < mostKept {
				s.fills = append(s.fills, *b.Fill)
			}
			if b.Order != nil {
				s.order(b.Order)
			}
		case *core.FundingPaid:
			if len(s.payments) < mostKept {
				s.payments = append(s.payments, *b.Payment)
			}
		case core.PairChanged:
			s.pairs = renewed(s.pairs, b.Pair, func(x *intent.Pair) bool { return x.ID == b.Pair.ID })
		case *core.LogLine:
			s.log(fx[i].Strategy, b)
		case *core.ChartPoint:
			if len(s.points) < mostKept && s.roomFor(b.Series) {
				s.points = append(s.points, *b)
			}
		case *core.Notified:
			if len(s.notes) < mostKept && s.roomFor(b.Text) {
				s.notes = append(s.notes, *b)
			}
		case core.ConsultAdvisor:
			if len(s.questions) < mostKept && s.roomFor(b.Question.Text, b.Question.Context) {
				s.questions = append(s.questions, b.Question)
			}
		case core.Advised:
			s.questions = slices.DeleteFunc(s.questions, func(q *advice.Question) bool { return q.ID == b.ID })
		}
	}
}

func (s *session) order(o *exchange.Order) {
	s.orders = renewed(s.orders, *o, func(x *exchange.Order) bool { return x.ID == o.ID })
}

// renewed is a list in which x has taken the place of what it was before, or comes last. What
// changes is mostly young.
func renewed[T any](list []T, x T, same func(*T) bool) []T {
	for i := len(list) - 1; i >= 0; i-- {
		if same(&list[i]) {
			list[i] = x
			return list
		}
	}
	if len(list) < mostKept {
		list = append(list, x)
	}
	return list
}

func (s *session) log(who int32, l *core.LogLine) {
	if len(s.logs) < mostKept && s.roomFor(l.Text) {
		s.logs = append(s.logs, logged{l.Level, who, l.Where, l.Text})
	}
	if l.Level == intent.Error && who >= 0 && l.Where == "" && strings.HasPrefix(l.Text, "on_") { // a callback's, as the core words it
		if len(s.errors) == 0 || len(s.errors) < mostKept && s.roomFor(l.Text) { // the first one fails the test
			s.errors = append(s.errors, l.Text)
		}
	}
}

// faults is the first error of a strategy that the test did not ask for; nil: none.
func (t *running) faults() error { return t.faultsFrom(0) }

func (t *running) faultsFrom(first int) error {
	for _, s := range t.sessions[first:] {
		if n := len(s.errors) - s.noted; n > 0 {
			return &faultError{name: s.stage.Name(), text: strings.TrimSpace(s.errors[s.noted]), count: n}
		}
	}
	return nil
}

// log is what the strategies of a test said last.
func (t *running) log() (out []string) {
	const last = 10
	for _, s := range t.sessions {
		for _, l := range s.logs[max(0, len(s.logs)-last):] {
			out = append(out, fmt.Sprintf("%s %s: %s", l.level, s.stage.Name(), strings.TrimSpace(l.text)))
		}
	}
	return out
}
