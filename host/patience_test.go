package host

import (
	"errors"
	"fmt"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// What a start waits for, and until when.
func TestAStartIsPatient(t *testing.T) {
	const began = 1000 * exchange.Second
	refused := func(class exchange.ErrorClass, status int, until exchange.Time) error {
		return &AccountError{fmt.Errorf("account mode: %w", &exchange.VenueError{Class: class, HTTP: status, Until: until, What: "ask"})}
	}
	for _, tt := range []struct {
		name string
		err  error
		now  exchange.Time
		want exchange.Time
	}{
		{"nothing failed", nil, began, 0},
		{"not the venue", errors.New("no such file"), began, 0},
		{"too many requests, no word until when", refused(exchange.ErrRateLimited, 429, 0), began, began + 5*exchange.Second},
		{"too many requests, until then", refused(exchange.ErrRateLimited, 429, began+40*exchange.Second), began, began + 40*exchange.Second},
		{"banned for hours", refused(exchange.ErrRateLimited, 418, began+2*exchange.Hour), began, 0},
		{"limited all the time", refused(exchange.ErrRateLimited, 429, 0), began + 10*exchange.Minute, 0},
		{"unavailable", refused(exchange.ErrUnavailable, 503, 0), began, began + 5*exchange.Second},
		{"unavailable for ten seconds", refused(exchange.ErrUnavailable, 503, 0), began + 10*exchange.Second, 0},
		{"nobody there", refused(exchange.ErrUnavailable, 0, 0), began, 0},
		{"clock", refused(exchange.ErrClock, 400, 0), began, began + 5*exchange.Second},
		{"key", refused(exchange.ErrKey, 401, 0), began, 0},
	} {
		if got := askAgain(tt.err, began, tt.now); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
