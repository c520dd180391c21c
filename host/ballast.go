package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// ballastMost is how much space is kept for the end of a session; on a small disk
// it is a quarter of what is free.
const ballastMost = 16 << 20

// place is a directory that is recorded to, with its ballast.
type place struct {
	dir, file string

	mu   sync.Mutex
	size uint64 // of the ballast, as it is meant to be
	held bool
}

// fill makes the ballast. A file of an earlier run is used again.
func (p *place) fill(space func(string) (uint64, error)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.size == 0 {
		p.size = ballastMost
		if free, err := space(p.dir); err == nil {
			p.size = min(p.size, free/4)
		}
	}
	err := writeBallast(p.file, p.size)
	if p.held = err == nil; err != nil {
		_ = os.Remove(p.file)
		return fmt.Errorf("ballast of %s: %w", mib(p.size), err)
	}
	return nil
}

// missing is how much the ballast lacks.
func (p *place) missing() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held {
		return 0
	}
	return p.size
}

// release lets the ballast go; it reports whether there was one.
func (p *place) release() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	had := p.held
	p.held = false
	if err := os.Remove(p.file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	return had
}

// writeBallast writes bytes that no file system stores as a hole.
func writeBallast(path string, size uint64) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(uint32(i) * 2654435761 >> 13)
	}
	for left := size; left > 0; {
		n := min(left, uint64(len(block)))
		if _, err := f.Write(block[:n]); err != nil {
			return errors.Join(err, f.Close())
		}
		left -= n
	}
	return f.Close()
}
