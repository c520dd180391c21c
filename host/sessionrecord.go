package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/internal/projection"
	"github.com/perilune/perilune/ledger"
	"github.com/perilune/perilune/ledger/journal"
)

// sessionRecord is what is written of a session: its ledger, its journal, and copies of the
// ledger. It also knows where the ledger stood as the session began.
type sessionRecord struct {
	recordOptions
	standing
	run     *ledger.Run
	journal *journal.Writer // nil: none is kept
	dir     string          // of the journal
	fs      journal.FS      // of the journal; nil: the operating system's
	rec     *recorder
	writer  *ledger.Writer
	stamp   ledger.Options // that the ledger was opened with
	storage *storage       // nil: the session is not in real time
	backups *backups       // nil: none are made
	rows    projection.Rows
	aside   asideLines
	seq     uint64          // of the last event whose rows were posted
	scratch []ledger.Record // of one event
	settled bool            // journal and ledger were closed in good order, or tried
	killed  bool            // the session ends as if the process had been killed
}

// recordOptions are what the record needs of its session.
type recordOptions struct {
	env
	kind       LedgerKind
	journals   string // the directory of journals; "": none are kept
	journalCap int64
	backup     BackupOptions
	real       bool // what is sent can't be taken back: its intent is on the disk first
	realTime   bool // a fault of the storage is waited out
	scripts    []string
	started    time.Time
	stopWithin time.Duration
	asked      func() time.Duration // how long ago somebody asked for the session's end
	space      func(dir string) (uint64, error)
	hold       *hold
	tells      bool // people, by targets of the configuration
}

func (o *Options) record(e env, real bool) recordOptions {
	r := recordOptions{env: e, kind: o.Ledger, journals: o.Journal, journalCap: o.JournalCap, backup: o.Backup.withDefaults(real), real: real && (o.broker == nil || o.realTime()),
		realTime: o.realTime(), scripts: o.Scripts, stopWithin: o.StopWithin, space: o.freeSpace, tells: o.notifies()}
	if r.journals == "off" {
		r.journals = ""
	}
	if r.space == nil {
		r.space = freeSpace
	}
	return r
}

// open opens the ledger of an account, and refuses one that somebody changed.
func (r *sessionRecord) open(ctx context.Context, of ledger.Options) (err error) {
	if r.kind == LedgerNone {
		return nil
	}
	r.entering("opening the ledger %s", r.path)
	of.Path = r.path
	r.stamp = of
	if r.db, err = ledger.Open(of); err != nil {
		return &LedgerError{err}
	}
	return r.checkLedger(ctx)
}

// write hands the effects of one event to the ledger. The journal
// is ahead of the ledger: it is what completes the rows of a run that is killed.
func (r *sessionRecord) write(ev *exchange.Event, fx []core.Effect) error {
	if r.writer == nil {
		return nil
	}
	rows, err := r.rowsOf(&r.rows, r.run.ID, fx)
	if err != nil {
		return err
	}
	flushed := r.journal == nil
	for _, row := range rows {
		if !flushed {
			flushed = true
			if err := r.keep(fx); err != nil {
				return fmt.Errorf("event %d: %w", ev.Seq, err)
			}
		}
		if err := r.writer.Post(row); err != nil {
			return fmt.Errorf("ledger %s: event %d: %w", r.path, ev.Seq, err)
		}
	}
	r.writer.Mark(ev.Seq)
	r.seq = max(r.seq, ev.Seq)
	if err := r.writer.Err(); err != nil {
		return r.stalled(err)
	}
	return nil
}

// rowsOf are the rows of the effects of an event, those that tell people something last.
func (r *sessionRecord) rowsOf(b *projection.Rows, run ledger.RunID, fx []core.Effect) ([]ledger.Record, error) {
	rows := r.scratch[:0]
	for i := range fx {
		row, err := b.Of(&fx[i])
		if err != nil {
			return nil, err
		}
		if row != nil {
			rows = append(rows, row)
		}
	}
	for i := 0; r.tells && i < len(fx); i++ {
		if n := noticeRow(run, &fx[i], b.Names); n != nil {
			rows = append(rows, n)
		}
	}
	r.scratch = rows
	return rows, nil
}

