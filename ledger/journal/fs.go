package journal

import (
	"io"
	"os"
)

// FS is what a Writer needs of a file system. Tests put failures behind it.
type FS interface {
	// Create makes a file that must not exist yet.
	Create(path string) (File, error)
	Remove(path string) error
	// SyncDir makes the creation and removal of files in dir durable.
	SyncDir(dir string) error
}

// File is an open segment.
type File interface {
	io.WriteCloser
	Sync() error
	Truncate(size int64) error
}

type osFS struct{}

func (osFS) Create(path string) (File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o644)
}

func (osFS) Remove(path string) error { return os.Remove(path) }

func (osFS) SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return syncDir(d)
}
