package host

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/internal/track"
	"github.com/perilune/perilune/host/tearsheet"
)

// take keeps of a session what a study compares.
func (run *StudyRun) take(r *runner, s *Summary, book *tradeBook, capital decimal.Decimal) {
	exit := exitCost(r.core)
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
	run.Turnover, run.Venues = Money{book.turnover.Round(2)}, book.venues
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

// exitCost is what closing the open pairs would take: both legs' fees, and half of each
// book's spread.
func exitCost(c *core.Core) decimal.Decimal {
	sum := decimal.Zero
	for _, p := range c.OpenPairs() {
		perp, spot := c.Universe().Get(p.Perp), c.Universe().Get(p.Spot)
		value := c.ValueAtMark(perp, perp.QtyDecimal(p.PerpQty))
		sum = sum.Add(value.Mul(perp.TakerFee.Add(spot.TakerFee).Add(halfSpread(c, perp)).Add(halfSpread(c, spot))))
	}
	return sum.Round(8)
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
