package sign

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
)

// Mask is what every secret looks like to whoever prints it.
const Mask = "•••"

// Secret is a key that cannot be printed by accident. It shows as [Mask]
// through fmt, slog, JSON, text and errors, empty or not, also inside another
// value. The zero Secret is empty.
//
// Secrets cannot be compared with ==, which would take longer the more of a
// guess is right; use Equal.
type Secret struct {
	// A closure, because fmt reads unexported fields of a struct that holds a
	// Secret without asking its methods, and dumpers follow pointers; none of
	// them can look into a func.
	reveal func() string
}

// NewSecret wraps a value; the caller must not keep or print the original.
func NewSecret(value string) Secret {
	return Secret{reveal: func() string { return value }}
}

// Reveal returns the value. It is the only way to get at it, so that a search
// for its name finds every place where the secret leaves its wrapping.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// Empty reports whether there is nothing inside.
func (s Secret) Empty() bool { return s.Reveal() == "" }

// Equal compares in a time that depends only on the lengths.
func (s Secret) Equal(other Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(other.Reveal())) == 1
}

func (s Secret) String() string { return Mask }

// Format serves every verb of fmt, with any flag, with the mask.
func (s Secret) Format(f fmt.State, _ rune) {
	// There is no one to report a failed write to: fmt ignores them as well.
	_, _ = io.WriteString(f, Mask)
}

// LogValue is what slog writes.
func (s Secret) LogValue() slog.Value { return slog.StringValue(Mask) }

// MarshalText is what encoding/json and encoding/xml write.
func (s Secret) MarshalText() ([]byte, error) { return []byte(Mask), nil }
