package ledger

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// asked is one question, and its outcome when verdict is not "asked".
func asked(seq, id uint64, verdict, cost string, cached bool) *AdviceRow {
	return &AdviceRow{At: at(seq), Strategy: "hedge", Tag: "BTC", Question: "how much?", Context: "{}", Schema: "{}", Asked: at(1).Time, Answered: at(seq).Time,
		Advice: exchange.Advice{ID: id, Verdict: verdict, Text: `{"ratio":1}`, Model: "m", TokensIn: 100, Cost: dec(cost), Cached: cached}}
}

// A question is one row, which the outcome completes; a replay of the question
// does not undo it. Only what was sent counts towards a budget.
func TestAdvice(t *testing.T) {
	r := newRig(t, WriterOptions{})
	r.post(asked(1, 1, "asked", "0", false), asked(2, 1, "ok", "0.25", false), asked(3, 2, "ok", "0", true),
		asked(4, 3, "disabled", "0", false), asked(5, 4, "late", "0.5", false))
	r.sync()
	r.post(asked(1, 1, "asked", "0", false))
	r.sync()
	if n := r.count("advice"); n != 4 {
		t.Errorf("%d rows, want 4", n)
	}
	if text := r.dump("v_advice"); !strings.Contains(text, `paper-1 1 hedge BTC 2026-01-01T00:00:01.000Z 1000 ok {"ratio":1}`) {
		t.Errorf("v_advice:\n%s", text)
	}
	for since, want := range map[string]int{"2026-02-01": 2, "2026-02-02": 0} {
		calls, cost, err := r.AdviceSpent(since)
		must(t, err)
		if calls != want || cost.Equal(dec("0.75")) != (want == 2) {
			t.Errorf("since %s: %d calls for %s, want %d", since, calls, cost, want)
		}
	}
	snap, err := r.Restore("paper-1")
	must(t, err)
	if snap.NextQuestion != 5 {
		t.Errorf("the next question is %d, want 5", snap.NextQuestion)
	}
}
