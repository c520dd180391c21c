package tearsheet

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// ErrOverlap is returned for sessions of the same time, such as two backtests: no record goes
// through both.
var ErrOverlap = errors.New("sessions overlap in time")

// Selection says of what a record is read.
type Selection struct {
	Account  string // session; "": all of the ledger, one after the other
	Strategy string // "": the account
	From, To exchange.Time
}

// Read reads a record from a ledger, also while a session writes it.
func Read(db *ledger.Reader, sel Selection) (*Record, error) {
	sessions, err := db.Sessions()
	if err != nil {
		return nil, err
	}
	if sel.Account != "" {
		sessions = slices.DeleteFunc(sessions, func(s ledger.Session) bool { return s.Account != sel.Account })
	}
	r := &Record{Strategy: sel.Strategy, From: sel.From, To: sel.To, Orders: map[ledger.OrderKey]string{}}
	if r.Currency, err = currency(db, sel.Account); err != nil {
		return nil, err
	}
	if err := r.readEquity(db, sessions); err != nil {
		return nil, err
	}
	f, market := ledger.Filter{Account: sel.Account}, ledger.PriceReader{Reader: db}
	list := func(read func() error) {
		if err == nil {
			err = read()
		}
	}
	list(func() (err error) { r.Fills, err = db.Fills(f); return })
	list(func() (err error) { r.Funding, err = db.Funding(f); return })
	list(func() (err error) { r.Insurance, err = db.Insurance(f); return })
	list(func() (err error) { r.Interest, err = db.Interest(f); return })
	list(func() (err error) { r.Prices, err = market.Prices(f); return })
	list(func() (err error) { r.Pairs, err = db.Pairs(f); return })
	list(func() (err error) { r.Arrivals, err = market.Arrivals(f); return })
	list(func() error { return r.readOrders(db, f) })
	return r, err
}

// letGo is when and where an order was sent that the host had held.
type letGo struct {
	account string
	venue   exchange.Venue
	symbol  string
	side    exchange.Side
	at      exchange.Time
}

// readOrders names the types of orders that were filled; those that the host held until a
// price let them go are what they were held as. A held one that is done no longer names its
// order: it is the one that was made at that moment.
func (r *Record) readOrders(db *ledger.Reader, f ledger.Filter) error {
	held, err := ledger.Conditionals(db, f)
	if err != nil {
		return err
	}
	types := map[letGo]string{}
	for i := range held {
		if c := &held[i]; c.Triggered != 0 {
			types[letGo{c.Account, c.Venue, c.Symbol, c.Side, c.Triggered}] = c.Type
		}
	}
	orders, err := db.Orders(f)
	for i := range orders {
		if o := &orders[i]; o.Filled.IsPositive() {
			r.Orders[ledger.OrderKey{Account: o.Account, ID: o.ID}] = cmp.Or(types[letGo{o.Account, o.Venue, o.Symbol, o.Side, o.Created}], o.Type.String())
		}
	}
	return err
}

// Size is how many rows a record of a session would have, or of all.
func Size(ctx context.Context, db *ledger.Reader, account string) (n int, err error) {
	const of = " x JOIN run r ON r.id = x.run JOIN session s ON s.id = r.session WHERE ?1 IN ('', s.account))"
	rows, err := db.Query(ctx, "SELECT (SELECT count(*) FROM equity"+of+" + (SELECT count(*) FROM price"+of+" + (SELECT count(*) FROM fills"+of+" + (SELECT count(*) FROM funding"+of, account)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}

// currency is what equity is in: ledgers of before it was kept are of sessions in the first
// of the dollars.
func currency(db *ledger.Reader, account string) (string, error) {
	runs, err := db.Runs(account)
	var c struct {
		Currency string `json:"currency"`
	}
	if n := len(runs); n > 0 {
		_ = json.Unmarshal([]byte(runs[n-1].Config), &c) // of an older version: what it has
	}
	return cmp.Or(c.Currency, exchange.Dollars[0]), err
}

// readEquity chains the curves of sessions: each begins where the one before ended, since
// what an account begins with is no profit.
func (r *Record) readEquity(db *ledger.Reader, sessions []ledger.Session) error {
	slices.SortStableFunc(sessions, func(a, b ledger.Session) int { return cmp.Compare(a.Started, b.Started) })
	shift := decimal.Zero
	for _, s := range sessions {
		points, err := db.Equity(ledger.Filter{Account: s.Account})
		if err != nil {
			return err
		}
		if n := len(r.Equity); n > 0 && len(points) > 0 {
			if last := r.Equity[n-1]; points[0].Time < last.Time {
				return fmt.Errorf("%w: %s begins at %s, and the session before it ends at %s", ErrOverlap, s.Account, points[0].Time, last.Time)
			}
			shift = r.Equity[n-1].Value.Sub(points[0].Amount)
		}
		for _, p := range points {
			r.Equity = append(r.Equity, Point{p.Time, p.Amount.Add(shift)})
		}
	}
	return nil
}
