package host

import (
	"testing"
	"time"
)

// What came again of an alert is counted in the one that is told next, also when that
// comes between two looks at what came again; and what is left out is counted once.
func TestRepeatsOfAnAlertAreCounted(t *testing.T) {
	a := &alerts{known: map[alertKey]*told{}, wake: make(chan struct{}, 1)}
	x := Alert{Severity: Critical, Kind: AlertHalt, Text: "down"}
	a.raise(x)
	if first, ok := a.next(); !ok || first.Count != 1 {
		t.Fatalf("%+v, %t", first, ok)
	}
	for range 5 {
		a.raise(x)
	}
	k := a.known[x.key()]
	if k.again.Count != 5 {
		t.Fatalf("%d came again, want 5", k.again.Count)
	}
	k.at = time.Now().Add(-2 * alertAgain)
	a.raise(x)
	if next, ok := a.next(); !ok || next.Count != 6 {
		t.Errorf("told %+v, %t: want the 6 since", next, ok)
	}
	for len(a.queue) < alertsMost {
		a.queue = append(a.queue, Alert{Count: 1})
	}
	a.raise(x)
	k.at = time.Now().Add(-2 * alertAgain)
	a.raise(x)
	a.repeat(0)
	a.repeat(0)
	if a.dropped != 2 || a.counts[2] != 2 {
		t.Errorf("%d and %d were left out, want 2", a.dropped, a.counts[2])
	}
}
