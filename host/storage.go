package host

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

// A session in real time outlives a fault of its storage. From the moment it is
// seen until it has passed, what rests at the venue is cancelled and only reducing
// orders pass; the journal, which is ahead of the ledger, goes on in the room that
// the ballast leaves, and rows wait in memory.
const (
	// spoolRows is how many rows may wait in memory for a ledger that can't be
	// written. At three quarters of them the session ends.
	spoolRows = 100_000
	// spaceWarn and spaceLeast are how much free space is told of, and how much new
	// risk needs.
	spaceWarn  = 256 << 20
	spaceLeast = 16 << 20
	// goneFor is how long a ledger may be missing: who moved it may move it back.
	goneFor = 5 * time.Second
	// settleWithin is how long the end of a session waits for the ledger. What does
	// not get there is in the journal, and the next start completes the ledger by it.
	settleWithin = 5 * time.Second
	// settleLeast is what is left of it when the venue took its time, and closeIn what the
	// last try to write takes on top, with the closing of all files.
	settleLeast = 500 * time.Millisecond
	closeIn     = 1500 * time.Millisecond
	// lockedFor is how long a session on virtual time waits for whoever holds the ledger.
	lockedFor = time.Minute
)

// storage watches what the session is recorded on. Its methods may be called on
// nil: a session on virtual time ends with the first fault and loses nothing.
type storage struct {
	places []*place
	err    error // what is wrong now; nil: nothing
	why    string
	since  time.Time
	warned bool
	ended  bool         // it made the session end
	full   atomic.Bool  // the journal had no room
	peek   func() error // whether the ledger's file is still there
	space  func(string) (uint64, error)
}

// openStorage makes the ballast: when the disk is full, it is what the end is
// written in.
func (r *runner) openStorage() error {
	s := &storage{peek: r.db.Missing, space: r.o.freeSpace}
	if s.space == nil {
		s.space = freeSpace
	}
	dirs := []string{filepath.Dir(r.o.DB)}
	if j := filepath.Dir(filepath.Clean(r.o.Journal)); r.o.Journal != "off" && !sameDisk(dirs[0], j) {
		dirs = append(dirs, j)
	}
	for _, dir := range dirs {
		p := &place{dir: dir, file: filepath.Join(dir, "."+filepath.Base(r.o.DB)+".ballast")}
		if err := p.fill(s.space); err != nil {
			return err
		}
		s.places = append(s.places, p)
	}
	r.storage = s
	return nil
}

// makeRoom lets the ballast go; the journal calls it when a write found the disk
// full.
func (s *storage) makeRoom() bool {
	if s == nil {
		return false
	}
	s.full.Store(true)
	room := false
	for _, p := range s.places {
		room = p.release() || room
	}
	return room
}

func (s *storage) reason() string {
	if s == nil {
		return ""
	}
	return s.why
}

// fault is what is wrong as the session ends, or nil.
func (s *storage) fault(gone error) error {
	if s == nil || gone != nil {
		return gone
	}
	return s.err
}

func (s *storage) close() {
	if s == nil {
		return
	}
	for _, p := range s.places {
		p.release()
	}
}

// look finds out what is wrong with the storage, and what a person should do.
func (s *storage) look(writer error) (err error, todo string) {
	if err := s.peek(); err != nil {
		return err, "put the same file back at once; otherwise the session ends, and what was in it is saved beside it"
	}
	if errors.Is(writer, ledger.ErrBusy) {
		return writer, "end the program that holds it (a backup, a sqlite3 shell); trading goes on by itself then"
	}
	for _, p := range s.places {
		free, ferr := s.space(p.dir)
		if ferr != nil {
			continue // not known here: a write that fails tells
		}
		need := uint64(spaceLeast) + p.missing()
		if free < need || errors.Is(writer, ledger.ErrFull) {
			return fmt.Errorf("%w: %s has %s free", ledger.ErrFull, p.dir, mib(free)),
				fmt.Sprintf("make room until %s are free; trading goes on by itself then", mib(need))
		}
	}
	if writer != nil {
		return writer, "make room; trading goes on by itself then"
	}
	return nil, ""
}

func mib(n uint64) string { return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20)) }

