package ta_test

import (
	"testing"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/ta"
)

func TestFromLua(t *testing.T) {
	bt := bindtest.New(t, ta.Module())
	bt.Run(`
local e = ta.ema(3)
assert(e:update(1) == nil and e:update(2) == nil and e:update(3) == 2 and e:update(6) == 4 and e:value() == 4)
local s = ta.sma(2)
s:update(1)
assert(s:value() == nil and s:update(3) == 2 and s:update(5) == 4)
local z = ta.zscore(2)
z:update(5)
assert(z:update(5) == 0, "a constant window has no deviation")
local a = ta.atr(2)
assert(a:update(10, 8, 9) == nil)
assert(a:update(12, 11, 11) == 2.5, "the gap from 9 to 12 counts")
local m = ta.quantile(3, 0.5)
m:update(3) m:update(1)
assert(m:update(2) == 2 and m:update(10) == 2 and m:update(10) == 10)
local w = ta.window(3)
assert(w:mean() == nil and w:min() == nil and w:get() == nil and w:count() == 0)
for i = 1, 4 do w:push(i) end
assert(w:full() and w:get() == 4 and w:get(3) == 2 and w:get(4) == nil)
assert(w:sum() == 9 and w:mean() == 3 and w:min() == 2 and w:max() == 4)
`)
	bt.Fail(`ta.ema(0)`, "whole number from 1 to 100000")
	bt.Fail(`ta.stdev(1)`, "from 2")
	bt.Fail(`ta.quantile(3, 2)`, "0 to 1")
	bt.Fail(`ta.sma(3):update(0/0)`, "finite")
	bt.Fail(`ta.sma(3):push(1)`, `Indicator has no method "push"`)
	bt.Fail(`ta.sma(3).update(ta.window(3), 1)`, "with a colon")
	if err := bt.Load(`local e = ta.ema(3)`); err != nil {
		t.Errorf("indicators need no market: %v", err)
	}
}
