package host

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/report"
	"github.com/perilune/perilune/ledger"
)

// reportFills is how many of the last fills a report shows.
const reportFills = 500

// reporting gathers what the HTML report of a session shows. What it shows of money
// comes from the ledger, not from the run's memory: it is what a person can check.
type reporting struct {
	*reporter
	db      *ledger.DB
	account string
	core    *core.Core // at the session's end
	scripts []loaded
	set     map[string]string // Options.Set
}

// write writes the report of a session to a file. d has what the summary and the
// options tell.
func (p *reporting) write(path string, d *report.Data) error {
	for _, at := range p.equity.Points {
		d.Equity = append(d.Equity, report.Point{Time: at.Time, Value: at.Value})
	}
	for _, add := range []func(*report.Data) error{p.addTotals, p.addFunding, p.addPairs, p.addSchedules, p.addFills} {
		if err := add(d); err != nil {
			return err
		}
	}
	p.addStrategies(d)
	return writeFile(path, func(w io.Writer) error { return report.Write(w, *d) })
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

func (p *reporting) addTotals(d *report.Data) error {
	list, err := p.db.PnL(ledger.Filter{Account: p.account})
	for _, x := range list {
		d.Totals.Price = d.Totals.Price.Add(p.inQuote(x.Asset, x.Trading))
		d.Totals.Basis = d.Totals.Basis.Add(p.inQuote(x.Asset, x.Basis))
		d.Totals.Funding = d.Totals.Funding.Add(p.inQuote(x.Asset, x.Funding))
		d.Totals.Insurance = d.Totals.Insurance.Add(p.inQuote(x.Asset, x.Insurance))
		d.Totals.Interest = d.Totals.Interest.Add(p.inQuote(x.Asset, x.Interest))
		d.Totals.Fees = d.Totals.Fees.Add(p.inQuote(x.Asset, x.Fees))
	}
	return err
}

// inQuote values what was made in coin at the session's last price.
func (p *reporting) inQuote(asset string, amount decimal.Decimal) decimal.Decimal {
	if asset == p.core.Currency() || amount.IsZero() {
		return amount
	}
	return p.core.Worth(asset, amount).Round(8)
}

func (p *reporting) addFunding(d *report.Data) error {
	list, err := p.db.Funding(ledger.Filter{Account: p.account})
	if err != nil {
		return err
	}
	sum := decimal.Zero
	bySymbol := map[string]*symbolFunding{}
	var order []string
	for i := range list {
		f := &list[i]
		amount := p.inQuote(f.Asset, f.Amount)
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
	return nil
}

type symbolFunding struct {
	settled          map[exchange.Time]bool
	amount, notional decimal.Decimal
}

func (p *reporting) addPairs(d *report.Data) error {
	pairs, err := p.db.Pairs(ledger.Filter{Account: p.account})
	if err != nil {
		return err
	}
	list, err := p.db.PnL(ledger.Filter{Account: p.account})
	if err != nil {
		return err
	}
	for _, x := range pairs {
		row := report.Pair{ID: x.ID, Name: x.Perp, State: x.State, Opened: x.Opened, Closed: x.Closed, Notional: x.Notional}
		for _, made := range list {
			if made.Pair == x.ID {
				row.Basis = row.Basis.Add(p.inQuote(made.Asset, made.Basis))
				row.Funding = row.Funding.Add(p.inQuote(made.Asset, made.Funding))
				row.Insurance = row.Insurance.Add(p.inQuote(made.Asset, made.Insurance))
				row.Interest = row.Interest.Add(p.inQuote(made.Asset, made.Interest))
				row.Fees = row.Fees.Add(p.inQuote(made.Asset, made.Fees))
			}
		}
		p.markOpen(&row, d)
		d.Pairs = append(d.Pairs, row)
	}
	return nil
}

// markOpen values a pair that is still open at the session's last prices; the
// ledger counts only what was closed.
func (p *reporting) markOpen(row *report.Pair, d *report.Data) {
	for _, x := range p.core.OpenPairs() {
		if x.ID == row.ID {
			basis := p.core.PairBasis(&x)
			d.Totals.Basis = d.Totals.Basis.Add(basis.Sub(row.Basis))
			row.Basis = basis
		}
	}
}

func (p *reporting) addFills(d *report.Data) error {
	days := map[exchange.Time]bool{}
	err := p.db.EachFill(ledger.Filter{Account: p.account}, func(x *ledger.Fill) error {
		d.FillCount++
		days[x.Time/exchange.Day] = true
		d.Fills = append(d.Fills, report.Fill{
			Time: x.Time, Instrument: string(x.Venue) + ":" + x.Symbol, Side: x.Side, Price: x.Price, Qty: x.Qty,
			Maker: x.Maker, Fee: x.Fee, FeeAsset: x.FeeAsset, Pair: x.Pair, ClientID: x.ClientID, Reason: x.Reason})
		if len(d.Fills) >= 2*reportFills {
			d.Fills = append(d.Fills[:0], d.Fills[len(d.Fills)-reportFills:]...)
		}
		return nil
	})
	if n := len(d.Fills); n > reportFills {
		d.Fills = d.Fills[n-reportFills:]
	}
	d.Totals.TradingDays = len(days)
	return err
}

func (p *reporting) addStrategies(d *report.Data) {
	for _, name := range p.charts.Names {
		s := p.charts.Series[name]
		d.Series = append(d.Series, report.Series{Name: name, Samples: samples(s.Times, s.Values)})
	}
	for i, l := range p.scripts {
		st := report.Strategy{Name: l.name, Path: l.path}
		set := paramsFor(l.name, l.params, p.set)
		for _, x := range l.params {
			value := fmt.Sprint(x.Default)
			if v, ok := set[x.Name]; ok {
				value = v
			}
			st.Params = append(st.Params, report.Param{Name: x.Name, Value: value, Default: fmt.Sprint(x.Default), Doc: x.Doc})
		}
		for _, v := range p.versions {
			if v.strategy == int32(i) {
				st.Versions = append(st.Versions, v.Version)
			}
		}
		d.Strategies = append(d.Strategies, st)
	}
}

// addSchedules takes the figures from the ledger, and the paths from the run.
func (p *reporting) addSchedules(d *report.Data) error {
	list, err := p.db.Schedules(ledger.Filter{Account: p.account})
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
		if path := p.parents.Paths[x.ID]; path != nil {
			s.Filled, s.Due = samples(path.Times, path.Filled), samples(path.Times, path.Due)
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
