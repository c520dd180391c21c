package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
)

// identity is which files the ledger's connections have open. Who deletes or
// replaces them by name leaves the connections on files that nobody finds again.
type identity struct {
	mu   sync.Mutex
	main os.FileInfo // nil: not known
	log  os.FileInfo // the write-ahead log; nil before there is one
	lost bool        // the name belongs to others for good: see Abandon
}

// remember notes the files as they are now. The log is made by the first write.
func (id *identity) remember(path string) {
	id.mu.Lock()
	defer id.mu.Unlock()
	if id.main == nil {
		id.main, _ = os.Stat(path)
	}
	if id.log == nil {
		id.log, _ = os.Stat(path + "-wal")
	}
}

// Missing tells whether the ledger's file still is the one that was opened: an
// ErrGone says that it was deleted or replaced. It costs two calls of stat.
func (db *DB) Missing() error {
	id := &db.files
	id.mu.Lock()
	defer id.mu.Unlock()
	if id.main == nil || id.lost {
		return nil
	}
	for _, f := range []struct {
		was  os.FileInfo
		path string
	}{{id.main, db.o.Path}, {id.log, db.o.Path + "-wal"}} {
		if f.was == nil {
			continue
		}
		is, err := os.Stat(f.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%w: there is no %s any more", ErrGone, f.path)
		case err == nil && !os.SameFile(f.was, is):
			return fmt.Errorf("%w: %s is another file now", ErrGone, f.path)
		}
	}
	return nil
}

// Salvage is for a ledger whose file is gone for good: it lets the writer write
// to what the connections still hold, closes nothing, and save then copies all of
// it to a file of its own. When nothing has taken the ledger's name, it is put
// back under it.
//
// The connections stay open until the process ends: closing the last one would
// remove files by name that belong to others by now.
func (db *DB) Salvage() (save func() (path string, err error)) {
	db.files.mu.Lock()
	db.files.lost = true
	db.files.mu.Unlock()
	return db.save
}

func (db *DB) save() (string, error) {
	to := fmt.Sprintf("%s.salvaged-%s", db.o.Path, time.Now().UTC().Format("20060102T150405.000"))
	if err := vacuumInto(context.Background(), db.write, to); err != nil {
		return "", fmt.Errorf("ledger %s: save what was in it: %w", db.o.Path, classify(err))
	}
	if _, err := os.Stat(db.o.Path); !errors.Is(err, fs.ErrNotExist) {
		return to, nil
	}
	// What is left beside the name belongs to the lost file: with it, SQLite would
	// read its log into the new one.
	for _, left := range []string{"-wal", "-shm", "-journal"} {
		if err := os.Remove(db.o.Path + left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return to, err
		}
	}
	if err := os.Rename(to, db.o.Path); err != nil {
		return to, err
	}
	return db.o.Path, nil
}
