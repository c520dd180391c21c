package core

import (
	"errors"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent/advice"
)

// asker asks when its timer is due and keeps what it is told.
type asker struct {
	script
	ids  []uint64
	errs []error
	told []advice.Advice
	look func(*Port)
}

func newAsker(t *testing.T) *asker {
	a := &asker{}
	a.name, a.subs = "asker", []string{"*"}
	a.call = func(p *Port, n *Callback) error {
		switch n.Handler {
		case OnTimer, OnBook, OnAdvice, OnStop:
			id, err := p.Ask(question(t))
			a.ids, a.errs = append(a.ids, id), append(a.errs, err)
		}
		if n.Handler == OnAdvice {
			a.told = append(a.told, *n.Advice)
		}
		if a.look != nil {
			a.look(p)
		}
		return nil
	}
	return a
}

func question(t *testing.T) advice.Question {
	t.Helper()
	s, err := advice.NewSchema([]advice.Field{{Name: "ratio", Max: 1}})
	if err != nil {
		t.Fatal(err)
	}
	return advice.Question{Tag: "x", Text: "how much?", Context: "{}", Schema: s, Deadline: 20 * exchange.Second, TTL: exchange.Minute}
}

func advised(t *testing.T, cfg Config, s Strategy) *bench {
	t.Helper()
	cfg.Universe = universe(t)
	c, err := New(cfg, []Strategy{s}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t: t, core: c, now: exchange.Date(2026, 1, 5)}
}

func (b *bench) due() []Effect {
	b.core.timers.set(0, "t", b.now, 0)
	return b.step(exchange.Event{Kind: exchange.KindTimer})
}

func (b *bench) says(id uint64, text string) []Effect {
	return b.step(exchange.Event{Kind: exchange.KindAdvice, Advice: &exchange.Advice{ID: id, Verdict: advice.OK, Text: text, Model: "m"}})
}

func TestAskAndAnswer(t *testing.T) {
	a := newAsker(t)
	b := advised(t, Config{Advisor: "m"}, a)
	if asks := bodies[ConsultAdvisor](b.due()); len(asks) != 1 || asks[0].Question.ID != 1 || asks[0].Question.Asked != b.now {
		t.Fatalf("%v", asks)
	}
	b.due()
	if a.ids[1] != 0 || a.errs[1] != nil {
		t.Errorf("a second question while the first is under way: %d, %v", a.ids[1], a.errs[1])
	}
	b.now += exchange.Second
	fx := b.says(1, `thus {"ratio":0.5, "more":1}`)
	if len(a.told) != 1 || !a.told[0].OK() || a.told[0].Text != `{"ratio":0.5}` {
		t.Fatalf("told %+v", a.told)
	}
	if n := bodies[Advised](fx); len(n) != 1 || n[0].At != b.now {
		t.Errorf("%v", n)
	}
	if !errors.Is(a.errs[2], ErrTooOften) {
		t.Errorf("on_advice may ask: %v", a.errs[2])
	}
	if fx := b.says(1, `{"ratio":1}`); len(a.told) != 1 || len(bodies[Advised](fx)) != 0 {
		t.Error("an answer counted twice")
	}
}

func TestAdviceExpires(t *testing.T) {
	a := newAsker(t)
	b := advised(t, Config{Advisor: "m", AdviceTTL: 30 * exchange.Second}, a)
	b.due()
	b.says(1, `{"ratio":0.5}`)
	fresh := false
	a.look = func(p *Port) { _, fresh = p.Advice("x") }
	for after, want := range map[exchange.Time]bool{30*exchange.Second - 1: true, 30 * exchange.Second: false} {
		b.now = exchange.Date(2026, 1, 5) + after
		b.core.now = b.now
		b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStart})
		if fresh != want {
			t.Errorf("%v after the question it counts: %v", after, fresh)
		}
	}
}

