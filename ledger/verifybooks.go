package ledger

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/shopspring/decimal"
)

// orderKey is an order of a session.
type orderKey struct{ session, id int64 }

// moneyKey is an asset of a wallet, in the txn of a fill.
type moneyKey struct{ account, asset string }

// fills holds every fill against its order, and against the money that its txn moved.
func (v *verifier) fills(ctx context.Context) error {
	sums := map[orderKey]decimal.Decimal{}
	err := v.rows(ctx, func(r *sql.Rows) error {
		var fill, session, order, known int64
		var trade, instrument, side, ofInstrument, ofSide string
		var price, qty, limit number
		if err := r.Scan(&fill, &session, &order, &trade, &instrument, &side, &price, &qty, &known, &ofInstrument, &ofSide, &limit); err != nil {
			return err
		}
		row := fmt.Sprintf("row %d (trade %s of %s)", fill, trade, instrument)
		switch {
		case !price.ok || !qty.ok:
			v.find("fills", "fills", row, "its price or quantity is no number")
			return nil
		case known == 0:
			v.find("fills", "fills", row, "it is of order %d of session %d, which is not there", order, session)
		case instrument != ofInstrument || side != ofSide:
			v.find("fills", "fills", row, "it is a %s of %s, and its order %d a %s of %s", side, instrument, order, ofSide, ofInstrument)
		case limit.IsPositive() && (side == "buy" && price.GreaterThan(limit.Decimal) || side == "sell" && price.LessThan(limit.Decimal)):
			v.find("fills", "fills", row, "it is a %s at %s, and the limit of its order %d is %s", side, price, order, limit)
		}
		k := orderKey{session, order}
		sums[k] = sums[k].Add(qty.Decimal)
		return nil
	}, `SELECT f.id, f.session, f.order_id, f.trade_id, f.market || ':' || f.symbol, f.side, f.price, f.qty,
			coalesce(o.id, 0), coalesce(o.market || ':' || o.symbol, ''), coalesce(o.side, ''), coalesce(o.price, '0')
		FROM fills f LEFT JOIN orders o ON o.session = f.session AND o.id = f.order_id WHERE f.order_id <> 0 ORDER BY f.id`)
	if err != nil {
		return err
	}
	if err := v.orders(ctx, sums); err != nil {
		return err
	}
	return v.money(ctx)
}

// orders compares what each order says it was filled with the sum of its fills. While
// it works, its row may be of before its last fills, and so may one that a restart
// closed the books on.
func (v *verifier) orders(ctx context.Context, sums map[orderKey]decimal.Decimal) error {
	return v.rows(ctx, func(r *sql.Rows) error {
		var k orderKey
		var client, status string
		var qty, filled number
		if err := r.Scan(&k.session, &k.id, &client, &status, &qty, &filled); err != nil {
			return err
		}
		row, sum := fmt.Sprintf("%d of session %d (%s)", k.id, k.session, client), sums[k]
		switch {
		case !qty.ok || !filled.ok:
			v.find("orders", "orders", row, "its quantity or what it was filled is no number")
		case filled.GreaterThan(sum):
			v.find("orders", "orders", row, "it was filled %s, and its fills sum to %s: a fill is missing or smaller than it was", filled, sum)
		case filled.LessThan(sum) && status == "filled":
			v.find("orders", "orders", row, "it was filled %s, and its fills sum to %s: a fill is of another order or larger than it was", filled, sum)
		case sum.GreaterThan(qty.Decimal):
			v.find("orders", "orders", row, "its fills sum to %s, and it asked for %s", sum, qty)
		}
		return nil
	}, "SELECT session, id, client_id, status, qty, filled FROM orders ORDER BY session, id")
}

