package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host"
)

// ticker writes log lines and, on a terminal, a status line that stays below
// them. Off a terminal the status is a line every so often.
type ticker struct {
	mu sync.Mutex
	screen
	least intent.Level // of lines; silent beside that: no status
	quiet bool
	lines slog.Handler // lines and status go there, as records; nil: as text
	shown bool
	last  string
	waits string // what the session waited for when that was last told
	count int
}

// plainEvery is how many status updates make one line off a terminal.
const plainEvery = 20

func newTicker(w io.Writer, quiet bool) *ticker {
	t := &ticker{screen: newScreen(w), quiet: quiet}
	if quiet {
		t.least = intent.Error
	}
	return t
}

// asJSON makes the ticker write JSON lines, and nothing else.
func (t *ticker) asJSON() {
	t.lines = newJSON(t.w, t.least)
	t.moves = false
}

// line prints one log line above the status line.
func (t *ticker) line(l host.Line) {
	if l.Level < t.least {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.put(lineText(&l, t.color) + "\n")
}

// put writes text above the status line.
func (t *ticker) put(text string) {
	fmt.Fprint(t.w, t.erased()+text+t.drawn())
}

// Enabled implements slog.Handler.
func (t *ticker) Enabled(_ context.Context, level slog.Level) bool { return level >= levels[t.least] }

// Handle implements slog.Handler.
func (t *ticker) Handle(ctx context.Context, r slog.Record) error {
	if t.lines != nil {
		return t.lines.Handle(ctx, r)
	}
	t.line(lineOf(&r))
	return nil
}

// WithAttrs implements slog.Handler: what a session says has all of its attributes itself.
func (t *ticker) WithAttrs([]slog.Attr) slog.Handler { return t }

// WithGroup implements slog.Handler.
func (t *ticker) WithGroup(string) slog.Handler { return t }

// status shows the state of the session.
func (t *ticker) status(s host.Status) {
	if t.quiet {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count++; t.moves {
		erase := t.erased()
		t.last = statusText(s, t.width(), t.color)
		fmt.Fprint(t.w, erase+t.drawn())
		return
	}
	// A wait is told when it begins, and not every time its seconds count on.
	waits := s.Waiting
	if i := strings.IndexAny(waits, ",("); i >= 0 {
		waits = waits[:i]
	}
	if t.count%plainEvery == 0 || waits != t.waits && waits != "" {
		t.tell(s)
	}
	t.waits = waits
}

// tell writes the state as a line of its own.
func (t *ticker) tell(s host.Status) {
	if t.lines == nil {
		fmt.Fprintln(t.w, statusText(s, 0, false))
		return
	}
	at := s.Time
	if at <= 0 { // the session has no time yet
		at = exchange.Time(time.Now().UnixNano())
	}
	r := slog.NewRecord(at.UTC(), slog.LevelInfo, "status", 0)
	r.AddAttrs(statusAttrs(&s)...)
	_ = t.lines.Handle(context.Background(), r) // whoever can't log can't tell of it either
}

// erased is what takes the status line away. The cursor waits at its beginning, so that
// what a narrower terminal has broken into several rows goes too.
func (t *ticker) erased() string {
	if !t.moves || !t.shown {
		return ""
	}
	t.shown = false
	return "\r\x1b[J"
}

// drawn is what puts it there. The text fits; without wrapping it stays one row of a
// terminal that has become narrower since.
func (t *ticker) drawn() string {
	if !t.moves || t.last == "" {
		return ""
	}
	t.shown = true
	return "\x1b[?7l" + t.last + "\x1b[?7h\r"
}

// clear removes the status line for good.
func (t *ticker) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = ""
	if gone := t.erased(); gone != "" {
		fmt.Fprint(t.w, gone)
	}
}

// newJSON writes records as JSON lines.
func newJSON(w io.Writer, least intent.Level) slog.Handler {
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: levels[least], ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == "strategy" && a.Value.String() == "" {
			return slog.Attr{} // the host's own words
		}
		return a
	}})
}

var _ slog.Handler = (*ticker)(nil)
