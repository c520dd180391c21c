package exec_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/exec"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

func TestOpenPair(t *testing.T) {
	bt := bindtest.New(t, exec.Modules()...)
	bt.Run(`
local id, err = exec.pair.open{spot = "spot:BTCUSDT", perp = "usdm:BTCUSDT", notional = "10000.50", batch = 1000, level = 3,
  min_basis = 0.001, max_unhedged = 2000, max_unhedged_time = "3s", timeout = 120, tag = "rotation"}
assert(id == "1" and err == nil)
exec.pair.open{spot = "spot:BTCUSDT", perp = "coinm:BTCUSD_PERP", notional = 1}
`)
	r := bt.Env.Opened[0]
	got := fmt.Sprintln(r.Notional, r.Batch, r.Level, *r.MinBasis, r.MaxUnhedged, r.MaxUnhedgedTime, r.Timeout, r.Tag)
	if want := fmt.Sprintln("10000.5", "1000", 3, 0.001, "2000", 3*exchange.Second, 2*exchange.Minute, "rotation"); got != want {
		t.Errorf("opened %s\nwant   %s", got, want)
	}
	if d := bt.Env.Opened[1]; d.MinBasis != nil || d.Level != 0 || !d.Batch.IsZero() || d.Timeout != 0 {
		t.Errorf("what was left out must be zero, so that the core's defaults apply: %+v", d)
	}
}

func TestMakerAndParts(t *testing.T) {
	bt := bindtest.New(t, exec.Modules()...)
	bt.Run(`
local legs = {spot = "spot:BTCUSDT", perp = "usdm:BTCUSDT", notional = 1000, style = "maker", maker_leg = "perp", maker_time = "2m"}
exec.pair.open(legs)
legs.maker_leg, legs.maker_time = nil, nil
exec.pair.open(legs)
exec.pair.close("1", {notional = "250.5", style = "maker"})
`)
	if r := bt.Env.Opened[0]; r.Style != intent.Maker || r.MakerLeg != intent.PerpLeg || r.MakerTime != 2*exchange.Minute {
		t.Errorf("opened %+v", r)
	}
	if r := bt.Env.Opened[1]; r.Style != intent.Maker || r.MakerLeg != intent.AutoLeg || r.MakerTime != 0 {
		t.Errorf("what was left out must be zero: %+v", r)
	}
	if r := bt.Env.Closed[0]; r.Notional.String() != "250.5" || r.Style != intent.Maker {
		t.Errorf("closed %+v", r)
	}
	const legs = `spot = "spot:BTCUSDT", perp = "usdm:BTCUSDT", notional = 1`
	bt.Fail(`exec.pair.open{`+legs+`, style = "makr"}`, `did you mean "maker"`)
	bt.Fail(`exec.pair.open{`+legs+`, style = "maker", maker_leg = "future"}`, "spot")
	bt.Fail(`exec.pair.close("1", {notional = 0})`, "field notional: must be above 0")
}

func TestClosePairAndErrors(t *testing.T) {
	bt := bindtest.New(t, exec.Modules()...)
	bt.Run(`
assert(exec.pair.close("4", {max_basis = -0.0005, patience = "1m", reason = "funding turned"}) == true)
assert(exec.pair.close("5"))
`)
	if r := bt.Env.Closed[0]; r.Pair != 4 || *r.MaxBasis != -0.0005 || r.Patience != exchange.Minute || r.Reason != "funding turned" {
		t.Errorf("closed %+v", r)
	}
	bt.Env.PairError = errors.New("the market is halted")
	bt.Run(`
local id, err = exec.pair.open{spot = "spot:BTCUSDT", perp = "usdm:BTCUSDT", notional = 1}
assert(id == nil and err == "the market is halted")
local ok, err = exec.pair.close("4")
assert(ok == false and err == "the market is halted")
`)
	bt.Fail(`exec.pair.open{spot = "usdm:BTCUSDT", perp = "usdm:BTCUSDT", notional = 1}`, "field spot: usdm:BTCUSDT is not a spot market")
	bt.Fail(`exec.pair.open{spot = "spot:BTCUSDT", perp = "spot:BTCUSDT", notional = 1}`, "is not a perpetual")
	bt.Fail(`exec.pair.open{spot = "spot:BTCUSDT", perp = "usdm:BTCUSDT", notional = -1}`, "exec.pair.open: field notional: must be above 0")
	bt.Fail(`exec.pair.open{spot = "spot:BTCUSDT", perp = "usdm:BTCUSDT", notional = 1, min_basis = 10}`, "want a fraction")
	bt.Fail(`exec.pair.open{spot = "spot:BTCUSDT", perp = "usdm:BTCUSDT", notional = 1, timeout = "soon"}`, "want seconds, or text")
	bt.Fail(`exec.pair.close("4", {max_bais = 1})`, `did you mean "max_basis"`)
}

