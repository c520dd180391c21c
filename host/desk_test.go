package host

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/ledger"
)

const deskScript = `
count = 0
local M = {name = "desked", subscribe = {"usdm:BTCUSDT", "spot:BTCUSDT"},
  params = {size = {default = 0.01, min = 0.001, max = 1, unit = "coins", doc = "of an order"}}}
function M.on_start() timer.every("t", "60s") end
function M.on_timer(name)
  count = count + 1
  state.count = count
  chart.plot("count", count)
  if count == 1 then order.submit{symbol = "usdm:BTCUSDT", side = "buy", qty = params.size, type = "market"} end
  if count == 2 then order.submit{symbol = "usdm:BTCUSDT", side = "buy", qty = params.size, price = market.book("usdm:BTCUSDT"):bid() * 0.97} end
end
function M.on_signal(name, payload)
  log.info("signal", name, type(payload) == "table" and payload.side or tostring(payload))
  state.signal = name
end
return M
`

// deskSession is a session on the built-in market that is held up by a source of time of
// its own: it runs as fast as it can, and what is asked of it is asked meanwhile.
type deskSession struct {
	*Session
	t    *testing.T
	desk control.Desk
	o    Options
	path string
	done chan error
}

func beginDesk(t *testing.T, script string) *deskSession {
	t.Helper()
	dir := t.TempDir()
	d := &deskSession{t: t, path: filepath.Join(dir, "desked.lua"), done: make(chan error, 1)}
	if err := os.WriteFile(d.path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	d.o = Options{Scripts: []string{d.path}, DB: filepath.Join(dir, "x.db"), Journal: filepath.Join(dir, "journal"), Seed: 7, Speed: 3600, For: 10 * exchange.Day}
	s, err := Open(t.Context(), d.o)
	if err != nil {
		t.Fatal(err)
	}
	d.Session, d.desk = s, s.Desk()
	return d
}

func (d *deskSession) run() {
	d.t.Helper()
	go func() {
		_, err := d.Session.Run(d.t.Context())
		d.done <- err
	}()
}

// stop ends the session and runs its journal again.
func (d *deskSession) stop() {
	d.t.Helper()
	if err := d.desk.Stop(d.t.Context(), control.Who{Door: "socket", Name: "uid 7", Why: "that is all"}); err != nil {
		d.t.Fatal(err)
	}
	if err := <-d.done; err != nil {
		d.t.Fatal(err)
	}
}

// eventually waits until a question has the wanted answer.
func (d *deskSession) eventually(what string, ask func() bool) {
	d.t.Helper()
	end := time.Now().Add(60 * time.Second)
	for !ask() {
		if time.Now().After(end) {
			lines, _ := d.desk.Log(d.t.Context(), control.LogArgs{Limit: 20})
			d.t.Fatalf("it never came to that: %s; the log says %+v", what, lines)
		}
	}
}

func must1[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

var pageUser = control.Who{Door: "http", Name: "page", Why: "a test"}

// Everything that can be told is an event with who and why: the ledger's commands say it,
// and the journal of it all replays to the same.
func TestWhatADeskIsToldIsAnEvent(t *testing.T) {
	d := beginDesk(t, deskScript)
	ctx, desk := t.Context(), d.desk
	d.run()
	d.eventually("a position and a working order", func() bool {
		return len(must1[[]control.Position](t)(desk.Positions(ctx, control.StrategyArgs{Strategy: "desked"}))) == 1 &&
			len(must1[[]control.Order](t)(desk.Orders(ctx, control.OrdersArgs{}))) == 1
	})
	told := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	refused := func(what string, code control.Code, err error) {
		t.Helper()
		var e *control.Error
		if !errors.As(err, &e) || e.Code != code {
			t.Errorf("%s: %v, want %s", what, err, code)
		}
	}
	told("signal", desk.Signal(ctx, pageUser, control.SignalArgs{Name: "tv", Payload: `{"side":"buy"}`, ID: "1"}))
	told("signal again", desk.Signal(ctx, pageUser, control.SignalArgs{Name: "again", ID: "1"}))
	told("set", desk.Set(ctx, pageUser, control.SetArgs{Strategy: "desked", Params: map[string]string{"size": "0.02"}}))
	refused("set out of range", control.BadRequest, desk.Set(ctx, pageUser, control.SetArgs{Strategy: "desked", Params: map[string]string{"size": "7"}}))
	refused("a stranger", control.NotFound, desk.Halt(ctx, pageUser, control.StrategyArgs{Strategy: "nobody"}))
	told("cancel", desk.CancelAll(ctx, pageUser, control.OrdersArgs{Strategy: "desked"}))
	if got := must1[[]control.Order](t)(desk.Orders(ctx, control.OrdersArgs{})); len(got) > 1 {
		t.Errorf("orders %+v", got)
	}
	refused("flatten a stranger", control.NotFound, desk.Flatten(ctx, pageUser, control.FlattenArgs{Instrument: "usdm:NOPE"}))
	told("flatten spot", desk.Flatten(ctx, pageUser, control.FlattenArgs{Instrument: "spot:BTCUSDT"}))
	if got := must1[[]control.Position](t)(desk.Positions(ctx, control.StrategyArgs{})); len(got) != 1 {
		t.Errorf("positions %+v: only spot was flattened", got)
	}
	told("flatten", desk.Flatten(ctx, pageUser, control.FlattenArgs{Strategy: "desked", Instrument: "usdm:BTCUSDT"}))
	d.eventually("flat", func() bool {
		return len(must1[[]control.Position](t)(desk.Positions(ctx, control.StrategyArgs{}))) == 0
	})
	told("pause", desk.Halt(ctx, pageUser, control.StrategyArgs{Strategy: "desked"}))
	refused("a signal for a paused one", control.Refused, desk.Signal(ctx, pageUser, control.SignalArgs{Strategy: "desked", Name: "x"}))
	told("unpause", desk.Resume(ctx, pageUser, control.StrategyArgs{Strategy: "desked"}))
	told("halt", desk.Halt(ctx, pageUser, control.StrategyArgs{}))
	if s := must1[*control.Status](t)(desk.Status(ctx)); s.State != "halted" || s.Halted != "http page: a test" {
		t.Errorf("status %s, %q", s.State, s.Halted)
	}
	told("resume", desk.Resume(ctx, pageUser, control.StrategyArgs{}))
	if v, err := desk.Eval(ctx, pageUser, control.EvalArgs{Strategy: "desked", Code: "count = -5; return state.signal, count"}); err != nil || !slices.Equal(v.Values, []string{"tv", "-5"}) {
		t.Errorf("a look: %+v, %v", v, err)
	}
	for code, want := range map[string]string{
		`order.submit{symbol = "usdm:BTCUSDT", side = "buy", qty = 0.01, type = "market"}`: "read only",
		`timer.every("z", "1s")`: "read only", `chart.plot("z", 1)`: "read only", `state.count = 0`: "read only", `exec.halt("x")`: "read only",
	} {
		if _, err := desk.Eval(ctx, pageUser, control.EvalArgs{Strategy: "desked", Code: code}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", code, err)
		}
	}
	if v, err := desk.Eval(ctx, pageUser, control.EvalArgs{Strategy: "desked", Code: `log.info("here") print(1, 2)`}); err != nil || v.Output != "here\n1\t2\n" {
		t.Errorf("what a look logs: %+v, %v", v, err)
	}
	if v, err := desk.Eval(ctx, pageUser, control.EvalArgs{Strategy: "desked", Write: true, Code: `state.count = 1000; return order.submit{symbol = "usdm:BTCUSDT", side = "buy", qty = 0.01, type = "market"} ~= nil`}); err != nil || !slices.Equal(v.Values, []string{"true"}) {
		t.Errorf("a write: %+v, %v", v, err)
	}
	d.eventually("what was evaluated is filled", func() bool {
		return len(must1[[]control.Position](t)(desk.Positions(ctx, control.StrategyArgs{}))) == 1
	})
	changed := strings.Replace(deskScript, "count = count + 1", "count = count + 2", 1)
	if err := os.WriteFile(d.path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	told("reload", desk.Reload(ctx, pageUser, control.ReloadArgs{Strategy: "desked"}))
	refused("a version that was not", control.NotFound, desk.Reload(ctx, pageUser, control.ReloadArgs{Strategy: "desked", To: 9}))
	told("roll back", desk.Reload(ctx, pageUser, control.ReloadArgs{Strategy: "desked", To: 1}))
	versions := must1[[]control.Version](t)(desk.Versions(ctx, control.VersionsArgs{}))
	if len(versions) != 3 || !versions[0].Running || versions[0].Hash != versions[2].Hash || versions[1].Running ||
		!strings.Contains(versions[1].Diff, "+  count = count + 2") || !strings.Contains(versions[0].Diff, "-  count = count + 2") {
		t.Errorf("versions %+v", versions)
	}
	traced(t, desk)
	told("pause to compare", desk.Halt(ctx, pageUser, control.StrategyArgs{Strategy: "desked"}))
	d.eventually("nothing is on its way", func() bool {
		return len(must1[[]control.Order](t)(desk.Orders(ctx, control.OrdersArgs{}))) == 0
	})
	live := deskAnswers(t, desk)
	d.stop()

	commands := must1[[]control.Command](t)(d.ended().Commands(ctx, control.RangeArgs{}))
	var ops []string
	for _, c := range slices.Backward(commands) {
		ops = append(ops, c.Op)
		if c.Op != "stop" && c.By != "http page: a test" || c.Op == "stop" && c.By != "socket uid 7: that is all" || c.Seq == 0 {
			t.Errorf("command %+v", c)
		}
	}
	if want := "signal signal set set cancel-all flatten flatten halt signal resume halt resume eval reload reload halt stop"; strings.Join(ops, " ") != want {
		t.Errorf("commands\n%s\nwant\n%s", strings.Join(ops, " "), want)
	}
	for i, want := range map[int]string{2: "rolled back to v1, which is v3 now", len(commands) - 2: "told before, and not again", 0: "done"} {
		if commands[i].Outcome != want {
			t.Errorf("command %d: %+v, want %q", i, commands[i], want)
		}
	}
	sameAnswers(t, live, deskAnswers(t, d.ended()))
	res, err := Replay(ctx, d.Session.r.record.dir)
	if err != nil || res.Diff != nil {
		t.Errorf("replay: %+v, %v", res, err)
	}
}

// ended opens the ledger of the session, which is over.
func (d *deskSession) ended() *LedgerDesk {
	d.t.Helper()
	e, err := OpenDesk(d.o.DB)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { _ = e.Close() })
	return e
}

// traced looks at how the first order came about.
func traced(t *testing.T, desk control.Desk) {
	t.Helper()
	fills := must1[[]control.Fill](t)(desk.Fills(t.Context(), control.RangeArgs{Limit: 1}))
	if len(fills) != 1 {
		t.Fatalf("fills %+v", fills)
	}
	trace := must1[*control.Trace](t)(desk.Explain(t.Context(), control.ExplainArgs{Fill: fills[0].TradeID}))
	var kinds []string
	for _, s := range trace.Steps {
		kinds = append(kinds, s.Kind)
	}
	for _, want := range []string{"event", "handler", "gate", "order", "fill"} {
		if !slices.Contains(kinds, want) {
			t.Errorf("trace %+v has no %s", trace, want)
		}
	}
}

// deskAnswers asks every question that an ended session can answer too.
func deskAnswers(t *testing.T, desk control.Desk) map[string]any {
	t.Helper()
	out := map[string]any{}
	for _, op := range control.Ops() {
		if op.Kind != control.Read || op.Name == "explain" {
			continue
		}
		v, err := op.Call(t.Context(), desk, pageUser, []byte(`{}`))
		if err != nil {
			t.Errorf("%s: %v", op.Name, err)
			continue
		}
		raw, err := json.Marshal(v)
		if err != nil || strings.Contains(string(raw), "null") && op.Name != "log" {
			t.Errorf("%s: %s, %v", op.Name, raw, err)
		}
		out[op.Name] = v
	}
	return out
}

// sameAnswers compares what does not change when a session ends.
func sameAnswers(t *testing.T, live, ended map[string]any) {
	t.Helper()
	a, b := live["fills"].([]control.Fill), ended["fills"].([]control.Fill)
	if len(a) == 0 || len(b) < len(a) || b[len(b)-1].TradeID != a[len(a)-1].TradeID || !b[len(b)-1].Price.Equal(a[len(a)-1].Price) {
		t.Errorf("fills %+v, ended %+v", a, b)
	}
	p, q := live["positions"].([]control.Position), ended["positions"].([]control.Position)
	if len(p) != 1 || len(q) != 1 || !p[0].Qty.Equal(q[0].Qty) || p[0].Instrument != q[0].Instrument {
		t.Errorf("positions %+v, ended %+v", p, q)
	}
	for _, s := range ended["strategies"].([]control.Strategy) {
		if s.State != "ended" || s.Why != "" {
			t.Errorf("a strategy of an ended session is %q: %q, want ended", s.State, s.Why)
		}
	}
	if s := ended["status"].(*control.Status); s.Equity == nil || s.Today == nil {
		t.Errorf("the status of an ended session has equity %v, today %v", s.Equity, s.Today)
	}
	v, w := live["versions"].([]control.Version), ended["versions"].([]control.Version)
	if len(v) != len(w) || v[0].Hash != w[0].Hash || v[1].Diff != w[1].Diff {
		t.Errorf("versions %+v, ended %+v", v, w)
	}
}

// The day of a session that has ended is the last that it saw.
func TestMidnightEquity(t *testing.T) {
	at := func(days, hours exchange.Time, amount int64) ledger.EquityPoint {
		return ledger.EquityPoint{Time: 100*exchange.Day + days*exchange.Day + hours*exchange.Hour, Amount: decimal.NewFromInt(amount)}
	}
	for _, x := range []struct {
		points []ledger.EquityPoint
		want   int64
	}{
		{[]ledger.EquityPoint{at(0, 5, 7)}, 7},
		{[]ledger.EquityPoint{at(0, 5, 7), at(0, 6, 8)}, 7},
		{[]ledger.EquityPoint{at(0, 5, 7), at(0, 23, 8), at(1, 0, 9), at(1, 5, 10)}, 8},
	} {
		if got := midnightEquity(x.points); !got.Equal(decimal.NewFromInt(x.want)) {
			t.Errorf("%v: %s, want %d", x.points, got, x.want)
		}
	}
}

// A ledger whose session has ended is asked, and not told.
func TestAnEndedDeskIsNotTold(t *testing.T) {
	for _, op := range control.Ops() {
		if op.Kind == control.Read {
			continue
		}
		_, err := op.Call(context.Background(), &LedgerDesk{}, pageUser, []byte(`{}`))
		if e := control.AsError(err); e == nil || e.Code != control.Ended {
			t.Errorf("%s: %v", op.Name, err)
		}
	}
}
