package ledger

import (
	"fmt"
	"strings"
	"testing"
)

// The log keeps the newest lines, over runs too, a bounded part of each, and counts
// what it dropped. Nothing else of the ledger is touched by that.
func TestLogIsBounded(t *testing.T) {
	r := newRig(t, WriterOptions{})
	const more = 2500
	for n := uint64(1); n <= logLines+more; n++ {
		r.post(&LogRow{At: at(n), Level: "warn", Text: fmt.Sprintf("line %d", n)})
		if n%500 == 0 {
			r.sync()
		}
	}
	r.post(&LogRow{At: at(logLines + more + 1), Level: "warn", Text: strings.Repeat("é", logText)})
	r.sync()
	lines, err := r.Log(Filter{})
	must(t, err)
	if n := len(lines); n < logLines || n > logLines+1000 {
		t.Fatalf("%d lines are kept, want %d and those of a transaction", n, logLines)
	}
	first := fmt.Sprintf("line %d", logLines+more+1-len(lines)+1)
	if lines[0].Text != first {
		t.Errorf("the oldest is %q, want %q", lines[0].Text, first)
	}
	if last := lines[len(lines)-1].Text; len(last) > logText+40 || !strings.HasSuffix(last, "é… (8192 bytes)") {
		t.Errorf("a long line is %d bytes and ends with %q", len(last), last[max(0, len(last)-30):])
	}
	var dropped int
	must(t, r.DB.read.QueryRow("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'log_dropped'").Scan(&dropped))
	if dropped+len(lines) != logLines+more+1 {
		t.Errorf("%d were dropped and %d kept, of %d", dropped, len(lines), logLines+more+1)
	}
	if n := r.count("strategy_state") + r.count("fills"); n != 0 {
		t.Errorf("%d other rows", n)
	}
}