// money compares what the txn of each fill moved in the wallets with the fill: coins
// and price × quantity on spot, the profit that was realised elsewhere, and the fee.
func (v *verifier) money(ctx context.Context) error {
	moved, err := v.moved(ctx)
	if err != nil {
		return err
	}
	err = v.rows(ctx, func(r *sql.Rows) error {
		var fill, session int64
		var trade, market, symbol, contract, wallet, side, feeAsset, base, quote, settle string
		var price, qty, fee, realised, multiplier number
		if err := r.Scan(&fill, &session, &trade, &market, &symbol, &contract, &wallet, &side, &price, &qty, &fee, &feeAsset, &realised, &base, &quote, &settle, &multiplier); err != nil {
			return err
		}
		want := map[moneyKey]decimal.Decimal{}
		add := func(asset string, amount decimal.Decimal) {
			k := moneyKey{"A:" + wallet, asset}
			want[k] = want[k].Add(amount)
		}
		if contract == "spot" {
			signed := qty.Decimal
			if side == "sell" {
				signed = signed.Neg()
			}
			add(base, signed.Mul(multiplier.Decimal))
			add(quote, signed.Mul(price.Decimal).Neg())
		} else {
			add(settle, realised.Decimal)
		}
		add(feeAsset, fee.Neg())
		name := fmt.Sprintf("%d %s:%s:%s", session, market, symbol, trade)
		has := moved[name]
		delete(moved, name)
		for _, k := range slices.SortedFunc(maps.Keys(want), compareMoney) {
			if !want[k].Equal(has[k]) {
				v.find("fills", "fills", fmt.Sprintf("row %d (trade %s of %s:%s)", fill, trade, market, symbol),
					"its txn moved %s %s in %s, and the fill says %s", has[k], k.asset, k.account, want[k])
			}
		}
		return nil
	}, `SELECT f.id, f.session, f.trade_id, f.market, f.symbol, i.contract, i.wallet, f.side, f.price, f.qty, f.fee, f.fee_asset, f.realised,
			i.base, i.quote, i.settle, i.multiplier
		FROM fills f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol ORDER BY f.id`)
	for _, name := range slices.Sorted(maps.Keys(moved)) {
		v.find("fills", "txn", "of session "+name, "it moved the money of a fill that is not there: the fill was deleted or renamed")
	}
	return err
}

func compareMoney(a, b moneyKey) int {
	return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.asset, b.asset))
}

// moved adds up the wallets' postings of the txns of fills, by session and reference.
func (v *verifier) moved(ctx context.Context) (map[string]map[moneyKey]decimal.Decimal, error) {
	out := map[string]map[moneyKey]decimal.Decimal{}
	err := v.rows(ctx, func(r *sql.Rows) error {
		var name string
		var k moneyKey
		var amount number
		if err := r.Scan(&name, &k.account, &k.asset, &amount); err != nil {
			return err
		}
		if out[name] == nil {
			out[name] = map[moneyKey]decimal.Decimal{}
		}
		out[name][k] = out[name][k].Add(amount.Decimal)
		return nil
	}, `SELECT t.session || ' ' || t.ref, p.account, p.asset, p.amount FROM txn t JOIN posting p ON p.txn = t.id
		WHERE t.kind = 'fill' AND p.account LIKE 'A:%'`)
	return out, err
}

// pairLeg is what a pair traded in.
type pairLeg struct {
	session, pair int64
	instrument    string
}

func (l *pairLeg) row() string { return fmt.Sprintf("%d of session %d", l.pair, l.session) }

// positions compares what each pair says it holds with its fills: contracts, and coins
// on spot, less what fees took of them, wherever they went. Of an inverse contract that is
// held long only the sign is compared.
func (v *verifier) positions(ctx context.Context) error {
	held, err := v.held(ctx)
	if err != nil {
		return err
	}
	compare := func(leg pairLeg, has number, what string) {
		sum := held[leg]
		delete(held, leg)
		if !has.ok {
			v.find("positions", "pairs", leg.row(), "%s is no number", what)
		} else if !sum.Equal(has.Decimal) {
			v.find("positions", "pairs", leg.row(), "%s is %s of %s, and its fills sum to %s", what, has, leg.instrument, sum)
		}
	}
	err = v.rows(ctx, func(r *sql.Rows) error {
		spot, perp := pairLeg{}, pairLeg{}
		var coins, contracts, away number
		var known, inverse bool
		if err := r.Scan(&perp.session, &perp.pair, &spot.instrument, &perp.instrument, &coins, &contracts, &known, &away, &inverse); err != nil {
			return err
		}
		spot.session, spot.pair = perp.session, perp.pair
		compare(perp, contracts, "what it holds")
		switch {
		case inverse: // the row says the coins that its contracts stand for, at the prices they were entered at
			if sum := held[spot]; !coins.ok || coins.Sign() != sum.Sign() {
				v.find("positions", "pairs", spot.row(), "the coins that it holds by %s are %s, and its fills sum to %s contracts", spot.instrument, coins, sum)
			}
		case known:
			coins.Decimal, coins.ok = coins.Add(away.Decimal), coins.ok && away.ok
			compare(spot, coins, "what it holds on spot and elsewhere")
		}
		delete(held, spot)
		return nil
	}, `SELECT session, id, spot, perp, spot_qty, perp_qty, away <> '' OR perp NOT LIKE 'coinm:%', coalesce(nullif(away, ''), '0'),
			EXISTS (SELECT 1 FROM instrument i WHERE i.market || ':' || i.symbol = spot AND i.contract = 'inverse')
		FROM pairs ORDER BY session, id`)
	for _, leg := range slices.SortedFunc(maps.Keys(held), func(a, b pairLeg) int {
		return cmp.Or(cmp.Compare(a.session, b.session), cmp.Compare(a.pair, b.pair), cmp.Compare(a.instrument, b.instrument))
	}) {
		v.find("positions", "pairs", leg.row(), "it has fills of %s, and there is no such pair with this leg: it was deleted or changed", leg.instrument)
	}
	return err
}

