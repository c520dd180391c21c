// Package ledger keeps what happened to the money: orders, fills, funding,
// transfers, postings, pairs, and what a strategy needs to go on after a crash.
// It is one SQLite file that a person can query: README.md beside this file says
// which table or view answers what, and migrations/*.sql documents every column.
//
// # Assumptions
//
//   - One process writes a ledger, through one [Writer]; a lock file sees to
//     it. Any number may read.
//   - The rows of an event are posted in the order of events, and a replay of
//     the same events posts the same rows. Every row has a natural key, so rows
//     that are already there are not written again.
//   - An account's name is never used for two lives: trade ids are unique within
//     (venue, account, market, symbol) for good.
//   - The disk keeps what it says it synced. A commit waits for that
//     (synchronous=FULL).
//   - Nothing else in this process opens the database files: closing any
//     descriptor of them would drop SQLite's POSIX locks.
//
// # Failure
//
// A full disk or a long-held lock stalls the writer: rows wait in it, [Writer.Err]
// says so, and it goes on by itself when there is room. Any other failure ends
// it. What was acknowledged stays.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// busyFor is how long a try to write waits for whoever else holds the ledger.
const busyFor = time.Second

// Modes of a ledger. A file belongs to one of them for good.
const (
	Paper = "paper"
	Live  = "live"
)

// Options says which ledger to open and as what.
type Options struct {
	Path  string
	Mode  string // Paper or Live; may be empty when ReadOnly
	Venue string // the house of the venue, "paper", or several: see Owners; may be empty when ReadOnly
	// Account binds a new ledger to one account of the venue, and is compared
	// with the binding of an existing one. Empty: not bound, not compared.
	Account string
	// ReadOnly opens an existing ledger for queries, beside a process that may
	// be writing it. It takes no lock and changes nothing.
	ReadOnly bool
}

// DB is an open ledger. It is safe for concurrent use.
type DB struct {
	Reader
	o     Options
	stamp stamp
	write *sql.DB // one connection; nil when read-only
	lock  *fileLock
	files identity
}

// Reader answers what a ledger holds. It sees what was committed, also beside a
// process that writes.
type Reader struct {
	read *sql.DB // mode=ro
}

// Open opens a ledger, and creates or migrates it unless ReadOnly. It fails
// with ErrLocked, ErrMode, ErrNewer, ErrCorrupt or ErrFull where those apply.
func Open(o Options) (*DB, error) {
	if o.Path == "" {
		return nil, errors.New("ledger: no path given")
	}
	db := &DB{o: o}
	open := db.openWriter
	if o.ReadOnly {
		open = db.openReader
	}
	if err := open(); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("ledger %s: %w", o.Path, err)
	}
	return db, nil
}

func (db *DB) openWriter() (err error) {
	if db.o.Mode != Paper && db.o.Mode != Live {
		return fmt.Errorf("mode %q: want %q or %q", db.o.Mode, Paper, Live)
	}
	if db.o.Venue == "" {
		return errors.New("no venue given")
	}
	if err := os.MkdirAll(filepath.Dir(db.o.Path), 0o755); err != nil {
		return err
	}
	if db.lock, err = acquire(lockOf(db.o.Path)); err != nil {
		return err
	}
	// Locks that belong to the descriptor survive that something in the process
	// closes another one of the file. Where they do not exist, nothing changes.
	_, _ = sqlite.OFDLocking(true)
	if db.write, err = sql.Open("sqlite", writeDSN(db.o.Path)); err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	if err := db.prepareFile(); err != nil {
		return classify(err)
	}
	// From here on a long-held lock is the writer's to wait out: it keeps its rows
	// and says so, and whoever asks meanwhile is not held up for long.
	if _, err := db.write.Exec(fmt.Sprintf("PRAGMA busy_timeout = %d", busyFor.Milliseconds())); err != nil {
		return classify(err)
	}
	db.files.remember(db.o.Path)
	return db.openReadPool()
}

// prepareFile brings a new or older file to the current schema and compares the
// stamp. The stamp is compared before anything is changed.
func (db *DB) prepareFile() error {
	ctx := context.Background()
	if err := identify(ctx, db.write); err != nil {
		return err
	}
	if err := db.checkStamp(ctx, db.write); err != nil {
		return err
	}
	if err := migrate(ctx, db.write, embedded, db.o.Path); err != nil {
		return err
	}
	return db.writeStamp(ctx)
}

func (db *DB) openReader() error {
	if _, err := os.Stat(db.o.Path); err != nil {
		return err
	}
	if err := db.openReadPool(); err != nil {
		return err
	}
	ctx := context.Background()
	if err := identify(ctx, db.read); err != nil {
		return classify(err)
	}
	version, err := schemaVersion(ctx, db.read)
	if err != nil {
		return classify(err)
	}
	if version < len(embedded) {
		return fmt.Errorf("schema is version %d, this program reads %d: open it once for writing to migrate it", version, len(embedded))
	}
	return classify(db.checkStamp(ctx, db.read))
}

func (db *DB) openReadPool() (err error) {
	if db.read, err = sql.Open("sqlite", readDSN(db.o.Path)); err != nil {
		return err
	}
	db.read.SetMaxOpenConns(4)
	return nil
}

// Mode returns the mode the file is stamped with.
func (db *DB) Mode() string { return db.stamp.mode }

// Venue returns the venue the file is stamped with.
func (db *DB) Venue() string { return db.stamp.venue }

// Account returns the account that the file is stamped with; of several venues each with its
// venue's name.
func (db *DB) Account() string { return db.stamp.account }

// Query gives read-only access in SQL, for reports and for people. Close the
// rows soon: a long reader keeps the write-ahead log from shrinking.
func (rd *Reader) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := rd.read.QueryContext(ctx, query, args...)
	return rows, classify(err)
}

// Close releases the ledger. Close the Writer first.
func (db *DB) Close() error {
	var errs []error
	if db.files.lost {
		return db.lock.release() // see Salvage
	}
	if db.read != nil {
		errs = append(errs, db.read.Close())
	}
	if db.write != nil {
		errs = append(errs, db.write.Close())
	}
	if db.lock != nil {
		errs = append(errs, db.lock.release())
	}
	return errors.Join(errs...)
}

// writeDSN is the name of the database that every connection is opened with. The
// pragmas are in it because they belong to a connection and not to the file.
func writeDSN(path string) string {
	return "file:" + escape(path) + "?_txlock=immediate&_dqs=0&_defensive=1" +
		"&_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)" +
		"&_pragma=journal_size_limit(67108864)&_pragma=wal_autocheckpoint(1000)"
}

func readDSN(path string) string {
	return "file:" + escape(path) + "?mode=ro&_dqs=0&_defensive=1&_pragma=busy_timeout(5000)&_pragma=query_only(1)"
}

// escape protects what means something in a URI.
func escape(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(path))
}
