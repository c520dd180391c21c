package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/report"
	"github.com/perilune/perilune/host/tearsheet"
	"github.com/perilune/perilune/ledger"
)

const (
	// reportFills is how many of the last fills a report shows.
	reportFills = 500
	// reportPoints is how many points of each series that a strategy plotted.
	reportPoints = 4000
)

// reporting gathers what the HTML report of a ledger shows. All of money comes from the
// ledger, not from a run's memory: it is what a person can check, and it is the same
// beside a session, at its end and a year later.
type reporting struct {
	db      *ledger.DB
	sel     tearsheet.Selection
	record  *tearsheet.Record
	sheet   *tearsheet.Sheet
	filter  ledger.Filter
	scripts []loaded          // of a run at its end; nil: what the ledger has of them
	set     map[string]string // Options.Set of that run
	*reporter
}

// newReporting reads a ledger.
func newReporting(db *ledger.DB, sel tearsheet.Selection) (*reporting, error) {
	record, err := tearsheet.Read(&db.Reader, sel)
	if err != nil {
		return nil, err
	}
	return &reporting{db: db, sel: sel, record: record, sheet: tearsheet.Compute(record),
		filter: ledger.Filter{Account: sel.Account, Strategy: sel.Strategy, From: sel.From, To: sel.To}}, nil
}

// fill adds what the ledger has to the data of a report.
func (p *reporting) fill(ctx context.Context, d *report.Data) error {
	d.Sheet, d.Equity, d.Asset = p.sheet, p.sheet.Curve, p.record.Currency
	p.addTotals(d)
	p.addPairs(d)
	p.addFunding(d)
	p.addFills(d)
	p.addPrices(d)
	if err := p.addSchedules(d); err != nil {
		return err
	}
	if err := p.addSeries(ctx, d); err != nil {
		return err
	}
	if p.scripts != nil {
		p.addScripts(d)
		return nil
	}
	return p.addStrategies(d)
}

// checkReport finds out before the session whether its report can be written:
// after it would be too late.
func checkReport(path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return configError("report %s: it is a directory: want the name of a file", path)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".report-*")
	if err != nil {
		return configError("report %s can't be written: %v", path, err)
	}
	return errors.Join(tmp.Close(), os.Remove(tmp.Name()))
}

