package debug

import "testing"

// Where too many replays stand at one event, the events that are wanted and missing get the
// place of one of them: the pool would otherwise run there again and again.
func TestPoolMakesRoomAmongTooManyOfOneEvent(t *testing.T) {
	p := &pool{wanted: []uint64{5, 5, 9}}
	standing := func(event uint64) *replay {
		r := newReplay("", &p.never)
		r.at.Event = event
		t.Cleanup(r.abandon)
		return r
	}
	for range MaxParked {
		p.keep(standing(5))
	}
	if got := p.missing(); got != 9 {
		t.Fatalf("event %d is missing, want 9", got)
	}
	p.keep(standing(9))
	if got := p.missing(); got != 0 || len(p.parked) != MaxParked {
		t.Errorf("event %d is missing, and %d are parked, want none and %d", got, len(p.parked), MaxParked)
	}
}
