package jsonscan

import "fmt"

// DecodeError says that a text is malformed, and where.
type DecodeError struct {
	Offset int    // byte of the text at which decoding stopped
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
	return fmt.Sprintf("malformed payload at byte %d%s: %s; near %q", e.Offset, field, e.Reason, e.sample)
}

// NewDecodeError is one that shows where in a frame it is.
func NewDecodeError(frame []byte, offset int, field, reason string) *DecodeError {
	offset = min(max(offset, 0), len(frame))
	lo, hi := max(0, offset-sampleRadius), min(len(frame), offset+sampleRadius)
	return &DecodeError{Offset: offset, Field: field, Reason: reason, sample: string(frame[lo:hi])}
}
