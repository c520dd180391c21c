package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/control/mcp"
)

// researchWithin bounds a backtest or a study that a model asked for.
const researchWithin = 10 * time.Minute

// research are the verbs that a model may call: they trade nothing, and read nothing
// outside of one folder.
type research struct {
	root *os.Root
	busy chan struct{} // one at a time
}

type checkArgs struct {
	Scripts []string `json:"scripts" doc:"paths of Lua files, from the folder on"`
	Set     []string `json:"set,omitempty" doc:"parameters, as name=value or strategy.name=value"`
}

type backtestArgs struct {
	Scripts []string `json:"scripts" doc:"paths of Lua files, from the folder on"`
	Data    string   `json:"data" doc:"path of a history, from the folder on: funding/, mark_*/, perp_*/ and spot_*/"`
	Symbols []string `json:"symbols,omitempty" doc:"only these"`
	From    string   `json:"from,omitempty" doc:"first day, UTC: 2023-01-01"`
	To      string   `json:"to,omitempty" doc:"day to end before, UTC"`
	Set     []string `json:"set,omitempty" doc:"parameters, as name=value or strategy.name=value"`
}

type studyArgs struct {
	Scripts []string `json:"scripts" doc:"paths of Lua files, from the folder on"`
	Data    string   `json:"data" doc:"path of a history, from the folder on"`
	Symbols []string `json:"symbols,omitempty" doc:"only these"`
	Splits  []string `json:"splits" doc:"days, UTC, that history is cut at: two or more"`
	Tune    []string `json:"tune,omitempty" doc:"values to choose from by the parts before, as strategy.parameter=v1,v2"`
	Set     []string `json:"set,omitempty" doc:"parameters, as name=value or strategy.name=value"`
}

func (r *research) tools() []mcp.Tool {
	return []mcp.Tool{
		{Name: "check", Doc: "Load scripts without trading, and say what is wrong with them.", Args: reflect.TypeFor[checkArgs](), Do: r.check},
		{Name: "backtest", Doc: "Run strategies over bars and funding on an account of their own, and return the summary.",
			Args: reflect.TypeFor[backtestArgs](), Within: researchWithin, Do: r.backtest},
		{Name: "study", Doc: "Compare strategies over parts of history, tuned only on what was before.",
			Args: reflect.TypeFor[studyArgs](), Within: researchWithin, Do: r.study},
	}
}

func (r *research) check(ctx context.Context, raw json.RawMessage) (any, error) {
	var a checkArgs
	if err := control.Decode(raw, &a); err != nil {
		return nil, control.Errorf(control.BadRequest, "check: %v", err)
	}
	scripts, err := r.paths(a.Scripts)
	if err != nil {
		return nil, err
	}
	return r.run(ctx, checkVerb, slices.Concat(repeated("set", a.Set), scripts))
}

func (r *research) backtest(ctx context.Context, raw json.RawMessage) (any, error) {
	var a backtestArgs
	if err := control.Decode(raw, &a); err != nil {
		return nil, control.Errorf(control.BadRequest, "backtest: %v", err)
	}
	history, err := r.history(a.Scripts, a.Data, a.Symbols)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "perilune-backtest-")
	if err != nil {
		return nil, fmt.Errorf("a folder for the ledger: %w", err)
	}
	defer os.RemoveAll(dir)
	args := slices.Concat(history, repeated("set", a.Set), []string{"--quiet", "--from=" + a.From, "--to=" + a.To, "--db=" + filepath.Join(dir, "ledger.db")})
	return r.run(ctx, backtestVerb, args)
}

func (r *research) study(ctx context.Context, raw json.RawMessage) (any, error) {
	var a studyArgs
	if err := control.Decode(raw, &a); err != nil {
		return nil, control.Errorf(control.BadRequest, "study: %v", err)
	}
	history, err := r.history(a.Scripts, a.Data, a.Symbols)
	if err != nil {
		return nil, err
	}
	args := slices.Concat(history, repeated("set", a.Set), repeated("tune", a.Tune), []string{"--quiet", "--splits=" + strings.Join(a.Splits, ",")})
	return r.run(ctx, studyVerb, args)
}

// history are the arguments of scripts that run over a history.
func (r *research) history(scripts []string, data string, symbols []string) ([]string, error) {
	args, err := r.paths(scripts)
	if err != nil {
		return nil, err
	}
	dir, err := r.path(data)
	if err != nil {
		return nil, err
	}
	args = append(args, "--data="+dir)
	if len(symbols) > 0 {
		args = append(args, "--symbols="+strings.Join(symbols, ","))
	}
	return args, nil
}

// paths are scripts of the folder; there is one at least.
func (r *research) paths(list []string) (out []string, err error) {
	if len(list) == 0 {
		return nil, control.Errorf(control.BadRequest, "scripts: name one at least")
	}
	for _, name := range list {
		path, err := r.path(name)
		if err != nil {
			return nil, err
		}
		out = append(out, path)
	}
	return out, nil
}

// path is a file or folder of the folder, and refuses what links lead out of it.
func (r *research) path(name string) (string, error) {
	if !filepath.IsLocal(name) {
		return "", control.Errorf(control.Forbidden, "%q: want a path inside of %s, from there on", name, r.root.Name())
	}
	if _, err := r.root.Stat(name); err != nil {
		return "", control.Errorf(control.NotFound, "%q in %s: %v", name, r.root.Name(), err)
	}
	return filepath.Join(r.root.Name(), name), nil
}

// run calls a verb as the command line does, and returns the object that it prints.
func (r *research) run(ctx context.Context, verb func(context.Context, *env, []string) error, args []string) (any, error) {
	select {
	case r.busy <- struct{}{}:
		defer func() { <-r.busy }()
	default:
		return nil, control.Errorf(control.TooMany, "another run is under way: ask again when it is done")
	}
	var out, told bytes.Buffer
	err := verb(ctx, &env{in: bytes.NewReader(nil), out: &out, err: &told}, append([]string{"--json"}, args...))
	if out.Len() > 0 { // what did not pass has a report too
		return json.RawMessage(bytes.TrimSpace(out.Bytes())), nil
	}
	if err == nil {
		return nil, control.Errorf(control.Internal, "it printed nothing")
	}
	return nil, control.Errorf(control.BadRequest, "%v", err)
}

func repeated(flag string, values []string) (args []string) {
	for _, v := range values {
		args = append(args, "--"+flag+"="+v)
	}
	return args
}
