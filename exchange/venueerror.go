package exchange

import (
	"errors"
	"fmt"
)

// ErrorClass is what a refusal or a missing answer of a venue means, in words that all
// venues have in common: whether it may have acted, and whether the same may be asked
// again. It is an error itself, so that errors.Is(err, ErrNotFound) asks for it.
//
// Of a question, which changes nothing, no class says that the venue acted: one whose
// answer was lost is ErrUnavailable, and asked again.
type ErrorClass uint8

const (
	// ErrRefused: the venue did not act and will not: a rule or the market's state
	// is against it. The same again has the same answer.
	ErrRefused ErrorClass = iota + 1
	// ErrUnknown: it may have acted, now or later, until Profile.Window of the
	// request is over. Ask what became of it; never send it again.
	ErrUnknown
	// ErrNotFound: whoever answered does not know what was named. It did not act. That
	// an order is not found proves nothing while a request for it may still arrive.
	ErrNotFound
	// ErrDuplicate: an order has this client id already, which is what an earlier
	// sending of the same order leaves. It did not act now. Ask for that order.
	ErrDuplicate
	// ErrAlreadyFinal: a cancel or an amendment that came too late: the order is not
	// open any more, or never was. It did not act. Ask how the order ended.
	ErrAlreadyFinal
	// ErrNoChange: what was asked for is so already. It did not act and need not.
	ErrNoChange
	// ErrRateLimited: it did not act because too much was asked. The same may be sent
	// after Until, and nothing else of the same limit before.
	ErrRateLimited
	// ErrUnavailable: it did not act because of an overload or maintenance, or nothing
	// was sent at all. The same may be sent after Until.
	ErrUnavailable
	// ErrClock: it did not act because of the request's timestamp. The same may be
	// sent, signed anew, once the clocks were compared.
	ErrClock
	// ErrFunds: it did not act because the wallet does not hold enough, or not enough
	// margin. The same makes sense only after that has changed.
	ErrFunds
	// ErrMode: it did not act because the account is in a mode that does not have it:
	// hedge mode, isolated margin, a contract that is only being reduced.
	ErrMode
	// ErrKey: it did not act because of the key: not known, not permitted to do this or
	// from this address, or not its signature. A person has to look.
	ErrKey
)

var errorClasses = [...]string{"none", "refused", "outcome unknown", "not found", "duplicate", "already final", "no change", "rate limited",
	"unavailable", "clock", "not enough funds", "wrong mode", "key"}

// Error names the class.
func (c ErrorClass) Error() string {
	if int(c) < len(errorClasses) {
		return errorClasses[c]
	}
	return errorClasses[0]
}

// MayHaveActed reports whether the venue may have done, or may yet do, what was asked.
func (c ErrorClass) MayHaveActed() bool { return c == ErrUnknown }

// Again reports whether the same request may be sent again, after Until: the venue
// has certainly not acted, and nothing about the request stands against it.
func (c ErrorClass) Again() bool {
	return c == ErrRateLimited || c == ErrUnavailable || c == ErrClock
}

// VenueError is an answer of a venue that says no, or no answer. Class is all that a
// program decides by; the rest is for people and for the adapter that made it.
type VenueError struct {
	Class   ErrorClass
	Venue   Venue  // the segment, or what of the venue was asked
	What    string // what was being tried: "place BTCUSDT"
	HTTP    int    // status; 0: there was no answer, or not over HTTP
	Code    string // the venue's own; "" when it gave none
	Message string // the venue's words
	Until   Time   // with ErrRateLimited and ErrUnavailable: not before; 0: no word on it
	Advice  string // what a person can do about it; "" when it says so itself
	Err     error  // what went wrong below; nil when the venue answered
}

func (e *VenueError) Error() string {
	s := e.What
	if e.Venue != "" {
		s = fmt.Sprintf("%s %s", e.Venue, e.What)
	}
	if e.HTTP != 0 {
		s += fmt.Sprintf(": HTTP status %d", e.HTTP)
	}
	if e.Code != "" {
		s += ", code " + e.Code
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *VenueError) Unwrap() error { return e.Err }

// Is reports whether target is the error's class.
func (e *VenueError) Is(target error) bool {
	c, ok := target.(ErrorClass)
	return ok && c == e.Class
}

// ErrorClassOf is the class of an error; 0 for nil. What nobody classified may have
// happened.
func ErrorClassOf(err error) ErrorClass {
	if err == nil {
		return 0
	}
	var e *VenueError
	if errors.As(err, &e) {
		return e.Class
	}
	return ErrUnknown
}
