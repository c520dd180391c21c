package exec_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/exec"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

func TestStartSchedules(t *testing.T) {
	bt := bindtest.New(t, exec.Modules()...)
	bt.Run(`
local id, err = exec.vwap{symbol = "usdm:BTCUSDT", side = "sell", qty = "0.0125", duration = "2h", interval = "90s", participation = 0.05,
  curve = "static", slippage_bp = 12.5, at_end = "stop", reduce_only = true, tag = "exit", start = 1767326400}
assert(id == "1" and err == nil)
exec.twap{symbol = "spot:BTCUSDT", side = "buy", notional = 1000.5, duration = 3600}
exec.pov{symbol = "spot:BTCUSDT", side = "buy", qty = 2, duration = 3600, participation = 1, at_end = "cross"}
`)
	r := bt.Env.Scheduled[0]
	got := fmt.Sprintln(r.Algo, r.Side, r.Qty, r.Duration, r.Interval, r.Participation, r.Static, r.Uniform, r.SlippageBP, r.AtEnd, r.ReduceOnly, r.Tag, r.Start)
	if want := fmt.Sprintln("vwap", "sell", 12, 2*exchange.Hour, 90*exchange.Second, 0.05, true, false, 12.5, "stop", true, "exit", "2026-01-02T04:00:00.000Z"); got != want {
		t.Errorf("started %s\nwant    %s", got, want)
	}
	if r := bt.Env.Scheduled[1]; r.Algo != intent.TWAP || r.Qty != 0 || r.Notional.String() != "1000.5" || r.Participation != 0 || r.AtEnd != 0 || r.Start != 0 {
		t.Errorf("what was left out must be zero, so that the defaults apply: %+v", r)
	}
	if r := bt.Env.Scheduled[2]; r.Algo != intent.POV || r.AtEnd != intent.CrossAtEnd || r.Qty != 200000 {
		t.Errorf("started %+v", r)
	}
}

func TestStartSchedulesBadly(t *testing.T) {
	bt := bindtest.New(t, exec.Modules()...)
	base := `exec.vwap{symbol = "usdm:BTCUSDT", side = "buy", qty = 1, duration = "2h", %s}`
	for with, want := range map[string]string{
		`notional = 5`:         "field notional: qty is given too",
		`participation = 0`:    "field participation: want more than 0 and at most 1",
		`participation = 10`:   "(0.1 is a tenth of the volume), got 10",
		`slippage_bp = -1`:     "field slippage_bp: want more than 0",
		`curve = "unifrom"`:    `did you mean "uniform"`,
		`at_end = "hope"`:      "field at_end: want one of cross, stop",
		`start = 0/0`:          "field start: want a finite number",
		`start = 1e300`:        "field start: want seconds since the epoch",
		`partcipation = 0.1`:   `did you mean "participation"`,
		`interval = "quickly"`: "field interval: want seconds, or text",
	} {
		bt.Fail(fmt.Sprintf(base, with), "exec.vwap: ", want)
	}
	bt.Fail(`exec.twap{symbol = "usdm:BTCUSDT", side = "buy", duration = 60}`, "field qty: missing: want qty, or notional")
	bt.Fail(`exec.twap{symbol = "usdm:BTCUSDT", side = "buy", qty = 0.0009, duration = 60}`, "0.0009 is below one lot of usdm:BTCUSDT, 0.001")
	bt.Fail(`exec.twap{symbol = "usdm:BTCUSDT", qty = 1, duration = 60}`, "missing field side")
	bt.Env.ScheduleError = errors.New("the window would be over")
	bt.Run(`
local id, err = exec.twap{symbol = "usdm:BTCUSDT", side = "buy", qty = 1, duration = 60}
assert(id == nil and err == "the window would be over")
local ok, err = exec.schedule.cancel("1")
assert(ok == false and err == "the window would be over")
`)
}

