package extension

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent/advice"
)

// asker is what a Recorded function needs of the core: package ai's.
type asker interface {
	Ask(q advice.Question) (uint64, error)
}

// recorded makes the Lua function that asks a Recorded one.
func (m *Module) recorded(f *Func) (bindings.Func, error) {
	schema, err := f.answer()
	if err != nil {
		return bindings.Func{}, err
	}
	q := advice.Question{Function: m.Name + "." + f.Name, Tag: m.Name + "." + f.Name, Text: m.Name + "." + f.Name, Schema: schema,
		Deadline: exchange.Time(orDefault(f.Deadline, 20*time.Second))}
	q.TTL = max(q.Deadline, exchange.Time(orDefault(f.TTL, 5*time.Minute)))
	q.Context = "[]"
	if err := q.Check(); err != nil {
		return bindings.Func{}, err
	}
	spec := f.spec()
	spec.Doc += " Asked outside of the loop: the answer arrives in on_advice with the tag " + q.Tag + "."
	spec.Returns = []bindings.Value{{Name: "id", Type: "string?"}, {Name: "err", Type: "string?", Doc: "why it was not asked"}}
	return bindings.Func{Spec: spec, Call: func(rt *bindings.Runtime) int { return f.callRecorded(rt, q) }}, nil
}

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}

// answer is the schema of what a Recorded function may answer.
func (f *Func) answer() (*advice.Schema, error) {
	var fields []advice.Field
	for _, v := range f.Returns {
		out := advice.Field{Name: v.Name, Optional: v.Optional, Min: -math.MaxFloat64, Max: math.MaxFloat64}
		switch v.Type {
		case "number":
			out.Kind = advice.Number
		case "integer":
			out.Kind, out.Min, out.Max = advice.Integer, -(1 << 53), 1<<53
		case "boolean":
			out.Kind = advice.Flag
		case "string":
			out.Kind, out.Length = advice.Text, 500
		default:
			return nil, fmt.Errorf("result %s: type %q: an answer that is recorded has numbers, integers, booleans and strings", v.Name, v.Type)
		}
		fields = append(fields, out)
	}
	return advice.NewSchema(fields)
}

func (f *Func) callRecorded(rt *bindings.Runtime, q advice.Question) int {
	args := f.arguments(rt)
	text, err := json.Marshal(args)
	if err != nil {
		rt.Raise("the arguments can't be written as JSON: %v", err)
	}
	rt.Charge(len(text))
	q.Context = string(text)
	env, ok := rt.Env().(asker)
	if !ok {
		rt.Raise("nobody can be asked here")
	}
	id, err := env.Ask(q)
	if err != nil {
		rt.Raise("%v", err)
	}
	if id == 0 {
		rt.PushNil()
		rt.PushString("a question to " + q.Function + " is under way already")
		return 2
	}
	return rt.PushString(bindings.ID(id))
}

// Answerer answers the questions to the Recorded functions of some modules, and hands
// those to the advisor on.
type Answerer struct {
	funcs map[string]*Func
	next  advice.Respondent
}

// NewAnswerer returns an answerer for modules that Bind accepted. next answers what is
// put to the advisor; nil: there is none.
func NewAnswerer(list []Module, next advice.Respondent) *Answerer {
	a := &Answerer{funcs: map[string]*Func{}, next: next}
	for i := range list {
		for j := range list[i].Funcs {
			if f := &list[i].Funcs[j]; f.Recorded != nil {
				a.funcs[list[i].Name+"."+f.Name] = f
			}
		}
	}
	return a
}

// Any reports whether there is a Recorded function.
func (a *Answerer) Any() bool { return len(a.funcs) > 0 }

// Close closes what answers for the advisor.
func (a *Answerer) Close() {
	if a.next != nil {
		a.next.Close()
	}
}

// Ask answers a question within its deadline. It is called outside of the loop.
func (a *Answerer) Ask(ctx context.Context, q *advice.Question) *exchange.Advice {
	if q.Function == "" && a.next != nil {
		return a.next.Ask(ctx, q)
	}
	out := &exchange.Advice{ID: q.ID, Model: advice.ByModule, Verdict: advice.OK}
	f := a.funcs[q.Function]
	if f == nil {
		out.Verdict, out.Reason = advice.Disabled, "nobody answers it in this session"
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(q.Deadline))
	defer cancel()
	text, err := f.within(ctx, q.Context)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		out.Verdict, out.Reason = advice.Late, fmt.Sprintf("there was no answer within %s", time.Duration(q.Deadline))
	case err != nil:
		out.Verdict, out.Reason = advice.Failed, advice.Reason(err.Error())
	default:
		out.Text = text
	}
	return out
}

type outcome struct {
	text string
	err  error
}

// within calls the function and leaves it to itself when ctx ends first: a function that
// does not heed its context must not hold up the session.
func (f *Func) within(ctx context.Context, arguments string) (string, error) {
	done := make(chan outcome, 1)
	go func() {
		text, err := f.answered(ctx, arguments)
		done <- outcome{text, err}
	}()
	select {
	case o := <-done:
		return o.text, o.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (f *Func) answered(ctx context.Context, arguments string) (text string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it panicked: %v", p)
		}
	}()
	var args []any
	if err := json.Unmarshal([]byte(arguments), &args); err != nil {
		return "", fmt.Errorf("arguments: %w", err)
	}
	answer, err := f.Recorded(ctx, args)
	if err != nil {
		return "", err
	}
	out, err := json.Marshal(answer)
	return string(out), err
}
