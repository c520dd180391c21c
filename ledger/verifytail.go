package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// VerifyTail compares the newest rows, about as many as asked for, with the chain,
// and adds up the postings among them. It is what a start can afford. The error is an
// ErrCorrupt that names the first row that does not hold.
func (db *DB) VerifyTail(ctx context.Context, rows int) error {
	v := &verifier{most: 20}
	if err := v.tail(ctx, db, rows); err != nil {
		return fmt.Errorf("ledger %s: verify: %w", db.o.Path, classify(err))
	}
	return v.failure(db.o.Path)
}

func (v *verifier) tail(ctx context.Context, db *DB, rows int) (err error) {
	if v.tx, err = db.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}); err != nil {
		return err
	}
	defer func() { _ = v.tx.Rollback() }()
	l := links{rows: map[rowName]expected{}, hashes: map[int64][]byte{}}
	after, accepted, err := v.tailBegins(ctx, rows)
	if err != nil {
		return err
	}
	l.whole = after == 0
	if !l.whole {
		var raw []byte
		if err := v.tx.QueryRowContext(ctx, "SELECT hash FROM chain WHERE id = ?", after).Scan(&raw); err != nil {
			return err
		}
		l.last.n = after
		copy(l.last.hash[:], raw)
	}
	if err := v.walk(ctx, &l, after); err != nil {
		return err
	}
	if err := v.heads(ctx, &l); err != nil {
		return err
	}
	for i := range chained {
		if err := v.tailOf(ctx, &l, &chained[i], accepted); err != nil {
			return err
		}
	}
	v.missing(&l)
	return nil
}

// tailBegins is the link after which the tail begins: 0 when it is the whole chain.
// Up to link accepted, rows were taken as they were.
func (v *verifier) tailBegins(ctx context.Context, rows int) (after, accepted int64, err error) {
	done := errors.New("enough")
	n := 0
	err = v.rows(ctx, func(r *sql.Rows) error {
		var id int64
		var origin string
		var raw []byte
		if err := r.Scan(&id, &origin, &raw); err != nil {
			return err
		}
		if n >= rows {
			after = id
			return done
		}
		if origin == originAccepted {
			accepted = max(accepted, id)
		}
		if err := eachEntry(raw, func(*entry) { n++ }); err != nil && !errors.Is(err, errEntries) {
			return err
		}
		return nil
	}, "SELECT id, origin, entries FROM chain ORDER BY id DESC")
	if errors.Is(err, done) {
		err = nil
	}
	return after, accepted, err
}

// tailOf compares the rows of a table that are in the tail, and those after them.
func (v *verifier) tailOf(ctx context.Context, l *links, c *chainedTable, accepted int64) error {
	var s sealer
	compare := func(e *entry, columns []any) error {
		want, ok := l.rows[e.name()]
		if ok && want.intent != e.intent && !l.whole {
			// A later write of an order may have named it otherwise: the first one counts.
			first, err := v.firstIntent(ctx, e.name())
			if err != nil {
				return err
			}
			want.intent = first
			l.rows[e.name()] = want
		}
		v.compare(l, c, e, columns)
		return nil
	}
	if c.kind == kindOrder {
		var names []rowName
		for n := range l.rows {
			if n.kind == c.kind {
				names = append(names, n)
			}
		}
		for _, n := range sortNames(names) {
			if err := c.each(ctx, v.tx, "WHERE session = ? AND id = ?", &s, compare, n.session, n.key); err != nil {
				return err
			}
		}
		return nil
	}
	from, sums := int64(0), int64(0) // the first row of the tail, and of those that must sum to zero
	for n, x := range l.rows {
		if n.kind != c.kind {
			continue
		}
		if from == 0 || n.key < from {
			from = n.key
		}
		if x.link <= accepted {
			sums = max(sums, n.key)
		}
	}
	if from == 0 && !l.whole {
		return nil
	}
	if err := c.each(ctx, v.tx, "WHERE id >= ?", &s, compare, from); err != nil {
		return err
	}
	if c.kind == kindTxn {
		return v.postingsFrom(ctx, max(from, sums+1))
	}
	return nil
}

// firstIntent is what an order was when it was first written.
func (v *verifier) firstIntent(ctx context.Context, name rowName) (m mark, err error) {
	found := errors.New("found")
	err = v.rows(ctx, func(r *sql.Rows) error {
		var raw []byte
		if err := r.Scan(&raw); err != nil {
			return err
		}
		hit := false
		err := eachEntry(raw, func(e *entry) {
			if !hit && e.name() == name {
				m, hit = e.intent, true
			}
		})
		if hit {
			return found
		}
		return err
	}, "SELECT entries FROM chain ORDER BY id")
	if errors.Is(err, found) {
		err = nil
	}
	return m, err
}
