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

// tell reports the pair to strategy and ledger.
func (m *Machine) tell(p Port) {
	m.told = m.Pair.Reason
	if m.wait.why != "" && sameWords(m.told, m.wait.why) {
		m.wait = wait{} // for nothing that is not known
	}
	p.Changed(m)
}

// mute spares voice its work at each change of a book: nothing is waited for, or what
// is waited for is still the same and not yet worth a word.
func (m *Machine) mute(now exchange.Time) bool {
	if m.Pair.Reason == "" {
		return m.wait.why == ""
	}
	return m.Pair.Reason == m.wait.why && now < m.wait.since+tellAfter && !m.Pair.State.Done()
}

// voice tells a reason that has held for tellAfter, once: a wait that changes nothing
// else of the pair would never be heard of.
func (m *Machine) voice(p Port, now exchange.Time) {
	why := m.Pair.Reason
	switch {
	case m.Pair.State.Done() || why == "" || sameWords(why, m.told):
		m.wait = wait{}
	case m.wait.why == "" || !sameWords(why, m.wait.why):
		m.wait = wait{why, now}
	case now >= m.wait.since+tellAfter:
		m.tell(p)
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
