package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host"
)

// ticker writes log lines and, on a terminal, a status line that stays below
// them. Off a terminal the status is a line every so often.
type ticker struct {
	mu    sync.Mutex
	w     io.Writer
	tty   bool
	quiet bool
	shown bool
	last  string
	waits string // what the session waited for when that was last told
	count int
}

// plainEvery is how many status updates make one line off a terminal.
const plainEvery = 20

func newTicker(w io.Writer, quiet bool) *ticker {
	return &ticker{w: w, quiet: quiet, tty: onTerminal(w)}
}

// onTerminal reports whether what is written is seen on a terminal that knows escapes.
func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && escapes(f)
}

// width is how much room a status line has.
func (t *ticker) width() int {
	if w := terminalWidth(t.w); w > 0 {
		return w - 1 // a full last column makes some terminals wrap
	}
	return 0
}

// line prints one log line above the status line.
func (t *ticker) line(l host.Line) {
	if t.quiet && l.Level < intent.Error {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
	stamp := ""
	if l.Time != 0 {
		stamp = l.Time.UTC().Format("2006-01-02 15:04:05") + "  "
	}
	who := l.Strategy
	if l.Where != "" {
		who = l.Where
	}
	if who != "" {
		who += ": "
	}
	level := ""
	if l.Level >= intent.Warn {
		level = strings.ToUpper(l.Level.String()) + " "
	}
	fmt.Fprintf(t.w, "%s%s%s%s\n", stamp, level, who, l.Text)
	t.redraw()
}

// status shows the state of the session.
func (t *ticker) status(s host.Status) {
	if t.quiet {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count++; t.tty {
		t.erase()
		t.last = statusText(s, t.width())
		t.redraw()
		return
	}
	// A wait is told when it begins, and not every time its seconds count on.
	waits := s.Waiting
	if i := strings.IndexAny(waits, ",("); i >= 0 {
		waits = waits[:i]
	}
	if t.count%plainEvery == 0 || waits != t.waits && waits != "" {
		fmt.Fprintln(t.w, statusText(s, 0))
	}
	t.waits = waits
}

func (t *ticker) erase() {
	if t.tty && t.shown {
		fmt.Fprint(t.w, "\r\x1b[K")
		t.shown = false
	}
}

func (t *ticker) redraw() {
	if t.tty && t.last != "" {
		// The text fits; without wrapping, one erase clears all of it even when the
		// terminal was made narrower meanwhile.
		fmt.Fprint(t.w, "\x1b[?7l"+t.last+"\x1b[?7h")
		t.shown = true
	}
}

// clear removes the status line for good.
func (t *ticker) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.erase()
	t.last = ""
}
