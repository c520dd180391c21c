package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// logFile is a file of lines that is bounded: once it has most bytes it becomes FILE.1, what
// was FILE.1 becomes FILE.2, and so on to FILE.<keep>, which is then the oldest there is.
//
// A file that can't be written (a full disk, a directory that went away) never holds the
// session up: lines are left out whole and counted, it is tried again every few seconds, and
// the first line that goes through again is preceded by how many are missing. What is wrong
// is told once.
type logFile struct {
	path string
	most int64
	keep int
	tell func(string)              // what is wrong with it, on the screen
	miss func(lines int) []byte    // the line of how many are missing
	now  func() time.Time          // to try again by
	open func() (logWriter, error) // opens the file to append to

	mu     sync.Mutex
	f      logWriter
	size   int64
	failed time.Time // when it last could not be written; zero: it can
	lost   int
}

// logWriter is what a logFile needs of a file.
type logWriter interface {
	Write([]byte) (int, error)
	Truncate(size int64) error
	Stat() (fs.FileInfo, error)
	Close() error
}

// logAgain is how long a file that could not be written is left alone.
const logAgain = 5 * time.Second

// openLogFile opens a file of lines, and says what is wrong with it before the session
// begins.
func openLogFile(path string, most int64, keep int) (*logFile, error) {
	l := &logFile{path: path, most: most, keep: keep, tell: func(string) {}, now: time.Now}
	l.miss = func(n int) []byte {
		return fmt.Appendf(nil, "%d lines are missing here: the file could not be written\n", n)
	}
	l.open = func() (logWriter, error) { return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600) }
	if err := l.reopen(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *logFile) reopen() error {
	f, err := l.open()
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.f, l.size = f, info.Size()
	if !info.Mode().IsRegular() {
		l.most = 0 // a pipe or a device is not turned
	}
	return nil
}

// Write implements io.Writer for a whole line. It never fails.
func (l *logFile) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.failed.IsZero() && l.now().Sub(l.failed) < logAgain {
		l.lost++
		return len(line), nil
	}
	if err := l.write(line); err != nil {
		if l.lost == 0 {
			l.tell(fmt.Sprintf("the log %s can't be written, its lines are left out until it can: %v", l.path, err))
		}
		l.failed = l.now()
		l.lost++
		return len(line), nil
	}
	l.failed = time.Time{}
	return len(line), nil
}

func (l *logFile) write(line []byte) error {
	if l.f == nil {
		if err := l.reopen(); err != nil {
			return err
		}
	}
	if l.most > 0 && l.size > 0 && l.size+int64(len(line)) > l.most {
		if err := l.turn(); err != nil {
			return err
		}
	}
	if l.lost > 0 {
		if err := l.append(l.miss(l.lost)); err != nil {
			return err
		}
		l.tell(fmt.Sprintf("the log %s is written again; %d lines are missing", l.path, l.lost))
		l.lost = 0
	}
	return l.append(line)
}

// append writes a line whole or not at all.
func (l *logFile) append(line []byte) error {
	n, err := l.f.Write(line)
	if err == nil {
		l.size += int64(n)
		return nil
	}
	if n > 0 {
		_ = l.f.Truncate(l.size) // the part of a line that went through
	}
	_ = l.f.Close() // it is opened again: it may be another file by then
	l.f = nil
	return err
}

// turn moves the file and those before it on by one.
func (l *logFile) turn() error {
	if err := l.f.Close(); err != nil {
		l.f = nil
		return err
	}
	l.f = nil
	if l.keep == 0 {
		if err := os.Remove(l.path); err != nil {
			return err
		}
		return l.reopen()
	}
	for n := l.keep; n > 0; n-- {
		from := l.path
		if n > 1 {
			from = fmt.Sprintf("%s.%d", l.path, n-1)
		}
		if err := os.Rename(from, fmt.Sprintf("%s.%d", l.path, n)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return l.reopen()
}

// close ends it. Lines that are still missing are told.
func (l *logFile) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.f != nil {
		_ = l.f.Close()
		l.f = nil
	}
	if l.lost > 0 {
		l.tell(fmt.Sprintf("the log %s lacks the last %d lines", l.path, l.lost))
	}
}
