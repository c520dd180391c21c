package goldentest

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// counter is the least player there can be.
type counter struct {
	*Scenario
	sum   int64
	now   exchange.Time
	ended *int
}

func (c *counter) Command(w []string) {
	switch w[0] {
	case "add":
		c.sum += c.Number(w[1])
		c.Say(c.now, "%d", c.sum)
	case "wait":
		c.now += c.Duration(w[1])
	default:
		c.Unknown(w[0])
	}
}

func (c *counter) End() { *c.ended++ }

func TestPlay(t *testing.T) {
	ended := 0
	Play(t, "testdata/*.txt", func(s *Scenario) Player { return &counter{Scenario: s, ended: &ended} })
	if ended != 1 {
		t.Errorf("End was called %d times", ended)
	}
}

// Answers are made anew from the commands alone, and the first difference is shown with
// its place.
func TestDiff(t *testing.T) {
	ended := 0
	s := &Scenario{TB: t}
	got := s.play("add 1\n=> wrong\n=> 7\nadd 1\n", func(s *Scenario) Player { return &counter{Scenario: s, ended: &ended} })
	if want := "add 1\n=> 1\nadd 1\n=> 2\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if diff := Diff("a\nb\nc\n", "a\nb\nd\n"); !strings.HasPrefix(diff, "3\n") || !strings.Contains(diff, "want c\ngot  d") {
		t.Errorf("got %q", diff)
	}
	if diff := Diff("a\n", "a\nb\n"); !strings.Contains(diff, "got  b") {
		t.Errorf("got %q", diff)
	}
	if diff := Diff("a\n", "a\n"); diff != "" {
		t.Errorf("equal texts differ: %q", diff)
	}
}
