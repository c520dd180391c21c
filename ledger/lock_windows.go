package ledger

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/windows"
)

// fileLock is held by the process that writes, on a byte far behind the contents: Windows
// lets nobody read what is locked, and the contents say who holds it. The system drops
// the lock when the process ends, however it ends.
type fileLock struct{ f *os.File }

// lockedByte is where the lock is: beyond all that a lock file may ever hold.
const lockedByte = 1 << 30

func acquire(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	if err := lockByte(f, windows.LOCKFILE_EXCLUSIVE_LOCK); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := f.Truncate(0); err != nil {
		return nil, errors.Join(fmt.Errorf("write lock file: %w", err), f.Close())
	}
	// The pid only serves the message of who comes next; a full disk must not keep us out.
	_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return &fileLock{f}, nil
}

// acquireShared takes the lock as any other: every user has a directory for temporary
// files of their own, so that it keeps no other user out.
func acquireShared(path string) (*fileLock, error) { return acquire(path) }

// probe reports with ErrLocked who holds a lock, and makes and keeps nothing. A lock that
// nobody holds is shared for the moment of the question.
func probe(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open lock file: %w", err)
	}
	defer f.Close()
	return lockByte(f, 0)
}

// lockByte takes the lock until the file is closed; ErrLocked when another has it.
func lockByte(f *os.File, how uint32) error {
	at := &windows.Overlapped{Offset: lockedByte}
	err := windows.LockFileEx(windows.Handle(f.Fd()), how|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		var buf [32]byte
		n, _ := f.ReadAt(buf[:], 0)
		holder := strings.TrimSpace(string(buf[:n]))
		if holder == "" {
			holder = "unknown"
		}
		return fmt.Errorf("%w: %s is held by process %s", ErrLocked, f.Name(), holder)
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return nil
}

func (l *fileLock) release() error { return l.f.Close() }
