package host

import (
	"fmt"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/internal/projection"
	"github.com/perilune/perilune/ledger"
)

// shadowBooks is the ledger of a shadow: a file of its own, stamped as one of paper, in which
// every beginning of the shadow is a session called shadow-N. No query of the session's ledger
// finds a row of it.
type shadowBooks struct {
	r      *runner
	script string
	db     *ledger.DB
	run    *ledger.Run
	writer *ledger.Writer
	rows   projection.Rows
	seq    uint64
	failed bool
}

func openShadowBooks(path string, r *runner, l *loaded) (*shadowBooks, error) {
	db, err := ledger.Open(ledger.Options{Path: path, Mode: ledger.Paper, Venue: "paper"})
	if err != nil {
		return nil, &LedgerError{err}
	}
	return &shadowBooks{r: r, script: l.path, db: db}, nil
}

// begin ends the session before, if there was one, and begins another.
func (b *shadowBooks) begin(u *exchange.Universe, at exchange.Time, names func(int32) string) error {
	b.finish()
	all, err := b.db.Sessions()
	if err != nil {
		return err
	}
	s, err := b.db.CreateSession(ledger.Session{Account: fmt.Sprintf("shadow-%d", len(all)+1), Market: b.r.market.name, Seed: b.r.o.Seed, Started: at})
	if err != nil {
		return err
	}
	if b.run, err = b.db.StartRun(ledger.Run{Session: s.ID, Started: time.Now().UTC().Format(time.RFC3339), Scripts: []string{b.script}, Config: "{}"}); err != nil {
		return err
	}
	if b.writer, err = b.db.NewWriter(b.run, ledger.WriterOptions{Delay: time.Second}); err != nil {
		return err
	}
	b.rows = projection.Rows{Universe: u, Names: names}
	return nil
}

// write books what an event of the shadow came to. A ledger that can't be written ends no
// shadow: it is told once.
func (b *shadowBooks) write(ev *exchange.Event, fx []core.Effect) error {
	if b.failed || b.writer == nil {
		return nil
	}
	if err := b.post(ev, fx); err != nil {
		b.failed = true
		b.r.warn(fmt.Sprintf("the shadow's ledger %v: it is written no more", err))
	}
	return nil
}

func (b *shadowBooks) post(ev *exchange.Event, fx []core.Effect) error {
	for i := range fx {
		row, err := b.rows.Of(&fx[i])
		if err != nil {
			return err
		}
		if row == nil {
			continue
		}
		if err := b.writer.Post(row); err != nil {
			return err
		}
	}
	b.writer.Mark(ev.Seq)
	return b.writer.Err()
}

func (b *shadowBooks) finish() {
	if b.writer == nil {
		return
	}
	err := b.writer.Close()
	if err == nil {
		err = b.db.CompleteSession(b.run.Session)
	}
	if err == nil {
		err = b.db.EndRun(b.run.ID)
	}
	if b.writer = nil; err != nil && !b.failed {
		b.r.warn(fmt.Sprintf("the shadow's ledger: %v", err))
	}
}

func (b *shadowBooks) close() {
	b.finish()
	_ = b.db.Close() // all is written
}
