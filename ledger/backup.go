package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Backup copies the ledger, as it is at one moment, to a file that must not exist.
// A session may write it meanwhile and is not held up. The copy is whole or not there.
func (db *DB) Backup(ctx context.Context, to string) error {
	if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("ledger: backup to %s: %w: a copy replaces no file, name another", to, errors.Join(ErrExists, err))
	}
	if err := db.copyTo(ctx, to); err != nil {
		return fmt.Errorf("ledger %s: backup to %s: %w", db.o.Path, to, classify(err))
	}
	return nil
}

// RestoreBackup puts a copy in the place of a ledger that no process is writing. The
// copy is verified first. What was there before is kept beside it; its name is returned.
func RestoreBackup(ctx context.Context, from, to, aside string) error {
	src, err := Open(Options{Path: from, ReadOnly: true})
	if err != nil {
		return err
	}
	defer src.Close()
	if err := src.Verify(ctx); err != nil {
		return err
	}
	lock, err := acquire(lockOf(to))
	if err != nil {
		return err
	}
	defer func() { _ = lock.release() }()
	if err := src.copyTo(ctx, to+".restored"); err != nil {
		return fmt.Errorf("ledger: restore %s: %w", from, classify(err))
	}
	for _, part := range []string{"-wal", "-shm", ""} { // the log belongs to the file that goes
		if err := ignoreAbsent(os.Rename(to+part, aside+part)); err != nil {
			return fmt.Errorf("ledger: restore %s: %w", from, err)
		}
	}
	return os.Rename(to+".restored", to)
}

// copyTo reads on a connection of its own: those for queries refuse VACUUM.
func (db *DB) copyTo(ctx context.Context, to string) error {
	conn, err := sql.Open("sqlite", "file:"+escape(db.o.Path)+"?mode=ro&_dqs=0&_defensive=1&_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	return errors.Join(vacuumInto(ctx, conn, to), conn.Close())
}
