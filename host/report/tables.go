package report

import (
	"fmt"

	"github.com/shopspring/decimal"
)

// cell is an amount with its colour.
type cell struct{ Text, Tone string }

func gainCell(d decimal.Decimal) cell { return cell{gain(d), tone(d)} }

type pairRow struct {
	ID, Name, State, Opened, Closed, Notional string
	Amounts                                   []cell // price, basis, funding, fees, total
}

type pairTable struct {
	Rows []pairRow
	Sum  []cell // over all pairs, also those without a row
	Note string
}

// newPairTable shows the last pairs, and sums them all.
func newPairTable(d *Data) (t pairTable) {
	if len(d.Pairs) == 0 {
		return t
	}
	var sum Pair
	for _, p := range d.Pairs {
		sum.Price = sum.Price.Add(p.Price)
		sum.Basis = sum.Basis.Add(p.Basis)
		sum.Funding = sum.Funding.Add(p.Funding)
		sum.Insurance = sum.Insurance.Add(p.Insurance)
		sum.Interest = sum.Interest.Add(p.Interest)
		sum.Fees = sum.Fees.Add(p.Fees)
	}
	t.Sum = pairCells(&sum)
	shown := last(d.Pairs)
	if out := len(d.Pairs) - len(shown); out > 0 {
		t.Note = fmt.Sprintf("The last %d pairs; %s before them have no row, and are in the sums.", len(shown), count(out, "pair", "pairs"))
	}
	for i := range shown {
		p := &shown[i]
		t.Rows = append(t.Rows, pairRow{
			ID: fmt.Sprint(p.ID), Name: p.Name, State: p.State,
			Opened: stamp(p.Opened), Closed: stamp(p.Closed), Notional: money(p.Notional), Amounts: pairCells(p),
		})
	}
	return t
}

func pairCells(p *Pair) []cell {
	return []cell{gainCell(p.Price), gainCell(p.Basis), gainCell(p.Funding), gainCell(p.Insurance), gainCell(p.Interest), gainCell(p.Fees.Neg()), gainCell(p.Total())}
}

type fundingRow struct {
	Symbol, Settlements, MeanNotional string
	Amount                            cell
	Rate                              string
}

type fundingTable struct {
	Rows []fundingRow
	Sum  cell
}

func newFundingTable(d *Data) (t fundingTable) {
	var sum decimal.Decimal
	for _, f := range d.FundingSymbols {
		sum = sum.Add(f.Amount)
		row := fundingRow{
			Symbol: f.Symbol, Settlements: group(fmt.Sprint(f.Settlements)),
			MeanNotional: money(f.MeanNotional), Amount: gainCell(f.Amount), Rate: none,
		}
		if f.Settlements > 0 && f.MeanNotional.IsPositive() {
			mean := f.Amount.InexactFloat64() / f.MeanNotional.InexactFloat64() / float64(f.Settlements)
			row.Rate = fmt.Sprintf("%.3f", mean*1e4)
		}
		t.Rows = append(t.Rows, row)
	}
	t.Sum = gainCell(sum)
	return t
}

type latencyRow struct{ Venue, Stream, Messages, P50, P99, Max, Clock string }

func latencyRows(d *Data) (rows []latencyRow) {
	for _, l := range d.Latencies {
		ms := func(v float64) string { return fmt.Sprintf("%.1f", v) }
		rows = append(rows, latencyRow{l.Venue, l.Stream, group(fmt.Sprint(l.Messages)), ms(l.P50), ms(l.P99), ms(l.Max), l.Clock})
	}
	return rows
}

type fillRow struct {
	Time, Instrument, Side, SideTone, Price, Qty, Liquidity, Fee, Pair, ClientID, Reason string
}

// fillRows shows the last fills, and says how to see the others.
func fillRows(d *Data) (rows []fillRow, note string) {
	shown := last(d.Fills)
	for _, f := range shown {
		row := fillRow{
			Time: stampMilli(f.Time), Instrument: f.Instrument, Side: f.Side.String(), SideTone: toneOf(float64(f.Side)),
			Price: exact(f.Price), Qty: exact(f.Qty), Liquidity: "taker", Fee: exact(f.Fee) + " " + f.FeeAsset,
			Pair: none, ClientID: f.ClientID, Reason: f.Reason,
		}
		if f.Maker {
			row.Liquidity = "maker"
		}
		if f.Pair != 0 {
			row.Pair = fmt.Sprint(f.Pair)
		}
		rows = append(rows, row)
	}
	if out := fillCount(d) - len(shown); out > 0 {
		note = fmt.Sprintf("The last %d of %s.", len(shown), count(fillCount(d), "fill", "fills"))
	}
	return rows, note
}

func fillCount(d *Data) int { return max(d.FillCount, len(d.Fills)) }

func last[T any](rows []T) []T { return rows[max(0, len(rows)-maxRows):] }