// keep brings the journal to the operating system, and with real orders to the disk
// when something is about to be sent.
func (r *sessionRecord) keep(fx []core.Effect) error {
	if r.real && slices.ContainsFunc(fx, sends) {
		return r.journal.Sync()
	}
	return r.journal.Flush()
}

// sends reports whether an effect makes an order or moves money.
func sends(e core.Effect) bool {
	switch e.Body.(type) {
	case core.Submit, core.SendTransfer:
		return true
	}
	return false
}

// watch looks after the storage and the copies; it runs on the loop a few times a second.
func (r *sessionRecord) watch(now exchange.Time) {
	_ = r.keepLines() // what stands in the way stands in that of the next row too, which tells it
	r.storage.watch(now, r.writer)
	r.backups.tell(r.log)
}

// stalled decides what a writer that can't write means for the session.
func (r *sessionRecord) stalled(err error) error {
	switch {
	case r.storage != nil && ledger.Passing(err):
		return nil // its rows are spooled, and it sees to the rest
	case errors.Is(err, ledger.ErrBusy):
		// On virtual time nothing is lost by standing still.
		r.warn(fmt.Sprintf("waiting up to %s: %v", lockedFor, err))
		if r.patience(lockedFor) {
			return nil
		}
	}
	return fmt.Errorf("ledger %s: %w", r.path, err)
}

