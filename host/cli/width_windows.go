package cli

import (
	"io"
	"os"

	"golang.org/x/sys/windows"
)

// terminal reports whether a writer is a console and how many columns that has. One that
// takes no control sequences, as those of before Windows 10, is as good as a file.
func terminal(w io.Writer) (columns int, is bool) {
	f, ok := w.(*os.File)
	if !ok {
		return 0, false
	}
	console, mode := windows.Handle(f.Fd()), uint32(0)
	if windows.GetConsoleMode(console, &mode) != nil ||
		windows.SetConsoleMode(console, mode|windows.ENABLE_PROCESSED_OUTPUT|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) != nil {
		return 0, false
	}
	var info windows.ConsoleScreenBufferInfo
	if windows.GetConsoleScreenBufferInfo(console, &info) != nil {
		return 0, true
	}
	return int(info.Window.Right-info.Window.Left) + 1, true
}
