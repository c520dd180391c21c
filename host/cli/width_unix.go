//go:build unix

package cli

import (
	"io"
	"os"
	"syscall"
	"unsafe"
)

// terminal reports whether a writer is a terminal and how many columns that has; 0: it does
// not say.
func terminal(w io.Writer) (columns int, is bool) {
	f, ok := w.(*os.File)
	if !ok {
		return 0, false
	}
	var size struct{ rows, columns, x, y uint16 }
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, f.Fd(), syscall.TIOCGWINSZ, uintptr(unsafe.Pointer(&size)))
	return int(size.columns), errno == 0
}
