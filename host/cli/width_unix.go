//go:build unix

package cli

import (
	"io"
	"os"
	"syscall"
	"unsafe"
)

// terminalWidth is how many columns a terminal has; 0: it does not say.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	var size struct{ rows, columns, x, y uint16 }
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return 0
	}
	return int(size.columns)
}

// escapes reports whether a terminal follows escape sequences: all do but a dumb one.
func escapes(*os.File) bool { return os.Getenv("TERM") != "dumb" }
