package loop

import (
	"runtime"
	"strings"
	"time"

	"github.com/perilune/perilune/host/core"
)

// Watchdog notices a loop that stands still. Look is called a few times a second
// by a goroutine that is not the loop's; the loop itself reads no clock for it.
type Watchdog struct {
	Where *core.Where
	Bound time.Duration // how long the loop may be at one place

	place core.Place
	still time.Duration
	last  time.Time
}

// lookEvery is the longest time between two looks that counts whole: a process
// that was stopped, or a machine that slept, is not a loop that hangs.
const lookEvery = time.Second

// Look returns where the loop is, and for how long it has been there while this
// process ran. It is stuck when that is longer than the bound. A loop that waits
// for events, or for an answer of the advisor, which has a limit of its own, is
// never stuck; nor is one that is being opened or closed.
func (w *Watchdog) Look() (at core.Place, still time.Duration, stuck bool) {
	now := time.Now()
	passed := min(now.Sub(w.last), lookEvery)
	at = w.Where.Place()
	if w.last.IsZero() || at != w.place {
		passed, w.still = 0, 0
	}
	w.last, w.place = now, at
	w.still += passed
	return at, w.still, w.still > w.Bound && at.Stage > core.StageAdvisor && at.Stage < core.StageClosing
}

// Goroutine returns the number of the goroutine that calls it, as stacks show it.
func Goroutine() string {
	buf := make([]byte, 64)
	head := string(buf[:runtime.Stack(buf, false)])
	name, _, _ := strings.Cut(head, " [")
	return name // "goroutine 34"
}

// Stack returns the stack of a goroutine that Goroutine has named; "" when it has
// ended.
func Stack(goroutine string) string {
	for size := 1 << 20; ; size *= 2 {
		buf := make([]byte, size)
		n := runtime.Stack(buf, true)
		if n == size && size < 64<<20 {
			continue
		}
		for _, s := range strings.Split(string(buf[:n]), "\n\n") {
			if strings.HasPrefix(s, goroutine+" [") {
				return s
			}
		}
		return ""
	}
}