// writeFile writes beside the target first, so that a report is whole or not
// there.
func writeFile(path string, write func(io.Writer) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".report-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if err := write(tmp); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := os.Chmod(tmp.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

func (p *reporting) addTotals(d *report.Data) {
	t, s := &d.Totals, p.sheet
	for _, list := range [][]tearsheet.Trip{s.Trips, s.Open} {
		for i := range list {
			if x := &list[i]; x.Pair != 0 {
				t.Basis = t.Basis.Add(x.Gross)
			} else {
				t.Price = t.Price.Add(x.Gross)
			}
		}
	}
	t.Funding, t.Insurance, t.Interest, t.Fees = s.Totals.Funding, s.Totals.Insurance, s.Totals.Interest, s.Totals.Fees
}

// within reports whether something at a moment is of the report.
func (p *reporting) within(at exchange.Time, strategy string) bool {
	return at >= p.sel.From && (p.sel.To == 0 || at < p.sel.To) && (p.sel.Strategy == "" || p.sel.Strategy == strategy)
}

func (p *reporting) addFunding(d *report.Data) {
	sum := decimal.Zero
	bySymbol := map[string]*symbolFunding{}
	var order []string
	for i := range p.record.Funding {
		f := &p.record.Funding[i]
		if !p.within(f.Settled, f.Strategy) {
			continue
		}
		amount := p.sheet.Worth(f.Asset, f.Amount)
		sum = sum.Add(amount)
		d.Funding = append(d.Funding, report.Point{Time: f.Settled, Value: sum})
		s := bySymbol[f.Symbol]
		if s == nil {
			s = &symbolFunding{settled: map[exchange.Time]bool{}}
			bySymbol[f.Symbol] = s
			order = append(order, f.Symbol)
		}
		s.settled[f.Settled] = true
		s.amount = s.amount.Add(amount)
		s.notional = s.notional.Add(f.Position.Abs().Mul(f.Mark))
	}
	for _, symbol := range order {
		s := bySymbol[symbol]
		n := len(s.settled)
		d.FundingSymbols = append(d.FundingSymbols, report.SymbolFunding{Symbol: symbol, Settlements: n, Amount: s.amount,
			MeanNotional: s.notional.DivRound(decimal.NewFromInt(int64(n)), 2)})
	}
}

type symbolFunding struct {
	settled          map[exchange.Time]bool
	amount, notional decimal.Decimal
}

// addPairs shows pairs as the sheet has them: also what is open of them.
func (p *reporting) addPairs(d *report.Data) {
	type key struct {
		account string
		id      exchange.PairID
	}
	trips := map[key]*tearsheet.Trip{}
	for _, list := range [][]tearsheet.Trip{p.sheet.Trips, p.sheet.Open} {
		for i := range list {
			trips[key{list[i].Account, list[i].Pair}] = &list[i]
		}
	}
	for i := range p.record.Pairs {
		x := &p.record.Pairs[i]
		if !p.within(max(x.Opened, x.Closed), x.Strategy) {
			continue
		}
		row := report.Pair{ID: x.ID, Name: x.Perp, State: x.State, Opened: x.Opened, Closed: x.Closed, Notional: x.Notional}
		if t := trips[key{x.Account, x.ID}]; t != nil {
			row.Basis, row.Funding, row.Insurance, row.Interest, row.Fees = t.Gross, t.Funding, t.Insurance, t.Interest, t.Fees
		}
		d.Pairs = append(d.Pairs, row)
		d.Totals.PairsOpened++
		if x.Done {
			d.Totals.PairsClosed++
		}
		d.Totals.MaxUnhedged = decimal.Max(d.Totals.MaxUnhedged, x.MaxUnhedged)
		d.Totals.MaxUnhedgedTime = max(d.Totals.MaxUnhedgedTime, x.MaxUnhedgedTime)
	}
}

func (p *reporting) addFills(d *report.Data) {
	days := map[exchange.Time]bool{}
	for i := range p.record.Fills {
		x := &p.record.Fills[i]
		if !p.within(x.Time, x.Strategy) {
			continue
		}
		d.FillCount++
		days[x.Time/exchange.Day] = true
		d.Fills = append(d.Fills, report.Fill{
			Time: x.Time, Instrument: string(x.Venue) + ":" + x.Symbol, Side: x.Side, Price: x.Price, Qty: x.Qty,
			Maker: x.Maker, Fee: x.Fee, FeeAsset: x.FeeAsset, Pair: x.Pair, ClientID: x.ClientID, Reason: x.Reason})
	}
	d.Fills = d.Fills[max(0, len(d.Fills)-reportFills):]
	d.Totals.TradingDays = len(days)
}

// holeAfter is how far apart two prices are when nothing was held between them: while
// something is, one is kept every quarter of an hour.
const holeAfter = 31 * exchange.Minute

// addPrices are what each instrument stood at while it was held, and its fills.
func (p *reporting) addPrices(d *report.Data) {
	paths := map[string]*report.PricePath{}
	var order []string
	path := func(venue exchange.Venue, symbol string) *report.PricePath {
		k := string(venue) + ":" + symbol
		if paths[k] == nil {
			paths[k] = &report.PricePath{Instrument: k}
			order = append(order, k)
		}
		return paths[k]
	}
	for i := range p.record.Fills {
		if f := &p.record.Fills[i]; p.within(f.Time, f.Strategy) {
			x := path(f.Venue, f.Symbol)
			x.Fills = append(x.Fills, report.FillMark{Time: f.Time, Price: f.Price.InexactFloat64(), Side: f.Side})
		}
	}
	for i := range p.record.Prices {
		v := &p.record.Prices[i]
		x := paths[string(v.Venue)+":"+v.Symbol]
		if x == nil || !p.within(v.Time, p.sel.Strategy) {
			continue
		}
		if n := len(x.Samples); n > 0 && v.Time-x.Samples[n-1].Time > holeAfter {
			x.Samples = append(x.Samples, report.Sample{Time: x.Samples[n-1].Time + 1, Value: math.NaN()})
		}
		x.Samples = append(x.Samples, report.Sample{Time: v.Time, Value: v.Price.InexactFloat64()})
	}
	for _, k := range order {
		d.Prices = append(d.Prices, *paths[k])
	}
}

// addSchedules takes the figures from the ledger, and the paths from the run, if it is at its
// end.
func (p *reporting) addSchedules(d *report.Data) error {
	list, err := p.db.Schedules(p.filter)
	for i := range list {
		x := &list[i]
		s := report.Schedule{
			ID: x.ID, Name: fmt.Sprintf("%s %s %s %s:%s", x.Algo, x.Side, x.Total, x.Venue, x.Symbol), State: x.State, Reason: x.Reason,
			Curve: x.Curve, Starts: x.Starts, Ends: x.Ends, Price: unknown(x.Price), MarketVWAP: unknown(x.MarketVWAP),
			SlipVWAP: orNaN(x.Slippage(x.MarketVWAP)), SlipArrival: orNaN(x.Slippage(x.Arrival)), SlipAtOnce: orNaN(x.SlippageAtOnce()),
			Completion:    x.Filled.InexactFloat64() / max(x.Total.InexactFloat64(), math.SmallestNonzeroFloat64),
			Participation: x.Filled.InexactFloat64() / unknown(x.MarketQty), Maker: x.Maker.InexactFloat64() / unknown(x.Filled.InexactFloat64()),
			Fees: x.Fees,
		}
		if held, less := x.HeldOnly(); less {
			s.HeldOnly = held.String()
		}
		if p.reporter != nil {
			if path := p.parents.Paths[x.ID]; path != nil {
				s.Filled, s.Due = samples(path.Times, path.Filled), samples(path.Times, path.Due)
			}
		}
		d.Schedules = append(d.Schedules, s)
	}
	return err
}

// unknown is NaN for the 0 that the ledger keeps for a figure that is not known.
func unknown(v float64) float64 {
	if v == 0 {
		return math.NaN()
	}
	return v
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

func samples(at []exchange.Time, values []float64) []report.Sample {
	out := make([]report.Sample, len(at))
	for i := range at {
		out[i] = report.Sample{Time: at[i], Value: values[i]}
	}
	return out
}
