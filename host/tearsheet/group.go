package tearsheet

import (
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Group is what some closed round trips came to. A trip is won when its net is above zero,
// lost when it is below, and else neither.
type Group struct {
	Name              string
	Trades, Won, Lost int
	Value             decimal.Decimal // of the entries
	Gross             decimal.Decimal // by prices
	Funding, Fees     decimal.Decimal
	Net               decimal.Decimal
	GrossProfit       decimal.Decimal // sum of the net of those won
	GrossLoss         decimal.Decimal // of those lost, negative
	Best, Worst       decimal.Decimal
	MAE, MFE          decimal.Decimal // sums
	Held              exchange.Time   // sum
	MedianHeld        exchange.Time
	WinStreak         int // longest, in the order of the exits
	LossStreak        int
}

func groupOf(name string, trips []Trip) Group {
	g := Group{Name: name, Trades: len(trips)}
	var held []exchange.Time
	won, lost := 0, 0
	for i := range trips {
		t := &trips[i]
		g.Value, g.Gross, g.Funding = g.Value.Add(t.Value), g.Gross.Add(t.Gross), g.Funding.Add(t.Funding)
		g.Fees, g.Net = g.Fees.Add(t.Fees), g.Net.Add(t.Net)
		g.MAE, g.MFE = g.MAE.Add(t.MAE), g.MFE.Add(t.MFE)
		g.Held += t.Held()
		held = append(held, t.Held())
		switch t.Net.Sign() {
		case 1:
			g.Won, won, lost = g.Won+1, won+1, 0
			g.GrossProfit = g.GrossProfit.Add(t.Net)
		case -1:
			g.Lost, won, lost = g.Lost+1, 0, lost+1
			g.GrossLoss = g.GrossLoss.Add(t.Net)
		default:
			won, lost = 0, 0
		}
		g.WinStreak, g.LossStreak = max(g.WinStreak, won), max(g.LossStreak, lost)
		if i == 0 {
			g.Best, g.Worst = t.Net, t.Net
		}
		g.Best, g.Worst = decimal.Max(g.Best, t.Net), decimal.Min(g.Worst, t.Net)
	}
	if n := len(held); n > 0 {
		slices.Sort(held)
		g.MedianHeld = (held[(n-1)/2] + held[n/2]) / 2
	}
	return g
}

// WinRate is the part of the trips that was won; false without trips.
func (g *Group) WinRate() (float64, bool) {
	return float64(g.Won) / float64(max(1, g.Trades)), g.Trades > 0
}

// ProfitFactor is what the won trips made over what the others lost; false when nothing was
// lost.
func (g *Group) ProfitFactor() (float64, bool) {
	if g.GrossLoss.IsZero() {
		return 0, false
	}
	return g.GrossProfit.InexactFloat64() / -g.GrossLoss.InexactFloat64(), true
}

// Expectancy is the mean net of a trip; false without trips.
func (g *Group) Expectancy() (decimal.Decimal, bool) { return part(g.Net, g.Trades) }

// AverageWin is the mean net of those won; false without one.
func (g *Group) AverageWin() (decimal.Decimal, bool) { return part(g.GrossProfit, g.Won) }

// AverageLoss is the mean net of those lost, negative; false without one.
func (g *Group) AverageLoss() (decimal.Decimal, bool) { return part(g.GrossLoss, g.Lost) }

// AverageHeld is the mean time that a trip was open; false without trips.
func (g *Group) AverageHeld() (exchange.Time, bool) {
	return g.Held / exchange.Time(max(1, g.Trades)), g.Trades > 0
}

func part(sum decimal.Decimal, of int) (decimal.Decimal, bool) {
	if of == 0 {
		return decimal.Zero, false
	}
	return sum.DivRound(decimal.NewFromInt(int64(of)), 8), true
}

// All is the group of every closed trip.
func (s *Sheet) All() Group { return groupOf("all", s.Trips) }

// group sorts the trips by strategy, symbol and side.
func (s *Sheet) group() {
	s.ByStrategy = groupsBy(s.Trips, func(t *Trip) string { return t.Strategy })
	s.BySymbol = groupsBy(s.Trips, func(t *Trip) string { return t.Instrument })
	s.BySide = groupsBy(s.Trips, func(t *Trip) string { return t.Side })
}

func groupsBy(trips []Trip, name func(*Trip) string) (out []Group) {
	parts := map[string][]Trip{}
	for i := range trips {
		n := name(&trips[i])
		parts[n] = append(parts[n], trips[i])
	}
	for _, n := range slices.Sorted(maps.Keys(parts)) {
		out = append(out, groupOf(n, parts[n]))
	}
	return out
}
