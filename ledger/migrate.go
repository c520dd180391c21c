package ledger

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

//go:embed migrations/*.sql
var files embed.FS

// embedded are the migrations of this program: the nth takes a ledger from
// version n-1 to n. They only go forward.
var embedded = mustLoad(files)

// afterStep is what a step does that SQL can't, by the version that it leads to.
var afterStep = map[int]func(context.Context, *sql.Tx) error{4: shareOldFills, 7: chainOldRows}

// applicationID is in the file's header and tells a ledger from other SQLite
// files.
const applicationID = 0x50524c4e // "PRLN"

// mustLoad reads the migrations in order of their names. They are compiled in,
// so a failure is a broken build.
func mustLoad(f fs.FS) []string {
	names, err := fs.Glob(f, "migrations/*.sql")
	if err != nil {
		panic(err)
	}
	out := make([]string, len(names))
	for i, name := range names {
		text, err := fs.ReadFile(f, name)
		if err != nil {
			panic(err)
		}
		out[i] = string(text)
	}
	return out
}

// identify fails when the file is something else than a ledger of a version we
// know.
func identify(ctx context.Context, db *sql.DB) error {
	var id, objects int
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return err
	}
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&objects); err != nil {
		return err
	}
	if id != applicationID && (id != 0 || objects > 0) {
		return errors.New("is a SQLite database, but not a ledger of this program")
	}
	version, err := schemaVersion(ctx, db)
	if err != nil {
		return err
	}
	if version > len(embedded) {
		return fmt.Errorf("%w: schema is version %d, this program knows up to %d", ErrNewer, version, len(embedded))
	}
	return nil
}

func schemaVersion(ctx context.Context, db *sql.DB) (int, error) {
	var version int
	err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version)
	return version, err
}

// migrate applies what is missing, each step in a transaction of its own. An
// existing ledger is first copied beside itself.
func migrate(ctx context.Context, db *sql.DB, steps []string, path string) error {
	version, err := schemaVersion(ctx, db)
	if err != nil || version == len(steps) {
		return err
	}
	if version > 0 {
		if err := backup(ctx, db, fmt.Sprintf("%s.v%d.bak", path, version)); err != nil {
			return err
		}
	}
	for ; version < len(steps); version++ {
		if err := applyStep(ctx, db, steps[version], version+1); err != nil {
			return fmt.Errorf("migrate schema from version %d to %d: %w", version, version+1, err)
		}
	}
	return nil
}

func applyStep(ctx context.Context, db *sql.DB, step string, version int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after Commit
	if _, err := tx.ExecContext(ctx, step); err != nil {
		return err
	}
	if then := afterStep[version]; then != nil {
		if err := then(ctx, tx); err != nil {
			return err
		}
	}
	// Both pragmas write to the file's header and are part of the transaction.
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d; PRAGMA application_id = %d", version, applicationID)); err != nil {
		return err
	}
	return tx.Commit()
}

// backup copies the ledger to a file. One that is there from a migration that
// was interrupted holds the same version and is kept.
func backup(ctx context.Context, db *sql.DB, to string) error {
	if _, err := os.Stat(to); err == nil {
		return nil
	}
	if err := vacuumInto(ctx, db, to); err != nil {
		return fmt.Errorf("backup to %s: %w", to, err)
	}
	return nil
}

// vacuumInto copies a database to a file that is whole or not there, and durable.
// It reads one moment of it, while a writer on another connection goes on.
func vacuumInto(ctx context.Context, db *sql.DB, to string) error {
	tmp := to + ".tmp"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", tmp); err != nil {
		return errors.Join(err, ignoreAbsent(os.Remove(tmp)))
	}
	if err := syncFile(tmp); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	if err := os.Rename(tmp, to); err != nil {
		return err
	}
	return syncFile(filepath.Dir(to))
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// syncFile waits until a file or directory is on the disk. No connection has it
// open: see the assumptions of this package.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(ignoreUnsupported(f.Sync()), f.Close())
}

// ignoreUnsupported: some systems can't sync a directory.
func ignoreUnsupported(err error) error {
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, os.ErrPermission) || errors.Is(err, os.ErrInvalid) {
		return nil
	}
	return err
}
