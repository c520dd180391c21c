package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// console is a console on a ledger that its writer holds open.
func console(t *testing.T) (*Console, *rig) {
	t.Helper()
	r := newRig(t, WriterOptions{})
	r.post(depositRow(1, "1000"), fillRow(2, spotBTC, 1, "100.5", "0.1"), fillRow(3, spotBTC, -1, "101", "0.1"))
	r.sync()
	c, err := OpenConsole(r.o.Path)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c, r
}

func TestConsoleReads(t *testing.T) {
	c, _ := console(t)
	for query, want := range map[string]string{
		"SELECT price, qty FROM fills ORDER BY id":                                               "[price qty] [100.5 0.1] [101 0.1]",
		"SELECT 'a;b' AS x; -- and; a comment":                                                   "[x] [a;b]",
		"WITH RECURSIVE n(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM n LIMIT 2) SELECT x FROM n": "[x] [1] [2]",
		"PRAGMA user_version":                                                                    fmt.Sprintf("[user_version] [%d]", len(embedded)),
		"SELECT count(*) AS n FROM pragma_table_info('fills') WHERE name = 'fee'":                "[n] [1]",
	} {
		var got []string
		more, err := c.Query(context.Background(), query, 0, func(names []string) error {
			got = append(got, fmt.Sprint(names))
			return nil
		}, func(values []any) error {
			got = append(got, fmt.Sprint(values))
			return nil
		})
		if strings.Join(got, " ") != want || more || err != nil {
			t.Errorf("%s: %v, %v, %v; want %s", query, got, more, err, want)
		}
	}
}

func ignore(c *Console, ctx context.Context, query string, most int) (n int, more bool, err error) {
	more, err = c.Query(ctx, query, most, func([]string) error { return nil }, func([]any) error { n++; return nil })
	return n, more, err
}

func TestConsoleBoundsRowsAndTime(t *testing.T) {
	c, _ := console(t)
	if n, more, err := ignore(c, context.Background(), "SELECT * FROM fills", 1); n != 1 || !more || err != nil {
		t.Errorf("%d rows, more %v, %v; want 1 of more", n, more, err)
	}
	slow := errors.New("too slow")
	ctx, stop := context.WithTimeoutCause(context.Background(), 50*time.Millisecond, slow)
	defer stop()
	endless := "WITH RECURSIVE n(x) AS (VALUES(1) UNION ALL SELECT x+1 FROM n) SELECT max(x) FROM n"
	if _, _, err := ignore(c, ctx, endless, 0); !errors.Is(err, slow) {
		t.Errorf("a statement without an end: %v; want %v", err, slow)
	}
	if _, _, err := ignore(c, context.Background(), "SELECT zeroblob(1000000000)", 0); err == nil || !strings.Contains(err.Error(), "too big") {
		t.Errorf("a value of a gigabyte: %v", err)
	}
}

// Nothing that a statement says changes a byte of the ledger or makes a file.
func TestConsoleChangesNothing(t *testing.T) {
	c, r := console(t)
	other := newPath(t)
	before, err := os.ReadFile(r.o.Path)
	must(t, err)
	for _, query := range []string{
		"DELETE FROM equity", "INSERT INTO meta VALUES ('x', 'y')", "UPDATE session SET account = 'x'", "DROP TRIGGER fills_no_update", "CREATE TABLE x (a)",
		"CREATE TEMP TABLE x (a)", "ALTER TABLE fills ADD COLUMN x", "REINDEX", "ANALYZE", "VACUUM", "VACUUM INTO '" + other + "'", "ATTACH '" + other + "' AS x",
		"PRAGMA query_only = 0", "PRAGMA journal_mode = DELETE", "PRAGMA writable_schema = 1", "PRAGMA wal_checkpoint", "PRAGMA user_version = 99", "PRAGMA temp_store_directory = '/'",
		"BEGIN IMMEDIATE", "SAVEPOINT x", "SELECT load_extension('x')", "SELECT 1; DELETE FROM equity", "WITH x AS (SELECT 1) DELETE FROM equity",
		"EXPLAIN DELETE FROM equity", "SELECT * FROM pragma_journal_mode('delete')",
	} {
		if _, _, err := ignore(c, context.Background(), query, 0); err == nil {
			t.Errorf("%s: it ran", query)
		}
	}
	after, err := os.ReadFile(r.o.Path)
	must(t, err)
	if string(before) != string(after) {
		t.Error("the ledger's file changed")
	}
	if _, err := os.Stat(other); err == nil {
		t.Error("a file was made")
	}
	r.post(fillRow(4, spotBTC, 1, "100", "0.1"))
	r.sync() // who writes was not held up
}

func TestConsoleTellsWhere(t *testing.T) {
	c, _ := console(t)
	for _, x := range []struct {
		query        string
		line, column int
		text         string
	}{
		{"SELECT * FORM fills", 1, 10, "syntax error"},
		{"SELECT qty,\n\tprce FROM fills", 2, 2, "no such column: prce"},
		{"SELECT f.prce FROM fills f", 1, 10, "no such column: f.prce"},
		{"SELECT 1 FROM filss", 1, 15, "no such table: filss"},
		{"SELECT 1 FROM fills WHERE qty > (SELECT 1 FROM FROM fills)", 1, 48, `near "FROM"`},
		{"SELECT (", 1, 9, "incomplete"},
		{"SELECT 'é', FROM fills", 1, 13, `near "FROM"`},
		{" DELETE FROM fills", 1, 2, "only reads"},
		{"", 0, 0, "no statement"},
		{"SELECT 1;\nSELECT 2", 2, 1, "second statement"},
		{"SELECT 'x", 1, 8, "unrecognized token"},
	} {
		_, _, err := ignore(c, context.Background(), x.query, 0)
		var wrong *SQLError
		if !errors.As(err, &wrong) || wrong.Line != x.line || wrong.Column != x.column || !strings.Contains(wrong.Text, x.text) {
			t.Errorf("%q: %v (%+v); want %q at %d:%d", x.query, err, wrong, x.text, x.line, x.column)
		}
	}
}

// Every table and view of a ledger has its columns told, and those that need words have them.
func TestRelations(t *testing.T) {
	c, _ := console(t)
	list, err := c.Relations(context.Background())
	must(t, err)
	docs := map[string]string{}
	for _, x := range list {
		docs[x.Name] = x.Doc
		for _, col := range x.Columns {
			docs[x.Name+"."+col.Name] = col.Doc
		}
	}
	for name, want := range map[string]string{
		"fill_shares": "Whose a fill is", "fills.fee": "a rebate is negative", "session.opened": "", "schedules.once_cost": "as cost",
		"v_positions": "Coins that a fee took", "instrument.wallet": "that backs it", "pairs.interest": "in realised", "txn": "Double entry",
	} {
		if got, ok := docs[name]; !ok || !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q in it", name, got, want)
		}
	}
}
