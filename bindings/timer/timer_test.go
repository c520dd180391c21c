package timer_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/timer"
	"github.com/perilune/perilune/exchange"
)

func TestTimers(t *testing.T) {
	bt := bindtest.New(t, timer.Module())
	now, day := bt.Env.Time, exchange.Date(2026, 1, 2) // it is 03:04:05
	bt.Run(`
timer.every("a", "1h30m")
timer.after("b", 2.5)
assert(timer.at_next("c", "8h") == 1767340800)
timer.at_next("d", "8h", "5h")
timer.at_next("e", 3600, 60)
timer.after("gone", 1)
timer.cancel("gone")
timer.cancel("never was")
`)
	for name, want := range map[string][2]exchange.Time{
		"a": {now + 90*exchange.Minute, 90 * exchange.Minute},
		"b": {now + 2500*exchange.Millisecond, 0},
		"c": {day + 8*exchange.Hour, 0},
		"d": {day + 11*exchange.Hour, 0}, // 03:00 has passed
		"e": {day + 4*exchange.Hour - exchange.Minute, 0},
	} {
		if got := bt.Env.Timers[name]; got != want {
			t.Errorf("timer %s is at %v every %v, want %v every %v", name, got[0], got[1], want[0], want[1])
		}
	}
	if _, ok := bt.Env.Timers["gone"]; ok {
		t.Error("a canceled timer is still there")
	}
}

func TestTimerMistakes(t *testing.T) {
	bt := bindtest.New(t, timer.Module())
	bt.Fail(`timer.every("a", 0)`, "timer.every: argument period: want more than 0")
	bt.Fail(`timer.every("a", 0/0)`, "want more than 0")
	bt.Fail(`timer.every("a", 1e300)`, "at most a year")
	bt.Fail(`timer.every("a", "5 minutes")`, `text such as "5m"`)
	bt.Fail(`timer.every("a", "-5m")`, "from 1ms to a year")
	bt.Fail(`timer.after("", 1)`, "1 to 64 bytes")
	bt.Fail(`timer.after(print, 1)`, "got a function")
	bt.Fail(`timer.at_next("a", "1h", "2h")`, "shorter than the period")
}

func TestNextIsAheadAndAligned(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		now := exchange.Time(rapid.Int64Range(1e18, 2e18).Draw(rt, "now"))
		period := exchange.Time(rapid.Int64Range(1, int64(exchange.Day)).Draw(rt, "period"))
		before := exchange.Time(rapid.Int64Range(0, int64(period)-1).Draw(rt, "before"))
		at := timer.Next(now, period, before)
		if at <= now || at > now+period || (at+before)%period != 0 {
			rt.Fatalf("Next(%d, %d, %d) = %d", now, period, before, at)
		}
	})
}
