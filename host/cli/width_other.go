//go:build !unix && !windows

package cli

import (
	"io"
	"os"
)

// terminalWidth is how many columns a terminal has; 0: it does not say.
func terminalWidth(io.Writer) int { return 0 }

// escapes reports whether a terminal follows escape sequences: all do that are named.
func escapes(*os.File) bool { return true }
