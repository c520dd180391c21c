package ledger

import (
	"fmt"
	"strings"
	"testing"
)

// The log keeps the newest lines of a session within its bounds of lines and bytes, a bounded
// part of each, and counts what it dropped; also over runs. Nothing else is touched by that,
// nor are the lines of other sessions.
func TestLogIsBounded(t *testing.T) {
	r := newRig(t, WriterOptions{})
	const more = 2500
	for n := uint64(1); n <= logLines+more; n++ {
		r.post(&LogRow{At: at(n), Level: "info", Text: fmt.Sprintf("line %d", n)})
		if n%5000 == 0 {
			r.sync()
		}
	}
	r.post(&LogRow{At: at(logLines + more + 1), Level: "warn", Text: strings.Repeat("é", logText)})
	r.sync()
	lines, err := r.Log(Filter{}, LogFilter{})
	must(t, err)
	if n := len(lines); n > logLines || n < logLines-logLines/16 {
		t.Fatalf("%d lines are kept, want at most %d", n, logLines)
	}
	if last := lines[len(lines)-1].Text; len(last) > logText+40 || !strings.HasSuffix(last, "é… (8192 bytes)") {
		t.Errorf("a long line is %d bytes and ends with %q", len(last), last[max(0, len(last)-30):])
	}
	dropped := func() int64 {
		n, err := LogDropped(r.DB)
		must(t, err)
		return n
	}
	if n := dropped(); n+int64(len(lines)) != logLines+more+1 {
		t.Errorf("%d were dropped and %d kept, of %d", n, len(lines), logLines+more+1)
	}
	must(t, r.w.Close())

	// Another session of the ledger has bounds of its own, which are bytes here.
	s, err := r.DB.CreateSession(Session{Account: "paper-2", Market: "synth", Seed: 1, Started: at(1).Time})
	must(t, err)
	run, err := r.DB.StartRun(Run{Session: s.ID, Started: "2026-02-01T00:00:00Z"})
	must(t, err)
	before := dropped()
	long := strings.Repeat("x", logText)
	for half := range uint64(2) { // the second writer knows what the first has written
		const lines = logBytes/logText/2 + 50
		w, err := r.DB.NewWriter(run, WriterOptions{})
		must(t, err)
		for n := range uint64(lines) {
			must(t, w.Post(&LogRow{At: at(1 + n + half*lines), Level: "error", Text: long}))
		}
		must(t, w.Post(&LogRow{At: at((half + 1) * lines), Level: "error", Text: "the last"}))
		must(t, w.Close())
	}
	other, err := r.Log(Filter{Account: "paper-2"}, LogFilter{})
	must(t, err)
	size := 0
	for i := range other {
		size += len(other[i].Text)
	}
	if size > logBytes || size < logBytes-logBytes/8 || other[len(other)-1].Text != "the last" || dropped() == before {
		t.Errorf("%d bytes in %d lines are kept, %d dropped: want at most %d bytes", size, len(other), dropped()-before, logBytes)
	}
	if again, err := r.Log(Filter{Account: "paper-1"}, LogFilter{}); err != nil || len(again) != len(lines) {
		t.Errorf("%d lines of the first session are left of %d (%v)", len(again), len(lines), err)
	}
	if n := r.count("strategy_state") + r.count("fills"); n != 0 {
		t.Errorf("%d other rows", n)
	}
}

// Lines are found by what they say and are about, newest first within a number, and those of
// no event do not move the session's time.
func TestLogIsSearched(t *testing.T) {
	r := newRig(t, WriterOptions{})
	r.post(
		&LogRow{At: at(1), Strategy: "a", Level: "info", Where: "a.lua:3", Text: "Bought ten"},
		&LogRow{At: at(2), Strategy: "b", Level: "warn", Text: "late", Pair: 7, Order: 9, Instrument: "usdm:BTCUSDT"},
		&LogRow{At: at(3), Level: "error", Text: "gone"},
		&LogRow{At: At{Seq: 3, Time: at(900).Time}, Level: "info", Text: "beside", Aside: true})
	r.w.Mark(3)
	r.sync()
	for _, c := range []struct {
		f    Filter
		l    LogFilter
		want string
	}{
		{Filter{}, LogFilter{}, "Bought ten,late,gone,beside"},
		{Filter{Last: 2}, LogFilter{}, "gone,beside"},
		{Filter{}, LogFilter{Levels: []string{"warn", "error"}}, "late,gone"},
		{Filter{}, LogFilter{Text: "bOUGHT"}, "Bought ten"},
		{Filter{}, LogFilter{Text: "btcusdt"}, "late"},
		{Filter{Pair: 7}, LogFilter{}, "late"},
		{Filter{Strategy: "a"}, LogFilter{}, "Bought ten"},
		{Filter{Strategy: "host"}, LogFilter{}, "gone,beside"},
		{Filter{From: at(2).Time, To: at(3).Time}, LogFilter{}, "late"},
		{Filter{}, LogFilter{After: 3}, "beside"},
		{Filter{Account: "paper-9"}, LogFilter{}, ""},
	} {
		lines, err := r.Log(c.f, c.l)
		must(t, err)
		var got []string
		for i := range lines {
			got = append(got, lines[i].Text)
		}
		if text := strings.Join(got, ","); text != c.want {
			t.Errorf("%+v %+v: %s, want %s", c.f, c.l, text, c.want)
		}
	}
	s, err := r.Session("paper-1")
	must(t, err)
	if s.LastTime != at(3).Time {
		t.Errorf("the session's time is %s, want %s", s.LastTime, at(3).Time)
	}
}
