package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// written is a ledger with rows of every kind, two states of an order, a forced fill
// with its shares, and its path.
func written(t testing.TB, events uint64) (*rig, string) {
	t.Helper()
	r := newRig(t, WriterOptions{})
	for seq := uint64(1); seq <= events; seq++ {
		r.post(everyRow(seq)...)
		r.post(sharedFill(seq + 1000))
		r.w.Mark(seq)
		r.sync()
	}
	done := *everyRow(1)[0].(*OrderRow)
	done.At = at(events + 1)
	done.Order.Status, done.Order.Filled = exchange.StatusFilled, done.Order.Qty
	r.post(&done)
	r.sync()
	return r, r.o.Path
}

// sharedFill is a liquidation that two holders have parts of.
func sharedFill(n uint64) *FillRow {
	f := fillRow(n, perpBTC, exchange.Buy, "61000", "0.3")
	f.Order, f.ClientID, f.Strategy, f.Reason = 0, "", "", "liquidation"
	f.Fee, f.Realised = dec("0.3"), dec("-3")
	f.Shares = []FillShare{{"a", 1, 100, dec("0.1"), dec("-1")}, {"b", 0, 200, dec("0.2"), dec("-2")}}
	return f
}

// tamper changes a ledger as somebody with another program would.
func tamper(t testing.TB, path string, queries ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+escape(path)+"?_pragma=busy_timeout(5000)&_pragma=ignore_check_constraints(1)")
	must(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	rows, err := db.Query("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
	must(t, err)
	var drop []string
	for rows.Next() {
		var name string
		must(t, rows.Scan(&name))
		drop = append(drop, "DROP TRIGGER "+name)
	}
	must(t, rows.Close())
	for _, q := range append(drop, queries...) {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

func examine(t testing.TB, path string) []Finding {
	t.Helper()
	db, err := Open(Options{Path: path, ReadOnly: true})
	must(t, err)
	defer db.Close()
	v, err := db.Examine(context.Background(), VerifyOptions{})
	must(t, err)
	// These rows are made up one by one, and don't agree with each other.
	return slices.DeleteFunc(v.Findings, func(f Finding) bool { return f.Check != "chain" && f.Check != "references" && f.Check != "postings" })
}

func tail(t testing.TB, path string, rows int) error {
	t.Helper()
	db, err := Open(Options{Path: path, ReadOnly: true})
	must(t, err)
	defer db.Close()
	return db.VerifyTail(context.Background(), rows)
}

// names reports whether a finding names the table and the row.
func names(found []Finding, table, row string) bool {
	for _, f := range found {
		if f.Table == table && strings.Contains(f.Row, row) {
			return true
		}
	}
	return false
}

// copyOf copies a ledger that is not open for writing any more.
func copyOf(t testing.TB, path string) string {
	t.Helper()
	to := newPath(t)
	raw, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(to, raw, 0o600))
	return to
}

func columnsOf(t testing.TB, path, table string) (out []string) {
	t.Helper()
	db, err := Open(Options{Path: path, ReadOnly: true})
	must(t, err)
	defer db.Close()
	rows, err := db.Query(context.Background(), "SELECT name || ' ' || type FROM pragma_table_info('"+table+"')")
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

func TestEveryChangedColumnIsFoundAndNamed(t *testing.T) {
	r, path := written(t, 3)
	must(t, r.w.Close())
	must(t, r.Close())
	if found := examine(t, path); len(found) > 0 {
		t.Fatalf("an untouched ledger: %v", found)
	}
	must(t, tail(t, path, 10))
	must(t, tail(t, path, 1<<30))
	for _, c := range []struct{ table, where, owner, row string }{
		{"orders", "id = 2", "orders", "2 of session 1"},
		{"fills", "id = 3", "fills", "row 3"},
		{"fill_shares", "fill = 4 AND n = 1", "fills", "row 4"},
		{"funding", "id = 2", "funding", "row 2"},
		{"txn", "id = 2", "txn", "row 2"},
		{"posting", "txn = 2 AND n = 1", "txn", "row 2"},
	} {
		for _, column := range columnsOf(t, path, c.table) {
			name, kind, _ := strings.Cut(column, " ")
			to := copyOf(t, path)
			change := name + " || 'x'"
			if kind == "INTEGER" {
				change = name + " + 1000"
			}
			tamper(t, to, fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s", c.table, name, change, c.where))
			if found := examine(t, to); !names(found, c.owner, c.row) {
				t.Errorf("%s.%s changed: %v, want %s %s named", c.table, name, found, c.owner, c.row)
			}
			if err := tail(t, to, 1<<30); err == nil {
				t.Errorf("%s.%s changed: the tail does not find it", c.table, name)
			}
		}
	}
}

func TestDeletedAddedAndSwappedRowsAreNamed(t *testing.T) {
	r, path := written(t, 3)
	must(t, r.w.Close())
	must(t, r.Close())
	for _, c := range []struct{ what, query, table, row, text string }{
		{"deleted order", "DELETE FROM orders WHERE id = 2", "orders", "2 of session 1", "deleted"},
		{"deleted fill", "DELETE FROM fills WHERE id = 3", "fills", "row 3", "deleted"},
		{"deleted last fill", "DELETE FROM fills WHERE id = (SELECT max(id) FROM fills)", "fills", "row 6", "deleted"},
		{"deleted share", "DELETE FROM fill_shares WHERE fill = 2 AND n = 1", "fills", "row 2", "changed"},
		{"deleted funding", "DELETE FROM funding WHERE id = 1", "funding", "row 1", "deleted"},
		{"deleted txn", "DELETE FROM posting WHERE txn = 3; DELETE FROM txn WHERE id = 3", "txn", "row 3", "deleted"},
		{"deleted posting", "DELETE FROM posting WHERE txn = 3 AND n = 0", "txn", "row 3", "changed"},
		{"all postings deleted", "DELETE FROM posting WHERE txn = 3", "txn", "row 3", "changed"},
		{"added fill", "INSERT INTO fills SELECT 99, session, run, seq, time, venue, account, market, symbol, 'new', order_id, client_id, venue_id," +
			"strategy, pair, side, price, qty, maker, fee, fee_asset, realised, reason FROM fills WHERE id = 1", "fills", "row 99", "added"},
		{"added txn", "INSERT INTO txn SELECT 99, session, run, seq, time, kind, 'new', strategy, pair FROM txn WHERE id = 1", "txn", "row 99", "added"},
		{"added posting", "INSERT INTO posting VALUES (1, 9, 'A:spot', 'USDT', '0')", "txn", "row 1", "changed"},
		{"swapped fills", "UPDATE fills SET id = -1 WHERE id = 1; UPDATE fills SET id = 1 WHERE id = 3; UPDATE fills SET id = 3 WHERE id = -1", "fills", "row 3", "changed"},
		{"swapped orders", "UPDATE orders SET id = 77 WHERE id = 2; UPDATE orders SET id = 2 WHERE id = 3; UPDATE orders SET id = 3 WHERE id = 77", "orders", "3 of session 1", "asked for"},
		{"an order put back to an earlier state", "UPDATE orders SET status = 'partial', filled = '0.004', seq = 1 WHERE id = 1", "orders", "1 of session 1", "changed"},
		{"changed link", "UPDATE chain SET entries = (SELECT entries FROM chain WHERE id = 1) WHERE id = 2", "chain", "link 2", "changed"},
		{"deleted link", "DELETE FROM chain WHERE id = 2", "chain", "link 2", "missing"},
		{"a cut-off end", "DELETE FROM fills WHERE id = 6; DELETE FROM chain WHERE id >= 3", "chain", "link 4", "removed"},
		{"a changed head", "UPDATE session SET chain_hash = x'00'", "session", "paper-1", "another"},
	} {
		to := copyOf(t, path)
		tamper(t, to, strings.Split(c.query, "; ")...)
		found := examine(t, to)
		hit := false
		for _, f := range found {
			hit = hit || f.Table == c.table && strings.Contains(f.Row, c.row) && strings.Contains(f.Text, c.text)
		}
		if !hit {
			t.Errorf("%s: %v, want %s %s %q", c.what, found, c.table, c.row, c.text)
		}
		if err := tail(t, to, 1<<30); err == nil || !strings.Contains(err.Error(), ErrCorrupt.Error()) {
			t.Errorf("%s: the tail says %v", c.what, err)
		}
	}
}

// The tail's cost is bounded: it looks at the newest rows and at nothing before.
func TestTailLooksAtTheNewestRows(t *testing.T) {
	r, path := written(t, 20)
	must(t, r.w.Close())
	must(t, r.Close())
	old, fresh := copyOf(t, path), copyOf(t, path)
	tamper(t, old, "UPDATE fills SET price = '1' WHERE id = 1")
	tamper(t, fresh, "UPDATE fills SET price = '1' WHERE id = 40")
	must(t, tail(t, old, 20))
	if err := tail(t, fresh, 20); err == nil || !strings.Contains(err.Error(), "row 40") {
		t.Errorf("a change in the tail: %v, want row 40 named", err)
	}
	// The order whose last state came at the end was asked for long before it.
	tamper(t, old, "UPDATE orders SET side = 'buy' WHERE id = 1")
	if err := tail(t, old, 20); err == nil || !strings.Contains(err.Error(), "1 of session 1") {
		t.Errorf("an old order with a new state: %v, want it named", err)
	}
}

// A ledger of before the chain is chained as it is found, and what is changed later
// is named; the sessions in it go on.
func TestOldLedgerIsChainedWhenItIsMigrated(t *testing.T) {
	db, path := v1(t)
	ctx := context.Background()
	must(t, migrate(ctx, db, embedded[:6], path))
	_, err := db.Exec(`INSERT INTO run (id, session, started, scripts, journal, config, committed_seq, clean) VALUES (1, 1, '', '[]', '', '{}', 9, 1);
		INSERT INTO instrument VALUES ('spot', 'DOGEUSDT', 'DOGE', 'USDT', 'USDT', '0.00001', '1', 1, '1')`)
	must(t, err)
	for n := 1; n <= 2*linkRows+1; n++ {
		_, err := db.Exec(`INSERT INTO txn VALUES (?1, 1, 1, ?1, ?1, 'deposit', ?1, '', 0)`, n)
		must(t, err)
		_, err = db.Exec(`INSERT INTO posting VALUES (?1, 0, 'A:spot', 'USDT', '5'), (?1, 1, 'Q:opening', 'USDT', '-5')`, n)
		must(t, err)
	}
	must(t, migrate(ctx, db, embedded, path))
	must(t, db.Close())
	if found := examine(t, path); len(found) > 0 {
		t.Fatalf("an old ledger that was migrated: %v", found)
	}
	must(t, tail(t, path, 10))
	tamper(t, path, "UPDATE posting SET amount = '6' WHERE txn = 7 AND n = 0")
	found := examine(t, path)
	if !names(found, "txn", "row 7") {
		t.Errorf("a posting from before: %v, want txn 7 named", found)
	}
}

// Who looked and takes the rows for right goes on with them; what was is kept.
func TestAccept(t *testing.T) {
	r, path := written(t, 3)
	must(t, r.w.Close())
	must(t, r.Close())
	tamper(t, path, "UPDATE fills SET strategy = 'x' WHERE id = 3")
	before := path + ".before"
	must(t, Accept(context.Background(), path, before))
	if found := examine(t, path); len(found) > 0 {
		t.Errorf("accepted: %v", found)
	}
	must(t, tail(t, path, 10))
	if found := examine(t, before); !names(found, "fills", "row 3") {
		t.Errorf("the copy of before: %v", found)
	}
	db := openLedger(t, paperAt(path))
	run, err := db.Run(1)
	must(t, err)
	w, err := db.NewWriter(run, WriterOptions{})
	must(t, err)
	for _, row := range everyRow(9) {
		must(t, w.Post(row))
	}
	must(t, w.Close())
	must(t, db.Verify(context.Background()))
}

// A commit that failed leaves nothing in the chain: its rows are in the link of the
// commit that wrote them.
func TestChainAfterAStall(t *testing.T) {
	r := newRig(t, WriterOptions{Retry: 1})
	r.post(everyRow(1)...)
	r.sync()
	_, err := r.exec("PRAGMA max_page_count = 1")
	must(t, err)
	var seq uint64
	for seq = 2; seq < 200; seq++ {
		r.post(everyRow(seq)...)
	}
	if err := r.w.Sync(context.Background()); err == nil {
		t.Fatal("a full ledger took the rows")
	}
	_, err = r.exec("PRAGMA max_page_count = 1000000")
	must(t, err)
	r.sync()
	must(t, r.Verify(context.Background()))
}