// patience waits for a fault of the ledger to pass, and reports whether it did. An
// interrupted session leaves the rest of the waiting to its end.
func (r *sessionRecord) patience(limit time.Duration) bool {
	began := time.Now()
	for {
		ctx, cancel := context.WithTimeout(context.Background(), settleWithin)
		err := r.writer.Sync(ctx)
		cancel()
		waited := time.Since(began)
		switch {
		case err == nil:
			return true
		case !ledger.Passing(err), waited > limit, r.asked() > settleWithin/2:
			return false
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// closeLedger gives the ledger some time to take the last rows. Its error says what becomes
// of those that it did not take.
func (r *sessionRecord) closeLedger(journalled bool) error {
	if r.writer == nil {
		return nil
	}
	var err error
	if r.storage != nil || errors.Is(r.writer.Err(), ledger.ErrBusy) {
		err = r.writer.CloseWithin(r.settling())
	} else {
		err = r.writer.Close()
	}
	switch {
	case !ledger.Passing(err) && !errors.Is(err, ledger.ErrSlow):
		return err
	case journalled:
		return fmt.Errorf("%w; its last %d rows are in the journal, and the next start completes it", err, r.writer.Pending())
	}
	return fmt.Errorf("%w; its last %d rows are lost: there is no journal", err, r.writer.Pending())
}

// settling is how long the end of a session waits for the ledger: less, the more of the
// time that it has since somebody asked for it is used up.
func (r *sessionRecord) settling() time.Duration {
	stopped := r.asked()
	return max(settleLeast, min(settleWithin, r.stopWithin-leaveIn-stopped-closeIn))
}

// salvage prepares the end of a session whose ledger was deleted or replaced:
// its last rows go to the lost file, and what it returns saves that.
func (r *sessionRecord) salvage() (gone error, save func() error) {
	if r.db == nil {
		return nil, func() error { return nil }
	}
	if gone = r.db.Missing(); gone == nil {
		return nil, func() error { return nil }
	}
	keep := r.db.Salvage()
	return gone, func() error {
		path, err := keep()
		switch {
		case err != nil:
			return err
		case path == r.path:
			r.warn(fmt.Sprintf("the ledger was put back as %s with all that was in it: the same command goes on", path))
		default:
			r.warn(fmt.Sprintf("the session's ledger is saved as %s: perilune ledger restore %s --db %s puts it in its place", path, path, r.path))
		}
		return nil
	}
}

// stopBackups ends the copies, and says what they had to say.
func (r *sessionRecord) stopBackups() {
	r.backups.close()
	r.backups.tell(r.log)
}

// settle closes journal and ledger. ended is what ended the session, or nil; gone is what
// became of the ledger's file, and save puts what was in it beside it.
func (r *sessionRecord) settle(ended error) (gone, err error, save func() error) {
	r.settled = true
	gone, save = r.salvage()
	errs := []error{ended}
	journalled := r.journal != nil
	if journalled {
		err := r.journal.Close()
		if journalled = err == nil; !journalled && !errors.Is(ended, err) {
			errs = append(errs, err)
		}
	}
	if err := r.keepLines(); err != nil {
		errs = append(errs, err)
	}
	if err := r.closeLedger(journalled); err != nil && !errors.Is(ended, err) {
		errs = append(errs, err)
	}
	return gone, errors.Join(errs...), save
}

// closeRun notes in the ledger that the run ended in good order, and its session too if
// that is over for good.
func (r *sessionRecord) closeRun(over bool) error {
	if r.db == nil {
		return nil
	}
	if over {
		if err := r.db.CompleteSession(r.run.Session); err != nil {
			return err
		}
	}
	return r.db.EndRun(r.run.ID)
}

// abandon ends the writers of a run that never got to its first event, in which there
// is nothing yet, and of one that is over as if the process had been killed.
func (r *sessionRecord) abandon() {
	if r.killed {
		if r.journal != nil {
			r.journal.Abandon()
		}
		if r.writer != nil {
			r.writer.Abandon()
		}
		r.storage.close()
		return
	}
	if r.settled {
		return
	}
	if r.journal != nil {
		_ = r.journal.Close()
	}
	if r.writer != nil {
		_ = r.writer.Close()
	}
	r.storage.close()
}

func (r *sessionRecord) close() {
	r.backups.close()
	if r.db != nil {
		_ = r.db.Close()
	}
}

// recover completes the ledger of a run that was killed, or that ended while its ledger
// could not be written: its journal may hold events whose rows were not committed. Running the journal again gives the
// same rows, and rows that are there already are not written twice.
func (r *sessionRecord) recover(ctx context.Context, run *ledger.Run, given *own) error {
	if run.Journal == "" {
		return nil
	}
	given, lacks := given.restartable()
	if lacks != nil {
		r.warn(fmt.Sprintf("the last run's journal could not complete its ledger: %v", lacks))
		return nil
	}
	w, err := r.db.NewWriter(run, ledger.WriterOptions{})
	if err != nil {
		return err
	}
	added, res, why := 0, &ReplayResult{}, "was killed"
	r.entering("completing the ledger from the journal %s", run.Journal)
	err = rerun(ctx, run.Journal, res, given, &Tracing{After: func(c *core.Core, ev *exchange.Event, fx []core.Effect) error {
		if ev.Kind == exchange.KindCommand && ev.Name == core.CommandEnd {
			why = "could not write its ledger to the end"
		}
		if ev.Seq <= run.Committed {
			return nil
		}
		if res.Made > run.Committed {
			return fmt.Errorf("it begins after event %d, and the ledger ends at event %d", res.Made, run.Committed)
		}
		b := projection.Rows{Universe: c.Universe(), Names: c.StrategyName, Quiet: r.aside.least > intent.Info, Market: c}
		rows, err := r.rowsOf(&b, run.ID, fx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := w.Post(row); err != nil {
				return err
			}
			added++
		}
		w.Mark(ev.Seq)
		return nil
	}})
	cerr := w.Close()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = nil // the journal was deleted: the ledger alone is the truth
	case err != nil && ctx.Err() == nil:
		// The ledger is consistent without what is missing; say it and go on.
		r.warn(fmt.Sprintf("the last run's journal could not complete its ledger: %v", err))
		err = nil
	case added > 0:
		r.warn(fmt.Sprintf("the last run %s: %d rows recovered from its journal", why, added))
	}
	return errors.Join(err, cerr)
}
