package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/core"
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
	count int
}

// plainEvery is how many status updates make one line off a terminal.
const plainEvery = 20

func newTicker(w io.Writer, quiet bool) *ticker {
	t := &ticker{w: w, quiet: quiet}
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		t.tty = err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
	}
	return t
}

// line prints one log line above the status line.
func (t *ticker) line(l host.Line) {
	if t.quiet && l.Level < core.Error {
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
	if l.Level >= core.Warn {
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
	t.last = statusText(s)
	t.count++
	if t.tty {
		t.erase()
		t.redraw()
	} else if t.count%plainEvery == 0 {
		fmt.Fprintln(t.w, t.last)
	}
}

func statusText(s host.Status) string {
	pairs := "no pairs"
	if len(s.Pairs) > 0 {
		pairs = "pairs " + strings.Join(s.Pairs, " ")
	}
	// A narrow terminal cuts the end off, so what matters most comes first.
	text := fmt.Sprintf("%s  equity %s  funding %s  fills %d  %s",
		s.Time.UTC().Format("2006-01-02 15:04"), s.Equity.StringFixed(2), s.Funding.StringFixed(2), s.Fills, pairs)
	switch {
	case s.Simulated:
		text = "SIMULATED  " + text
	case s.Real:
		text = "LIVE, REAL ORDERS  " + text + "  " + s.Account + "  " + s.Feed
	case s.Live:
		text = "LIVE DATA / PAPER FILLS  " + text + "  " + s.Feed
	}
	if s.Fraction > 0 {
		text = fmt.Sprintf("%3.0f %%  %s", 100*s.Fraction, text)
	}
	for _, p := range s.Paused {
		name, _, _ := strings.Cut(p, ":") // why was said when it happened
		text = "PAUSED " + name + "  " + text
	}
	for _, p := range s.Asleep {
		name, _, _ := strings.Cut(p, ":")
		text = "ASLEEP " + name + "  " + text
	}
	for _, why := range s.Held {
		text = "HELD " + strings.Replace(why, " is held:", ":", 1) + "  " + text
	}
	if s.Halted != "" {
		text = "HALTED  " + text
	}
	return text
}

func (t *ticker) erase() {
	if t.tty && t.shown {
		fmt.Fprint(t.w, "\r\x1b[K")
		t.shown = false
	}
}

func (t *ticker) redraw() {
	if t.tty && t.last != "" {
		// Without wrapping, a narrow terminal cuts the line off, and one erase
		// clears all of it.
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