// A window by time of day is the next one, and an end before the start is the next day's.
func TestSchedulesByTimeOfDay(t *testing.T) {
	for _, c := range []struct{ now, window, starts, ends string }{
		{"2026-03-08T12:00:00Z", `start = "14:30", finish = "16:00"`, "2026-03-08T14:30:00Z", "2026-03-08T16:00:00Z"},
		{"2026-03-08T14:30:00Z", `start = "14:30", finish = "16:00"`, "2026-03-08T14:30:00Z", "2026-03-08T16:00:00Z"},
		{"2026-03-08T14:30:01Z", `start = "14:30", finish = "16:00"`, "2026-03-09T14:30:00Z", "2026-03-09T16:00:00Z"},
		{"2026-03-08T12:00:00Z", `start = "22:00", finish = "02:15:30"`, "2026-03-08T22:00:00Z", "2026-03-09T02:15:30Z"},
		{"2026-12-31T23:59:59Z", `start = "00:00", finish = "23:59:59"`, "2027-01-01T00:00:00Z", "2027-01-01T23:59:59Z"},
		{"2026-03-08T12:00:00Z", `finish = "13:00"`, "", "2026-03-08T13:00:00Z"},
		{"2026-03-08T12:00:00Z", `finish = "12:00"`, "", "2026-03-09T12:00:00Z"},
		{"2026-03-08T12:00:00Z", `start = "14:30", duration = "90m"`, "2026-03-08T14:30:00Z", "2026-03-08T16:00:00Z"},
		// New York is at -5 hours until 2026-03-08 02:00 there, then at -4 until 2026-11-01 02:00.
		{"2026-03-06T20:00:00Z", `start = "09:30 America/New_York", finish = "16:00 America/New_York"`, "2026-03-07T14:30:00Z", "2026-03-07T21:00:00Z"},
		{"2026-03-08T12:00:00Z", `start = "09:30 America/New_York", finish = "16:00 America/New_York"`, "2026-03-08T13:30:00Z", "2026-03-08T20:00:00Z"},
		{"2026-03-08T05:00:00Z", `start = "02:30 America/New_York", finish = "04:00 America/New_York"`, "2026-03-08T07:00:00Z", "2026-03-08T08:00:00Z"}, // skipped
		{"2026-03-08T05:00:00Z", `start = "01:00 America/New_York", finish = "05:00 America/New_York"`, "2026-03-08T06:00:00Z", "2026-03-08T09:00:00Z"},
		{"2026-11-01T04:00:00Z", `start = "01:30 America/New_York", finish = "03:00 America/New_York"`, "2026-11-01T05:30:00Z", "2026-11-01T08:00:00Z"}, // twice
		{"2026-11-01T06:00:00Z", `start = "01:30 America/New_York", duration = "1h"`, "2026-11-02T06:30:00Z", "2026-11-02T07:30:00Z"},
		{"2026-03-28T23:00:00Z", `start = "02:30:00 Europe/Berlin", duration = "1h"`, "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"}, // skipped
		{"2026-01-05T20:00:00Z", `start = "09:00 Asia/Tokyo", finish = "09:30 Asia/Kolkata"`, "2026-01-06T00:00:00Z", "2026-01-06T04:00:00Z"},
		{"2026-04-04T10:00:00Z", `start = "01:45 Australia/Lord_Howe", duration = "1h"`, "2026-04-04T14:45:00Z", "2026-04-04T15:45:00Z"}, // half an hour, twice
		{"2026-03-08T12:00:00Z", `start = 1772974800, finish = 1772978400`, "2026-03-08T13:00:00Z", "2026-03-08T14:00:00Z"},
	} {
		bt := bindtest.New(t, exec.Modules()...)
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		bt.Env.Time = exchange.Time(now.UnixNano())
		bt.Run(fmt.Sprintf(`exec.twap{symbol = "spot:BTCUSDT", side = "buy", qty = 2, %s}`, c.window))
		r := bt.Env.Scheduled[0]
		starts, ends := "", (bt.Env.Time + r.Duration).UTC().Format(time.RFC3339)
		if r.Start != 0 {
			starts, ends = r.Start.UTC().Format(time.RFC3339), (r.Start + r.Duration).UTC().Format(time.RFC3339)
		}
		if starts != c.starts || ends != c.ends {
			t.Errorf("at %s %s is from %s to %s, want %s to %s", c.now, c.window, starts, ends, c.starts, c.ends)
		}
	}
}

