package host

import (
	"slices"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
)

// A local exchange says at once what it prepares, and then how far it is: rarely, however
// long its past is.
func TestAnExchangeSaysHowFarItIs(t *testing.T) {
	list, err := simVenues(SimVenues()[:2])
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	p := newSimProgress(func(line string) { lines = append(lines, line) }, list)
	if len(lines) != 1 {
		t.Fatalf("%q, want one line at once", lines)
	}
	wall := p.began
	p.clock = func() time.Time { return wall }
	const events, opens = 60 * simLooks, 1 + 60*simLooks*exchange.Second
	for venue := range list {
		follow := p.of(venue, opens)
		for n := range exchange.Time(events) {
			if n%simLooks == 0 {
				wall = wall.Add(time.Second)
			}
			follow(1 + n*exchange.Second)
		}
	}
	want := []string{
		"preparing " + p.houses[0] + " (1 of 2): 2 % of all, after 2 s",
		"preparing " + p.houses[0] + " (1 of 2): 5 % of all, after 6 s",
		"preparing " + p.houses[0] + " (1 of 2): 12 % of all, after 14 s",
	}
	if got := lines[1:min(4, len(lines))]; !slices.Equal(got, want) {
		t.Errorf("it says %q, want %q", got, want)
	}
	if last, want := lines[len(lines)-1], "preparing "+p.houses[1]+" (2 of 2): 95 % of all, after 114 s"; last != want || len(lines) != 14 {
		t.Errorf("%d lines, the last is %q; want 14 and %q", len(lines), last, want)
	}
	if newSimProgress(nil, list).of(0, opens) != nil || p.of(0, 0) != nil {
		t.Error("nobody listens, or there is no past, and every event is followed")
	}
}