// held adds up the fills of pairs. What a pair says of its short leg is what it traded: coins
// that it sold are bought back with the fee on top.
func (v *verifier) held(ctx context.Context) (map[pairLeg]decimal.Decimal, error) {
	held := map[pairLeg]decimal.Decimal{}
	return held, v.rows(ctx, func(r *sql.Rows) error {
		var k pairLeg
		var side string
		var qty, fee number
		if err := r.Scan(&k.session, &k.pair, &k.instrument, &side, &qty, &fee); err != nil {
			return err
		}
		if side == "sell" {
			qty.Decimal = qty.Neg()
		}
		held[k] = held[k].Add(qty.Decimal).Sub(fee.Decimal)
		return nil
	}, `SELECT f.session, f.pair, f.market || ':' || f.symbol, f.side, f.qty,
			CASE WHEN i.contract = 'spot' AND f.fee_asset = i.base AND f.market || ':' || f.symbol <> coalesce(x.perp, '') THEN f.fee ELSE '0' END
		FROM fill_parts f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol
			LEFT JOIN pairs x ON x.session = f.session AND x.id = f.pair WHERE f.pair <> 0`)
}

// funding compares what the settlements of an event say was paid with what the txns of
// that event moved.
func (v *verifier) funding(ctx context.Context) error {
	type key struct{ run, seq, wallet, asset string }
	paid := map[key]decimal.Decimal{}
	add := func(sign int64) func(*sql.Rows) error {
		return func(r *sql.Rows) error {
			var k key
			var amount number
			if err := r.Scan(&k.run, &k.seq, &k.wallet, &k.asset, &amount); err != nil {
				return err
			}
			paid[k] = paid[k].Add(amount.Mul(decimal.NewFromInt(sign)))
			return nil
		}
	}
	err := v.rows(ctx, add(1), `SELECT f.run, f.seq, coalesce(nullif(i.wallet, ''), f.market), f.asset, f.amount
		FROM funding f LEFT JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol`)
	if err != nil {
		return err
	}
	err = v.rows(ctx, add(-1), `SELECT t.run, t.seq, substr(p.account, 3), p.asset, p.amount FROM txn t JOIN posting p ON p.txn = t.id
		WHERE t.kind = 'funding' AND p.account LIKE 'A:%'`)
	for _, k := range slices.SortedFunc(maps.Keys(paid), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.run, b.run), cmp.Compare(a.seq, b.seq), cmp.Compare(a.wallet, b.wallet), cmp.Compare(a.asset, b.asset))
	}) {
		if !paid[k].IsZero() {
			v.find("funding", "funding", fmt.Sprintf("at event %s of run %s", k.seq, k.run), "its rows say %s %s more than was moved in the %s wallet", paid[k], k.asset, k.wallet)
		}
	}
	return err
}

// number is a decimal that may be none: in a file that was tampered with.
type number struct {
	decimal.Decimal
	ok bool
}

// Scan implements sql.Scanner.
func (n *number) Scan(v any) error {
	d, err := decimal.NewFromString(fmt.Sprint(v))
	n.Decimal, n.ok = d, err == nil
	return nil
}
