package intent

import "fmt"

// Severity is how soon a person should look at what they are told.
type Severity uint8

// The severities, from the least.
const (
	Notice   Severity = iota // when there is time: a session ended in good order, a hold passed
	Warning                  // today: a callback failed, an instrument is held
	Critical                 // now: money is at risk, or nothing trades any more
)

var severities = [...]string{"notice", "warning", "critical"}

// String is the word for it; "none" for what is no severity.
func (s Severity) String() string {
	if int(s) < len(severities) {
		return severities[s]
	}
	return "none"
}

// ParseSeverity reads the word of a severity.
func ParseSeverity(word string) (Severity, error) {
	for i, w := range severities {
		if w == word {
			return Severity(i), nil
		}
	}
	return 0, fmt.Errorf("%q: want notice, warning or critical", word)
}
