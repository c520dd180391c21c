package ledger

import (
	"context"
	"database/sql"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/attribution"
)

// Ledgers of before fill_shares have liquidations and trades by hand as nobody's,
// while whoever held what they took still has it. shareOldFills gives such fills
// their shares, once, as part of the migration. The host of that time took from open
// pairs first, the oldest first, and so must this, or their rows would not agree;
// what is left goes by the rule of today.

// oldKey is an instrument of an account.
type oldKey struct {
	session        int64
	market, symbol string
}

// oldPart is what a pair, or a strategy outside of pairs, holds.
type oldPart struct {
	strategy string
	pair     int64
	lots     exchange.Lots
}

// oldFill is a fill, with its quantity in lots.
type oldFill struct {
	id, order     int64
	key           oldKey
	owner         oldPart // lots: what was traded, signed
	reason        string
	lot           decimal.Decimal
	fee, realised decimal.Decimal
}

func shareOldFills(ctx context.Context, tx *sql.Tx) error {
	rows, err := tx.QueryContext(ctx, `SELECT f.id, f.order_id, f.session, f.market, f.symbol, f.strategy, f.pair, f.side, f.qty, f.fee, f.realised,
			f.reason, i.lot FROM fills f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol
		WHERE f.market <> 'spot' ORDER BY f.id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	held := map[oldKey][]oldPart{}
	var out []oldShare
	for rows.Next() {
		var f oldFill
		var side exchange.Side
		var qty decimal.Decimal
		if err := rows.Scan(&f.id, &f.order, &f.key.session, &f.key.market, &f.key.symbol, &f.owner.strategy, &f.owner.pair, scanSide(&side), &qty,
			&f.fee, &f.realised, &f.reason, &f.lot); err != nil {
			return err
		}
		f.owner.lots = exchange.Lots(side) * exchange.Lots(qty.Div(f.lot).IntPart())
		parts := []oldPart{f.owner}
		if f.order == 0 && f.owner.strategy == "" && f.reason != attribution.Nobody {
			parts = f.share(side, held[f.key])
			out = append(out, f.rows(parts)...)
		}
		for _, p := range parts {
			held[f.key] = addOld(held[f.key], p)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, s := range out {
		if _, err := tx.ExecContext(ctx, `INSERT INTO fill_shares (fill, n, strategy, pair, qty, fee, realised) VALUES (?,?,?,?,?,?,?)`, s...); err != nil {
			return err
		}
	}
	return nil
}

// oldShare is the columns of a share.
type oldShare []any

func addOld(list []oldPart, p oldPart) []oldPart {
	for i := range list {
		if list[i].strategy == p.strategy && list[i].pair == p.pair {
			list[i].lots += p.lots
			return list
		}
	}
	return append(list, p)
}

// share says who gave how much, signed as the fill is. What nobody gave comes last.
func (f *oldFill) share(side exchange.Side, held []oldPart) []oldPart {
	left, net := f.owner.lots*exchange.Lots(side), exchange.Lots(0)
	var parts, plain []oldPart
	for _, p := range held {
		net += p.lots
		switch own := -p.lots * exchange.Lots(side); {
		case p.pair != 0 && side == exchange.Buy && own > 0 && left > 0: // pairs open in order of their number
			part := min(left, own)
			left, net = left-part, net+part
			parts = append(parts, oldPart{p.strategy, p.pair, part})
		case p.pair == 0 && p.strategy != "":
			plain = append(plain, p)
		}
	}
	lots := make([]exchange.Lots, len(plain))
	for i := range plain {
		lots[i] = plain[i].lots
	}
	for i, part := range attribution.Split(side, left, net, lots, attribution.ByVenue(f.reason)) {
		if part > 0 {
			left -= part
			parts = append(parts, oldPart{plain[i].strategy, 0, part * exchange.Lots(side)})
		}
	}
	if left > 0 {
		parts = append(parts, oldPart{"", 0, left * exchange.Lots(side)})
	}
	return parts
}

// rows are the shares as they are written; none when all is nobody's.
func (f *oldFill) rows(parts []oldPart) (out []oldShare) {
	if len(parts) == 1 && parts[0].strategy == "" && parts[0].pair == 0 {
		return nil
	}
	fee, realised := f.fee, f.realised
	for i, p := range parts {
		part, made := attribution.Amount(f.fee, p.lots.Abs(), f.owner.lots.Abs()), attribution.Amount(f.realised, p.lots.Abs(), f.owner.lots.Abs())
		if i == len(parts)-1 {
			part, made = fee, realised
		}
		fee, realised = fee.Sub(part), realised.Sub(made)
		out = append(out, oldShare{f.id, i, p.strategy, p.pair, f.lot.Mul(decimal.NewFromInt(int64(p.lots.Abs()))).String(), part.String(), made.String()})
	}
	return out
}
