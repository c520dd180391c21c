package cli

import (
	"fmt"
	"io"
	"time"
)

// progress tells how far many runs are: on a terminal in one line that stays, elsewhere in a
// line for every tenth.
type progress struct {
	screen
	quiet bool
	shown bool // a line stands on the terminal
	tenth int  // that was told last
}

func newProgress(w io.Writer, quiet bool) *progress {
	return &progress{screen: newScreen(w), quiet: quiet}
}

// show tells that done of all have ended, of which kept were not run again.
func (p *progress) show(done, all, kept int, left time.Duration, more string) {
	if p.quiet || all == 0 {
		return
	}
	text := fmt.Sprintf("%d of %d runs", done, all)
	if kept > 0 {
		text += fmt.Sprintf(" (%d kept from before)", kept)
	}
	if left > 0 && done < all {
		text += ", " + roughly(left) + " left"
	}
	text += more
	if p.moves {
		if w := p.width(); w > 0 && len(text) > w {
			text = text[:w]
		}
		fmt.Fprint(p.w, "\r\x1b[K"+text)
		p.shown = true
		return
	}
	if tenth := 10 * done / all; tenth > p.tenth {
		p.tenth = tenth
		fmt.Fprintln(p.w, text)
	}
}

// end takes the line away.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}

// roughly words a duration as precisely as it can be known.
func roughly(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Round(time.Second).Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}
