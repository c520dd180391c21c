package core

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// longestLine is how many bytes of a log line are kept.
const longestLine = 16 << 10

// short cuts a text to what a log line may have.
func short(text string) string {
	if len(text) > longestLine {
		return text[:longestLine] + "…"
	}
	return text
}

// untimely says why a timer makes no sense.
func untimely(name string, at, every exchange.Time) error {
	switch {
	case name == "":
		return fmt.Errorf("timer: it has no name")
	case at < 0 || every < 0:
		return fmt.Errorf("timer %q: at %d, every %d: want 0 or more", name, at, every)
	}
	return nil
}
