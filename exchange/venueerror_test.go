package exchange

import (
	"errors"
	"fmt"
	"testing"
)

// A program asks for the class of an error through whatever wraps it, and people read
// what was tried and what the venue said.
func TestVenueError(t *testing.T) {
	e := &VenueError{Class: ErrFunds, Venue: "binance.usdm", What: "place BTCUSDT", HTTP: 400, Code: "-2019", Message: "Margin is insufficient."}
	err := fmt.Errorf("leg 2: %w", e)
	if !errors.Is(err, ErrFunds) || errors.Is(err, ErrRefused) || ErrorClassOf(err) != ErrFunds {
		t.Errorf("%v is not of its class", err)
	}
	if got, want := err.Error(), "leg 2: binance.usdm place BTCUSDT: HTTP status 400, code -2019: Margin is insufficient."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if c := ErrorClassOf(errors.New("EOF")); c != ErrUnknown || ErrorClassOf(nil) != 0 {
		t.Errorf("what nobody classified is %v: it may have happened", c)
	}
}

// Only one class leaves it open whether the venue acted, and of that one nothing may
// be sent again.
func TestErrorClasses(t *testing.T) {
	again := map[ErrorClass]bool{ErrRateLimited: true, ErrUnavailable: true, ErrClock: true}
	for c := ErrRefused; c <= ErrKey; c++ {
		if c.Again() != again[c] || c.MayHaveActed() != (c == ErrUnknown) || c.Error() == "none" {
			t.Errorf("%v: again %t, may have acted %t", c, c.Again(), c.MayHaveActed())
		}
	}
}
