package report

import (
	"fmt"
	"math"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/tearsheet"
)

// maxRows bounds the long tables: a report is read, a ledger is queried.
const maxRows = 200

// view is Data in words, as the page shows it.
type view struct {
	*Data
	Period   string
	Stamp    banner
	Headline []figure
	Groups   []figureGroup
	Sharpe   string // a sentence on what the ratio is worth
	Tables   []groupTable
	Months   []monthRow
	// MonthNames head the table of returns.
	MonthNames []string
	Falls      []drawdownRow
	Rolling    []*chart
	Trips      []tripRow
	TripNote   string
	Slips      []slipRow
	Windows    []windowRow
	WindowSums *chart
	PricePaths []*chart
	PriceNote  string
	Parts      []part
	Charts     []*chart
	Pairs      pairTable
	Funding    fundingTable
	Fills      []fillRow
	FillNote   string
	Signals    []*chart
	// Schedules are the parent orders, and Paths how the first of them were filled.
	Schedules []scheduleRow
	Paths     []*chart
	// LatencyRows are how late market data came.
	LatencyRows []latencyRow
	// SureRows are the runs with other assumptions.
	SureRows []sureRow
}

// banner says what the figures are worth.
type banner struct{ Class, Word, Text string }

// figure is a named number.
type figure struct{ Name, Value, Unit, Note, Tone string }

// part is one source of profit, as a bar from Left over Width percent.
type part struct {
	figure
	Left, Width string
	Sum         bool
}

var banners = map[Mode]banner{
	Simulated: {"simulated", "Simulated", "A model filled these orders on recorded or synthetic markets. No order was sent, and nothing here is a track record."},
	Paper:     {"paper", "Paper", "The markets were live; a model filled the orders. No order was sent to a venue."},
	Live:      {"live", "Live", "These are fills of a real venue."},
}

func newView(d *Data) *view {
	v := &view{Data: d, Stamp: banners[d.Mode], Period: period(d.Equity)}
	if v.Stamp.Word == "" {
		v.Stamp = banners[Simulated]
	}
	if d.Sheet == nil {
		d.Sheet = tearsheet.Compute(&tearsheet.Record{Currency: d.Asset, Equity: d.Equity})
	}
	daily := tearsheet.DailyReturns(d.Equity)
	v.Headline = headline(d)
	v.sheet(d)
	v.Sharpe = sharpeNote(daily)
	v.Parts = parts(d)
	v.Pairs = newPairTable(d)
	v.Funding = newFundingTable(d)
	v.Fills, v.FillNote = fillRows(d)
	v.Schedules, v.Paths = scheduleRows(d)
	v.LatencyRows = latencyRows(d)
	v.SureRows = sureRows(d)
	for _, s := range d.Series {
		if c := draw(s.Samples, style{title: s.Name, note: s.Strategy, class: "signal", base: math.NaN()}); c != nil {
			v.Signals = append(v.Signals, c)
		}
	}
	return v
}

// sheet adds what the record came to.
func (v *view) sheet(d *Data) {
	s := d.Sheet
	v.Groups, v.Tables, v.Falls, v.Slips = figureGroups(d), groupTables(s), drawdownRows(s), slipRows(s)
	v.Months, v.MonthNames = monthRows(s), monthNames
	v.Trips, v.TripNote = tripRows(s)
	v.Windows, v.WindowSums = windowRows(s)
	v.PricePaths, v.PriceNote = priceCharts(d)
	var below []*chart
	below, v.Rolling = sheetCharts(s)
	v.Charts = append(charts(d), below...)
}

func period(equity []Point) string {
	if len(equity) == 0 {
		return ""
	}
	from, to := equity[0].Time, equity[len(equity)-1].Time
	return fmt.Sprintf("%s to %s UTC, %s", stamp(from), stamp(to), duration(to-from))
}

func headline(d *Data) []figure {
	if len(d.Equity) == 0 {
		return nil
	}
	result := d.Equity[len(d.Equity)-1].Value.Sub(d.Equity[0].Value)
	grown, okGrown := tearsheet.Return(d.Equity)
	yearly, okYearly := tearsheet.AnnualisedReturn(d.Equity)
	dd := tearsheet.MaxDrawdown(d.Equity)
	return []figure{
		{"Net result", gain(result), d.Asset, "after fees and funding", tone(result)},
		{"Return", gainPercent(grown, okGrown), "", "on starting equity", toneOf(grown)},
		{"Annualised return", gainPercent(yearly, okYearly), "", extrapolated(d.Equity), toneOf(yearly)},
		{"Largest drawdown", percent(-dd.Fraction, true), "", drawdownDates(dd), toneOf(-dd.Fraction)},
	}
}

