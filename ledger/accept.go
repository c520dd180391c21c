package ledger

import (
	"context"
	"errors"
	"fmt"
)

// Accept takes the rows of a ledger for right as they are: it makes the chain anew.
// What it was before is first copied to a file that must not exist. What the chain
// does not prove, sums and agreement, it mends nothing of: a verification still tells.
func Accept(ctx context.Context, path, before string) error {
	is, err := Open(Options{Path: path, ReadOnly: true})
	if err != nil {
		return err
	}
	o := Options{Path: path, Mode: is.stamp.mode, Venue: is.stamp.venue, Account: is.stamp.account}
	v := &verifier{most: 1}
	v.tx, err = is.read.BeginTx(ctx, nil)
	if err == nil {
		err = errors.Join(v.structure(ctx), v.tx.Rollback())
	}
	if err = errors.Join(err, is.Close()); err != nil {
		return fmt.Errorf("ledger %s: accept: %w", path, classify(err))
	}
	if err := v.failure(path); err != nil {
		return fmt.Errorf("%w; a damaged file can't be accepted, only restored", err)
	}
	db, err := Open(o)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Backup(ctx, before); err != nil {
		return err
	}
	tx, err := db.write.BeginTx(ctx, nil)
	if err == nil {
		defer func() { _ = tx.Rollback() }() // does nothing after Commit
		err = chainRows(ctx, tx, originAccepted)
	}
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		return fmt.Errorf("ledger %s: accept: %w", path, classify(err))
	}
	return nil
}
