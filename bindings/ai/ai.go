// Package ai is the Lua module for asking an advisor, most often a language
// model, and for reading its advice.
//
// Asking never waits: the outcome arrives in on_advice, some seconds later. An
// answer can only be one that the question's schema allows; everything else, and
// every failure, is an outcome without an answer. Strategies must be able to do
// without: on the built-in market and in tests there mostly is no advisor.
package ai

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent/advice"
)

var questionType = bindings.Type{
	Name: "Question",
	Doc:  "What the advisor is asked.",
	Fields: []bindings.Value{
		{Name: "question", Type: "string", Doc: "the task, in words; at most 4000 bytes"},
		{Name: "context", Type: "table", Optional: true, Doc: "figures to judge by: plain data, sent as JSON. Texts in it are cut to 64 letters, digits and _-.:/%+: names come from strangers"},
		{Name: "schema", Type: "table<string, string[]|FieldSpec>", Doc: "the fields of the answer: a list of words to choose from, or bounds"},
		{Name: "deadline", Type: "number|string", Unit: "seconds, or \"20s\"", Optional: true, Doc: "how long the answer may take; 20 s when left out, at most 5 minutes"},
		{Name: "ttl", Type: "number|string", Unit: "seconds, or \"5m\"", Optional: true, Doc: "how long the answer counts, from the asking; 5 minutes when left out, at most a day"},
		{Name: "tag", Type: "string", Optional: true, Doc: "what the advice is for, to find it with ai.latest"},
	},
}

var fieldType = bindings.Type{
	Name: "FieldSpec",
	Doc:  "A field of an answer. An answer outside of the bounds is refused, not clamped.",
	Fields: []bindings.Value{
		{Name: "type", Type: "\"number\"|\"integer\"|\"boolean\"|\"text\"", Optional: true, Doc: "number when left out"},
		{Name: "min", Type: "number", Optional: true, Doc: "required for a number"},
		{Name: "max", Type: "number", Optional: true, Doc: "required for a number; letters of a text, 200 when left out"},
		{Name: "optional", Type: "boolean", Optional: true, Doc: "the answer may leave it out"},
	},
}

// Module returns the module.
func Module() bindings.Module {
	tag := bindings.Value{Name: "tag", Type: "string", Optional: true, Doc: "as in the question; none when left out"}
	return bindings.Module{
		Name: "ai",
		Doc:  "Asks an advisor. Its answer can choose within bounds and nothing else; a strategy must be able to do without.",
		Funcs: []bindings.Func{
			{Spec: bindings.Spec{Name: "ask", Doc: "Asks; the outcome arrives in on_advice. Not in on_book, on_trade, on_mark, on_liquidation and on_advice, and one question at a time.",
				Args:    []bindings.Value{{Name: "question", Type: "Question"}},
				Returns: []bindings.Value{{Name: "id", Type: "string?"}, {Name: "err", Type: "string?", Doc: "why it was not asked"}},
				Example: "ai.ask { tag = \"hedge\", question = \"How much of the holding should be hedged for the next hour?\",\n" +
					"  context = { funding_8h = 0.0001 }, schema = { action = { \"hedge\", \"flat\", \"hold\" }, ratio = { min = 0, max = 1 } } }"}, Call: ask},
			{Spec: bindings.Spec{Name: "latest", Doc: "The latest advice with an answer that still counts; nil when there is none, so that the strategy uses its own rule.",
				Args: []bindings.Value{tag}, Returns: []bindings.Value{{Name: "advice", Type: "Advice?"}},
				Example: "local advice = ai.latest(\"hedge\")\nlocal ratio = advice and advice.answer.ratio or params.ratio"}, Call: latest},
			{Spec: bindings.Spec{Name: "advisor", Doc: "The model that answers; nil when there is no advisor.",
				Returns: []bindings.Value{{Name: "model", Type: "string?"}}}, Call: advisor},
		},
		Types: []bindings.Type{questionType, fieldType, bindings.AdviceType},
	}
}

func ask(rt *bindings.Runtime) int {
	f := rt.Fields(1, &questionType)
	q := advice.Question{
		Text: f.Get("question").String(), Context: context(rt, f), Schema: schema(rt, f.Get("schema")),
		Deadline: duration(f, "deadline", 20*exchange.Second), TTL: duration(f, "ttl", 5*exchange.Minute),
	}
	if f.Has("tag") {
		q.Tag = f.Get("tag").Name()
	}
	id, err := env(rt).Ask(q)
	if err != nil {
		rt.Raise("%v", err)
	}
	if id == 0 {
		rt.PushNil()
		rt.PushString("a question is under way already")
		return 2
	}
	return rt.PushString(bindings.ID(id))
}

func duration(f bindings.Fields, name string, def exchange.Time) exchange.Time {
	if !f.Has(name) {
		return def
	}
	return f.Get(name).Duration()
}

func latest(rt *bindings.Runtime) int {
	tag := ""
	if in := rt.Arg(1); !in.Nil() {
		tag = in.Name()
	}
	a, ok := env(rt).Advice(tag)
	if !ok {
		return rt.PushNil()
	}
	return rt.Push(rt.NewAdvice(a))
}

func advisor(rt *bindings.Runtime) int {
	name := env(rt).Advisor()
	if name == "" {
		return rt.PushNil()
	}
	return rt.PushString(name)
}

// context reads the figures as JSON.
func context(rt *bindings.Runtime, f bindings.Fields) string {
	if !f.Has("context") {
		return "{}"
	}
	in := f.Get("context")
	v, err := bindings.Plain(in.Table())
	if err != nil {
		in.Fail("%v", err)
	}
	m, ok := v.(map[string]any)
	if !ok {
		in.Fail("want a table with names, got a list")
	}
	text, err := advice.Encode(m)
	if err != nil {
		in.Fail("%v", err)
	}
	rt.Charge(len(text))
	return text
}

func schema(rt *bindings.Runtime, in bindings.Input) *advice.Schema {
	var fields []advice.Field
	t := in.Table()
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		spec, ok := v.(*lua.LTable)
		name, named := k.(lua.LString)
		if !ok || !named {
			in.Fail("want fields by name, each a table such as {min = 0, max = 1} or {\"hedge\", \"flat\"}, got %s = %s", bindings.Describe(k), bindings.Describe(v))
		}
		fields = append(fields, field(rt, string(name), spec))
	}
	s, err := advice.NewSchema(fields)
	if err != nil {
		in.Fail("%v", err)
	}
	return s
}

func field(rt *bindings.Runtime, name string, spec *lua.LTable) advice.Field {
	out := advice.Field{Name: name}
	if spec.Len() > 0 {
		out.Kind = advice.Choice
		for i := 1; i <= spec.Len(); i++ {
			out.Words = append(out.Words, bindings.ToText(spec.RawGetInt(i)))
		}
		return out
	}
	f := rt.Shape("schema field "+name, spec, &fieldType)
	switch f.Get("type").Choice("number", "integer", "boolean", "text") {
	case "boolean":
		out.Kind = advice.Flag
	case "text":
		out.Kind, out.Length = advice.Text, f.Get("max").IntOr(200, 1, 500)
	case "integer":
		out.Kind = advice.Integer
	}
	if out.Kind == advice.Number || out.Kind == advice.Integer {
		out.Min, out.Max = f.Get("min").Finite(), f.Get("max").Finite()
	}
	out.Optional = f.Get("optional").Bool()
	return out
}
