package ledger

import (
	"errors"
	"fmt"
	"syscall"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// What can be wrong with a ledger, to be tested with errors.Is. The errors that
// are returned say more.
var (
	ErrLocked     = errors.New("in use by another process")
	ErrMode       = errors.New("ledger is of another mode, venue or account")
	ErrNewer      = errors.New("ledger was written by a newer version of this program")
	ErrCorrupt    = errors.New("ledger is damaged")
	ErrFull       = errors.New("no space left for the ledger")
	ErrBusy       = errors.New("ledger is held by another program")
	ErrGone       = errors.New("the file of the ledger was deleted or replaced")
	ErrSlow       = errors.New("the disk of the ledger does not answer")
	ErrClosed     = errors.New("ledger writer is closed")
	ErrNotFound   = errors.New("not in this ledger")
	ErrExists     = errors.New("it exists already")
	ErrConflict   = errors.New("trade id is taken by another fill")
	ErrUnbalanced = errors.New("postings do not sum to zero")
)

// classify wraps errors of SQLite in one of ours where there is one.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var se *sqlite.Error
	if !errors.As(err, &se) {
		if errors.Is(err, syscall.ENOSPC) {
			return fmt.Errorf("%w: %w", ErrFull, err)
		}
		return err
	}
	switch se.Code() & 0xff {
	case lib.SQLITE_FULL:
		return fmt.Errorf("%w: %w", ErrFull, err)
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}

// Passing reports whether an error may go away by itself: nothing was lost, and
// the same rows can be written later.
func Passing(err error) bool {
	return errors.Is(err, ErrFull) || errors.Is(err, ErrBusy) || errors.Is(err, ErrGone)
}
