package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
)

// The chain makes a change of what was written visible: 0007_chain.sql says what a
// link is. Rows hash what they were given, in the order of their columns, so that
// reading them back gives the same bytes.

// Kinds of rows in the chain.
const (
	kindOrder   = 'o'
	kindFill    = 'f'
	kindFunding = 'u'
	kindTxn     = 't'
)

// Origins of a link.
const (
	originWrite    = "write"
	originMigrated = "migrated" // rows that were there before there was a chain
	originAccepted = "accepted" // rows as somebody found them and took them for right
)

// linkRows bounds the rows of a link that is made from rows of the ledger.
const linkRows = 1000

// mark is the short hash of a row, or of a part of it.
type mark [16]byte

// entry is what the chain knows of a row: of an order, intent never changes and state
// does. Of other rows state is all.
type entry struct {
	kind          byte
	session, key  int64
	intent, state mark
}

// sealer hashes rows. Its buffer is reused.
type sealer struct{ buf []byte }

func (s *sealer) reset(kind byte) { s.buf = append(s.buf[:0], kind) }

// add appends one column's value; a type that no chained column has is a broken build.
func (s *sealer) add(v any) {
	switch v := v.(type) {
	case int64:
		s.buf = binary.LittleEndian.AppendUint64(append(s.buf, 'i'), uint64(v))
	case int:
		s.add(int64(v))
	case uint8:
		s.add(int64(v))
	case bool:
		n := int64(0)
		if v {
			n = 1
		}
		s.add(n)
	case string:
		s.buf = append(binary.AppendUvarint(append(s.buf, 's'), uint64(len(v))), v...)
	default:
		// Only a file that was tampered with holds another type: STRICT tables don't.
		s.buf = fmt.Appendf(append(s.buf, '?'), "%T %v", v, v)
	}
}

func (s *sealer) sum() (m mark) {
	h := sha256.Sum256(s.buf)
	copy(m[:], h[:])
	return m
}

// orderState are the places of an order's columns that a later state of it changes.
var orderState = [23]bool{2: true, 3: true, 14: true, 15: true, 16: true, 17: true, 18: true, 19: true, 21: true}

// order marks what never changes in an order, and what does.
func (s *sealer) order(columns []any) (intent, state mark) {
	for _, changes := range [...]bool{false, true} {
		s.reset(kindOrder)
		for i, v := range columns {
			if orderState[i] == changes {
				s.add(v)
			}
		}
		if changes {
			state = s.sum()
		} else {
			intent = s.sum()
		}
	}
	return intent, state
}

// link collects the entries of a commit.
type link struct {
	sealer
	entries []byte
	n       int
}

func (l *link) add(e *entry) {
	l.entries = append(l.entries, e.kind)
	l.entries = binary.AppendUvarint(l.entries, uint64(e.session))
	l.entries = binary.AppendUvarint(l.entries, uint64(e.key))
	if e.kind == kindOrder {
		l.entries = append(l.entries, e.intent[:]...)
	}
	l.entries = append(l.entries, e.state[:]...)
	l.n++
}

var errEntries = errors.New("its entries can't be read")

// eachEntry reads the entries of a link.
func eachEntry(raw []byte, f func(*entry)) error {
	for len(raw) > 0 {
		e := entry{kind: raw[0]}
		raw = raw[1:]
		for _, p := range [...]*int64{&e.session, &e.key} {
			v, n := binary.Uvarint(raw)
			if n <= 0 {
				return errEntries
			}
			*p, raw = int64(v), raw[n:]
		}
		marks := []*mark{&e.state}
		if e.kind == kindOrder {
			marks = []*mark{&e.intent, &e.state}
		}
		for _, m := range marks {
			if len(raw) < len(m) {
				return errEntries
			}
			raw = raw[copy(m[:], raw):]
		}
		f(&e)
	}
	return nil
}

// head is the last link.
type head struct {
	n    int64
	hash [sha256.Size]byte
}

// next is the head after a link.
func (h head) next(origin string, entries []byte) head {
	d := sha256.New()
	d.Write(h.hash[:])
	d.Write([]byte(origin))
	d.Write(entries)
	out := head{n: h.n + 1}
	d.Sum(out.hash[:0])
	return out
}

const (
	lastLink   = `SELECT id, hash FROM chain ORDER BY id DESC LIMIT 1`
	addLink    = `INSERT INTO chain (id, origin, entries, hash) VALUES (?,?,?,?)`
	markChains = `UPDATE session SET chain_n = ?, chain_hash = ?`
)

func readHead(ctx context.Context, db *sql.DB) (h head, err error) {
	var raw []byte
	err = db.QueryRowContext(ctx, lastLink).Scan(&h.n, &raw)
	if errors.Is(err, sql.ErrNoRows) {
		return head{}, nil
	}
	if err == nil && copy(h.hash[:], raw) != len(h.hash) {
		err = fmt.Errorf("%w: link %d of the chain has no hash", ErrCorrupt, h.n)
	}
	return h, err
}

// chainRows makes links of all rows as they are, after dropping what links there were.
func chainRows(ctx context.Context, tx *sql.Tx, origin string) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM chain"); err != nil {
		return err
	}
	var h head
	var l link
	flush := func() error {
		if l.n == 0 {
			return nil
		}
		h = h.next(origin, l.entries)
		_, err := tx.ExecContext(ctx, addLink, h.n, origin, l.entries, h.hash[:])
		l.clear()
		return err
	}
	for i := range chained {
		err := chained[i].each(ctx, tx, "", &l.sealer, func(e *entry, _ []any) error {
			l.add(e)
			if l.n < linkRows {
				return nil
			}
			return flush()
		})
		if err != nil {
			return err
		}
	}
	if err := flush(); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, markChains, h.n, h.hash[:])
	return err
}

func chainOldRows(ctx context.Context, tx *sql.Tx) error { return chainRows(ctx, tx, originMigrated) }
