package report

import (
	"fmt"
	"math"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// maxPaths bounds the pictures of parent orders; each is a figure of its own.
const maxPaths = 12

// Schedule is a parent order, a vwap, twap or pov, and what became of it. Figures
// that are not known are NaN.
type Schedule struct {
	ID                    exchange.ScheduleID
	Name                  string // such as "vwap buy 0.5 spot:BTCUSDT"
	State, Reason, Curve  string
	Starts, Ends          exchange.Time
	Completion            float64 // from 0 to 1
	Price, MarketVWAP     float64
	SlipVWAP, SlipArrival float64 // bp; positive is worse
	SlipAtOnce            float64 // of one market order for the whole at the start, against arrival
	HeldOnly              string  // what the book held for that; "" when it held the whole
	Participation, Maker  float64 // fractions
	Fees                  decimal.Decimal
	// Filled and Due are the share of the whole that was filled and that the plan
	// wanted, over time, from 0 to 1.
	Filled, Due []Sample
}

type scheduleRow struct {
	ID, Name, State, Reason, Window, Done, Price, VWAP string
	Slippage                                           []cell
	AtOnce                                             cell
	HeldOnly                                           string
	Share, Rested, Fees, Curve                         string
}

// scheduleRows shows the last parent orders in a table, and the last few of them in
// pictures.
func scheduleRows(d *Data) (rows []scheduleRow, paths []*chart) {
	shown := last(d.Schedules)
	for i := range shown {
		s := &shown[i]
		rows = append(rows, scheduleRow{
			ID: fmt.Sprint(s.ID), Name: s.Name, State: s.State, Reason: s.Reason, Window: stamp(s.Starts) + " to " + stamp(s.Ends),
			Done: percent(s.Completion, true), Price: figureOf(s.Price), VWAP: figureOf(s.MarketVWAP),
			Slippage: []cell{slipCell(s.SlipVWAP), slipCell(s.SlipArrival)}, AtOnce: slipCell(s.SlipAtOnce), HeldOnly: s.HeldOnly,
			Share: percent(s.Participation, !math.IsNaN(s.Participation)), Rested: percent(s.Maker, !math.IsNaN(s.Maker)),
			Fees: exact(s.Fees.Round(8)), Curve: s.Curve,
		})
		if c := draw(s.Filled, style{title: s.Name, note: "filled, and dashed the plan", class: "signal", unit: "%", scale: 100, base: 0, second: s.Due}); c != nil {
			paths = append(paths, c)
		}
	}
	return rows, paths[max(0, len(paths)-maxPaths):]
}

func figureOf(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return none
	}
	return group(decimal.NewFromFloat(v).Round(8).String())
}

func slipCell(bp float64) cell {
	if math.IsNaN(bp) {
		return cell{none, ""}
	}
	return cell{fmt.Sprintf("%+.2f", bp), toneOf(-bp)}
}
