package connect

import (
	"fmt"
	"testing"

	"github.com/perilune/perilune/exchange/oms"
)

// The memory of texts does not grow, and holds at least the last thousand.
func TestMemory(t *testing.T) {
	var m memory
	for i := range 5 * remembered {
		if m.repeats(fmt.Append(nil, i)) {
			t.Fatalf("%d is new", i)
		}
		if back := i - remembered + 1; back >= 0 && !m.repeats(fmt.Append(nil, back)) {
			t.Fatalf("%d is forgotten at %d", back, i)
		}
	}
	if n := len(m.recent) + len(m.previous); n > 2*remembered {
		t.Errorf("%d are remembered", n)
	}
}

// What is known of the newest values does not grow either.
func TestNewestIsBounded(t *testing.T) {
	told := 0
	f := NewEvents(EventsOptions{Sink: func(oms.AccountEvent) { told++ }})
	for i := range 3 * newestMost {
		f.fresh(oms.AccountEvent{Balance: &oms.Balance{Asset: fmt.Sprint("A", i)}, Time: 2})
	}
	f.fresh(oms.AccountEvent{Balance: &oms.Balance{Asset: fmt.Sprint("A", 3*newestMost-1)}, Time: 1})
	if told != 3*newestMost || len(f.newest) > newestMost {
		t.Errorf("%d told, %d known", told, len(f.newest))
	}
}
