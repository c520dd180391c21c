package host

import (
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
// seen until it has passed, what rests at the venue is canceled and only reducing
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
	storageOptions
	places []*place
	err    error // what is wrong now; nil: nothing
	why    string
	since  time.Time
	warned bool
	ended  bool        // it made the session end
	full   atomic.Bool // the journal had no room
}

// storageOptions are what the storage needs of its session.
type storageOptions struct {
	env
	peek  func() error // whether the ledger's file is still there
	space func(string) (uint64, error)
	hold  *hold
}

// openStorage makes the ballast: when the disk is full, it is what the end is
// written in. journal is the directory of journals; "": none are kept.
func openStorage(db, journal string, o storageOptions) (*storage, error) {
	s := &storage{storageOptions: o}
	dirs := []string{filepath.Dir(db)}
	if j := filepath.Dir(filepath.Clean(journal)); journal != "" && !sameDisk(dirs[0], j) {
		dirs = append(dirs, j)
	}
	for _, dir := range dirs {
		p := &place{dir: dir, file: filepath.Join(dir, "."+filepath.Base(db)+".ballast")}
		if err := p.fill(s.space); err != nil {
			return nil, err
		}
		s.places = append(s.places, p)
	}
	return s, nil
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

// watch runs on the loop's goroutine a few times a second.
func (s *storage) watch(now exchange.Time, w *ledger.Writer) {
	if s == nil {
		return
	}
	err, todo := s.look(w.Err())
	switch {
	case err != nil && s.err == nil:
		s.err, s.why, s.since = err, fmt.Sprintf("%v: %s", err, todo), time.Now()
		s.say(now, intent.Error, "no new risk, and working orders are canceled: "+s.why)
		s.hold.say(s.why)
		s.post(command(core.CommandCancel, ""))
	case err != nil:
		s.err = err
	case s.err != nil:
		s.say(now, intent.Info, fmt.Sprintf("passed after %s: %v", time.Since(s.since).Round(time.Second), s.err))
		s.err, s.why = nil, ""
		s.full.Store(false)
	}
	s.act(now, w.Pending())
}

// act lets ballast go or makes it again, warns, and ends a session that
// could not record its end if it waited any longer.
func (s *storage) act(now exchange.Time, waiting int) {
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
			s.endSession(now, "the disk is as good as full")
		}
	}
	if low := least < spaceWarn; low != s.warned {
		if s.warned = low; low {
			s.say(now, intent.Warn, fmt.Sprintf("%s are free for ledger and journal; below %s nothing new is begun", mib(least), mib(spaceLeast)))
		}
	}
	if errors.Is(s.err, ledger.ErrGone) && time.Since(s.since) > goneFor {
		s.endSession(now, "the ledger is not coming back")
	}
	if s.err != nil && waiting > spoolRows/4*3 {
		s.endSession(now, fmt.Sprintf("%d rows wait for the ledger", waiting))
	}
}

// endSession ends the session in good order while it still can be recorded.
func (s *storage) endSession(now exchange.Time, why string) {
	if s.ended {
		return
	}
	s.ended = true
	s.say(now, intent.Error, "the session ends: "+why)
	s.end(s.why)
}

func (s *storage) say(now exchange.Time, level intent.Level, text string) {
	s.log(Line{Time: now, Level: level, Strategy: "storage", Text: text})
}
