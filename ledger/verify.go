package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/shopspring/decimal"
)

// Verify reads the whole ledger and returns an ErrCorrupt that names the first
// thing that does not hold: the file's structure, its references, and that the
// postings of every txn sum to zero for each asset. A changed digit elsewhere
// is not found.
func (db *DB) Verify(ctx context.Context) error {
	for _, check := range []func(context.Context) error{db.checkStructure, db.checkReferences, db.checkPostings} {
		if err := check(ctx); err != nil {
			return fmt.Errorf("ledger %s: verify: %w", db.o.Path, classify(err))
		}
	}
	return nil
}

func (db *DB) checkStructure(ctx context.Context) error {
	var answer string
	if err := db.read.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&answer); err != nil {
		return err
	}
	if answer != "ok" {
		return fmt.Errorf("%w: %s", ErrCorrupt, answer)
	}
	return nil
}

func (db *DB) checkReferences(ctx context.Context) error {
	rows, err := db.read.QueryContext(ctx, "PRAGMA foreign_key_check")
	if err != nil {
		return err
	}
	defer rows.Close()
	if rows.Next() {
		var table, parent string
		var row sql.NullInt64
		var key int
		if err := rows.Scan(&table, &row, &parent, &key); err != nil {
			return err
		}
		return fmt.Errorf("%w: row %d of %s refers to a row of %s that is not there", ErrCorrupt, row.Int64, table, parent)
	}
	return rows.Err()
}

// checkPostings adds up txn by txn; postings come grouped by their key.
func (db *DB) checkPostings(ctx context.Context) error {
	rows, err := db.read.QueryContext(ctx, "SELECT txn, asset, amount FROM posting ORDER BY txn, asset")
	if err != nil {
		return err
	}
	defer rows.Close()
	var txn int64
	var asset string
	var sum decimal.Decimal
	balanced := func() error {
		if !sum.IsZero() {
			return fmt.Errorf("%w: txn %d: %s of %s are left over", ErrCorrupt, txn, sum, asset)
		}
		return nil
	}
	for rows.Next() {
		var nextTxn int64
		var nextAsset string
		var amount decimal.Decimal
		if err := rows.Scan(&nextTxn, &nextAsset, &amount); err != nil {
			return err
		}
		if nextTxn != txn || nextAsset != asset {
			if err := balanced(); err != nil {
				return err
			}
			txn, asset, sum = nextTxn, nextAsset, decimal.Zero
		}
		sum = sum.Add(amount)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return balanced()
}
