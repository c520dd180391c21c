package ledger

import (
	"compress/gzip"
	"context"
	"database/sql"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// testdata/v8 is a ledger of schema version 8 of a session that was killed while the
// coins of a pair were on their way, and what its views said.

func version8(t *testing.T) string {
	t.Helper()
	f, err := os.Open("testdata/v8/ledger.db.gz")
	must(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	must(t, err)
	data, err := io.ReadAll(z)
	must(t, err)
	path := filepath.Join(t.TempDir(), "v8.db")
	must(t, os.WriteFile(path, data, 0o600))
	return path
}

// dumpViews lists every view with its columns and its rows, sorted.
func dumpViews(t *testing.T, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	column := func(query string) (out []string) {
		rows, err := db.QueryContext(context.Background(), query)
		must(t, err)
		defer rows.Close()
		for rows.Next() {
			var s string
			must(t, rows.Scan(&s))
			out = append(out, s)
		}
		must(t, rows.Err())
		return out
	}
	var b strings.Builder
	for _, view := range column("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name") {
		cols := column("SELECT name FROM pragma_table_info('" + view + "')")
		b.WriteString("== " + view + " " + strings.Join(cols, " ") + "\n")
		rows := column(`SELECT json_array("` + strings.Join(cols, `","`) + `") FROM ` + view)
		slices.Sort(rows)
		for _, row := range rows {
			b.WriteString(row + "\n")
		}
	}
	return b.String()
}

// A ledger of an earlier version says the same, is whole, and is gone on with.
func TestLedgerOfVersion8(t *testing.T) {
	path := version8(t)
	db, err := Open(Options{Path: path, Mode: Paper, Venue: "paper"})
	must(t, err)
	last, err := db.Sessions()
	must(t, err)
	if len(last) != 1 || last[0].Complete {
		t.Fatalf("sessions %+v, want one that goes on", last)
	}
	restored, err := db.Restore(last[0].Account)
	must(t, err)
	if err := db.Verify(context.Background()); err != nil {
		t.Errorf("verify: %v", err)
	}
	must(t, db.Close())
	if n := len(restored.Transit); n != 1 || restored.Transit[0].From != "spot" || restored.Transit[0].To != "coinm" {
		t.Errorf("in transit: %+v, want one from spot to coinm", restored.Transit)
	}
	if n := len(restored.Pairs); n != 2 || !strings.Contains(restored.Pairs[1].Detail, `"From":"spot","To":"coinm"`) {
		t.Errorf("pairs: %+v", restored.Pairs)
	}
	want, err := os.ReadFile("testdata/v8/views.txt")
	must(t, err)
	if got := dumpViews(t, path); got != string(want) {
		t.Errorf("the views say\n%s\nwant\n%s", got, want)
	}
}
