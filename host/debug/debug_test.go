package debug_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/debug"
)

// ran is one session of testdata/stepper.lua on the built-in market that all tests debug.
var ran = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "debug-test-")
	if err != nil {
		return "", err
	}
	made = dir
	sum, err := host.Run(context.Background(), &host.Options{Scripts: []string{filepath.Join("testdata", "stepper.lua")}, For: exchange.Minute,
		Ledger: host.LedgerNone, Journal: dir, JournalCap: -1})
	if err != nil {
		return "", err
	}
	return sum.Journal, nil
})

var made string

func TestMain(m *testing.M) {
	code := m.Run()
	if made != "" {
		os.RemoveAll(made)
	}
	os.Exit(code)
}

// open debugs the session, and returns what it says too.
func open(t *testing.T, o debug.Options) (*debug.Session, *strings.Builder) {
	t.Helper()
	journal, err := ran()
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	o.Journal, o.Say = journal, func(text string) { said.WriteString(text + "\n") }
	s, err := debug.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, &said
}

// at words where a session stands: the reason, the line, the event.
func at(s *debug.Session, st debug.Stop, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	f := s.Frames()[0]
	where := "between"
	if f.Source != nil {
		where = fmt.Sprintf("%s:%d %s", filepath.Base(f.Source.Path), f.Line, f.Name)
	}
	return fmt.Sprintf("%s %s", st.Reason, where)
}

func value(t *testing.T, s *debug.Session, frame int, code string) string {
	t.Helper()
	n, err := s.Evaluate(frame, code)
	if err != nil {
		return "error: " + err.Error()
	}
	return n.Text
}

type step struct {
	name string
	move func() (debug.Stop, error)
	want string
}

func follow(t *testing.T, s *debug.Session, steps []step) {
	t.Helper()
	for i, step := range steps {
		st, err := step.move()
		if got := at(s, st, err); got != step.want {
			t.Fatalf("step %d, %s: %s, want %s (%s)", i, step.name, got, step.want, s.Where())
		}
	}
}

func TestStepsForwardAndBack(t *testing.T) {
	s, _ := open(t, debug.Options{})
	b := s.Points.SetLines("stepper.lua", []debug.Breakpoint{{Line: 13, Condition: "turns == 3"}})[0]
	if !b.Verified || b.Line != 13 {
		t.Fatalf("the breakpoint is %+v", b)
	}
	follow(t, s, []step{
		{"continue", s.Continue, "breakpoint stepper.lua:13 on_timer"},
		{"in", s.StepIn, "step sizes.lua:4 of"},
	})
	const want = "200"
	if got := value(t, s, 0, "notional"); got != want {
		t.Errorf("notional is %s, want %s", got, want)
	}
	price := value(t, s, 0, "price")
	if got := value(t, s, 1, "book:ask(1) == "+price); got != "true" {
		t.Errorf("the price %s is not the book's of the frame above: %s", price, got)
	}
	follow(t, s, []step{
		{"next", s.Next, "step sizes.lua:5 of"},
		{"back", s.StepBack, "step sizes.lua:4 of"},
		{"back", s.StepBack, "step stepper.lua:13 on_timer"},
		{"back", s.StepBack, "step stepper.lua:12 on_timer"},
		{"next", s.Next, "breakpoint stepper.lua:13 on_timer"},
		{"in", s.StepIn, "step sizes.lua:4 of"},
	})
	if got := value(t, s, 0, "price"); got != price {
		t.Errorf("the price was %s, and is %s after going back", price, got)
	}
	follow(t, s, []step{
		{"out", s.StepOut, "step stepper.lua:14 on_timer"},
		{"next", s.Next, "step stepper.lua:15 on_timer"},
		{"next", s.Next, "step stepper.lua:17 on_timer"},
		{"in", s.StepIn, "step stepper.lua:17 function at line 17"},
		{"out", s.StepOut, "step stepper.lua:18 on_timer"},
		{"next", s.Next, "step stepper.lua:22 on_timer"},
		{"next", s.Next, "step stepper.lua:25 on_fill"},
	})
	if got := value(t, s, 0, "fill.symbol, state.filled"); got != `"usdm:BTCUSDT", nil` {
		t.Errorf("the fill is %s", got)
	}
	follow(t, s, []step{{"back", s.StepBack, "step stepper.lua:22 on_timer"}})
}

