package report

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/tearsheet"
)

// figureGroup is figures that belong together. Every one has its definition, which a pointer
// that rests on it shows.
type figureGroup struct {
	Title   string
	Figures []figure
}

// groupTitles name the groups by the first metric of each.
var groupTitles = map[string]string{"net": "Result", "volatility": "Risk", "trades": "Trades", "time_in_market": "Exposure", "fills": "Costs"}

// figureGroups are all metrics of a sheet.
func figureGroups(d *Data) (out []figureGroup) {
	for _, m := range d.Sheet.Metrics() {
		if title := groupTitles[m.Name]; title != "" {
			out = append(out, figureGroup{Title: title})
		}
		g := &out[len(out)-1]
		g.Figures = append(g.Figures, figure{Name: metricName(m.Name), Value: metricText(&m), Note: m.Doc})
	}
	if t := &d.Totals; t.PairsOpened > 0 {
		out = append(out, figureGroup{"Pairs", []figure{
			{Name: "Pairs opened", Value: fmt.Sprint(t.PairsOpened)},
			{Name: "Pairs closed", Value: fmt.Sprint(t.PairsClosed)},
			{Name: "Largest unhedged value", Value: money(t.MaxUnhedged)},
			{Name: "Longest unhedged time", Value: duration(t.MaxUnhedgedTime)},
		}})
	}
	return out
}

