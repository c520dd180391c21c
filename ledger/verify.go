package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/shopspring/decimal"
)

// Finding is one thing in a ledger that does not hold.
type Finding struct {
	Check string `json:"check"` // structure, references, chain, postings, fills, orders, funding, positions, journal
	Table string `json:"table,omitempty"`
	Row   string `json:"row,omitempty"` // what names the row
	Text  string `json:"text"`          // what is wrong and what it means
}

func (f *Finding) String() string {
	switch {
	case f.Table == "":
		return f.Check + ": " + f.Text
	case f.Row == "":
		return f.Check + ": " + f.Table + ": " + f.Text
	}
	return f.Check + ": " + f.Table + " " + f.Row + ": " + f.Text
}

// VerifyOptions bound a verification and say what else it reads.
type VerifyOptions struct {
	// Journals is a directory that holds the journals of the runs by their names, when
	// they are not where the runs left them. A run whose journal is gone is not compared.
	Journals string
	// Most is how many findings are kept; the others are counted. 0: 200.
	Most int
}

// Verification is what reading a whole ledger found.
type Verification struct {
	Findings []Finding `json:"findings"`
	More     int       `json:"more,omitempty"`     // findings beyond the bound
	Rows     int       `json:"rows"`               // that the chain holds
	Links    int64     `json:"links"`              // of the chain
	Journals []string  `json:"journals,omitempty"` // that were compared
	Skipped  []string  `json:"skipped,omitempty"`  // journals that were not, and why
}

// OK reports that all holds.
func (v *Verification) OK() bool { return len(v.Findings) == 0 }

// Verify reads the whole ledger and returns an ErrCorrupt that names the first thing
// that is not as it was written: the file's structure, its references, the chain, and
// postings that don't sum to zero. Whether the rows agree with each other is asked of
// Examine.
func (db *DB) Verify(ctx context.Context) error {
	v := &verifier{most: 20}
	if err := v.examine(ctx, db, false); err != nil {
		return fmt.Errorf("ledger %s: verify: %w", db.o.Path, classify(err))
	}
	return v.failure(db.o.Path)
}

func (v *Verification) failure(path string) error {
	if v.OK() {
		return nil
	}
	more := ""
	if n := len(v.Findings) + v.More - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	return fmt.Errorf("ledger %s: verify: %w: %s%s", path, ErrCorrupt, &v.Findings[0], more)
}

// verifier is one verification at work. All its reads are of one moment.
type verifier struct {
	Verification
	tx       *sql.Tx
	most     int
	journals string
}

func (v *verifier) find(check, table, row, text string, args ...any) {
	if len(v.Findings) >= v.most {
		v.More++
		return
	}
	v.Findings = append(v.Findings, Finding{check, table, row, fmt.Sprintf(text, args...)})
}

// Examine reads the whole ledger and returns all that does not hold: the structure of
// the file, its references, the chain over orders, fills, funding and txns, postings
// that sum to zero, fills against orders and their money, funding against its money,
// what pairs hold and what they paid and were paid against fills, funding and txns, and the
// journals against it. A session may write it meanwhile.
func (db *DB) Examine(ctx context.Context, o VerifyOptions) (*Verification, error) {
	v := &verifier{most: o.Most, journals: o.Journals}
	if v.most <= 0 {
		v.most = 200
	}
	v.Findings = []Finding{}
	err := v.examine(ctx, db, true)
	if err != nil {
		return nil, fmt.Errorf("ledger %s: verify: %w", db.o.Path, classify(err))
	}
	return &v.Verification, nil
}

// examine checks what was written, and when agreement is asked for whether the rows
// agree with each other and with the journals.
func (v *verifier) examine(ctx context.Context, db *DB, agreement bool) (err error) {
	if v.tx, err = db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}); err != nil {
		return err
	}
	defer func() { _ = v.tx.Rollback() }()
	if err := v.structure(ctx); err != nil || len(v.Findings) > 0 {
		return err // what is read from a torn file says nothing
	}
	checks := []func(context.Context) error{v.references, v.chain, v.postings}
	if agreement {
		checks = append(checks, v.fills, v.funding, v.positions, v.pairMoney, v.journal)
	}
	for _, check := range checks {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) structure(ctx context.Context) error {
	return v.rows(ctx, func(r *sql.Rows) error {
		var answer string
		if err := r.Scan(&answer); err != nil {
			return err
		}
		if answer != "ok" {
			v.find("structure", "", "", "%s; restore a backup", answer)
		}
		return nil
	}, "PRAGMA integrity_check(20)")
}

func (v *verifier) references(ctx context.Context) error {
	return v.rows(ctx, func(r *sql.Rows) error {
		var table, parent string
		var row sql.NullInt64
		var key int
		if err := r.Scan(&table, &row, &parent, &key); err != nil {
			return err
		}
		v.find("references", table, fmt.Sprintf("row %d", row.Int64), "it refers to a row of %s that is not there", parent)
		return nil
	}, "PRAGMA foreign_key_check")
}

func (v *verifier) rows(ctx context.Context, f func(*sql.Rows) error, query string, args ...any) error {
	rows, err := v.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// postings adds up txn by txn; they come grouped by their key.
func (v *verifier) postings(ctx context.Context) error { return v.postingsFrom(ctx, 0) }

func (v *verifier) postingsFrom(ctx context.Context, first int64) error {
	var txn int64
	var asset string
	var sum decimal.Decimal
	balanced := func() {
		if !sum.IsZero() {
			v.find("postings", "txn", fmt.Sprint(txn), "%s of %s are left over: money came from nowhere or went there", sum, asset)
		}
	}
	err := v.rows(ctx, func(r *sql.Rows) error {
		var nextTxn int64
		var nextAsset, text string
		if err := r.Scan(&nextTxn, &nextAsset, &text); err != nil {
			return err
		}
		amount, err := decimal.NewFromString(text)
		if err != nil {
			v.find("postings", "posting", fmt.Sprintf("of txn %d in %s", nextTxn, nextAsset), "its amount is %q, which is no number", text)
			return nil
		}
		if nextTxn != txn || nextAsset != asset {
			balanced()
			txn, asset, sum = nextTxn, nextAsset, decimal.Zero
		}
		sum = sum.Add(amount)
		return nil
	}, "SELECT txn, asset, amount FROM posting WHERE txn >= ? ORDER BY txn, asset", first)
	balanced()
	return err
}
