package execution

import "github.com/perilune/perilune/exchange"

// tellAfter is how long a machine may wait for one thing without a word. What passes
// sooner is not worth an event; what lasts longer somebody may be able to mend.
const tellAfter = exchange.Minute

// wait is what a machine has been waiting for, and since when. Numbers in it may
// change while it is the same.
type wait struct {
	why   string
	since exchange.Time
}

// report reports the pair to strategy and ledger.
func (rs *reasons) report(p Port) {
	rs.reported = rs.Pair.Reason
	if rs.wait.why != "" && sameWords(rs.reported, rs.wait.why) {
		rs.wait = wait{} // for nothing that is not known
	}
	p.Changed(rs.self)
}

// nothingToReport spares voice its work at each change of a book: nothing is waited for, or what
// is waited for is still the same and not yet worth a word.
func (rs *reasons) nothingToReport(now exchange.Time) bool {
	if rs.Pair.Reason == "" {
		return rs.wait.why == ""
	}
	return rs.Pair.Reason == rs.wait.why && now < rs.wait.since+tellAfter && !rs.Pair.State.Done()
}

// reportWait tells a reason that has held for tellAfter, once: a wait that changes nothing
// else of the pair would never be heard of.
func (rs *reasons) reportWait(p Port, now exchange.Time) {
	why := rs.Pair.Reason
	switch {
	case rs.Pair.State.Done() || why == "" || sameWords(why, rs.reported):
		rs.wait = wait{}
	case rs.wait.why == "" || !sameWords(why, rs.wait.why):
		rs.wait = wait{why, now}
	case now >= rs.wait.since+tellAfter:
		rs.report(p)
	}
}

// sameWords compares two reasons apart from their numbers.
func sameWords(a, b string) bool {
	if a == b {
		return true
	}
	i, j := 0, 0
	for {
		i, j = pastNumber(a, i), pastNumber(b, j)
		if i == len(a) || j == len(b) {
			return i == len(a) && j == len(b)
		}
		if a[i] != b[j] {
			return false
		}
		i, j = i+1, j+1
	}
}

// pastNumber is the first index from i on that is not part of a number.
func pastNumber(s string, i int) int {
	for i < len(s) && (s[i] >= '0' && s[i] <= '9' || s[i] == '.' || s[i] == '-') {
		i++
	}
	return i
}
