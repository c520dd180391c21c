package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/perilune/perilune/exchange"
)

func TestConnectionsAreSetUp(t *testing.T) {
	db := openLedger(t, paperAt(filepath.Join(t.TempDir(), "odd #1?name 100%.db")))
	for pragma, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "1000", // once it is open: the writer waits by itself
		"user_version": fmt.Sprint(len(embedded)), "application_id": fmt.Sprint(applicationID),
	} {
		var got string
		must(t, db.write.QueryRow("PRAGMA "+pragma).Scan(&got))
		if got != want {
			t.Errorf("%s is %s, want %s", pragma, got, want)
		}
	}
	if _, err := db.read.Exec("DELETE FROM meta"); err == nil {
		t.Error("the read pool can write")
	}
	must(t, db.Verify(context.Background()))
}

// A migration's place in the order is its number: a gap or a number used twice
// would leave two ledgers of one version with different tables.
func TestMigrationsAreNumbered(t *testing.T) {
	names, err := fs.Glob(files, "migrations/*")
	must(t, err)
	for i, name := range names {
		if want := fmt.Sprintf("migrations/%04d_", i+1); !strings.HasPrefix(name, want) || !strings.HasSuffix(name, ".sql") {
			t.Errorf("migration %d is %s, want %s….sql", i+1, name, want)
		}
	}
}

func TestReadmeNamesEveryTableAndView(t *testing.T) {
	db := openLedger(t, paperAt(newPath(t)))
	readme, err := os.ReadFile("README.md")
	must(t, err)
	rows, err := db.Query(context.Background(), "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'")
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		must(t, rows.Scan(&name))
		if !strings.Contains(string(readme), "| `"+name+"` |") {
			t.Errorf("README.md has no row for %s", name)
		}
	}
	must(t, rows.Err())
}

func TestTablesAreStrict(t *testing.T) {
	db := openLedger(t, paperAt(newPath(t)))
	rows, err := db.Query(context.Background(), "SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%'")
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		must(t, rows.Scan(&name))
		t.Errorf("table %s is not STRICT", name)
	}
	must(t, rows.Err())
}

func TestSecondWriterIsRefused(t *testing.T) {
	path := newPath(t)
	db := openLedger(t, paperAt(path))
	_, err := Open(paperAt(path))
	if !errors.Is(err, ErrLocked) {
		t.Fatalf("second writer: %v, want ErrLocked", err)
	}
	for _, part := range []string{path + ".lock", fmt.Sprint(os.Getpid())} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not name %s", err, part)
		}
	}
	reader := openLedger(t, Options{Path: path, ReadOnly: true})
	if reader.Mode() != Paper || reader.Venue() != "binance" {
		t.Errorf("reader sees %v", reader.stamp)
	}
	must(t, db.Close())
	openLedger(t, paperAt(path))
}

func TestStamp(t *testing.T) {
	path := newPath(t)
	o := paperAt(path)
	o.Account = "main"
	must(t, openLedger(t, o).Close())
	for _, c := range []struct {
		o     Options
		names []string
	}{
		{Options{Mode: Live, Venue: "binance", Account: "main"}, []string{"paper on binance", "live on binance"}},
		{Options{Mode: Paper, Venue: "okx", Account: "main"}, []string{"paper on binance", "paper on okx"}},
		{Options{Mode: Paper, Venue: "binance", Account: "other"}, []string{"account main", "account other"}},
		{Options{Mode: Live, Venue: "binance", ReadOnly: true}, []string{"paper on binance", "live on binance"}},
	} {
		c.o.Path = path
		_, err := Open(c.o)
		if !errors.Is(err, ErrMode) {
			t.Errorf("%+v: %v, want ErrMode", c.o, err)
			continue
		}
		for _, name := range c.names {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("%q does not name %q", err, name)
			}
		}
	}
	openLedger(t, paperAt(path)) // no account asked for: not compared
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{{}, {Path: newPath(t)}, {Path: newPath(t), Mode: "demo", Venue: "x"}, {Path: newPath(t), Mode: Paper}} {
		if db, err := Open(o); err == nil {
			t.Errorf("%+v opens", o)
			_ = db.Close()
		}
	}
	if _, err := Open(Options{Path: newPath(t), ReadOnly: true}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reading a ledger that is not there: %v", err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	path := newPath(t)
	db := openLedger(t, paperAt(path))
	_, err := db.exec("PRAGMA user_version = 99")
	must(t, errors.Join(err, db.Close()))
	for _, o := range []Options{paperAt(path), {Path: path, ReadOnly: true}} {
		if _, err := Open(o); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "99") {
			t.Errorf("read-only %v: %v, want ErrNewer that names 99", o.ReadOnly, err)
		}
	}
}

func TestForeignFilesAreRefused(t *testing.T) {
	path := newPath(t)
	must(t, os.WriteFile(path, []byte(strings.Repeat("this is not a database ", 100)), 0o600))
	if _, err := Open(paperAt(path)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("text file: %v, want ErrCorrupt", err)
	}
	other := newPath(t)
	raw, err := sql.Open("sqlite", other)
	must(t, err)
	_, err = raw.Exec("CREATE TABLE photos (id)")
	must(t, errors.Join(err, raw.Close()))
	if _, err := Open(paperAt(other)); err == nil || !strings.Contains(err.Error(), "not a ledger") {
		t.Errorf("another program's database: %v", err)
	}
}

