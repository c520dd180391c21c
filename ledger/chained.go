package ledger

import (
	"context"
	"database/sql"
	"strings"
)

// chainedTable is a table whose rows are in the chain, and the table of their parts.
// columns are in the order in which they are written and hashed.
type chainedTable struct {
	kind    byte
	table   string
	columns string
	// named is where of columns the id is; -1: it is a number of the ledger's own.
	named int
	// parts belong to the row of which they hold the id in column by.
	parts, by, partColumns string
}

var chained = []chainedTable{
	{kind: kindOrder, table: "orders", named: 1, columns: `session, id, run, seq, client_id, strategy, pair, leg, market, symbol, side,
		type, tif, reduce_only, price, qty, filled, status, venue_id, reason, created, updated, schedule`},
	{kind: kindFill, table: "fills", named: -1, columns: `session, run, seq, time, venue, account, market, symbol, trade_id, order_id,
		client_id, venue_id, strategy, pair, side, price, qty, maker, fee, fee_asset, realised, reason`,
		parts: "fill_shares", by: "fill", partColumns: "n, strategy, pair, qty, fee, realised"},
	{kind: kindFunding, table: "funding", named: -1, columns: `session, run, seq, time, venue, account, market, symbol, tran_id, strategy,
		pair, settled, rate, mark, position, amount, asset`},
	{kind: kindTxn, table: "txn", named: -1, columns: `session, run, seq, time, kind, ref, strategy, pair`,
		parts: "posting", by: "txn", partColumns: "n, account, asset, amount"},
}

func chainedBy(kind byte) *chainedTable {
	for i := range chained {
		if chained[i].kind == kind {
			return &chained[i]
		}
	}
	return nil
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each hashes the rows that pass the condition, in order of their keys. f gets the
// entry that the chain should hold and the columns, which it must not keep.
func (c *chainedTable) each(ctx context.Context, q querier, where string, s *sealer, f func(*entry, []any) error, args ...any) error {
	query := "SELECT id, " + c.columns + " FROM " + c.table + " " + where + " ORDER BY id"
	if c.kind == kindOrder {
		query = "SELECT id, " + c.columns + " FROM orders " + where + " ORDER BY session, id"
	}
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	parts, err := c.openParts(ctx, q, where, args)
	if err != nil {
		return err
	}
	defer parts.close()
	values, to := scanAny(1 + strings.Count(c.columns, ",") + 1)
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return err
		}
		e := entry{kind: c.kind}
		e.key, _ = values[0].(int64)
		columns := values[1:]
		e.session, _ = columns[0].(int64)
		if c.kind == kindOrder {
			e.intent, e.state = s.order(columns)
		} else {
			s.reset(c.kind)
			for _, v := range columns {
				s.add(v)
			}
			if err := parts.addTo(s, e.key); err != nil {
				return err
			}
			e.state = s.sum()
		}
		if err := f(&e, columns); err != nil {
			return err
		}
	}
	return rows.Err()
}

func scanAny(n int) (values, to []any) {
	values, to = make([]any, n), make([]any, n)
	for i := range values {
		to[i] = &values[i]
	}
	return values, to
}

// partReader reads the parts of rows beside them: both come in order of the row.
type partReader struct {
	rows       *sql.Rows // nil: there are no parts
	values, to []any
	held       bool // values are a part that was not used yet
	done       bool
}

func (c *chainedTable) openParts(ctx context.Context, q querier, where string, args []any) (*partReader, error) {
	if c.parts == "" {
		return &partReader{done: true}, nil
	}
	in := ""
	if where != "" {
		in = " WHERE " + c.by + " IN (SELECT id FROM " + c.table + " " + where + ")"
	}
	rows, err := q.QueryContext(ctx, "SELECT "+c.by+", "+c.partColumns+" FROM "+c.parts+in+" ORDER BY "+c.by+", n", args...)
	if err != nil {
		return nil, err
	}
	p := &partReader{rows: rows}
	p.values, p.to = scanAny(1 + strings.Count(c.partColumns, ",") + 1)
	return p, nil
}

func (p *partReader) close() {
	if p.rows != nil {
		_ = p.rows.Close()
	}
}

// addTo adds the parts of a row. Parts of no row are skipped: the check of references
// names them.
func (p *partReader) addTo(s *sealer, key int64) error {
	for !p.done {
		if !p.held {
			if !p.rows.Next() {
				p.done = true
				return p.rows.Err()
			}
			if err := p.rows.Scan(p.to...); err != nil {
				return err
			}
			p.held = true
		}
		owner, _ := p.values[0].(int64)
		if owner > key {
			return nil
		}
		p.held = false
		if owner == key {
			for _, v := range p.values[1:] {
				s.add(v)
			}
		}
	}
	return nil
}