// extrapolated warns of a year that was computed from less.
func extrapolated(equity []Point) string {
	span := equity[len(equity)-1].Time - equity[0].Time
	switch {
	case span < exchange.Day:
		return "takes a day at least"
	case span < tearsheet.DaysPerYear*exchange.Day:
		return "compounded from " + duration(span)
	}
	return "compounded"
}

func drawdownDates(dd tearsheet.Drawdown) string {
	if dd.Trough == 0 {
		return "equity never fell"
	}
	when := stamp
	if dd.Trough-dd.Peak >= exchange.Day {
		when = date
	}
	if dd.Regained == 0 {
		return fmt.Sprintf("%s to %s, not regained", when(dd.Peak), when(dd.Trough))
	}
	return fmt.Sprintf("%s to %s, regained %s", when(dd.Peak), when(dd.Trough), when(dd.Regained))
}

func sharpeNote(daily []float64) string {
	rho, ok := tearsheet.Autocorrelation(daily)
	if !ok {
		return fmt.Sprintf("There are %s, too few for a Sharpe ratio to mean anything.", count(len(daily), "whole day", "whole days"))
	}
	return fmt.Sprintf("The Sharpe ratios are of %s, without a risk-free rate, times √365. "+
		"One day's return has a correlation of %.2f with the next. Where that is positive, as with funding that arrives smoothly, "+
		"the plain ratio is too high; the other one allows for it (Lo 2002, first order).",
		count(len(daily), "daily return", "daily returns"), rho)
}

// parts explains the result by its sources, down to what they leave open.
func parts(d *Data) []part {
	if len(d.Equity) == 0 {
		return nil
	}
	t := d.Totals
	result := d.Equity[len(d.Equity)-1].Value.Sub(d.Equity[0].Value)
	rest := result.Sub(t.Price.Add(t.Basis).Add(t.Funding).Add(t.Insurance).Add(t.Interest).Sub(t.Fees))
	rows := []struct {
		name, note string
		amount     decimal.Decimal
	}{
		{"Funding", "received less paid", t.Funding},
		{"Basis", "change of the perpetual against spot, hedged part", t.Basis},
		{"Price", "what was not hedged", t.Price},
		{"Insurance", "paid by insurance funds after liquidations", t.Insurance},
		{"Interest", "charged on borrowed coins", t.Interest},
		{"Fees", "paid to venues", t.Fees.Neg()},
		{"Not attributed", "equity moved by this without a part above", rest},
	}
	var out []part
	var bars bars
	for _, r := range rows {
		if (r.name == "Not attributed" || r.name == "Insurance" || r.name == "Interest") && r.amount.Round(2).IsZero() {
			continue
		}
		out = append(out, part{figure: figure{Name: r.name, Value: gain(r.amount), Note: r.note, Tone: tone(r.amount)}})
		bars.add(r.amount.InexactFloat64())
	}
	out = append(out, part{figure: figure{Name: "Net result", Value: gain(result), Tone: tone(result)}, Sum: true})
	bars.total()
	for i := range out {
		out[i].Left, out[i].Width = bars.place(i)
	}
	return out
}

// bars are a waterfall: each starts where the one before ended.
type bars struct {
	from, to []float64
	sum      float64
}

func (b *bars) add(v float64) {
	b.from, b.to = append(b.from, b.sum), append(b.to, b.sum+v)
	b.sum += v
}

func (b *bars) total() { b.from, b.to = append(b.from, 0), append(b.to, b.sum) }

// place returns where a bar begins and how long it is, in percent of the width.
func (b *bars) place(i int) (left, width string) {
	low, high := 0.0, 0.0
	for j := range b.from {
		low, high = min(low, b.from[j], b.to[j]), max(high, b.from[j], b.to[j])
	}
	if high == low {
		return "0", "0"
	}
	start, end := min(b.from[i], b.to[i]), max(b.from[i], b.to[i])
	return coord((start - low) / (high - low) * 100), coord((end - start) / (high - low) * 100)
}

func charts(d *Data) (out []*chart) {
	equity := samples(d.Equity)
	if len(equity) == 0 {
		return nil
	}
	add := func(c *chart) {
		if c != nil {
			out = append(out, c)
		}
	}
	add(draw(equity, style{title: "Equity", note: "against its start", class: "equity", unit: d.Asset, base: equity[0].Value}))
	add(draw(tearsheet.Underwater(d.Equity), style{title: "Drawdown", note: "below the highest equity so far", class: "drawdown", unit: "%", scale: 100}))
	add(draw(samples(d.Funding), style{title: "Funding received", note: "since the start", class: "funding", unit: d.Asset}))
	return out
}

func samples(points []Point) []Sample {
	out := make([]Sample, len(points))
	for i, p := range points {
		out[i] = Sample{Time: p.Time, Value: p.Value.InexactFloat64()}
	}
	return out
}
