package host

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/report"
	"github.com/perilune/perilune/ledger"
)

// reportFills is how many of the last fills a report shows.
const reportFills = 500

// report writes the HTML report. What it shows of money comes from the ledger,
// not from the run's memory: it is what a person can check.
func (r *runner) report(s *Summary) error {
	d := report.Data{
		Title: strings.Join(s.Strategies, ", ") + " on " + filepath.Base(s.Market), Mode: r.reportMode(), Asset: "USDT",
		FillsCommand: fmt.Sprintf("perilune fills --db %s --session %s", s.DB, s.Session),
		Assumptions:  s.Assumptions, Sources: r.market.describe, Problems: s.DataProblems,
		Again: report.Reproduction{Command: r.o.Command, Seed: fmt.Sprint(s.Seed), EventsHash: s.EventsHash, EffectsHash: s.EffectsHash},
	}
	for _, p := range r.track.points {
		d.Equity = append(d.Equity, report.Point{Time: p.at, Value: p.value})
	}
	for _, add := range []func(*report.Data) error{r.reportTotals, r.reportFunding, r.reportPairs, r.reportSchedules, r.reportFills} {
		if err := add(&d); err != nil {
			return err
		}
	}
	d.Totals.PairsOpened, d.Totals.PairsClosed = s.PairsOpened, s.PairsClosed
	d.Totals.MaxUnhedged, d.Totals.MaxUnhedgedTime = s.MaxUnhedged.Decimal, exchange.Time(s.MaxUnhedSec*float64(exchange.Second))
	r.reportStrategies(&d)
	return writeFile(r.o.Report, func(w io.Writer) error { return report.Write(w, d) })
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

func (r *runner) reportTotals(d *report.Data) error {
	list, err := r.db.PnL(ledger.Filter{Account: r.account})
	for _, x := range list {
		d.Totals.Price = d.Totals.Price.Add(r.inQuote(x.Asset, x.Trading))
		d.Totals.Basis = d.Totals.Basis.Add(r.inQuote(x.Asset, x.Basis))
		d.Totals.Funding = d.Totals.Funding.Add(r.inQuote(x.Asset, x.Funding))
		d.Totals.Insurance = d.Totals.Insurance.Add(r.inQuote(x.Asset, x.Insurance))
		d.Totals.Fees = d.Totals.Fees.Add(r.inQuote(x.Asset, x.Fees))
	}
	return err
}

// inQuote values what was made in coin at the session's last price; USDT is itself.
func (r *runner) inQuote(asset string, amount decimal.Decimal) decimal.Decimal {
	if asset == "USDT" || amount.IsZero() {
		return amount
	}
	return r.core.Worth(asset, amount).Round(8)
}

func (r *runner) reportFunding(d *report.Data) error {
	list, err := r.db.Funding(ledger.Filter{Account: r.account})
	if err != nil {
		return err
	}
	sum := decimal.Zero
	bySymbol := map[string]*symbolFunding{}
	var order []string
	for i := range list {
		f := &list[i]
		amount := r.inQuote(f.Asset, f.Amount)
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

func (r *runner) reportPairs(d *report.Data) error {
	pairs, err := r.db.Pairs(ledger.Filter{Account: r.account})
	if err != nil {
		return err
	}
	list, err := r.db.PnL(ledger.Filter{Account: r.account})
	if err != nil {
		return err
	}
	for _, p := range pairs {
		row := report.Pair{ID: p.ID, Name: p.Perp, State: p.State, Opened: p.Opened, Closed: p.Closed, Notional: p.Notional}
		for _, x := range list {
			if x.Pair == p.ID {
				row.Basis = row.Basis.Add(r.inQuote(x.Asset, x.Basis))
				row.Funding = row.Funding.Add(r.inQuote(x.Asset, x.Funding))
				row.Insurance = row.Insurance.Add(r.inQuote(x.Asset, x.Insurance))
				row.Fees = row.Fees.Add(r.inQuote(x.Asset, x.Fees))
			}
		}
		r.markOpen(&row, d)
		d.Pairs = append(d.Pairs, row)
	}
	return nil
}

// markOpen values a pair that is still open at the session's last prices; the
// ledger counts only what was closed.
func (r *runner) markOpen(row *report.Pair, d *report.Data) {
	for _, p := range r.core.OpenPairs() {
		if p.ID == row.ID {
			basis := r.core.PairBasis(&p)
			d.Totals.Basis = d.Totals.Basis.Add(basis.Sub(row.Basis))
			row.Basis = basis
		}
	}
}

func (r *runner) reportFills(d *report.Data) error {
	days := map[exchange.Time]bool{}
	err := r.db.EachFill(ledger.Filter{Account: r.account}, func(x *ledger.Fill) error {
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

func (r *runner) reportStrategies(d *report.Data) {
	for _, name := range r.charts.names {
		s := r.charts.series[name]
		line := report.Series{Name: name}
		for i := range s.at {
			line.Samples = append(line.Samples, report.Sample{Time: s.at[i], Value: s.value[i]})
		}
		d.Series = append(d.Series, line)
	}
	for i, l := range r.scripts {
		st := report.Strategy{Name: l.name, Path: l.path}
		set := paramsFor(l.name, l.params, r.o.Set)
		for _, p := range l.params {
			value := fmt.Sprint(p.Default)
			if v, ok := set[p.Name]; ok {
				value = v
			}
			st.Params = append(st.Params, report.Param{Name: p.Name, Value: value, Default: fmt.Sprint(p.Default), Doc: p.Doc})
		}
		for _, v := range r.versions {
			if v.strategy == int32(i) {
				st.Versions = append(st.Versions, v.Version)
			}
		}
		d.Strategies = append(d.Strategies, st)
	}
}

// reportMode says what the figures are worth.
func (r *runner) reportMode() report.Mode {
	switch {
	case r.real != nil:
		return report.Live
	case r.market.live != nil:
		return report.Paper
	}
	return report.Simulated
}
