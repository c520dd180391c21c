package num_test

import (
	"testing"

	lua "github.com/yuin/gopher-lua"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/num"
)

func TestDecimals(t *testing.T) {
	bt := bindtest.New(t, num.Module())
	bt.Run(`
local a, b = num.dec("0.1"), num.dec(0.2)
assert(tostring(a + b) == "0.3" and a + b == num.dec("0.30"))
assert(tostring(a - 1) == "-0.9" and tostring("2" * a) == "0.2" and tostring(-a) == "-0.1")
assert(tostring(num.dec(1) / 3) == "0.33333333333333333333")
assert(a < b and a <= b and not (b < a) and a ~= b)
assert((a == 0.1) == false, "this is why there is num.eq")
assert(num.eq(a, 0.1) and num.eq("0.10", a) and not num.eq(a, b))
assert(a:cmp(0.1) == 0 and a:cmp("0.2") == -1 and b:cmp(a) == 1)
assert(a:number() == 0.1 and a:string() == "0.1" and (-a):sign() == -1)
assert(num.fmt(1.005, 2) == "1.01" and num.fmt(-2, 1) == "-2.0")
`)
	bt.Fail(`local _ = num.dec(1) / 0`, "Decimal division: by zero")
	bt.Fail(`local _ = num.dec(1) + {}`, "got a table")
	bt.Fail(`num.dec("1_000")`, "decimal number")
	bt.Fail(`num.dec(0/0)`, "finite")
	bt.Fail(`local d = num.dec("9.9e30") for i = 1, 100 do d = d * d end`, "more than 200 digits")
	if err := bt.Load(`local tick = num.dec("0.1")`); err != nil {
		t.Errorf("decimals need no market: %v", err)
	}
}

func TestRounding(t *testing.T) {
	bt := bindtest.New(t, num.Module())
	bt.Run(`
assert(num.floor_to(0.3, 0.1) == 0.3, "not the 0.2 of floating point")
assert(num.floor_to(0.39, 0.1) == 0.3 and num.ceil_to(0.31, 0.1) == 0.4 and num.round_to(0.35, 0.1) == 0.4)
assert(num.floor_to(-0.31, 0.1) == -0.4 and num.ceil_to(-0.39, 0.1) == -0.3 and num.round_to(-0.35, 0.1) == -0.4)
assert(tostring(num.floor_to(num.dec("7.7"), "2.5")) == "7.5")
assert(num.ticks("usdm:BTCUSDT", 61800.3) == 618003 and num.price("usdm:BTCUSDT", 618003) == 61800.3)
`)
	bt.Fail(`num.floor_to(1, 0)`, "above 0")
	bt.Fail(`num.ticks("usdm:BTCUSDT", 1e30)`, "2^53")
}

// TestFloorAndCeilEnclose checks over random values that the two directions
// enclose the value within one step, and agree on a multiple.
func TestFloorAndCeilEnclose(t *testing.T) {
	bt := bindtest.New(t, num.Module())
	rapid.Check(t, func(rt *rapid.T) {
		x := rapid.Float64Range(-1e6, 1e6).Draw(rt, "x")
		step := rapid.SampledFrom([]float64{0.1, 0.25, 0.001, 3, 1e-8}).Draw(rt, "step")
		bt.L.SetGlobal("x", lua.LNumber(x))
		bt.L.SetGlobal("step", lua.LNumber(step))
		bt.Run(`
d, s = num.dec(x), num.dec(step)
lo, hi = num.floor_to(d, s), num.ceil_to(d, s)
assert(lo <= d and d <= hi and (hi - lo == s or lo == hi), tostring(lo) .. " " .. tostring(hi))
assert(num.floor_to(lo, s) == lo and num.ceil_to(lo, s) == lo)
mid = num.round_to(d, s)
assert(mid == lo or mid == hi)`)
	})
}
