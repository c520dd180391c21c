package payload

import (
	"errors"
	"fmt"
)

// ErrIgnored says that a payload is well-formed but holds nothing this program
// uses: another kind of message, the answer to a subscription, a symbol nobody
// asked for, or a trade that did not happen in the book.
var ErrIgnored = errors.New("binance: payload is not used")

// DecodeError says that a payload is malformed, and where.
type DecodeError struct {
	Offset int    // byte of the frame at which decoding stopped
	Field  string // key of the value at fault; empty when the JSON itself is
	Reason string // what was found and what would be right

	sample string
}

// sampleRadius is how many bytes to either side of the offset a message shows.
const sampleRadius = 24

func (e *DecodeError) Error() string {
	field := ""
	if e.Field != "" {
		field = fmt.Sprintf(" in field %q", e.Field)
	}
	return fmt.Sprintf("binance: malformed payload at byte %d%s: %s; near %q", e.Offset, field, e.Reason, e.sample)
}

func newDecodeError(frame []byte, offset int, field, reason string) *DecodeError {
	offset = min(max(offset, 0), len(frame))
	lo, hi := max(0, offset-sampleRadius), min(len(frame), offset+sampleRadius)
	return &DecodeError{Offset: offset, Field: field, Reason: reason, sample: string(frame[lo:hi])}
}
