package oms

import (
	"testing"

	"github.com/perilune/perilune/exchange"
)

// A segment whose streams are listened to is compared before the account is ready, also where
// the universe has nothing of it.
func TestReadyWaitsForWhatIsListenedTo(t *testing.T) {
	u, err := exchange.NewUniverse(nil)
	if err != nil {
		t.Fatal(err)
	}
	p := Profile{Segments: []Segment{{Venue: "spot", Spot: true, Wallets: []exchange.Wallet{"spot"}}}}
	m, err := New(u, Options{Profile: p, Follows: []exchange.Venue{"spot"}}, Opening{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if h := m.Health(); h.Ready() || len(h.Sections) != 1 {
		t.Errorf("ready %v with sections %+v: want to wait for one", h.Ready(), h.Sections)
	}
}
