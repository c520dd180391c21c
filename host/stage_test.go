package host_test

import (
	"context"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

const stageScript = `
local M = { name = "stage", params = { qty = { default = 0.01 } }, universe = { "spot:BTCUSDT" } }
function M.on_start() state.starts = (state.starts or 0) + 1 timer.every("tick", "1m") end
function M.on_timer() state.ticks = (state.ticks or 0) + 1 end
function M.on_book(b)
  if not state.bought then state.bought = true order.buy("spot:BTCUSDT", params.qty, b:ask(), { tif = "ioc" }) end
end
function M.on_fill(f) state.filled = (state.filled or 0) + f.qty end
function M.on_bar(bar) state.closed = bar.close end
function M.on_stop() state.stopped = true end
return M
`

func stageProgram(t *testing.T, text string) *script.Program {
	t.Helper()
	p, err := script.Compile([]exchange.Source{{Path: "stage.lua", Text: text}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newStage(t *testing.T, text string) *host.Stage {
	t.Helper()
	m, err := synth.New(synth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var list []exchange.Instrument
	for _, in := range m.Universe().All() {
		list = append(list, *in)
	}
	s, err := host.NewStage(context.Background(), host.StageOptions{Script: "stage.lua", Program: stageProgram(t, text), Instruments: list, Latency: host.Latency{Model: "none"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// quoted is a book of one level a side around a price in ticks.
func quoted(id exchange.InstrumentID, bid exchange.Ticks, n int64) exchange.Event {
	return exchange.Event{Kind: exchange.KindSnapshot, Instrument: id, LastID: n, PrevID: -1,
		Bids: []exchange.Level{{Price: bid, Qty: 1e6}}, Asks: []exchange.Level{{Price: bid + 1, Qty: 1e6}}}
}

func stageState(t *testing.T, s *host.Stage, want ...string) {
	t.Helper()
	raw, err := s.State()
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range want {
		if !strings.Contains(string(raw), w) {
			t.Errorf("the state is %s, without %s", raw, w)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A stage's session trades, lives on its time, is told, is reloaded, and goes on after a restart.
func TestAStageIsASessionByHand(t *testing.T) {
	s := newStage(t, stageScript)
	in, err := s.Core().Universe().Lookup("spot:BTCUSDT")
	check(t, err)
	stageState(t, s, `"starts":1`)
	check(t, s.Push(quoted(in.ID, 5_000_000, 1)))
	stageState(t, s, `"filled":0.01`)
	check(t, s.Push(exchange.Event{Kind: exchange.KindTrade, Instrument: in.ID, Price: 5_000_100, Qty: 100, Side: exchange.Buy}))
	check(t, s.Advance(150*exchange.Second))
	stageState(t, s, `"ticks":2`, `"closed":50001`)
	if got := s.Core().AccountPosition(in.ID).Qty; got != 1000 {
		t.Errorf("the position is %d lots", got)
	}
	check(t, s.Tell(core.CommandParams, core.Instruction{Params: map[string]string{"qty": "0.02"}}))
	if err := s.Reload(stageProgram(t, `return { name = "stage", on_reload = function() error("not yet") end }`)); err == nil || !strings.Contains(err.Error(), "not yet") {
		t.Errorf("a version that fails was taken: %v", err)
	}
	check(t, s.Reload(stageProgram(t, strings.Replace(stageScript, "or 0) + f.qty", "or 0) + f.qty * 2", 1))))
	check(t, s.Restart(context.Background(), false))
	stageState(t, s, `"starts":2`, `"stopped":true`, `"filled":0.01`)
	if got := s.Core().AccountPosition(in.ID).Qty; got != 1000 {
		t.Errorf("after a restart the position is %d lots", got)
	}
	check(t, s.Push(quoted(in.ID, 5_000_000, 1)))
	check(t, s.Restart(context.Background(), true))
	stageState(t, s, `"starts":3`, `"ticks":2`)
	check(t, s.Stop())
	if err := s.Advance(exchange.Second); err == nil {
		t.Error("time passes after the end")
	}
}