func TestBadTimesOfDay(t *testing.T) {
	bt := bindtest.New(t, exec.Modules()...)
	for window, want := range map[string]string{
		`start = "25:00", duration = "1h"`:                        `field start: want a time of day, such as "14:30" or "14:30:15" in UTC, or "09:30 America/New_York", or seconds since the epoch, got "25:00"`,
		`start = "2:30pm", duration = "1h"`:                       `got "2:30pm"`,
		`start = "9:30", duration = "1h"`:                         `got "9:30"`,
		`start = "", duration = "1h"`:                             `field start: want a time of day`,
		`start = "14:30", finish = "16:00:0"`:                     `field finish: want a time of day`,
		`start = "14:30", finish = "14:30:00"`:                    `field finish: "14:30:00" is the start too: want another time of day, or duration = "24h"`,
		`finish = "16:00", duration = "1h"`:                       `field finish: duration is given too: want one of them`,
		`start = "14:30"`:                                         `field duration: missing: want duration, or finish`,
		`finish = 5`:                                              `field finish: 1970-01-01T00:00:05.000Z is not after the start`,
		`start = "09:30 New York", duration = "1h"`:               `field start: no time zone is called "New York": want an IANA name, such as "America/New_York"`,
		`start = "09:30 America/", duration = "1h"`:               `no time zone is called "America/"`,
		`start = "09:30 ", duration = "1h"`:                       `no time zone is called ""`,
		`start = "09:30 America/New_York", finish = "16:00"`:      `field finish: "16:00" and the start, "09:30 America/New_York": want a time zone with both, or with neither for UTC`,
		`start = "09:30 Asia/Tokyo", finish = "09:30 Asia/Tokyo"`: `field finish: "09:30 Asia/Tokyo" is the start too`,
		`finish = true`:                                           `field finish: want a`,
		`start = "14:30", finish = "16:00", end_ = 1`:             `unknown field "end_"`,
	} {
		bt.Fail(fmt.Sprintf(`exec.twap{symbol = "spot:BTCUSDT", side = "buy", qty = 2, %s}`, window), "exec.twap: ", want)
	}
}

func TestSchedulesArePaced(t *testing.T) {
	bt := bindtest.New(t, exec.Modules()...)
	bt.Run(`
assert(exec.twap{symbol = "usdm:BTCUSDT", side = "buy", qty = 1, duration = "1h", min_pace = 0.5, max_pace = 2, min_slice = 0.0125} == "1")
assert(exec.schedule.pace("1", 1.25) == true)
`)
	if r := bt.Env.Scheduled[0]; r.MinPace != 0.5 || r.MaxPace != 2 || r.MinSlice != 12 || len(bt.Env.Paced) != 1 || bt.Env.Paced[0] != 1.25 {
		t.Errorf("started %+v, paced %v", r, bt.Env.Paced)
	}
	bt.Fail(`exec.twap{symbol = "usdm:BTCUSDT", side = "buy", qty = 1, duration = "1h", min_pace = 0.5}`, "min_pace and max_pace: want both")
	bt.Fail(`exec.twap{symbol = "usdm:BTCUSDT", side = "buy", qty = 1, duration = "1h", min_pace = 0, max_pace = 2}`, "field min_pace: want 0.1 to 1, got 0")
	bt.Fail(`exec.schedule.pace("1", 0/0)`, "want a finite number")
}

func TestSchedulesAreRead(t *testing.T) {
	bt := bindtest.New(t, exec.Modules()...)
	bt.Env.ScheduleList = []*intent.Schedule{{ID: 7, Algo: intent.VWAP, Instrument: bt.Env.ID("usdm:BTCUSDT"), Side: exchange.Sell,
		State: intent.ScheduleWorking, Total: 4000, Filled: 1000, Maker: 250, Arrival: 100, Market: intent.MarketVolume{Qty: 10, Value: 1010},
		AtOnce: &intent.AtOnce{Qty: 2000, Cost: bt.Env.EquityValue.Shift(-2).Mul(decimal.NewFromInt(2)).Mul(decimal.RequireFromString("0.99"))},
		Cost:   bt.Env.EquityValue.Shift(-2), Start: bt.Env.Time, Slices: 24, Slice: 3, Curve: "learned from 12 days"}}
	bt.Run(`
local s = exec.schedule.get("7")
assert(s.id == "7" and s.algo == "vwap" and s.symbol == "usdm:BTCUSDT" and s.side == "sell" and s.state == "working" and not s.done)
assert(s.qty == 4 and s.filled == 1 and s.completion == 0.25 and s.maker_share == 0.25 and s.slice == 3 and s.slices == 24)
assert(s.price == 100 and s.market_vwap == 101 and math.abs(s.slippage_vwap - 99.0099) < 1e-3 and s.slippage_arrival == 0)
assert(s.at_once_qty == 2 and math.abs(s.slippage_at_once - 100) < 1e-6)
assert(s.participation == 0.1 and s.closed == nil and s.curve == "learned from 12 days")
assert(#exec.schedule.list() == 1 and exec.schedule.get("8") == nil)
assert(exec.schedule.cancel("7") == true)
`)
	if len(bt.Env.Unscheduled) != 1 || bt.Env.Unscheduled[0] != 7 {
		t.Errorf("canceled %v", bt.Env.Unscheduled)
	}
}