func TestNoAskingWithEveryTick(t *testing.T) {
	a := newAsker(t)
	b := advised(t, Config{Advisor: "m"}, a)
	if fx := b.book(0, 100, 101, 5); len(a.errs) == 0 || !errors.Is(a.errs[0], ErrTooOften) || len(bodies[ConsultAdvisor](fx)) != 0 {
		t.Errorf("%v", a.errs)
	}
}

// What an advisor says is checked by the core again: a journal or a driver that
// was tampered with can't make it choose beyond the schema.
func TestOddAdviceIsNoAdvice(t *testing.T) {
	for text, want := range map[string]string{`{"ratio":7}`: advice.Refused, "": advice.Refused, `{"ratio":1}`: advice.Late} {
		a := newAsker(t)
		b := advised(t, Config{Advisor: "m"}, a)
		b.due()
		if want == advice.Late {
			b.now += 20*exchange.Second + 1
		}
		b.says(1, text)
		if len(a.told) != 1 || a.told[0].Verdict != want || a.told[0].Answer != nil {
			t.Errorf("%s: %+v, want %s", text, a.told, want)
		}
	}
}

func TestWithoutAdvisor(t *testing.T) {
	a := newAsker(t)
	b := advised(t, Config{}, a)
	logs := 0
	for range 3 {
		fx := b.due()
		if len(bodies[ConsultAdvisor](fx))+len(bodies[Advised](fx)) != 0 {
			t.Error("a question went out")
		}
		logs += len(bodies[*LogLine](fx))
	}
	if len(a.told) != 3 || a.told[2].Verdict != advice.Disabled || a.told[2].Reason != "no advisor configured" {
		t.Errorf("told %+v", a.told)
	}
	if logs != 1 {
		t.Errorf("it was logged %d times, want once", logs)
	}
}

func TestSessionEndsBeforeTheAnswer(t *testing.T) {
	a := newAsker(t)
	b := advised(t, Config{Advisor: "m"}, a)
	b.due()
	fx := b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStop})
	if n := bodies[Advised](fx); len(n) != 1 || n[0].Advice.Verdict != advice.Canceled {
		t.Errorf("%v", n)
	}
	if fx := b.says(1, `{"ratio":1}`); len(bodies[Advised](fx)) != 0 || !strings.Contains(bodies[*LogLine](fx)[0].Text, "nobody waits") {
		t.Errorf("%v", fx)
	}
}

// A session without an advisor asks functions of modules nevertheless, one question to
// each at a time, and tells their answers apart.
func TestFunctionsAreAskedBesideEachOther(t *testing.T) {
	a := newAsker(t)
	functions := []string{"desk.quote", "desk.size", "desk.quote"}
	a.call = func(p *Port, n *Callback) error {
		switch n.Handler {
		case OnTimer:
			for _, f := range functions {
				q := question(t)
				q.Function, q.Tag = f, f
				id, err := p.Ask(q)
				a.ids, a.errs = append(a.ids, id), append(a.errs, err)
			}
		case OnAdvice:
			a.told = append(a.told, *n.Advice)
		}
		return nil
	}
	b := advised(t, Config{}, a)
	fx := b.due()
	asked := bodies[ConsultAdvisor](fx)
	if len(asked) != 2 || asked[0].Question.ID != 1 || asked[1].Question.ID != 2 || a.ids[2] != 0 {
		t.Fatalf("ids %d, effects %v", a.ids, asked)
	}
	if text := string(fx[0].Append(nil, b.core.Universe())); !strings.Contains(text, "function=desk.quote") {
		t.Errorf("the journal says %s", text)
	}
	b.says(2, `{"ratio":0.25}`)
	b.due()
	b.says(1, `{"ratio":0.5}`)
	if len(a.told) != 2 || a.told[0].Question.Function != "desk.size" || a.told[1].Text != `{"ratio":0.5}` {
		t.Fatalf("told %+v", a.told)
	}
	if a.ids[3] != 0 || a.ids[4] != 3 || a.ids[5] != 0 {
		t.Errorf("while desk.quote was asked and desk.size was not: ids %d", a.ids[3:])
	}
}
