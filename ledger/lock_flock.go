//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package ledger

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// fileLock is held by the process that writes. The kernel drops it when the
// process ends, however it ends, so a stale lock is impossible. The file stays:
// removing it would let two processes lock two files of the same name.
type fileLock struct{ f *os.File }

func acquire(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	return lock(f)
}

// acquireShared takes a lock on a file that any user may have made. A file that
// exists is not opened as one to be made: in /tmp Linux refuses that to all but its
// owner. Nothing but a plain file of one name is touched, because anybody could have
// laid a link there.
func acquireShared(path string) (*fileLock, error) {
	if f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666); err == nil {
		err = errors.Join(f.Chmod(0o666), f.Close()) // whatever the umask says
		if err != nil {
			return nil, fmt.Errorf("make lock file: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open lock file: %w", err)
	}
	var is syscall.Stat_t
	if err := syscall.Fstat(int(f.Fd()), &is); err != nil || is.Mode&syscall.S_IFMT != syscall.S_IFREG || is.Nlink != 1 {
		return nil, errors.Join(fmt.Errorf("lock file %s: want a plain file of one name", path), err, f.Close())
	}
	return lock(f)
}

func lock(f *os.File) (*fileLock, error) {
	path := f.Name()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s is held by process %s", ErrLocked, path, holder(f))
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, fmt.Errorf("write lock file: %w", err)
	}
	// The pid only serves the message above; a full disk must not keep us out.
	_, _ = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return &fileLock{f}, nil
}

// probe reports with ErrLocked who holds a lock, and makes and keeps nothing. A lock that
// nobody holds is shared for the moment of the question.
func probe(path string) error {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open lock file: %w", err)
	}
	defer f.Close()
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("%w: %s is held by process %s", ErrLocked, path, holder(f))
	}
	return err
}

func holder(f *os.File) string {
	var buf [32]byte
	n, _ := f.ReadAt(buf[:], 0)
	if pid := strings.TrimSpace(string(buf[:n])); pid != "" {
		return pid
	}
	return "unknown"
}

func (l *fileLock) release() error { return l.f.Close() }
