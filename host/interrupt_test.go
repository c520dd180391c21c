package host

import (
	"context"
	"strings"
	"testing"
	"time"
)

// Comparing long strings takes long within single instructions. The clock ends
// such a callback; the neighbours of the strategy go on, and a replay, which has no
// clock, comes to the same effects.
func TestACallbackThatTheClockEndedReplays(t *testing.T) {
	sum, said, err := runScript(t, `local M = { name = "test", universe = { "spot:BTCUSDT" } }
function M.on_start() timer.every("t", "10s") timer.every("u", "7s") state.calm = 0 end
function M.on_timer(name)
  if name == "u" then state.calm = state.calm + 1 return end
  local a, b = ("x"):rep(1e6), ("x"):rep(1e6)
  state.calm = state.calm + 1000
  if state.calm < 3000 then while a == b do end end
end
return M`, func(o *Options) { o.Script.CallbackTime = 150 * time.Millisecond })
	if err != nil || sum == nil || sum.Errors == 0 {
		t.Fatalf("%+v, %v; want a session with errors\n%s", sum, err, said)
	}
	for _, want := range []string{"test.lua:7: took longer than 150ms", "restarted with its last state"} {
		if !strings.Contains(said, want) {
			t.Errorf("nobody said %q:\n%s", want, said)
		}
	}
	res, err := Replay(context.Background(), sum.Journal)
	if err != nil || res.Diff != nil {
		t.Errorf("replay: %+v, %v", res, err)
	}
}
