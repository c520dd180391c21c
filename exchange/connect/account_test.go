package connect_test

import (
	"errors"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// What to do is said once, also where the error has it in its words.
func TestAdvisedSaysItOnce(t *testing.T) {
	const do = "set another region"
	for _, err := range []error{
		&exchange.VenueError{What: "list", Code: "1", Advice: do, Err: errors.New(do)},
		&exchange.VenueError{What: "list", Code: "1", Advice: do},
	} {
		if text, advice := connect.Advised(err); text != "list, code 1" || advice != do {
			t.Errorf("%q, %q", text, advice)
		}
	}
}
