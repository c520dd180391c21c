package host

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/internal/track"
	"github.com/perilune/perilune/host/tearsheet"
	"github.com/perilune/perilune/ledger"
)

// take keeps of a session what a study compares.
func (run *StudyRun) take(r *runner, s *Summary, capital decimal.Decimal) error {
	exit, err := exitCost(r.record.db, r.record.session, r.core)
	if err != nil {
		return err
	}
	run.Net, run.Exit = Money{s.PnL.Sub(exit)}, Money{exit}
	run.Funding, run.Fees = s.Funding, s.Fees
	run.Drawdown, run.Pairs, run.Fills, run.Errors, run.Halted = s.Drawdown, s.PairsOpened, s.Fills, s.Errors, s.Halted
	run.equity, run.start = r.equity.Points, s.StartEq.Decimal
	base := run.start
	if capital.IsPositive() {
		base, run.Drawdown = capital, deepest(run.equity, capital)
	}
	if base.IsPositive() {
		run.Return = run.Net.InexactFloat64() / base.InexactFloat64()
	}
	run.Sharpe, _ = tearsheet.SharpeAutocorrelated(tearsheet.DailyReturns(curve(run.equity, decimal.Zero)))
	return run.traded(r.record.db, r.record.session, r.core.Universe())
}

// deepest is how far the equity fell below what it had been, as a part of a capital.
func deepest(equity []track.Point, capital decimal.Decimal) float64 {
	var top, worst decimal.Decimal
	for i, p := range equity {
		if i == 0 || p.Value.GreaterThan(top) {
			top = p.Value
		}
		worst = decimal.Max(worst, top.Sub(p.Value))
	}
	return worst.InexactFloat64() / capital.InexactFloat64()
}

// traded adds up what was bought and sold, and where.
func (run *StudyRun) traded(db *ledger.DB, session string, u *exchange.Universe) error {
	sum := decimal.Zero
	err := db.EachFill(ledger.Filter{Account: session}, func(f *ledger.Fill) error {
		in, ok := u.Find(f.Venue, f.Symbol)
		if !ok {
			return nil
		}
		if in.Inverse() {
			sum = sum.Add(f.Qty.Mul(in.ContractSize))
		} else {
			sum = sum.Add(f.Qty.Mul(f.Price))
		}
		if name := in.Segment(); !slices.Contains(run.Venues, name) {
			run.Venues = append(run.Venues, name)
		}
		return nil
	})
	slices.Sort(run.Venues)
	run.Turnover = Money{sum.Round(2)}
	return err
}

// exitCost is what closing the open pairs would take: both legs' fees, and half of each
// book's spread.
func exitCost(db *ledger.DB, session string, c *core.Core) (decimal.Decimal, error) {
	pairs, err := db.Pairs(ledger.Filter{Account: session})
	if err != nil {
		return decimal.Zero, err
	}
	sum := decimal.Zero
	for _, p := range pairs {
		perp, err := c.Universe().Lookup(p.Perp)
		if p.Done || err != nil {
			continue
		}
		spot, err := c.Universe().Lookup(p.Spot)
		if err != nil {
			continue
		}
		value := c.ValueAtMark(perp, p.PerpQty)
		sum = sum.Add(value.Mul(perp.TakerFee.Add(spot.TakerFee).Add(halfSpread(c, perp)).Add(halfSpread(c, spot))))
	}
	return sum.Round(8), nil
}

// halfSpread is half of a book's spread as a part of its middle; 0 without a book.
func halfSpread(c *core.Core, in *exchange.Instrument) decimal.Decimal {
	book := c.Book(in.ID)
	bid, okBid := book.Best(exchange.Buy)
	ask, okAsk := book.Best(exchange.Sell)
	if !okBid || !okAsk || ask.Price <= bid.Price {
		return decimal.Zero
	}
	return decimal.NewFromInt(int64(ask.Price-bid.Price)).DivRound(decimal.NewFromInt(int64(ask.Price+bid.Price)), 10)
}