func TestGetAndList(t *testing.T) {
	bt := bindtest.New(t, exec.Modules()...)
	bt.Env.PairList = []*intent.Pair{{ID: 2, Spot: bt.Env.ID("spot:BTCUSDT"), Perp: bt.Env.ID("usdm:BTCUSDT"),
		State: intent.PairOpen, PerpQty: -1500, OpenBasis: 0.002, Opened: bt.Env.Time, Settlements: 3}}
	bt.Run(`
local p = exec.pair.get("2")
assert(p.id == "2" and p.spot == "spot:BTCUSDT" and p.perp == "usdm:BTCUSDT" and p.state == "open" and not p.done)
assert(p.perp_qty == -1.5 and p.open_basis == 0.002 and p.settlements == 3 and p.closed == nil)
assert(#exec.pair.list() == 1 and exec.pair.get("3") == nil)
`)
}

func TestTransferAndHalt(t *testing.T) {
	bt := bindtest.New(t, exec.Modules()...)
	bt.Run(`exec.transfer("USDT", "spot", "usdm", "12.5") exec.halt("margin is thin") exec.halt_all("nothing adds up")`)
	if tr := bt.Env.Transfers[0]; tr.Asset != "USDT" || tr.From != "spot" || tr.To != "usdm" || tr.Amount.String() != "12.5" {
		t.Errorf("transferred %+v", tr)
	}
	if bt.Env.Halted != "margin is thin" || bt.Env.HaltedAll != "nothing adds up" {
		t.Errorf("halted with %q, all with %q", bt.Env.Halted, bt.Env.HaltedAll)
	}
	bt.Fail(`exec.transfer("USDT", "spot", "spot", 1)`, "both source and destination")
	bt.Fail(`exec.transfer("USDT", "bank", "spot", 1)`, `unknown wallet "bank"`)
	bt.Fail(`exec.transfer("USDT", "spot", "usdm", 0)`, "above 0")
}

func TestKeep(t *testing.T) {
	bt := bindtest.New(t, exec.Modules()...)
	bt.Run(`
assert(exec.room("usdm") == nil and exec.halted() == nil)
assert(exec.keep{wallet = "usdm", target = 0.6, soft = 0.35, hard = 0.25, reserve = "100.5"} == true)
`)
	if r := bt.Env.Maintained[0]; r.Wallet != "usdm" || r.Target.String() != "0.6" || r.Soft.String() != "0.35" ||
		r.Hard.String() != "0.25" || r.Reserve.String() != "100.5" {
		t.Errorf("kept %+v", r)
	}
	bt.Env.HeadroomNow, bt.Env.HeadroomSoon, bt.Env.Halted = decimal.NewFromInt(100), decimal.NewFromInt(250), "daily loss"
	bt.Run(`
local now, soon = exec.room("usdm")
assert(now == 100 and soon == 250 and exec.halted() == "daily loss")
`)
	bt.Env.PairError = errors.New("kept by another")
	bt.Run(`local ok, err = exec.keep{wallet = "usdm", target = 0.6, soft = 0.35, hard = 0.25} assert(not ok and err == "kept by another")`)
	bt.Fail(`exec.keep{wallet = "usdm", target = 0.3, soft = 0.35, hard = 0.25}`, "want 0 < hard <= soft < target, got hard 0.25, soft 0.35, target 0.3")
	bt.Fail(`exec.keep{wallet = "spot", target = 0.6, soft = 0.35, hard = 0.25}`, "no linear contract is margined in the spot wallet")
	bt.Fail(`exec.keep{wallet = "usdm", target = 0.6, soft = 0.35, hard = 0.25, reserve = -1}`, "reserve: want 0 or more")
}
