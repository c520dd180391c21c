// Package fixed converts between decimal text, whole numbers of steps, and
// decimals, without ever passing through binary floating point.
//
// # Assumptions
//
//   - A venue writes numbers as digits[.digits], with an optional leading minus
//     and any number of trailing zeros. Exponents, plus signs, spaces and a bare
//     leading or trailing point are malformed.
//   - A price or quantity from a venue is a whole number of its steps; anything
//     else is an error and is never rounded silently.
//   - A price or quantity that a person or a strategy asks for is rounded, and
//     the function that rounds names its direction.
//
// Parsing and appending allocate only when they fail.
package fixed

import (
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// The reasons a conversion fails; test for them with errors.Is.
var (
	ErrSyntax   = errors.New("not a plain decimal number")
	ErrStep     = errors.New("not a whole number of steps")
	ErrRange    = errors.New("out of range")
	ErrNegative = errors.New("negative")
	ErrBadStep  = errors.New("the step itself is not positive, or has over 18 places")
)

// Error says which value could not be converted, to which step, and why.
type Error struct {
	Value string        // as it was given
	Step  exchange.Step // zero when no step was involved
	Err   error         // one of the Err values of this package
}

func (e *Error) Error() string {
	if e.Step.M == 0 {
		return fmt.Sprintf("%q: %v", e.Value, e.Err)
	}
	return fmt.Sprintf("%q in steps of %s: %v", e.Value, stepText(e.Step), e.Err)
}

// Unwrap makes errors.Is(err, ErrStep) work.
func (e *Error) Unwrap() error { return e.Err }

func stepText(s exchange.Step) string {
	if !usable(s) {
		return fmt.Sprintf("%de-%d", s.M, s.Scale)
	}
	return string(Append(nil, 1, s))
}

// usable reports whether a step can be computed with: exchange.StepOf makes
// only such steps, or the zero Step.
func usable(s exchange.Step) bool { return s.M > 0 && s.Scale <= maxScale }