func TestDamagedPageIsFound(t *testing.T) {
	r := newRig(t, WriterOptions{})
	for n := range uint64(200) {
		r.post(fillRow(n+1, spotBTC, exchange.Buy, "100", "1"))
	}
	r.sync()
	path := r.o.Path
	must(t, errors.Join(r.w.Close(), r.Close()))
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	st, err := f.Stat()
	must(t, err)
	zero := make([]byte, 512)
	for page := int64(1); page < st.Size()/4096; page++ {
		_, err = f.WriteAt(zero, page*4096)
		must(t, err)
	}
	must(t, f.Close())
	db, err := Open(paperAt(path))
	if err == nil {
		defer db.Close()
		err = db.Verify(context.Background())
	}
	if !errors.Is(err, ErrCorrupt) {
		t.Errorf("%v, want ErrCorrupt", err)
	}
}

// v1 is a ledger of the first version with a session in it.
func v1(t *testing.T) (*sql.DB, string) {
	t.Helper()
	path := newPath(t)
	db, err := sql.Open("sqlite", writeDSN(path))
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	must(t, migrate(context.Background(), db, embedded[:1], path))
	_, err = db.Exec("INSERT INTO session (account, market, seed, started, last_time, state) VALUES ('paper-1', 'm', 1, 2, 3, 'open')")
	must(t, err)
	return db, path
}

func TestMigration(t *testing.T) {
	db, path := v1(t)
	ctx := context.Background()
	steps := append(append([]string{}, embedded[:1]...),
		"ALTER TABLE session ADD COLUMN note TEXT NOT NULL DEFAULT 'none'",
		"UPDATE session SET note = 'seen by 3'; CREATE TABLE extra (a TEXT) STRICT;")
	must(t, migrate(ctx, db, steps, path))
	must(t, migrate(ctx, db, steps, path)) // nothing left to do
	var note string
	must(t, db.QueryRow("SELECT note FROM session").Scan(&note))
	if v, err := schemaVersion(ctx, db); v != 3 || err != nil || note != "seen by 3" {
		t.Errorf("version %d, note %q, %v", v, note, err)
	}

	backup, err := sql.Open("sqlite", path+".v1.bak")
	must(t, err)
	defer backup.Close()
	var account string
	must(t, backup.QueryRow("SELECT account FROM session").Scan(&account))
	if v, err := schemaVersion(ctx, backup); v != 1 || err != nil || account != "paper-1" {
		t.Errorf("backup has version %d, account %q, %v", v, account, err)
	}
}

func TestFailedMigrationLeavesTheOldVersion(t *testing.T) {
	db, path := v1(t)
	ctx := context.Background()
	steps := append(append([]string{}, embedded[:1]...),
		"ALTER TABLE session ADD COLUMN note TEXT; INSERT INTO session (account) VALUES (NULL);")
	err := migrate(ctx, db, steps, path)
	if err == nil || !strings.Contains(err.Error(), "from version 1 to 2") {
		t.Fatalf("migration: %v", err)
	}
	if v, err := schemaVersion(ctx, db); v != 1 || err != nil {
		t.Errorf("version %d after a failed migration, %v", v, err)
	}
	if _, err := db.Exec("SELECT note FROM session"); err == nil {
		t.Error("half of the migration stayed")
	}
}

func TestMigrationsAreInOrder(t *testing.T) {
	got := mustLoad(fstest.MapFS{
		"migrations/0002_b.sql": {Data: []byte("b")}, "migrations/0001_a.sql": {Data: []byte("a")}, "migrations/0010_c.sql": {Data: []byte("c")}})
	if strings.Join(got, "") != "abc" {
		t.Errorf("order %q", got)
	}
}

// TestOtherModeIsWorded wants what was not asked for to be left out of the refusal.
func TestOtherModeIsWorded(t *testing.T) {
	path := newPath(t)
	must(t, openLedger(t, paperAt(path)).Close())
	_, err := Open(Options{Path: path, Mode: Live, Account: "7", ReadOnly: true})
	if !errors.Is(err, ErrMode) || !strings.HasSuffix(err.Error(), "the file is paper on binance, opened as live, account 7") {
		t.Errorf("%v", err)
	}
}

// TestInUseTakesNothing wants the question who writes a ledger to be answered, beside the
// one who does and after, and to leave no file and no lock.
func TestInUseTakesNothing(t *testing.T) {
	path := newPath(t)
	must(t, InUse(path))
	if _, err := os.Stat(path + lockSuffix); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the question left a file: %v", err)
	}
	db := openLedger(t, paperAt(path))
	if err := InUse(path); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprint(os.Getpid())) {
		t.Errorf("%v, want who holds it", err)
	}
	must(t, db.Close())
	must(t, InUse(path))
	must(t, openLedger(t, paperAt(path)).Close())
}
