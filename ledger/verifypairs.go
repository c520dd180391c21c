package ledger

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/shopspring/decimal"
)

// pairKey is a pair of a session.
type pairKey struct{ session, pair int64 }

// pairMoney is what a pair's row says of money, or what its fills, settlements and txns
// add up to. What it made is not in it: coins that could not be sold count in that at a
// price which no row holds.
type pairMoney struct {
	spotCost, perpCost, fees, funding, insurance decimal.Decimal
	interest                                     decimal.Decimal // in coins
	settlements                                  int64
	// inCoin says of the two legs that they changed contracts which move coins, whose worth
	// at each moment no row holds.
	inCoin [2]bool
}

// cash adds what a fill brought of quote. Of a pair of coins and a contract the kind of
// the contract tells the leg, and what inverse contracts cost is no cash. A spread has any
// two instruments: its first leg is the one that its row calls spot.
func (m *pairMoney) cash(contract string, spread, first bool, cash decimal.Decimal) {
	if !spread {
		first = contract == "spot"
	}
	switch {
	case contract == "inverse" && first:
		m.inCoin[0] = spread
	case contract == "inverse":
		m.inCoin[1] = spread
	case first:
		m.spotCost = m.spotCost.Add(cash)
	default:
		m.perpCost = m.perpCost.Add(cash)
	}
}

// pairMoney compares the money of each pair with the rows that it came from.
func (v *verifier) pairMoney(ctx context.Context) error {
	want := map[pairKey]*pairMoney{}
	of := func(k pairKey) *pairMoney {
		if want[k] == nil {
			want[k] = &pairMoney{}
		}
		return want[k]
	}
	for _, add := range []func(context.Context, func(pairKey) *pairMoney) error{v.pairFills, v.pairFunding, v.pairInsurance, v.pairInterest} {
		if err := add(ctx, of); err != nil {
			return err
		}
	}
	return v.rows(ctx, func(r *sql.Rows) error {
		var k pairKey
		var spotCost, perpCost, fees, funding, insurance, interest number
		var settlements int64
		if err := r.Scan(&k.session, &k.pair, &spotCost, &perpCost, &fees, &funding, &insurance, &settlements, &interest); err != nil {
			return err
		}
		row, sum := fmt.Sprintf("%d of session %d", k.pair, k.session), of(k)
		for _, c := range []struct {
			what string
			has  number
			want decimal.Decimal
			of   string
			not  bool // it can't be told from the rows
		}{
			{"its spot cost", spotCost, sum.spotCost, "fills", sum.inCoin[0]},
			{"its cost of the perpetual", perpCost, sum.perpCost, "fills", sum.inCoin[1]},
			{"what it paid in fees", fees, sum.fees, "fills", false},
			{"its funding", funding, sum.funding, "settlements", sum.inCoin[0] || sum.inCoin[1]}, // in quote, of coins
			{"its insurance", insurance, sum.insurance, "txns", sum.inCoin[0] || sum.inCoin[1]},
			{"the interest of what it borrowed", interest, sum.interest, "txns", false},
		} {
			if !c.has.ok {
				v.find("positions", "pairs", row, "%s is no number", c.what)
			} else if !c.not && !c.has.Equal(c.want) {
				v.find("positions", "pairs", row, "%s is %s, and its %s sum to %s", c.what, c.has, c.of, c.want)
			}
		}
		if settlements != sum.settlements {
			v.find("positions", "pairs", row, "it was settled %d times, and it has %d settlements", settlements, sum.settlements)
		}
		return nil
	}, `SELECT session, id, spot_cost, perp_cost, fees, funding, insurance, settlements,
		CASE WHEN json_valid(detail) THEN coalesce(json_extract(detail, '$.Pair.Spread.Legs[1].Interest'), '0') ELSE '0' END FROM pairs ORDER BY session, id`)
}

// pairFills adds up the cash of the fills of pairs, and their fees: coins at the price of
// the fill.
func (v *verifier) pairFills(ctx context.Context, of func(pairKey) *pairMoney) error {
	return v.rows(ctx, func(r *sql.Rows) error {
		var k pairKey
		var contract, side, feeAsset, base string
		var price, qty, fee number
		var spread, first bool
		if err := r.Scan(&k.session, &k.pair, &contract, &base, &side, &price, &qty, &fee, &feeAsset, &spread, &first); err != nil {
			return err
		}
		sum, cash := of(k), price.Mul(qty.Decimal)
		if side == "buy" {
			cash = cash.Neg()
		}
		sum.cash(contract, spread, first, cash)
		if feeAsset == base {
			fee.Decimal = fee.Mul(price.Decimal)
		}
		sum.fees = sum.fees.Add(fee.Decimal)
		return nil
	}, `SELECT f.session, f.pair, i.contract, i.base, f.side, f.price, f.qty, f.fee, f.fee_asset,
			CASE WHEN json_valid(x.detail) THEN coalesce(json_extract(x.detail, '$.Pair.Spread.Form'), 0) <> 0 ELSE 0 END, f.market || ':' || f.symbol = coalesce(x.spot, '')
		FROM fill_parts f JOIN instrument i ON i.market = f.market AND i.symbol = f.symbol
			LEFT JOIN pairs x ON x.session = f.session AND x.id = f.pair WHERE f.pair <> 0`)
}

func (v *verifier) pairFunding(ctx context.Context, of func(pairKey) *pairMoney) error {
	return v.pairAmounts(ctx, of, func(sum *pairMoney, amount decimal.Decimal) {
		sum.funding = sum.funding.Add(amount)
		sum.settlements++
	}, "SELECT session, pair, amount FROM funding WHERE pair <> 0")
}

// pairInsurance leaves out what a later run was told of a pair that had ended: its row
// stayed as it was.
func (v *verifier) pairInsurance(ctx context.Context, of func(pairKey) *pairMoney) error {
	return v.pairAmounts(ctx, of, func(sum *pairMoney, amount decimal.Decimal) { sum.insurance = sum.insurance.Add(amount) },
		`SELECT t.session, t.pair, p.amount FROM txn t JOIN posting p ON p.txn = t.id AND p.account LIKE 'A:%'
		JOIN pairs x ON x.session = t.session AND x.id = t.pair WHERE t.kind = 'insurance' AND t.run <= x.run`)
}

// pairInterest adds up the coins that were charged: what they were worth no row holds.
func (v *verifier) pairInterest(ctx context.Context, of func(pairKey) *pairMoney) error {
	return v.pairAmounts(ctx, of, func(sum *pairMoney, amount decimal.Decimal) { sum.interest = sum.interest.Add(amount) },
		`SELECT t.session, t.pair, p.amount FROM txn t JOIN posting p ON p.txn = t.id AND p.account LIKE 'A:%' WHERE t.kind = 'interest' AND t.pair <> 0`)
}

// pairAmounts adds what a query tells of pairs: rows of session, pair and amount.
func (v *verifier) pairAmounts(ctx context.Context, of func(pairKey) *pairMoney, add func(*pairMoney, decimal.Decimal), query string) error {
	return v.rows(ctx, func(r *sql.Rows) error {
		var k pairKey
		var amount number
		if err := r.Scan(&k.session, &k.pair, &amount); err != nil {
			return err
		}
		add(of(k), amount.Decimal)
		return nil
	}, query)
}
