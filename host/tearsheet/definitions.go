package tearsheet

import (
	"slices"

	"github.com/perilune/perilune/exchange"
)

// Definitions are the metrics that there are, in the order in which they are shown.
func Definitions() []Definition {
	return slices.Concat(resultDefinitions, riskDefinitions, tripDefinitions, exposureDefinitions, costDefinitions)
}

var resultDefinitions = []Definition{
	{"net", Money, "equity at the end less that at the beginning: after fees, funding and with what is open", func(f *figures) Value { return money(f.net(), f.known()) }},
	{"start_equity", Money, "equity at the beginning", func(f *figures) Value { return money(f.begin().Value, f.known()) }},
	{"end_equity", Money, "equity at the end", func(f *figures) Value { return money(f.end().Value, f.known()) }},
	{"return", Part, "net as a part of start_equity", func(f *figures) Value { return ratio(Return(f.Curve)) }},
	{"annual_return", Part, "growth of a year of 365 days at the compound rate; takes a day", func(f *figures) Value { return ratio(AnnualisedReturn(f.Curve)) }},
	{"days", Days, "time from the first to the last sample of the equity", func(f *figures) Value { return ratio(f.span(), f.known()) }},
}

var riskDefinitions = []Definition{
	{"volatility", Part, "sample standard deviation of daily returns, times √365; takes two whole days", func(f *figures) Value { return ratio(AnnualisedVolatility(f.raw)) }},
	{"sharpe", Ratio, "mean of daily returns over their standard deviation, times √365, no risk-free rate (Sharpe 1994); takes two whole days that differ", func(f *figures) Value { return ratio(Sharpe(f.raw)) }},
	{"sharpe_autocorrelated", Ratio, "the same for returns that follow one another (Lo 2002, first order); takes three whole days", func(f *figures) Value { return ratio(SharpeAutocorrelated(f.raw)) }},
	{"sortino", Ratio, "mean of daily returns over their downside deviation below zero, times √365 (Sortino and Price 1994); takes a day of loss", func(f *figures) Value { return ratio(Sortino(f.raw)) }},
	{"calmar", Ratio, "annual_return over max_drawdown, of the whole span (Young 1991)", func(f *figures) Value { return ratio(Calmar(f.Curve)) }},
	{"max_drawdown", Part, "largest fall of equity below its highest so far, as a part of that; positive", func(f *figures) Value { return ratio(f.top.Fraction, f.known()) }},
	{"max_drawdown_amount", Money, "that fall; positive", func(f *figures) Value { return money(f.top.Amount, f.known()) }},
	{"max_drawdown_days", Days, "from that peak until it was regained, or to the end", func(f *figures) Value {
		return ratio(float64(f.top.Lasted(f.end().Time))/float64(exchange.Day), f.known())
	}},
	{"longest_drawdown_days", Days, "longest time below a peak", func(f *figures) Value { return ratio(float64(longest(f.Curve))/float64(exchange.Day), f.known()) }},
	{"best_day", Part, "largest return of a whole UTC day", func(f *figures) Value { return ratio(extreme(f.raw, slices.Max[[]float64])) }},
	{"worst_day", Part, "smallest one", func(f *figures) Value { return ratio(extreme(f.raw, slices.Min[[]float64])) }},
	{"positive_days", Part, "part of the whole days whose return is above zero", func(f *figures) Value {
		up := 0
		for _, r := range f.raw {
			if r > 0 {
				up++
			}
		}
		return ratio(float64(up)/float64(max(1, len(f.raw))), len(f.raw) > 0)
	}},
}

func extreme(list []float64, of func([]float64) float64) (float64, bool) {
	if len(list) == 0 {
		return 0, false
	}
	return of(list), true
}

