//go:build !unix && !windows

package cli

import "io"

// terminal reports whether a writer is a terminal: here nothing is known to be one.
func terminal(io.Writer) (columns int, is bool) { return 0, false }
