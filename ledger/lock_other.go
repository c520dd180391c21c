//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package ledger

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// fileLock is a file that must not exist. A crash leaves it behind, and a
// person who knows that the process is gone has to remove it.
type fileLock struct{ path string }

func acquire(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		pid, _ := os.ReadFile(path)
		return nil, fmt.Errorf("%w: %s is held by process %s; remove the file if that process is gone",
			ErrLocked, path, strings.TrimSpace(string(pid)))
	}
	if err != nil {
		return nil, fmt.Errorf("create lock file: %w", err)
	}
	_, err = f.WriteString(strconv.Itoa(os.Getpid()) + "\n")
	return &fileLock{path}, errors.Join(err, f.Close())
}

// probe reports with ErrLocked who holds a lock, and makes nothing.
func probe(path string) error {
	pid, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return errors.Join(err, fmt.Errorf("%w: %s is held by process %s; remove the file if that process is gone",
		ErrLocked, path, strings.TrimSpace(string(pid))))
}

// acquireShared takes nothing: a file that stays behind after a crash would keep
// other users out for ever.
func acquireShared(string) (*fileLock, error) { return nil, nil }

func (l *fileLock) release() error { return os.Remove(l.path) }
