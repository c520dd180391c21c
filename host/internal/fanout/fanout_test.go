package fanout

import (
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A subscriber that does not take loses what may be lost, and learns how many and
// where; what is kept it has all.
func TestWhatIsLostIsCountedWhereItWasLost(t *testing.T) {
	var h Hub[int]
	s := h.Subscribe(2, nil)
	for v := range 5 {
		h.Publish(v, v == 3)
	}
	list, _ := s.Take()
	want := []Item[int]{{0, 0}, {1, 0}, {3, 1}}
	if len(list) != len(want) {
		t.Fatalf("took %v, want %v", list, want)
	}
	for i := range want {
		if list[i] != want[i] {
			t.Errorf("took %v, want %v", list, want)
		}
	}
	h.Close()
	if list, lost := s.Take(); len(list) != 0 || lost != 1 || h.Lost() != 2 {
		t.Errorf("at the end %v and %d lost, %d in all", list, lost, h.Lost())
	}
}

func TestASubscriptionEnds(t *testing.T) {
	var h Hub[int]
	if h.Active() {
		t.Error("active without subscribers")
	}
	s := h.Subscribe(8, func(v int) bool { return v%2 == 0 })
	var got []int
	var reader sync.WaitGroup
	reader.Go(func() {
		for {
			list, _ := s.Take()
			if len(list) == 0 {
				return
			}
			for _, it := range list {
				got = append(got, it.Value)
			}
		}
	})
	for v := range 4 {
		h.Publish(v, true)
	}
	h.Close()
	reader.Wait()
	if len(got) != 2 || got[0] != 0 || got[1] != 2 {
		t.Errorf("took %v", got)
	}
	if list, _ := h.Subscribe(8, nil).Take(); list != nil || h.Active() {
		t.Error("a subscription of a closed hub goes on")
	}
	var other Hub[int]
	s = other.Subscribe(8, nil)
	other.Publish(1, false)
	s.Stop()
	if list, _ := s.Take(); list != nil || other.Active() {
		t.Errorf("after Stop: %v", list)
	}
}
