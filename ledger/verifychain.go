package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// rowName names a chained row. Only orders are numbered by session.
type rowName struct {
	kind         byte
	session, key int64
}

func (e *entry) name() rowName {
	if e.kind == kindOrder {
		return rowName{e.kind, e.session, e.key}
	}
	return rowName{kind: e.kind, key: e.key}
}

func (n rowName) String() string {
	if n.kind == kindOrder {
		return fmt.Sprintf("%d of session %d", n.key, n.session)
	}
	return fmt.Sprintf("row %d", n.key)
}

// expected is what the chain says of a row, and which link said it last.
type expected struct {
	intent, state mark
	link          int64
}

// links is a part of the chain that ends with its end.
type links struct {
	rows map[rowName]expected
	last head
	// hashes of the links, by number, for what sessions hold against them
	hashes map[int64][]byte
	whole  bool // it begins with the first link
}

// chain walks all links and compares every row with what they say.
func (v *verifier) chain(ctx context.Context) error {
	l := links{rows: map[rowName]expected{}, hashes: map[int64][]byte{}, whole: true}
	if err := v.walk(ctx, &l, 0); err != nil {
		return err
	}
	v.Links, v.Rows = l.last.n, len(l.rows)
	if err := v.heads(ctx, &l); err != nil {
		return err
	}
	var s sealer
	for i := range chained {
		c := &chained[i]
		err := c.each(ctx, v.tx, "", &s, func(e *entry, columns []any) error {
			v.compare(&l, c, e, columns)
			return nil
		})
		if err != nil {
			return err
		}
	}
	v.missing(&l)
	return nil
}

// walk reads the links after one.
func (v *verifier) walk(ctx context.Context, l *links, after int64) error {
	return v.rows(ctx, func(r *sql.Rows) error {
		var id int64
		var origin string
		var raw, hash []byte
		if err := r.Scan(&id, &origin, &raw, &hash); err != nil {
			return err
		}
		want := l.last.next(origin, raw)
		switch {
		case id != want.n:
			v.find("chain", "chain", fmt.Sprintf("link %d", want.n), "it is missing: what was written with it can't be proved (the next one is %d)", id)
		case string(hash) != string(want.hash[:]):
			v.find("chain", "chain", fmt.Sprintf("link %d", id), "it was changed: its entries and link %d don't give its hash", id-1)
		}
		l.last.n = id
		copy(l.last.hash[:], hash)
		l.hashes[id] = hash
		err := eachEntry(raw, func(e *entry) {
			x := expected{e.intent, e.state, id}
			if was, ok := l.rows[e.name()]; ok {
				x.intent = was.intent // as it was first written
			}
			l.rows[e.name()] = x
		})
		if errors.Is(err, errEntries) {
			v.find("chain", "chain", fmt.Sprintf("link %d", id), "%v", err)
			err = nil
		}
		return err
	}, "SELECT id, origin, entries, hash FROM chain WHERE id > ? ORDER BY id", after)
}

// heads compares the end of the chain with what the sessions say it was.
func (v *verifier) heads(ctx context.Context, l *links) error {
	var most int64
	err := v.rows(ctx, func(r *sql.Rows) error {
		var account string
		var n int64
		var hash []byte
		if err := r.Scan(&account, &n, &hash); err != nil {
			return err
		}
		most = max(most, n)
		if has, ok := l.hashes[n]; ok && string(has) != string(hash) {
			v.find("chain", "session", account, "it was written up to link %d of the chain, which is another one now", n)
		}
		return nil
	}, "SELECT account, chain_n, chain_hash FROM session ORDER BY id")
	if err == nil && most != l.last.n {
		v.find("chain", "chain", fmt.Sprintf("link %d", max(most, l.last.n)),
			"the chain ends with link %d, and the sessions were written up to link %d: what lies between was removed or added", l.last.n, most)
	}
	return err
}

// compare holds a row against the chain, and takes it out of what is expected.
func (v *verifier) compare(l *links, c *chainedTable, e *entry, columns []any) {
	want, ok := l.rows[e.name()]
	delete(l.rows, e.name())
	row := e.name().String() + " (" + c.describe(columns) + ")"
	parts := ""
	if c.parts != "" {
		parts = ", or of its rows in " + c.parts
	}
	switch {
	case !ok:
		v.find("chain", c.table, row, "it was added: no session wrote it")
	case want.intent != e.intent:
		v.find("chain", c.table, row, "it is not the order that was asked for: what never changes in one was changed")
	case want.state != e.state:
		v.find("chain", c.table, row, "it is not what was written with link %d: a value of it%s was changed", want.link, parts)
	}
}

// missing names what the chain holds and the tables don't.
func (v *verifier) missing(l *links) {
	var gone []rowName
	for n := range l.rows {
		gone = append(gone, n)
	}
	for _, n := range sortNames(gone) {
		c := chainedBy(n.kind)
		if c == nil {
			v.find("chain", "chain", fmt.Sprintf("link %d", l.rows[n].link), "it has a row of kind %q, which this version does not know", string(n.kind))
			continue
		}
		v.find("chain", c.table, n.String(), "it was deleted: it was written with link %d", l.rows[n].link)
	}
}

func sortNames(names []rowName) []rowName {
	slices.SortFunc(names, func(a, b rowName) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.session, b.session), cmp.Compare(a.key, b.key))
	})
	return names
}

// describe tells people which row it is.
func (c *chainedTable) describe(columns []any) string {
	shown := map[byte][]string{
		kindOrder:   {"client_id", "side", "qty", "symbol", "price"},
		kindFill:    {"trade_id", "side", "qty", "symbol", "price"},
		kindFunding: {"symbol", "amount", "asset", "settled"},
		kindTxn:     {"kind", "ref"},
	}[c.kind]
	var out []string
	for _, name := range shown {
		for i, column := range strings.Split(c.columns, ",") {
			if strings.TrimSpace(column) == name {
				out = append(out, fmt.Sprintf("%s %v", name, columns[i]))
			}
		}
	}
	return strings.Join(out, ", ")
}
