package host

import (
	"strings"
	"testing"
	"time"
)

// Funding that is settled as a session ends is in the ledger when it has ended.
func TestFundingOfTheLastMomentIsBooked(t *testing.T) {
	t.Parallel()
	h := openHouse(t, 8, nil)
	heard := make(chan bool, 1)
	o := h.options(nil)
	o.StopWithin = time.Minute // a machine that is busy must not cut the end short
	s := begin(t, o, func(r *runner) {
		for _, m := range atVenue(r).venue.Health().Sections {
			if m.Coming != 0 {
				select {
				case heard <- true:
				default:
				}
			}
		}
	})
	select {
	case <-heard:
		s.end()
	case err := <-s.ended:
		t.Fatalf("no funding was heard of: %v\n%s", err, s.log())
	}
	h.audited()
	if len(h.truth().Income) == 0 || s.sum.Funding.IsZero() {
		t.Errorf("nothing was paid: %+v", s.sum)
	}
}

// Funding that is settled while no session runs is in the ledger once one does.
func TestFundingBetweenSessionsIsBooked(t *testing.T) {
	t.Parallel()
	h := openHouse(t, 9, nil)
	s := begin(t, h.options(map[string]string{"acts": "8", "every": "0.2"}), nil)
	s.until("its acts are over", time.Minute, func(*liveState) bool { return strings.Contains(s.log(), "nothing more is begun") })
	s.end()
	before := len(h.truth().Income)
	h.settled()
	t.Logf("%d payments while no session ran", len(h.truth().Income)-before) // none where it took long to end
	s = begin(t, h.options(map[string]string{"acts": "1"}), nil)
	s.quiet(h, 90*time.Second)
	s.end()
	h.audited()
}
