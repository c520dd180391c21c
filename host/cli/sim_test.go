package cli

import (
	"fmt"
	"testing"
	"time"
)

// What --faults takes, and what it refuses.
func TestReadChaos(t *testing.T) {
	for text, want := range map[string]string{
		"7":                               "7 0s []",
		"7,every=250ms":                   "7 250ms []",
		"7,kinds=drop+429,every=1s":       "7 1s [drop 429]",
		"7,every=1s,kinds=drop,late_fill": "7 1s [drop late_fill]",
	} {
		c, err := readChaos(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := fmt.Sprint(c.Seed, c.Every, c.Kinds); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"x", "-1", "7,every=fast", "7,kinds=earthquake", "7,drop", "7,every=" + time.Nanosecond.String(), "7,typo=1"} {
		if c, err := readChaos(text); err == nil {
			t.Errorf("%s is accepted: %+v", text, c)
		}
	}
	if c, err := readChaos(""); c != nil || err != nil {
		t.Errorf("nothing: %v %v", c, err)
	}
}
