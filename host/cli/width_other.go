//go:build !unix

package cli

import "io"

// terminalWidth is how many columns a terminal has; 0: it does not say.
func terminalWidth(io.Writer) int { return 0 }
