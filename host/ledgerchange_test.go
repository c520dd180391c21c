package host

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// tradedLedger is the ledger of a session that traded pairs, and its journal beside it.
func tradedLedger(t *testing.T, set map[string]string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.db")
	sum, err := Run(context.Background(), &Options{Scripts: []string{"../scripts/funding_rotation.lua"}, Set: set, Market: []string{"synth"}, Seed: 1,
		For: 18 * exchange.Hour, DB: path})
	if err != nil || sum.Fills < 4 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if found := (change{journal: true}).of(t, path); len(found) > 0 {
		t.Fatalf("an untouched ledger: %v", found)
	}
	return path
}

// change is how a ledger is verified after it was changed.
type change struct {
	accepted bool // the chain is made anew before, as a forger would
	journal  bool // it is compared with the journal too
}

// of copies a ledger, changes the copy as another program would, and returns what a
// verification finds.
func (c change) of(t *testing.T, path string, queries ...string) []ledger.Finding {
	t.Helper()
	to := filepath.Join(t.TempDir(), "b.db")
	raw, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(to, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+to)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	for _, table := range []string{"txn", "posting", "fills", "funding", "fill_shares"} {
		queries = append([]string{"DROP TRIGGER IF EXISTS " + table + "_no_update", "DROP TRIGGER IF EXISTS " + table + "_no_delete"}, queries...)
	}
	for _, q := range append([]string{"PRAGMA ignore_check_constraints = 1"}, queries...) {
		res, err := db.Exec(q)
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		if n, _ := res.RowsAffected(); n == 0 && !strings.HasPrefix(q, "DROP") && !strings.HasPrefix(q, "PRAGMA") {
			t.Fatalf("%s: nothing was changed", q)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if c.accepted {
		if err := ledger.Accept(context.Background(), to, to+".before"); err != nil {
			t.Fatal(err)
		}
	}
	is, err := ledger.Open(ledger.Options{Path: to, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer is.Close()
	o := ledger.VerifyOptions{Journals: t.TempDir(), Most: 10_000}
	if c.journal {
		o.Journals = strings.TrimSuffix(path, ".db") + ".journal"
	}
	v, err := is.Examine(context.Background(), o)
	if err != nil || c.journal != (len(v.Journals) == 1) {
		t.Fatalf("%+v, %v; want a journal compared: %t", v, err, c.journal)
	}
	return v.Findings
}

// digit changes the last digit of a decimal, or adds one to a text.
func digit(table, column, where string) string {
	return fmt.Sprintf(`UPDATE %[1]s SET %[2]s = CASE typeof(%[2]s) WHEN 'integer' THEN 1 - %[2]s
		WHEN 'text' THEN iif(%[2]s GLOB '*.*[0-9]', substr(%[2]s, 1, length(%[2]s) - 1) || ((substr(%[2]s, -1) + 1) %% 10), %[2]s || '7') END WHERE %[3]s`,
		table, column, where)
}

// Of every table that the chain holds, a change in any column of a row that a session
// wrote is named, with the row.
func TestEveryColumnOfASessionIsProved(t *testing.T) {
	t.Parallel()
	path := tradedLedger(t, nil)
	db, err := sql.Open("sqlite", "file:"+path+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range []struct{ table, where, owner, row string }{
		{"orders", "id = 3", "orders", "3 of session 1"},
		{"fills", "id = 3", "fills", "row 3 "},
		{"funding", "id = 3", "funding", "row 3 "},
		{"txn", "id = 5", "txn", "row 5 "},
		{"posting", "txn = 5 AND n = 1", "txn", "row 5 "},
	} {
		rows, err := db.Query("SELECT name FROM pragma_table_info('" + c.table + "') WHERE name NOT IN ('id', 'session', 'n', 'txn', 'run')")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var column string
			if err := rows.Scan(&column); err != nil {
				t.Fatal(err)
			}
			if found := (change{}).of(t, path, digit(c.table, column, c.where)); !finds(found, "chain", c.owner, c.row) {
				t.Errorf("%s.%s: %v", c.table, column, found)
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if found := (change{}).of(t, path, "DELETE FROM "+c.table+" WHERE "+c.where); !finds(found, "chain", c.owner, strings.TrimSpace(c.row)) {
			t.Errorf("a row of %s deleted: %v", c.table, found)
		}
	}
}

func finds(found []ledger.Finding, check, table, row string) bool {
	return slices.ContainsFunc(found, func(f ledger.Finding) bool {
		return f.Check == check && f.Table == table && strings.Contains(f.Row, row)
	})
}

// What the chain does not prove, because it was made anew, the rows prove of each
// other, and the journal of them.
func TestRowsProveEachOther(t *testing.T) {
	t.Parallel()
	paper, coin := tradedLedger(t, nil), tradedLedger(t, map[string]string{"margin": "coin"})
	const (
		fill  = "id = (SELECT min(id) FROM fills WHERE market = 'spot')"
		order = "id = (SELECT order_id FROM fills WHERE " + fill + ")"
		pair  = "id = (SELECT pair FROM fills WHERE " + fill + ")"
	)
	of := "txn = (SELECT t.id FROM txn t, fills f WHERE f." + fill + " AND t.kind = 'fill' AND t.ref = f.market || ':' || f.symbol || ':' || f.trade_id)"
	type want struct{ check, table string }
	for _, c := range []struct {
		name, path string
		wants      []want
		queries    []string
	}{
		{"a fill's price", paper, []want{{"fills", "fills"}, {"journal", "fills"}}, []string{digit("fills", "price", fill)}},
		{"a fill's quantity", paper, []want{{"fills", "fills"}, {"orders", "orders"}, {"positions", "pairs"}, {"journal", "fills"}}, []string{digit("fills", "qty", fill)}},
		{"a fill's fee", paper, []want{{"fills", "fills"}, {"journal", "fills"}}, []string{digit("fills", "fee", fill)}},
		{"a fill's profit", paper, []want{{"fills", "fills"}, {"journal", "fills"}}, []string{digit("fills", "realised", "id = (SELECT id FROM fills WHERE market = 'usdm' LIMIT 1)")}},
		{"a fill's order", paper, []want{{"fills", "fills"}, {"orders", "orders"}, {"journal", "fills"}}, []string{"UPDATE fills SET order_id = 9999 WHERE " + fill}},
		{"a fill's role", paper, []want{{"journal", "fills"}}, []string{digit("fills", "maker", fill)}},
		{"a fill's trade id", paper, []want{{"fills", "txn"}, {"journal", "fills"}}, []string{"UPDATE fills SET trade_id = 'x' WHERE " + fill}},
		{"a fill's pair", paper, []want{{"positions", "pairs"}}, []string{"UPDATE fills SET pair = 9999 WHERE " + fill}},
		{"a fill's side", paper, []want{{"fills", "fills"}, {"positions", "pairs"}, {"journal", "fills"}}, []string{"UPDATE fills SET side = iif(side = 'buy', 'sell', 'buy') WHERE " + fill}},
		{"a fill deleted", paper, []want{{"orders", "orders"}, {"fills", "txn"}, {"positions", "pairs"}, {"journal", "fills"}}, []string{"DELETE FROM fills WHERE " + fill}},
		{"a fill and its money deleted", paper, []want{{"orders", "orders"}, {"positions", "pairs"}, {"journal", "fills"}},
			[]string{"DELETE FROM posting WHERE " + of, "DELETE FROM txn WHERE kind = 'fill' AND ref = (SELECT market || ':' || symbol || ':' || trade_id FROM fills WHERE " + fill + ")", "DELETE FROM fills WHERE " + fill}},
		{"money of a fill, on both sides", paper, []want{{"fills", "fills"}},
			[]string{"UPDATE posting SET amount = '1' WHERE asset = 'USDT' AND account LIKE 'A:%' AND " + of, "UPDATE posting SET amount = '-1' WHERE asset = 'USDT' AND account NOT LIKE 'A:%' AND " + of}},
		{"money of a fill, on one side", paper, []want{{"postings", "txn"}, {"fills", "fills"}}, []string{digit("posting", "amount", "account LIKE 'A:%' AND "+of)}},
		{"a posting deleted", paper, []want{{"postings", "txn"}}, []string{"DELETE FROM posting WHERE n = 1 AND " + of}},
		{"an order's quantity filled", paper, []want{{"orders", "orders"}}, []string{digit("orders", "filled", order)}},
		{"an order's quantity", paper, []want{{"journal", "orders"}}, []string{digit("orders", "qty", order)}},
		{"an order's quantity below its fills", paper, []want{{"orders", "orders"}}, []string{"UPDATE orders SET qty = '0' WHERE " + order}},
		{"an order's limit", paper, []want{{"journal", "orders"}}, []string{digit("orders", "price", order)}},
		{"an order's limit beyond its fills", paper, []want{{"fills", "fills"}}, []string{"UPDATE orders SET price = iif(side = 'buy', '0.01', '999999') WHERE " + order}},
		{"an order's side", paper, []want{{"fills", "fills"}, {"journal", "orders"}}, []string{"UPDATE orders SET side = iif(side = 'buy', 'sell', 'buy') WHERE " + order}},
		{"an order's client id", paper, []want{{"journal", "orders"}}, []string{digit("orders", "client_id", order)}},
		{"an order's time in force", paper, []want{{"journal", "orders"}}, []string{"UPDATE orders SET tif = 'fok' WHERE " + order}},
		{"an order made reduce only", paper, []want{{"journal", "orders"}}, []string{digit("orders", "reduce_only", order)}},
		{"an order deleted", paper, []want{{"fills", "fills"}, {"journal", "orders"}}, []string{"DELETE FROM orders WHERE " + order}},
		{"funding", paper, []want{{"funding", "funding"}}, []string{digit("funding", "amount", "id = 3")}},
		{"funding deleted", paper, []want{{"funding", "funding"}}, []string{"DELETE FROM funding WHERE id = 3"}},
		{"a pair's contracts", paper, []want{{"positions", "pairs"}}, []string{digit("pairs", "perp_qty", pair)}},
		{"a pair's coins", paper, []want{{"positions", "pairs"}}, []string{digit("pairs", "spot_qty", pair)}},
		{"a pair's coins, under coin margin", coin, []want{{"positions", "pairs"}}, []string{digit("pairs", "spot_qty", pair)}},
		{"a pair's coins elsewhere", coin, []want{{"positions", "pairs"}}, []string{digit("pairs", "away", pair)}},
		{"a pair's spot cost", paper, []want{{"positions", "pairs"}}, []string{digit("pairs", "spot_cost", pair)}},
		{"a pair's cost of the perpetual", paper, []want{{"positions", "pairs"}}, []string{digit("pairs", "perp_cost", pair)}},
		{"a pair's fees", paper, []want{{"positions", "pairs"}}, []string{digit("pairs", "fees", pair)}},
		{"a pair's fees, under coin margin", coin, []want{{"positions", "pairs"}}, []string{digit("pairs", "fees", pair)}},
		{"a pair's funding", paper, []want{{"positions", "pairs"}}, []string{digit("pairs", "funding", pair)}},
		{"a pair's funding, under coin margin", coin, []want{{"positions", "pairs"}}, []string{digit("pairs", "funding", pair)}},
		{"a pair's insurance", paper, []want{{"positions", "pairs"}}, []string{"UPDATE pairs SET insurance = '1' WHERE " + pair}},
		{"a pair's settlements", paper, []want{{"positions", "pairs"}}, []string{"UPDATE pairs SET settlements = settlements + 1 WHERE " + pair}},
		{"a settlement given to another pair", paper, []want{{"positions", "pairs"}}, []string{"UPDATE funding SET pair = 9999 WHERE pair <> 0 AND id = (SELECT min(id) FROM funding WHERE pair <> 0)"}},
		{"a pair's leg", paper, []want{{"positions", "pairs"}}, []string{"UPDATE pairs SET spot = 'spot:NONE' WHERE " + pair}},
		{"a pair deleted", paper, []want{{"positions", "pairs"}}, []string{"DELETE FROM pairs WHERE " + pair}},
	} {
		journal := slices.ContainsFunc(c.wants, func(w want) bool { return w.check == "journal" })
		found := change{accepted: true, journal: journal}.of(t, c.path, c.queries...)
		for _, w := range c.wants {
			if !finds(found, w.check, w.table, "") {
				t.Errorf("%s: %v; want %s of %s", c.name, found, w.check, w.table)
			}
		}
		for _, f := range found {
			if f.Check == "chain" || f.Check == "structure" {
				t.Errorf("%s: the chain made anew says %v", c.name, f)
			}
		}
	}
}

// A pair of before it was known where else its coins are is not compared on spot.
func TestAnOldPairUnderCoinMarginIsNotCompared(t *testing.T) {
	t.Parallel()
	path := tradedLedger(t, map[string]string{"margin": "coin"})
	if found := (change{}).of(t, path, "UPDATE pairs SET away = ''"); len(found) > 0 {
		t.Errorf("%v", found)
	}
}