func TestBreakpoints(t *testing.T) {
	s, said := open(t, debug.Options{})
	s.Points.BreakOnErrors(true, false)
	points := s.Points.SetWhen([]debug.Breakpoint{{When: "when usdm:BTCUSDT fills"}, {When: "fill usdm:BTCUSDT"}, {When: "on_fill"}, {When: "of", Hits: "% 2"},
		{When: "log nowhere"}, {When: "sizes"}})
	var verified []bool
	for _, b := range points {
		verified = append(verified, b.Verified)
	}
	if fmt.Sprint(verified) != "[false true true true true false]" {
		t.Errorf("verified are %v", verified)
	}
	logs := s.Points.SetLines("stepper.lua", []debug.Breakpoint{{Line: 12, Log: "turn {turns} at {name}"}, {Line: 999}, {Line: 7, Hits: "twice"}})
	if !logs[0].Verified || logs[1].Verified || logs[2].Verified {
		t.Errorf("of the lines, verified are %v %v %v", logs[0], logs[1], logs[2])
	}
	follow(t, s, []step{
		{"second call of sizes.of", s.Continue, "breakpoint sizes.lua:4 of"},
		{"fill", s.Continue, "event between"},
		{"handler of it", s.Continue, "breakpoint stepper.lua:25 on_fill"},
		{"fourth call", s.Continue, "breakpoint sizes.lua:4 of"},
		{"error", s.Continue, "exception stepper.lua:20 on_timer"},
	})
	if got := value(t, s, 0, "missing, turns"); got != "nil, 5" {
		t.Errorf("at the error, the locals are %s", got)
	}
	fault := s.Position()
	follow(t, s, []step{
		{"back from the error", s.StepBack, "step stepper.lua:20 on_timer"},
		{"and to the last breakpoint", s.ReverseContinue, "breakpoint sizes.lua:4 of"},
		{"and the one before", s.ReverseContinue, "breakpoint sizes.lua:4 of"},
		{"and the one before", s.ReverseContinue, "breakpoint stepper.lua:25 on_fill"},
	})
	if got := strings.Count(said.String(), "turn 3 at look"); got != 1 {
		t.Errorf("the logpoint printed %d times: %s", got, said)
	}
	s.Points.BreakOnErrors(false, true)
	s.Points.SetWhen(nil)
	follow(t, s, []step{{"caught", s.Continue, "exception stepper.lua:17 function at line 17"}})
	if s.Position().Compare(fault) >= 0 {
		t.Errorf("the error that is caught is after the other")
	}
	s.Points.BreakOnErrors(false, false)
	s.Points.SetWhen([]debug.Breakpoint{{When: "when an order is filled of usdm:BTCUSDT"}})
	follow(t, s, []step{{"the order before", s.ReverseContinue, "event between"}})
}

func TestPostMortem(t *testing.T) {
	s, _ := open(t, debug.Options{Once: true})
	event, err := s.Fault(0)
	if err != nil {
		t.Fatal(err)
	}
	st, err := s.GotoError(event)
	if got := at(s, st, err); got != "exception stepper.lua:20 on_timer" {
		t.Fatal(got)
	}
	if !strings.Contains(st.Text, "attempt to index a non-table object(nil)") {
		t.Errorf("the error says %q", st.Text)
	}
	if _, err := s.GotoError(1); err == nil {
		t.Error("event 1 led to no error")
	}
	if _, err := s.Fault(1 << 40); err == nil {
		t.Error("there is no such event")
	}
}

// A moment is the same from wherever one comes to it, whatever was looked at before.
func TestTimeTravelIsExact(t *testing.T) {
	s, _ := open(t, debug.Options{})
	last, err := s.Last()
	if err != nil {
		t.Fatal(err)
	}
	see := func(event uint64) string {
		if _, err := s.Goto(debug.Position{Event: event}); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		c := debug.Console{S: s, Out: &b}
		if err := c.Do("show all"); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	events := []uint64{last, 7, last / 2, last/2 + 1, 1, last - 1}
	seen := map[uint64]string{}
	for _, e := range events {
		seen[e] = see(e)
		_ = value(t, s, 0, "market.book('usdm:BTCUSDT'):ask(1), account and 1")
	}
	for i := range events {
		e := events[len(events)-1-i]
		if again := see(e); again != seen[e] || !strings.Contains(again, "number = "+fmt.Sprint(e)) {
			t.Errorf("event %d was\n%s\nand is\n%s", e, seen[e], again)
		}
	}
	if seen[7] == seen[last] {
		t.Error("nothing differs")
	}
}

// Nothing that is evaluated changes what comes after: the replay is the journal's to its end.
func TestEvaluationLeavesNoTrace(t *testing.T) {
	s, _ := open(t, debug.Options{Once: true})
	s.Points.SetLines("stepper.lua", []debug.Breakpoint{{Line: 14}})
	for range 10 {
		st, err := s.Continue()
		if err != nil {
			t.Fatal(err)
		}
		if st.Reason == debug.AtEnd {
			if strings.Contains(st.Text, "differs") {
				t.Error(st.Text)
			}
			return
		}
		for code, want := range map[string]string{
			"order.buy('usdm:BTCUSDT', 1, 1)": "read only",
			"state.turns = 99":                "read only",
			"log.info('x')":                   "",
			"math.random()":                   "",
			"while true do end":               "instructions",
			"error('mine')":                   "mine",
			"timer.every('look', '1s')":       "read only",
			"turns = 9":                       "",
		} {
			if _, err := s.Evaluate(0, code); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", code, err, want)
			}
		}
	}
	t.Error("the journal does not end")
}

// What is on the disk is shown only where it is what ran.
func TestAnotherSourceOnTheDisk(t *testing.T) {
	other := filepath.Join(t.TempDir(), "stepper.lua")
	if err := os.WriteFile(other, []byte("-- edited\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s, _ := open(t, debug.Options{Script: other, Once: true})
	f := s.SourcesNamed(other)
	if len(f) != 1 || !f[0].Changed || f[0].OnDisk || !strings.Contains(f[0].Text, "on_timer") {
		t.Errorf("the source is %+v", f)
	}
	s, _ = open(t, debug.Options{Once: true})
	if f := s.SourcesNamed("stepper.lua"); len(f) != 1 || f[0].Changed || !f[0].OnDisk {
		t.Errorf("the source is %+v", f)
	}
}
