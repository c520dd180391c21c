package simserver

import (
	"slices"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/synth"
)

// A fault of a front's own that a seed chooses comes also where the front asks for it before it
// knows the segment.
func TestOwnFaultsOfASeedCome(t *testing.T) {
	feed, err := synth.New(synth.Options{Seed: 4, Start: exchange.Date(2026, 3, 2)})
	if err != nil {
		t.Fatal(err)
	}
	x, err := New(Options{Universe: feed.Universe(), Feed: feed, Seed: 4, Chaos: &Chaos{Seed: 1, Every: 100 * time.Millisecond, Kinds: []string{"yawn"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	f := &venueFront{name: "here"}
	for _, in := range feed.Universe().All() {
		if !slices.Contains(f.venues, in.Venue) {
			f.venues = append(f.venues, in.Venue)
		}
	}
	if err := x.Attach(f); err != nil {
		t.Fatal(err)
	}
	came := false
	for end := time.Now().Add(time.Minute); !came && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		x.Do(func(s *State) {
			s.Faults.refill()
			came = s.Faults.Strikes("yawn", nil, "")
		})
	}
	if !came {
		t.Error("none came")
	}
}
