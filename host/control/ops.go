package control

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// Kind is what an operation does to a session.
type Kind string

// The kinds.
const (
	Read        Kind = "read"        // it changes nothing
	Steer       Kind = "steer"       // it is journalled
	Destructive Kind = "destructive" // it sends orders or ends something; doors ask again
)

// Op is one thing that can be asked or told.
type Op struct {
	Name   string // "cancel-all"
	Kind   Kind
	Doc    string // one sentence
	Args   reflect.Type
	Result reflect.Type
	call   func(ctx context.Context, d Desk, by Who, raw []byte) (any, error)
}

// Call does an operation with arguments in JSON; none are {}. The result is of type
// Op.Result. An error is or wraps an *Error where it is of whoever asks.
func (o *Op) Call(ctx context.Context, d Desk, by Who, args []byte) (any, error) {
	return o.call(ctx, d, by, args)
}

func ask[A, R any](name, doc string, do func(context.Context, Desk, A) (R, error)) Op {
	return tell(name, Read, doc, func(ctx context.Context, d Desk, _ Who, a A) (R, error) { return do(ctx, d, a) })
}

func tell[A, R any](name string, kind Kind, doc string, do func(context.Context, Desk, Who, A) (R, error)) Op {
	return Op{name, kind, doc, reflect.TypeFor[A](), reflect.TypeFor[R](), func(ctx context.Context, d Desk, by Who, raw []byte) (any, error) {
		var a A
		if err := Decode(raw, &a); err != nil {
			return nil, Errorf(BadRequest, "%s: %v", name, err)
		}
		return do(ctx, d, by, a)
	}}
}

func done(err error) (None, error) { return None{}, err }

// kinds are what arguments are made of, in the words of JSON.
var kinds = map[reflect.Kind]string{reflect.String: "a string", reflect.Bool: "true or false", reflect.Int: "a whole number",
	reflect.Uint64: "a whole number from 0 on", reflect.Slice: "a list", reflect.Map: "an object", reflect.Struct: "an object"}

// found are the same, in the words of package json.
var found = map[string]string{"string": "a string", "bool": "true or false", "number": "a number", "array": "a list", "object": "an object"}

// Decode reads arguments strictly: an unknown field, or more after them, is an error.
func Decode(raw []byte, into any) error {
	if len(bytes.TrimSpace(raw)) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return fmt.Errorf("%s: want %s, not %s", cmp.Or(wrong.Field, "the arguments"), kinds[wrong.Type.Kind()], found[strings.Fields(wrong.Value)[0]])
		}
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more after the arguments")
	}
	return nil
}

// Ops returns all operations, those that ask first.
func Ops() []Op { return slices.Clone(ops) }

// Find returns the operation of a name.
func Find(name string) (*Op, bool) {
	at := slices.IndexFunc(ops, func(o Op) bool { return o.Name == name })
	if at < 0 {
		return nil, false
	}
	return &ops[at], true
}

