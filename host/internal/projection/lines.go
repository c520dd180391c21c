package projection

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

// A strategy may have linesBurst lines of info kept at once, and linesRate in a second of the
// session's time: a script that tells every update would push all else out of the ledger's
// log, and the rows of money to their queue's end. Warnings and errors are all kept.
const (
	linesBurst = 500
	linesRate  = 10
)

// spoken is how much a strategy may still say.
type spoken struct {
	tokens float64
	at     exchange.Time
	left   int // lines left out
}

// line is the row of a line of the log; nil: it is not kept.
func (r *Rows) line(at ledger.At, l *core.LogLine, strategy int32, name string) ledger.Record {
	row := &ledger.LogRow{At: at, Strategy: name, Level: l.Level.String(), Where: l.Where, Text: l.Text,
		Order: l.About.Order, Pair: l.About.Pair, Instrument: l.About.Instrument}
	switch {
	case l.Level >= intent.Warn:
		return row
	case l.Level < intent.Info || r.Quiet:
		return nil
	}
	if r.spoken == nil {
		r.spoken = map[int32]*spoken{}
	}
	s := r.spoken[strategy]
	if s == nil {
		s = &spoken{tokens: linesBurst, at: at.Time}
		r.spoken[strategy] = s
	}
	if at.Time > s.at {
		s.tokens = min(linesBurst, s.tokens+linesRate*float64(at.Time-s.at)/float64(exchange.Second))
		s.at = at.Time
	}
	if s.tokens < 1 {
		s.left++
		return nil
	}
	s.tokens--
	if s.left > 0 {
		row.Text = fmt.Sprintf("(%d lines before it are not kept: more than %d a second) %s", s.left, linesRate, row.Text)
		s.left = 0
	}
	return row
}
