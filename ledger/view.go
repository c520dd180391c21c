package ledger

import (
	"context"
	"database/sql"
	"errors"
)

// View is a ledger as it is at one moment, whatever is written to it meanwhile. It is
// valid during the call of DB.At and used by one goroutine.
type View struct{ tx *sql.Tx }

// At calls do with the ledger as it is now. A session that writes it is not held up; its
// write-ahead log grows until do has returned.
func (db *DB) At(ctx context.Context, do func(*View) error) error {
	tx, err := db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return classify(err)
	}
	return errors.Join(do(&View{tx}), tx.Rollback())
}

// Query is Reader.Query at the moment of the view.
func (s *View) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	rows, err := s.tx.QueryContext(ctx, query, args...)
	return rows, classify(err)
}