var ops = []Op{
	ask("status", "How the session stands, in one look.", func(ctx context.Context, d Desk, _ None) (*Status, error) { return d.Status(ctx) }),
	ask("strategies", "The strategies, their versions and parameters.", func(ctx context.Context, d Desk, _ None) ([]Strategy, error) { return d.Strategies(ctx) }),
	ask("accounts", "Balances and margin by venue and wallet.", func(ctx context.Context, d Desk, _ None) ([]Account, error) { return d.Accounts(ctx) }),
	ask("positions", "Open positions of the account, or of a strategy.", func(ctx context.Context, d Desk, a StrategyArgs) ([]Position, error) { return d.Positions(ctx, a) }),
	ask("orders", "Working orders.", func(ctx context.Context, d Desk, a OrdersArgs) ([]Order, error) { return d.Orders(ctx, a) }),
	ask("pairs", "Pairs, their legs and what they earned.", func(ctx context.Context, d Desk, a PairsArgs) ([]Pair, error) { return d.Pairs(ctx, a) }),
	ask("books", "Order books.", func(ctx context.Context, d Desk, a BooksArgs) ([]Book, error) { return d.Books(ctx, a) }),
	ask("rates", "Funding rates of the session's perpetuals.", func(ctx context.Context, d Desk, _ None) ([]Rate, error) { return d.Rates(ctx) }),
	ask("limits", "Limits of the risk gate, and how much of them is used.", func(ctx context.Context, d Desk, _ None) ([]Limit, error) { return d.Limits(ctx) }),
	ask("fills", "Executions, newest first.", func(ctx context.Context, d Desk, a RangeArgs) ([]Fill, error) { return d.Fills(ctx, a) }),
	ask("funding", "Funding payments, newest first.", func(ctx context.Context, d Desk, a RangeArgs) ([]Funding, error) { return d.Funding(ctx, a) }),
	ask("equity", "The account's value over time.", func(ctx context.Context, d Desk, a SeriesArgs) ([]Point, error) { return d.Equity(ctx, a) }),
	ask("series", "Prices and what strategies plot.", func(ctx context.Context, d Desk, a SeriesArgs) ([]Series, error) { return d.Series(ctx, a) }),
	ask("log", "Lines of the log, newest last.", func(ctx context.Context, d Desk, a LogArgs) ([]LogLine, error) { return d.Log(ctx, a) }),
	ask("versions", "Versions of scripts, newest first.", func(ctx context.Context, d Desk, a VersionsArgs) ([]Version, error) { return d.Versions(ctx, a) }),
	ask("commands", "Who told the session what, newest first.", func(ctx context.Context, d Desk, a RangeArgs) ([]Command, error) { return d.Commands(ctx, a) }),
	ask("explain", "How an order, a fill or a pair came about.", func(ctx context.Context, d Desk, a ExplainArgs) (*Trace, error) { return d.Explain(ctx, a) }),

	tell("halt", Steer, "Pause a strategy, or trip the kill latch: only orders that reduce pass.",
		func(ctx context.Context, d Desk, by Who, a StrategyArgs) (None, error) {
			return done(d.Halt(ctx, by, a))
		}),
	tell("resume", Steer, "Let a strategy go on, or lift the kill latch.",
		func(ctx context.Context, d Desk, by Who, a StrategyArgs) (None, error) {
			return done(d.Resume(ctx, by, a))
		}),
	tell("cancel-all", Destructive, "Cancel working orders of strategies; pairs and parent orders keep theirs.",
		func(ctx context.Context, d Desk, by Who, a OrdersArgs) (None, error) {
			return done(d.CancelAll(ctx, by, a))
		}),
	tell("flatten", Destructive, "Close what strategies hold: orders, parent orders, pairs, positions, coins they bought.",
		func(ctx context.Context, d Desk, by Who, a FlattenArgs) (None, error) {
			return done(d.Flatten(ctx, by, a))
		}),
	tell("reload", Steer, "Load a strategy's file again, or roll back to a version of before.",
		func(ctx context.Context, d Desk, by Who, a ReloadArgs) (None, error) {
			return done(d.Reload(ctx, by, a))
		}),
	tell("set", Steer, "Set parameters of a strategy.",
		func(ctx context.Context, d Desk, by Who, a SetArgs) (None, error) { return done(d.Set(ctx, by, a)) }),
	tell("signal", Steer, "Tell strategies a signal: on_signal(name, payload).",
		func(ctx context.Context, d Desk, by Who, a SignalArgs) (None, error) {
			return done(d.Signal(ctx, by, a))
		}),
	tell("eval", Steer, "Evaluate Lua in a strategy between two events.",
		func(ctx context.Context, d Desk, by Who, a EvalArgs) (*Evaluated, error) { return d.Eval(ctx, by, a) }),
	tell("stop", Destructive, "End the session in good order.",
		func(ctx context.Context, d Desk, by Who, _ None) (None, error) { return done(d.Stop(ctx, by)) }),
}
