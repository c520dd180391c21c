package ledger

import (
	"database/sql"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// ConditionalRow is the latest state of an order that the host holds: a stop, a leg of a
// bracket. A later row of the same order replaces it.
type ConditionalRow struct {
	At
	ID, Group                  exchange.OrderID
	Strategy                   string
	Role                       string // entry, leg, or empty
	Instrument                 *exchange.Instrument
	Type                       string
	Side                       exchange.Side
	State                      string
	Done                       bool // nothing more is sent of it
	Reason                     string
	Reduces                    bool
	Trigger                    exchange.E8 // 0: none
	Source                     string      // last, mark, mid; empty: no price triggers it
	Price                      exchange.Ticks
	Size, Filled               exchange.Lots
	Child                      exchange.OrderID
	Expires                    exchange.Time // 0: never
	Created, Triggered, Closed exchange.Time
	Detail                     string // JSON: what the host needs to go on with it
}

func (r *ConditionalRow) check() error { return needInstrument(r.Instrument, "conditional", r.Type) }

func (r *ConditionalRow) write(b *batch) error {
	if err := b.instrument(r.Instrument); err != nil {
		return err
	}
	in := r.Instrument
	_, err := b.exec(insertConditional, b.session, int64(r.ID), b.run, b.seq, r.Strategy, int64(r.Group), r.Role, in.Segment(), in.Symbol, r.Type,
		r.Side.String(), r.State, r.Done, r.Reason, r.Reduces, r.Trigger.Decimal().String(), r.Source, in.PriceDecimal(r.Price).String(),
		in.QtyDecimal(r.Size).String(), in.QtyDecimal(r.Filled).String(), int64(r.Child), int64(r.Expires), int64(r.Created), int64(r.Triggered), int64(r.Closed), r.Detail)
	return err
}

// Conditional is an order that the host holds as it is in the ledger; see ConditionalRow.
type Conditional struct {
	Account                    string
	ID, Group                  exchange.OrderID
	Strategy                   string
	Role                       string
	Venue                      exchange.Venue
	Symbol                     string
	Type                       string
	Side                       exchange.Side
	State                      string
	Done                       bool
	Reason                     string
	Reduces                    bool
	Trigger                    decimal.Decimal
	Source                     string
	Price, Size, Filled        decimal.Decimal
	Child                      exchange.OrderID
	Expires                    exchange.Time
	Created, Triggered, Closed exchange.Time
	Detail                     string
	Run                        RunID // of the latest change
	Seq                        uint64
}

// Conditionals returns the orders that the host holds or held, by group and number. The
// times of the filter are of their creation.
func Conditionals(rd *Reader, f Filter) ([]Conditional, error) {
	rows, err := conditionals(rd, f, "")
	return last(rows, err, f.Last)
}

func conditionals(rd *Reader, f Filter, and string) ([]Conditional, error) {
	return filtered(rd, f, `SELECT s.account, x.id, x.group_id, x.strategy, x.role, x.market, x.symbol, x.type, x.side, x.state, x.done, x.reason,
			x.reduces, x.trigger, x.source, x.price, x.size, x.filled, x.child, x.expires, x.created, x.triggered, x.closed, x.detail, x.run, x.seq
		FROM (SELECT *, created AS time, 0 AS pair FROM conditionals) x JOIN session s ON s.id = x.session `+whereFull+and+
		" ORDER BY x.session, x.group_id, x.id",
		func(rows *sql.Rows, x *Conditional) error {
			return rows.Scan(&x.Account, &x.ID, &x.Group, &x.Strategy, &x.Role, &x.Venue, &x.Symbol, &x.Type, scanSide(&x.Side), &x.State, &x.Done, &x.Reason,
				&x.Reduces, &x.Trigger, &x.Source, &x.Price, &x.Size, &x.Filled, &x.Child, &x.Expires, &x.Created, &x.Triggered, &x.Closed, &x.Detail, &x.Run, &x.Seq)
		})
}