var tripDefinitions = []Definition{
	{"trades", Number, "round trips that were closed: first in, first out by order; a pair trade is one", func(f *figures) Value { return count(f.all.Trades) }},
	{"open_trades", Number, "round trips without an exit yet", func(f *figures) Value { return count(len(f.Open)) }},
	{"win_rate", Part, "trades with a net above zero as a part of all", func(f *figures) Value { return ratio(f.all.WinRate()) }},
	{"profit_factor", Ratio, "net of the trades won over that of those lost; takes a loss", func(f *figures) Value { return ratio(f.all.ProfitFactor()) }},
	{"expectancy", Money, "mean net of a trade", func(f *figures) Value { return money(f.all.Expectancy()) }},
	{"average_win", Money, "mean net of a trade that was won", func(f *figures) Value { return money(f.all.AverageWin()) }},
	{"average_loss", Money, "mean net of one that was lost; negative", func(f *figures) Value { return money(f.all.AverageLoss()) }},
	{"payoff_ratio", Ratio, "average_win over average_loss, without the sign", func(f *figures) Value {
		win, okWin := f.all.AverageWin()
		loss, okLoss := f.all.AverageLoss()
		if !okWin || !okLoss {
			return Value{}
		}
		return ratio(win.InexactFloat64()/-loss.InexactFloat64(), true)
	}},
	{"best_trade", Money, "largest net of a trade", func(f *figures) Value { return money(f.all.Best, f.all.Trades > 0) }},
	{"worst_trade", Money, "smallest one", func(f *figures) Value { return money(f.all.Worst, f.all.Trades > 0) }},
	{"longest_win_streak", Number, "trades won one after the other, by their exits", func(f *figures) Value { return count(f.all.WinStreak) }},
	{"longest_loss_streak", Number, "the same of trades lost", func(f *figures) Value { return count(f.all.LossStreak) }},
	{"average_holding_hours", Hours, "mean time from the first fill of the entry to the last of the exit", func(f *figures) Value { return hours(f.all.AverageHeld()) }},
	{"median_holding_hours", Hours, "the median of it", func(f *figures) Value { return hours(f.all.MedianHeld, f.all.Trades > 0) }},
	{"average_mae", Money, "mean of the maximum adverse excursions of trades; not positive", func(f *figures) Value { return money(part(f.all.MAE, f.all.Trades)) }},
	{"average_mfe", Money, "mean of the maximum favorable excursions; not negative", func(f *figures) Value { return money(part(f.all.MFE, f.all.Trades)) }},
}

var exposureDefinitions = []Definition{
	{"time_in_market", Part, "part of the time in which anything was held", func(f *figures) Value { return ratio(f.Exposure.InMarket, f.known() && f.To > f.From) }},
	{"mean_gross_exposure", Ratio, "value of all positions, whatever their side, over equity; mean over time", func(f *figures) Value { return ratio(f.Exposure.MeanGross, f.Exposure.Known) }},
	{"max_gross_exposure", Ratio, "the largest it was", func(f *figures) Value { return ratio(f.Exposure.MaxGross, f.Exposure.Known) }},
	{"mean_net_exposure", Ratio, "longs less shorts over equity; mean over time", func(f *figures) Value { return ratio(f.Exposure.MeanNet, f.Exposure.Known) }},
	{"max_gross_notional", Money, "the largest value of all positions", func(f *figures) Value { return money(f.Exposure.Largest, f.known()) }},
}

var costDefinitions = []Definition{
	{"fills", Number, "executions", func(f *figures) Value { return count(f.Totals.Fills) }},
	{"maker_share", Part, "executions that rested as a part of all", func(f *figures) Value {
		return ratio(float64(f.Totals.MakerFills)/float64(max(1, f.Totals.Fills)), f.Totals.Fills > 0)
	}},
	{"turnover", Money, "value of all that was bought and sold", func(f *figures) Value { return money(f.Totals.Turnover) }},
	{"turnover_per_day", Ratio, "turnover over mean equity, a day", func(f *figures) Value {
		if f.meanEquity() <= 0 || f.span() <= 0 {
			return Value{}
		}
		return ratio(f.Totals.Turnover.InexactFloat64()/f.meanEquity()/f.span(), true)
	}},
	{"fees", Money, "paid; a rebate is negative", func(f *figures) Value { return money(f.Totals.Fees) }},
	{"fees_share", Part, "fees as a part of net plus fees; takes a gain before fees", func(f *figures) Value { return f.share(f.Totals.Fees) }},
	{"funding", Money, "received less paid", func(f *figures) Value { return money(f.Totals.Funding) }},
	{"funding_share", Part, "funding as a part of net plus fees; takes a gain before fees", func(f *figures) Value { return f.share(f.Totals.Funding) }},
	{"interest", Money, "charged on borrowed coins; negative", func(f *figures) Value { return money(f.Totals.Interest) }},
	{"insurance", Money, "paid by insurance funds after liquidations", func(f *figures) Value { return money(f.Totals.Insurance) }},
	{"slippage_bp", BP, "fills against the middle of the book when their order was decided on, by value, without fees; positive is worse (Perold 1988)", func(f *figures) Value {
		if len(f.Slippage) == 0 {
			return Value{}
		}
		return ratio(f.Slippage[0].BP())
	}},
	{"slippage_cost", Money, "the same in money", func(f *figures) Value {
		if len(f.Slippage) == 0 {
			return Value{}
		}
		return money(f.Slippage[0].Cost)
	}},
}
