package cli

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/host/tearsheet"
)

// undefined stands where a figure is not defined.
const undefined = "–"

// printSheet shows a report on a screen: what it came to, and by what.
func printSheet(w io.Writer, session string, s *tearsheet.Sheet, m tearsheet.Metrics) {
	fmt.Fprintf(w, "%s, %s to %s UTC (%s)\n", cmp.Or(s.Strategy, "the whole account")+" in "+cmp.Or(session, "all sessions"),
		second(s.From.String()), second(s.To.String()), span(days(s.To-s.From)))
	printFigures(w, s.Currency, m)
	printGroups(w, s, "strategy", s.ByStrategy)
	printGroups(w, s, "symbol", s.BySymbol)
	printGroups(w, s, "side", s.BySide)
	printMonths(w, s.Months)
	printDrawdowns(w, s)
	printSlippage(w, s)
	for _, n := range s.Notes {
		fmt.Fprintf(w, "\nnote: %s\n", strings.Join(wrap(n, 90), "\n  "))
	}
}

// printFigures are the rows of a summary: what belongs together on one line.
func printFigures(w io.Writer, currency string, m tearsheet.Metrics) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range [][]string{
		{"result", "net", "return", "annual_return", "end_equity"},
		{"risk", "max_drawdown", "max_drawdown_days", "volatility", "sharpe", "sortino", "calmar"},
		{"trades", "trades", "open_trades", "win_rate", "profit_factor", "expectancy", "payoff_ratio"},
		{"a trade", "average_win", "average_loss", "best_trade", "worst_trade", "average_mae", "average_mfe"},
		{"streaks", "longest_win_streak", "longest_loss_streak", "average_holding_hours", "median_holding_hours"},
		{"exposure", "time_in_market", "mean_gross_exposure", "max_gross_exposure", "mean_net_exposure"},
		{"costs", "fees", "fees_share", "funding", "funding_share", "slippage_bp"},
		{"trading", "fills", "maker_share", "turnover", "turnover_per_day"},
	} {
		var parts []string
		for _, name := range row[1:] {
			parts = append(parts, label(name)+" "+figure(m.Get(name)))
		}
		fmt.Fprintf(t, "  %s\t%s\n", row[0], strings.Join(parts, ", "))
	}
	fmt.Fprintf(t, "  money in\t%s\n", currency)
	t.Flush()
}

// label is a metric's name for people, without the unit that its figure shows.
func label(name string) string {
	name = strings.TrimSuffix(strings.TrimSuffix(name, "_bp"), "_hours")
	if rest, timed := strings.CutSuffix(name, "drawdown_days"); timed {
		name = rest + "drawdown lasted"
	}
	return strings.ReplaceAll(name, "_", " ")
}

// figure is a metric as a person reads it.
func figure(m tearsheet.Metric) string {
	if !m.Defined {
		return undefined
	}
	switch m.Unit {
	case tearsheet.Money:
		return amount(m.Money)
	case tearsheet.Part:
		return percentage(m.Float, true)
	case tearsheet.Number:
		return fmt.Sprintf("%.0f", m.Float)
	case tearsheet.Days:
		return span(m.Float)
	case tearsheet.Hours:
		return span(m.Float / 24)
	case tearsheet.BP:
		return fmt.Sprintf("%.2f bp", m.Float)
	}
	return fmt.Sprintf("%.2f", m.Float)
}

// amount is money to cents, and small amounts to their first digits.
func amount(d decimal.Decimal) string {
	if d.Abs().LessThan(decimal.New(1, 0)) && !d.IsZero() {
		return d.StringFixed(4)
	}
	return d.StringFixed(2)
}

func percentage(v float64, ok bool) string {
	if !ok {
		return undefined
	}
	return fmt.Sprintf("%.2f %%", 100*v)
}

func orUndefined(v float64, ok bool) string {
	if !ok {
		return undefined
	}
	return fmt.Sprintf("%.2f", v)
}

func moneyOrUndefined(v decimal.Decimal, ok bool) string {
	if !ok {
		return undefined
	}
	return amount(v)
}

func printGroups(w io.Writer, s *tearsheet.Sheet, by string, list []tearsheet.Group) {
	if len(list) == 0 || by == "strategy" && len(list) == 1 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\nby %s\ttrades\twon\tprofit factor\texpectancy\tavg win\tavg loss\tgross\tfunding\tfees\tnet\theld\t\n", by)
	for i := range list {
		g := &list[i]
		held, _ := g.AverageHeld()
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", g.Name, g.Trades, percentage(g.WinRate()), orUndefined(g.ProfitFactor()),
			moneyOrUndefined(g.Expectancy()), moneyOrUndefined(g.AverageWin()), moneyOrUndefined(g.AverageLoss()),
			amount(g.Gross), amount(g.Funding), amount(g.Fees.Neg()), amount(g.Net), span(days(held)))
	}
	t.Flush()
}

// printMonths is the table of returns: a year on each line.
func printMonths(w io.Writer, list []tearsheet.Month) {
	if len(list) < 2 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\nreturn, %\t")
	for m := time.January; m <= time.December; m++ {
		fmt.Fprint(t, m.String()[:3]+"\t")
	}
	fmt.Fprintln(t, "year\t")
	for _, y := range tearsheet.Years(list) {
		fmt.Fprintf(t, "%d\t", y.Year)
		for _, m := range y.Months {
			switch {
			case m == nil:
				fmt.Fprint(t, "\t")
			case !m.Known:
				fmt.Fprint(t, undefined+"\t")
			default:
				fmt.Fprintf(t, "%.2f%s\t", 100*m.Return, map[bool]string{false: "*"}[m.Whole])
			}
		}
		fmt.Fprintf(t, "%s\t\n", strings.TrimSuffix(percentage(y.Return, y.Known), " %"))
	}
	t.Flush()
	fmt.Fprintln(w, "* a part of a month")
}

func printDrawdowns(w io.Writer, s *tearsheet.Sheet) {
	if len(s.Drawdowns) == 0 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\ndrawdown\tamount\tpeak\ttrough\tregained\tlasted\t\n")
	for _, d := range s.Drawdowns {
		regained := undefined
		if d.Regained != 0 {
			regained = minute(d.Regained)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t\n", percentage(d.Fraction, true), amount(d.Amount), minute(d.Peak), minute(d.Trough), regained, span(days(d.Lasted(s.To))))
	}
	t.Flush()
}

func printSlippage(w io.Writer, s *tearsheet.Sheet) {
	if len(s.Slippage) == 0 {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\nagainst arrival\torders\tvalue\tbp\tcost\trested\t\n")
	for i := range s.Slippage {
		x := &s.Slippage[i]
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%s\t\n", cmp.Or(x.Instrument, "all"), x.Orders, amount(x.Value), orUndefined(x.BP()), amount(x.Cost), percentage(x.Maker, true))
	}
	t.Flush()
}
