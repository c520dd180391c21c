package ledger

import (
	"context"
	"errors"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Booked is one thing that happened at a venue, as the ledger has it: what several holders had
// parts of is one. It is what a venue's own listing is compared with.
type Booked struct {
	Time   exchange.Time // by the venue's clock
	Market string        // venue of an instrument, or wallet
	Symbol string        // "" of a wallet
	ID     string        // of a trade or a payment; of other income, how its row is known
	Kind   string        // of income: adjust, insurance or interest
	Side   string        // of a trade: buy or sell
	Price  decimal.Decimal
	Qty    decimal.Decimal // traded; of what is no trade, the amount received, negative: paid
	Fee    decimal.Decimal
	Asset  string // of the fee, or of the amount
}

// Trades are the executions in the ledger, of all sessions, in the order of booking.
func (v *View) Trades(ctx context.Context) ([]Booked, error) {
	return v.booked(ctx, `SELECT x.time, x.market, x.symbol, x.trade_id, '', x.side, x.price, x.qty, x.fee, x.fee_asset FROM fills x ORDER BY x.id`)
}

// Payments are the payments of funding in the ledger: the time is of the settlement. Those of
// one settlement that several holders had parts of follow each other.
func (v *View) Payments(ctx context.Context) ([]Booked, error) {
	return v.booked(ctx, `SELECT x.settled, x.market, x.symbol, x.tran_id, '', '', '0', x.amount, '0', x.asset FROM funding x ORDER BY x.id`)
}

// Income is what a venue booked in wallets beside trades and funding.
func (v *View) Income(ctx context.Context) ([]Booked, error) {
	return v.booked(ctx, `SELECT x.time, substr(p.account, 3), '', substr(x.ref, instr(x.ref || ' ', ' ') + 1), x.kind, '', '0', p.amount, '0', p.asset
		FROM txn x JOIN posting p ON p.txn = x.id AND p.account LIKE 'A:%' WHERE x.kind IN ('adjust', 'insurance', 'interest') ORDER BY x.id, p.n`)
}

// Moves are the transfers that arrived: Market is the wallet that they left, Symbol the one
// that they reached.
func (v *View) Moves(ctx context.Context) ([]Booked, error) {
	return v.booked(ctx, `SELECT x.time, x.from_wallet, x.to_wallet, x.session || '/' || x.id, '', '', '0', x.amount, '0', x.asset
		FROM transfers x WHERE x.state = 'done' ORDER BY x.session, x.id`)
}

func (v *View) booked(ctx context.Context, query string) (out []Booked, err error) {
	rows, err := v.Query(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b Booked
		if err := rows.Scan(&b.Time, &b.Market, &b.Symbol, &b.ID, &b.Kind, &b.Side, &b.Price, &b.Qty, &b.Fee, &b.Asset); err != nil {
			return nil, err
		}
		out = append(out, b)
	}
	return out, rows.Err()
}