// metricName is a metric's name for people.
func metricName(name string) string {
	for _, unit := range []string{"_bp", "_hours"} {
		name = strings.TrimSuffix(name, unit)
	}
	if rest, timed := strings.CutSuffix(name, "drawdown_days"); timed {
		name = rest + "drawdown lasted"
	}
	if name == "days" {
		name = "time"
	}
	name = strings.ReplaceAll(name, "_", " ")
	for _, short := range []string{"mae", "mfe"} {
		name = strings.ReplaceAll(name, short, strings.ToUpper(short))
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

func metricText(m *tearsheet.Metric) string {
	if !m.Defined {
		return none
	}
	switch m.Unit {
	case tearsheet.Money:
		return money(m.Money)
	case tearsheet.Part:
		return percent(m.Float, true)
	case tearsheet.Number:
		return group(fmt.Sprintf("%.0f", m.Float))
	case tearsheet.Days:
		return duration(exchange.Time(m.Float * float64(exchange.Day)))
	case tearsheet.Hours:
		return duration(exchange.Time(m.Float * float64(exchange.Hour)))
	case tearsheet.BP:
		return fmt.Sprintf("%.2f bp", m.Float)
	}
	return ratio(m.Float, true)
}

// groupTable is the trades of each symbol, side or strategy.
type groupTable struct {
	Title, Of string
	Rows      []groupRow
}

type groupRow struct {
	Name, Trades, Won, Factor, Held string
	Amounts                         []cell // expectancy, win, loss, gross, funding, fees, net
}

func groupTables(s *tearsheet.Sheet) (out []groupTable) {
	for _, by := range []struct {
		of   string
		list []tearsheet.Group
		most int // so few are not told apart
	}{{"strategy", s.ByStrategy, 1}, {"symbol", s.BySymbol, 0}, {"side", s.BySide, 1}} {
		if len(by.list) <= by.most {
			continue
		}
		t := groupTable{Title: "Trades by " + by.of, Of: strings.ToUpper(by.of[:1]) + by.of[1:]}
		for i := range by.list {
			g := &by.list[i]
			held, ok := g.AverageHeld()
			row := groupRow{Name: g.Name, Trades: group(fmt.Sprint(g.Trades)), Won: percent(g.WinRate()), Factor: ratio(g.ProfitFactor()), Held: none}
			if ok {
				row.Held = duration(held)
			}
			row.Amounts = []cell{gainIf(g.Expectancy()), gainIf(g.AverageWin()), gainIf(g.AverageLoss()), gainCell(g.Gross), gainCell(g.Funding), gainCell(g.Fees.Neg()), gainCell(g.Net)}
			t.Rows = append(t.Rows, row)
		}
		out = append(out, t)
	}
	return out
}

func gainIf(d decimal.Decimal, ok bool) cell {
	if !ok {
		return cell{none, ""}
	}
	return gainCell(d)
}

// monthRow is a year of the table of returns.
type monthRow struct {
	Year   int
	Months []heat // twelve, and the year
}

// heat is a return with how strongly its cell is colored, in percent.
type heat struct {
	Text, Tone string
	Strength   int
	Part       bool // of a month
}

var monthNames = func() (out []string) {
	for m := time.January; m <= time.December; m++ {
		out = append(out, m.String()[:3])
	}
	return out
}()

// fullHeat is the return of a month whose cell is colored in full.
const fullHeat = 0.1

func monthRows(s *tearsheet.Sheet) (out []monthRow) {
	if len(s.Months) < 2 {
		return nil
	}
	cellOf := func(r float64, known bool) heat {
		if !known {
			return heat{Text: none}
		}
		return heat{Text: strings.TrimSuffix(gainPercent(r, true), " %"), Tone: toneOf(r), Strength: int(45 * min(1, math.Sqrt(math.Abs(r)/fullHeat)))}
	}
	for _, y := range tearsheet.Years(s.Months) {
		row := monthRow{Year: y.Year}
		for _, m := range y.Months {
			h := heat{}
			if m != nil {
				h = cellOf(m.Return, m.Known)
				h.Part = !m.Whole
			}
			row.Months = append(row.Months, h)
		}
		row.Months = append(row.Months, cellOf(y.Return, y.Known))
		out = append(out, row)
	}
	return out
}

type drawdownRow struct{ Part, Amount, Peak, Trough, Regained, Lasted string }

func drawdownRows(s *tearsheet.Sheet) (out []drawdownRow) {
	for _, d := range s.Drawdowns {
		out = append(out, drawdownRow{percent(-d.Fraction, true), money(d.Amount.Neg()), stamp(d.Peak), stamp(d.Trough), stamp(d.Regained), duration(d.Lasted(s.To))})
	}
	return out
}

type tripRow struct {
	Name, Side, Tone, Entered, Exited, Held, Qty, Entry, Exit, Return, Why string
	Amounts                                                                []cell // gross, funding, fees, net
	MAE, MFE                                                               string
}

// tripRows shows what is open, and the last trades that were closed.
func tripRows(s *tearsheet.Sheet) (rows []tripRow, note string) {
	closed := last(s.Trips)
	if out := len(s.Trips) - len(closed); out > 0 {
		note = fmt.Sprintf("The last %d; %s before them are in the figures, and in perilune report --json.", len(closed), count(out, "trade", "trades"))
	}
	for _, list := range [][]tearsheet.Trip{last(s.Open), closed} {
		for i := len(list) - 1; i >= 0; i-- {
			rows = append(rows, newTripRow(&list[i]))
		}
	}
	return rows, note
}

func newTripRow(t *tearsheet.Trip) tripRow {
	row := tripRow{Name: t.Instrument, Side: t.Side, Entered: stamp(t.Entered), Exited: "open", Held: none, Qty: none, Entry: none, Exit: none,
		Return: gainPercent(t.Return()), Why: strings.TrimSpace(t.Why + " " + t.Tag), MAE: money(t.MAE), MFE: gain(t.MFE),
		Amounts: []cell{gainCell(t.Gross), gainCell(t.Funding.Add(t.Insurance).Add(t.Interest)), gainCell(t.Fees.Neg()), gainCell(t.Net)}}
	row.Tone = map[string]string{"long": "up", "short": "down"}[t.Side]
	if t.Exited != 0 {
		row.Exited, row.Held = stamp(t.Exited), duration(t.Held())
	}
	if t.Pair == 0 {
		row.Qty, row.Entry, row.Exit = exact(t.Qty), exact(t.Entry.Round(8)), exact(t.Exit.Round(8))
	}
	return row
}

type slipRow struct {
	Name, Orders, Value, Rested string
	BP, Cost                    cell
}

func slipRows(s *tearsheet.Sheet) (out []slipRow) {
	for i := range s.Slippage {
		x := &s.Slippage[i]
		bp := math.NaN()
		if v, ok := x.BP(); ok {
			bp = v
		}
		out = append(out, slipRow{cmp.Or(x.Instrument, "All"), group(fmt.Sprint(x.Orders)), money(x.Value), percent(x.Maker, true), slipCell(bp), gainCell(x.Cost.Neg())})
	}
	return out
}

type windowRow struct {
	Settled, Pairs string
	Amounts        []cell // funding, basis, fees, sum
}

// windowRows are the last windows of funding; the chart has all of them.
func windowRows(s *tearsheet.Sheet) (rows []windowRow, sums *chart) {
	var funding, both []Sample
	sumFunding, sumBoth := 0.0, 0.0
	for _, x := range s.Windows {
		sumFunding += x.Funding.InexactFloat64()
		sumBoth += x.Funding.Add(x.Basis).InexactFloat64()
		funding, both = append(funding, Sample{Time: x.Settled, Value: sumFunding}), append(both, Sample{Time: x.Settled, Value: sumBoth})
	}
	for i := len(s.Windows) - 1; i >= max(0, len(s.Windows)-shownWindows); i-- {
		x := &s.Windows[i]
		rows = append(rows, windowRow{stamp(x.Settled), fmt.Sprint(x.Pairs),
			[]cell{gainCell(x.Funding), gainCell(x.Basis), gainCell(x.Fees.Neg()), gainCell(x.Funding.Add(x.Basis).Sub(x.Fees))}})
	}
	return rows, draw(funding, style{title: "Funding by window", note: "summed up; dashed with the change of the basis", class: "funding", unit: s.Currency, base: 0, second: both})
}

// shownWindows is how many windows of funding have a row.
const shownWindows = 24

// sheetCharts are drawn below the equity: exposure, and what rolls.
func sheetCharts(s *tearsheet.Sheet) (below, rolling []*chart) {
	add := func(to *[]*chart, c *chart) {
		if c != nil {
			*to = append(*to, c)
		}
	}
	add(&below, draw(s.Exposure.Gross, style{title: "Exposure", note: "value of all positions over equity; dashed longs less shorts", class: "exposure", unit: "%", scale: 100, base: 0, second: s.Exposure.Net}))
	if r := s.Rolling; r != nil {
		of := fmt.Sprintf("of the %d days before", r.Days)
		add(&rolling, draw(r.Sharpe, style{title: "Sharpe ratio", note: of, class: "signal", base: 0, columns: half}))
		add(&rolling, draw(r.Volatility, style{title: "Volatility", note: of + ", annualised", class: "signal", unit: "%", scale: 100, base: 0, columns: half}))
		add(&rolling, draw(r.Drawdown, style{title: "Largest drawdown", note: of, class: "drawdown", unit: "%", scale: 100, base: 0, columns: half}))
	}
	return below, rolling
}