// watchStorage runs on the loop's goroutine a few times a second.
func (r *runner) watchStorage(now exchange.Time) {
	s := r.storage
	if s == nil {
		return
	}
	err, todo := s.look(r.writer.Err())
	switch {
	case err != nil && s.err == nil:
		s.err, s.why, s.since = err, fmt.Sprintf("%v: %s", err, todo), time.Now()
		r.sayStorage(now, intent.Error, "no new risk, and working orders are cancelled: "+s.why)
		r.hold.say(s.why)
		r.inbox.Post(command(core.CommandCancel, ""))
	case err != nil:
		s.err = err
	case s.err != nil:
		r.sayStorage(now, intent.Info, fmt.Sprintf("passed after %s: %v", time.Since(s.since).Round(time.Second), s.err))
		s.err, s.why = nil, ""
		s.full.Store(false)
	}
	r.actOnStorage(now)
}

// actOnStorage lets ballast go or makes it again, warns, and ends a session that
// could not record its end if it waited any longer.
func (r *runner) actOnStorage(now exchange.Time) {
	s := r.storage
	least := uint64(1) << 62
	for _, p := range s.places {
		free, err := s.space(p.dir)
		if err != nil {
			continue
		}
		switch {
		case errors.Is(s.err, ledger.ErrFull) && free < p.size/2 && p.missing() == 0:
			p.release()
			continue // how much that freed shows at the next look
		case s.err == nil && p.missing() > 0:
			_ = p.fill(s.space) // no room after all: it shows at the next look
		}
		least = min(least, free)
		if p.missing() > 0 && free < p.size/4 {
			r.endForStorage(now, "the disk is as good as full")
		}
	}
	if low := least < spaceWarn; low != s.warned {
		if s.warned = low; low {
			r.sayStorage(now, intent.Warn, fmt.Sprintf("%s are free for ledger and journal; below %s nothing new is begun", mib(least), mib(spaceLeast)))
		}
	}
	if errors.Is(s.err, ledger.ErrGone) && time.Since(s.since) > goneFor {
		r.endForStorage(now, "the ledger is not coming back")
	}
	if n := r.writer.Pending(); s.err != nil && n > spoolRows/4*3 {
		r.endForStorage(now, fmt.Sprintf("%d rows wait for the ledger", n))
	}
}

// endForStorage ends the session in good order while it still can be recorded.
func (r *runner) endForStorage(now exchange.Time, why string) {
	if r.storage.ended {
		return
	}
	r.storage.ended = true
	r.sayStorage(now, intent.Error, "the session ends: "+why)
	r.endEarly(r.storage.why)
}

func (r *runner) sayStorage(now exchange.Time, level intent.Level, text string) {
	r.log(Line{Time: now, Level: level, Strategy: "storage", Text: text})
}

// stalled decides what a writer that can't write means for the session.
func (r *runner) stalled(err error) error {
	switch {
	case r.storage != nil && ledger.Passing(err):
		return nil // its rows are spooled, and watchStorage sees to the rest
	case errors.Is(err, ledger.ErrBusy):
		// On virtual time nothing is lost by standing still.
		r.warn(fmt.Sprintf("waiting up to %s: %v", lockedFor, err))
		if r.patience(lockedFor) {
			return nil
		}
	}
	return fmt.Errorf("ledger %s: %w", r.o.DB, err)
}

// patience waits for a fault of the ledger to pass, and reports whether it did. An
// interrupted session leaves the rest of the waiting to its end.
func (r *runner) patience(limit time.Duration) bool {
	began := time.Now()
	for {
		ctx, cancel := context.WithTimeout(context.Background(), settleWithin)
		err := r.writer.Sync(ctx)
		cancel()
		waited := time.Since(began)
		switch {
		case err == nil:
			return true
		case !ledger.Passing(err), waited > limit, r.supervisor.asked() > settleWithin/2:
			return false
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// closeLedger gives the ledger some time to take the last rows. Its error says what becomes
// of those that it did not take.
func (r *runner) closeLedger(journalled bool) error {
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
func (r *runner) settling() time.Duration {
	stopped := r.supervisor.asked()
	return max(settleLeast, min(settleWithin, r.o.StopWithin-leaveIn-stopped-closeIn))
}

// salvage prepares the end of a session whose ledger was deleted or replaced:
// its last rows go to the lost file, and what it returns saves that.
func (r *runner) salvage() (gone error, save func() error) {
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
		case path == r.o.DB:
			r.warn(fmt.Sprintf("the ledger was put back as %s with all that was in it: the same command goes on", path))
		default:
			r.warn(fmt.Sprintf("the session's ledger is saved as %s: perilune ledger restore %s --db %s puts it in its place", path, path, r.o.DB))
		}
		return nil
	}
}
