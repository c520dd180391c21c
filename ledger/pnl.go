package ledger

import (
	"cmp"
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// PnL is what a strategy, or one of its pair trades, made in one asset. What is
// still open counts only as far as it was closed: Realised at average cost.
// Amounts are exact for linear contracts and spot; those of inverse contracts
// are rounded to 16 places per fill.
type PnL struct {
	Account  string
	Strategy string
	Pair     exchange.PairID // 0: what was traded outside of pairs
	Asset    string

	Trading decimal.Decimal // price profit outside of pairs
	Basis   decimal.Decimal // price profit of a pair: both legs together
	Funding decimal.Decimal // received less paid
	// Insurance is the part of what the venue's insurance fund paid after a
	// liquidation: without it the loss would be more than there was.
	Insurance decimal.Decimal
	// Interest is what was charged on borrowed coins; negative. That of a pair is in quote, at
	// the price of the last fill before it.
	Interest decimal.Decimal
	// Fees is what was charged. A fee in the coin that was bought is valued at
	// the fill's price and is in quote; a fee in a third asset is in that asset.
	Fees  decimal.Decimal
	Net   decimal.Decimal // Trading + Basis + Funding + Insurance + Interest - Fees
	Fills int             // whose profit is in this asset
}

type pnlKey struct {
	account, strategy string
	pair              exchange.PairID
	asset             string
}

type legKey struct {
	account, strategy string
	pair              exchange.PairID
	venue             exchange.Venue
	symbol            string
}

// pnlSums adds up fills and funding.
type pnlSums struct {
	rows     map[pnlKey]*PnL
	legs     map[legKey]*Position
	prices   map[legKey]decimal.Decimal // of the last fill
	interest []WalletIncome             // that was not reached yet
}

// PnL adds up what the fills, the funding, the insurance and the interest that pass the filter made, by
// account, strategy, pair and asset in that order. With Filter.From a position
// counts from its first fill that passes.
func (rd *Reader) PnL(f Filter) ([]PnL, error) {
	charged := f
	charged.Last = 0
	interest, err := rd.Interest(charged)
	if err != nil {
		return nil, err
	}
	s := pnlSums{make(map[pnlKey]*PnL), make(map[legKey]*Position), make(map[legKey]decimal.Decimal), interest}
	if err := rd.EachFill(f, s.fill); err != nil {
		return nil, err
	}
	s.charge(exchange.Time(1<<63 - 1))
	f.Last = 0
	funding, err := rd.Funding(f)
	if err != nil {
		return nil, err
	}
	for i := range funding {
		x := &funding[i]
		row := s.row(x.Account, x.Strategy, x.Pair, x.Asset)
		row.Funding = row.Funding.Add(x.Amount)
	}
	insurance, err := rd.Insurance(f)
	if err != nil {
		return nil, err
	}
	for i := range insurance {
		x := &insurance[i]
		row := s.row(x.Account, x.Strategy, x.Pair, x.Asset)
		row.Insurance = row.Insurance.Add(x.Amount)
	}
	return s.sorted(), nil
}

func (s *pnlSums) row(account, strategy string, pair exchange.PairID, asset string) *PnL {
	k := pnlKey{account, strategy, pair, asset}
	if s.rows[k] == nil {
		s.rows[k] = &PnL{Account: account, Strategy: strategy, Pair: pair, Asset: asset}
	}
	return s.rows[k]
}

// charge adds interest up to a time. On what a pair borrowed it makes the debt larger, as if
// the coins had been sold and the money paid away.
func (s *pnlSums) charge(until exchange.Time) {
	for len(s.interest) > 0 && s.interest[0].Time <= until {
		x := &s.interest[0]
		s.interest = s.interest[1:]
		asset, amount := x.Asset, x.Amount
		for k, leg := range s.legs { // order does not matter: one leg of a pair owes
			if x.Pair != 0 && k.account == x.Account && k.strategy == x.Strategy && k.pair == x.Pair && leg.owing(x) {
				leg.trade(x.Amount, s.prices[k])
				asset, amount = leg.Terms.Settle, x.Amount.Mul(s.prices[k]).DivRound(decimal.NewFromInt(max(1, leg.Terms.Multiplier)), places)
				break
			}
		}
		row := s.row(x.Account, x.Strategy, x.Pair, asset)
		row.Interest = row.Interest.Add(amount)
	}
}

func (s *pnlSums) fill(f *Fill) error {
	s.charge(f.Time - 1)
	k := legKey{f.Account, f.Strategy, f.Pair, f.Venue, f.Symbol}
	if s.legs[k] == nil {
		s.legs[k] = newPosition(f)
	}
	leg := s.legs[k]
	s.prices[k] = f.Price
	row := s.row(f.Account, f.Strategy, f.Pair, f.Terms.Settle)
	realised := leg.trade(f.signed(), f.Price)
	if f.Terms.Contract == exchange.Spot && f.FeeAsset == f.Terms.Base {
		// The coins that went to the fee were held at cost and left at the price.
		realised = realised.Add(leg.trade(f.Fee.Neg(), f.Price))
		row.Fees = row.Fees.Add(f.Fee.Mul(f.Price))
	} else if f.FeeAsset != "" {
		fees := s.row(f.Account, f.Strategy, f.Pair, f.FeeAsset)
		fees.Fees = fees.Fees.Add(f.Fee)
	}
	if f.Pair != 0 {
		row.Basis = row.Basis.Add(realised)
	} else {
		row.Trading = row.Trading.Add(realised)
	}
	row.Fills++
	return nil
}

// Totals adds lines up by asset.
func Totals(list []PnL) []PnL {
	sums := map[string]*PnL{}
	for i := range list {
		x := &list[i]
		t := sums[x.Asset]
		if t == nil {
			t = &PnL{Asset: x.Asset}
			sums[x.Asset] = t
		}
		t.Trading, t.Basis, t.Funding = t.Trading.Add(x.Trading), t.Basis.Add(x.Basis), t.Funding.Add(x.Funding)
		t.Interest = t.Interest.Add(x.Interest)
		t.Insurance, t.Fees, t.Net = t.Insurance.Add(x.Insurance), t.Fees.Add(x.Fees), t.Net.Add(x.Net)
		t.Fills += x.Fills
	}
	var out []PnL
	for _, asset := range slices.Sorted(maps.Keys(sums)) {
		out = append(out, *sums[asset])
	}
	return out
}

func (s *pnlSums) sorted() []PnL {
	out := make([]PnL, 0, len(s.rows))
	for _, r := range s.rows {
		r.Net = r.Trading.Add(r.Basis).Add(r.Funding).Add(r.Insurance).Add(r.Interest).Sub(r.Fees)
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b PnL) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Strategy, b.Strategy),
			cmp.Compare(a.Pair, b.Pair), cmp.Compare(a.Asset, b.Asset))
	})
	return out
}

func sortPositions(list []Position) {
	slices.SortFunc(list, func(a, b Position) int {
		return cmp.Or(cmp.Compare(a.Strategy, b.Strategy), cmp.Compare(a.Terms.Contract, b.Terms.Contract), cmp.Compare(a.Venue, b.Venue), cmp.Compare(a.Symbol, b.Symbol))
	})
}
