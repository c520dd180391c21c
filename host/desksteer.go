package host

import (
	"context"
	"unicode/utf8"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// by is who tells something, as it is journalled.
func by(w control.Who) string {
	who := control.Who{Door: w.Door, Name: w.Name}.String()
	if who == "" {
		return core.ByProgram
	}
	return cutTo(who, 128)
}

// Bounds of what a command carries: it is journalled.
const (
	mostWhy     = 1024
	mostPayload = 16 << 10
	mostCode    = 16 << 10
	mostName    = 64
	mostID      = 128
	mostParams  = 256
)

func cutTo(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// tell gives an instruction on behalf of somebody.
func (d *deskSteerer) tell(ctx context.Context, w control.Who, command string, in core.Instruction) error {
	if err := d.named(in.Strategy); err != nil {
		return err
	}
	in.By, in.Reason = by(w), cutTo(w.Why, mostWhy)
	return sorted(d.s.instruct(ctx, command, in))
}

// Halt implements control.Steerer.
func (d *deskSteerer) Halt(ctx context.Context, w control.Who, a control.StrategyArgs) error {
	if a.Strategy == "" {
		return d.tell(ctx, w, core.CommandLatch, core.Instruction{})
	}
	return d.tell(ctx, w, core.CommandPause, core.Instruction{Strategy: a.Strategy})
}

// Resume implements control.Steerer.
func (d *deskSteerer) Resume(ctx context.Context, w control.Who, a control.StrategyArgs) error {
	if a.Strategy == "" {
		return d.tell(ctx, w, core.CommandUnlatch, core.Instruction{})
	}
	return d.tell(ctx, w, core.CommandUnpause, core.Instruction{Strategy: a.Strategy})
}

// key is an instrument's key as the session writes it; "" stays.
func (d *deskSteerer) key(instrument string) (string, error) {
	id, err := d.instrument(instrument)
	if err != nil || id == exchange.NoInstrument {
		return "", err
	}
	return d.s.r.core.Universe().Get(id).Key(), nil
}

// CancelAll implements control.Steerer.
func (d *deskSteerer) CancelAll(ctx context.Context, w control.Who, a control.OrdersArgs) error {
	key, err := d.key(a.Instrument)
	if err != nil {
		return err
	}
	return d.tell(ctx, w, core.CommandWithdraw, core.Instruction{Strategy: a.Strategy, Instrument: key, Order: exchange.OrderID(a.ID)})
}

// Flatten implements control.Steerer.
func (d *deskSteerer) Flatten(ctx context.Context, w control.Who, a control.FlattenArgs) error {
	key, err := d.key(a.Instrument)
	if err != nil {
		return err
	}
	return d.tell(ctx, w, core.CommandFlatten, core.Instruction{Strategy: a.Strategy, Instrument: key})
}

// Reload implements control.Steerer.
func (d *deskSteerer) Reload(ctx context.Context, w control.Who, a control.ReloadArgs) error {
	if a.To < 0 {
		return control.Errorf(control.BadRequest, "to: %d: want a version, from 1", a.To)
	}
	if err := d.named(a.Strategy); err != nil {
		return err
	}
	at, err := d.s.scriptOf(a.Strategy)
	if err != nil {
		return control.Errorf(control.Refused, "%q is no script: a strategy written in Go changes with its program", a.Strategy)
	}
	v := &exchange.Reload{Strategy: int32(at), Path: d.s.r.scripts[at].path, By: by(w), Why: cutTo(w.Why, mostWhy), To: a.To}
	if v.Sources, err = d.sources(ctx, a, v.Path); err != nil {
		return sorted(err)
	}
	return sorted(d.s.load(ctx, v, a.Force))
}

// Set implements control.Steerer.
func (d *deskSteerer) Set(ctx context.Context, w control.Who, a control.SetArgs) error {
	if err := d.named(a.Strategy); err != nil {
		return err
	}
	if len(a.Params) > mostParams {
		return control.Errorf(control.BadRequest, "params: %d of them: at most %d", len(a.Params), mostParams)
	}
	if a.Strategy == "" || len(a.Params) == 0 {
		return control.Errorf(control.BadRequest, "set: name a strategy and at least one parameter")
	}
	return sorted(d.s.setParams(ctx, core.Instruction{Strategy: a.Strategy, Params: a.Params, By: by(w), Reason: cutTo(w.Why, mostWhy)}))
}

// Signal implements control.Steerer.
func (d *deskSteerer) Signal(ctx context.Context, w control.Who, a control.SignalArgs) error {
	switch {
	case a.Name == "" || len(a.Name) > mostName:
		return control.Errorf(control.BadRequest, "name: %d characters: want 1 to %d", len(a.Name), mostName)
	case len(a.Payload) > mostPayload:
		return control.Errorf(control.BadRequest, "payload: %d bytes: at most %d", len(a.Payload), mostPayload)
	case len(a.ID) > mostID:
		return control.Errorf(control.BadRequest, "id: %d bytes: at most %d", len(a.ID), mostID)
	case !utf8.ValidString(a.Name + a.Payload + a.ID):
		return control.Errorf(control.BadRequest, "name, payload and id: want UTF-8")
	}
	return d.tell(ctx, w, core.CommandSignal, core.Instruction{Strategy: a.Strategy, Name: a.Name, Payload: a.Payload, ID: a.ID})
}

// Eval implements control.Steerer.
func (d *deskSteerer) Eval(ctx context.Context, w control.Who, a control.EvalArgs) (*control.Evaluated, error) {
	if a.Strategy == "" || a.Code == "" || len(a.Code) > mostCode || !utf8.ValidString(a.Code) {
		return nil, control.Errorf(control.BadRequest, "eval: name a strategy, and 1 to %d bytes of code in UTF-8", mostCode)
	}
	if err := d.named(a.Strategy); err != nil {
		return nil, err
	}
	var out core.Evaluation
	var failed error
	if a.Write {
		ev, err := core.Instruction{By: by(w), Reason: cutTo(w.Why, mostWhy), Strategy: a.Strategy, Code: a.Code}.Event(core.CommandEvaluate)
		if err != nil {
			return nil, sorted(err)
		}
		failed = d.s.command(ctx, ev, func() { out = d.s.r.core.Evaluated() })
	} else {
		at := int(d.s.r.strategies().Index(a.Strategy))
		if err := d.see(ctx, func(c *core.Core, _ core.Onlooker) { out, failed = c.Examine(at, a.Code) }); err != nil {
			return nil, err
		}
	}
	if failed != nil {
		return nil, sorted(failed)
	}
	v := &control.Evaluated{Values: out.Values, Output: out.Output}
	if v.Values == nil {
		v.Values = []string{}
	}
	return v, nil
}

// Stop implements control.Steerer.
func (d *deskSteerer) Stop(ctx context.Context, w control.Who) error {
	if err := d.tell(ctx, w, core.CommandLeave, core.Instruction{}); err != nil {
		return err
	}
	d.s.life.end()
	return nil
}

// sources are those of the version that a reload is to.
func (d *deskSteerer) sources(ctx context.Context, a control.ReloadArgs, path string) ([]exchange.Source, error) {
	if a.To == 0 {
		sources, err := script.Load(path)
		if err != nil {
			return nil, &ScriptError{path, err}
		}
		return sources, nil
	}
	k, ok := d.kept()
	if !ok {
		return nil, control.Errorf(control.Refused, "versions are kept in the ledger, and this session has none")
	}
	d.written(ctx)
	v, err := k.version(ctx, a.Strategy, a.To)
	if err != nil {
		return nil, err
	}
	return v.Sources, nil
}
