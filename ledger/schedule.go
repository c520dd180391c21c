package ledger

import (
	"database/sql"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// ScheduleRow is the latest state of a parent order: a vwap, twap or pov. A later
// row of the same schedule replaces it. Cost and Fees are in quote, or in coin for
// an inverse contract.
type ScheduleRow struct {
	At
	ID                      exchange.ScheduleID
	Strategy                string
	Instrument              *exchange.Instrument
	Algo                    string // vwap, twap, pov
	Side                    exchange.Side
	State                   string
	Done                    bool // it will send no more orders
	Reason, Tag             string
	Curve                   string        // what the plan was made from
	Total                   exchange.Lots // 0 before the window, when asked for in quote
	Filled, Maker, Late     exchange.Lots // Maker rested, Late came after the window
	Cost, Fees              decimal.Decimal
	Price, Arrival          float64       // average of the fills; mid at the start; 0: none
	OnceQty                 exchange.Lots // that the book held at the start for one market order of Total
	OnceCost                decimal.Decimal
	OncePrice               float64 // its average; 0: not known
	MarketQty, MarketVWAP   float64 // of the window; 0: none was shown
	Starts, Ends, Closed    exchange.Time
	Slices, Orders, Refused int
	Detail                  string // JSON: what the host needs to go on with it
}

func (r *ScheduleRow) check() error { return needInstrument(r.Instrument, "schedule", r.Algo) }

func (r *ScheduleRow) write(b *batch) error {
	if err := b.instrument(r.Instrument); err != nil {
		return err
	}
	in := r.Instrument
	_, err := b.exec(insertSchedule, b.session, int64(r.ID), b.run, b.seq, r.Strategy, in.Segment(), in.Symbol, r.Algo,
		r.Side.String(), r.State, r.Done, r.Reason, r.Tag, r.Curve, in.QtyDecimal(r.Total).String(), in.QtyDecimal(r.Filled).String(),
		in.QtyDecimal(r.Maker).String(), in.QtyDecimal(r.Late).String(), r.Cost.String(), r.Fees.String(), r.Price, r.Arrival,
		in.QtyDecimal(r.OnceQty).String(), r.OnceCost.String(), r.OncePrice,
		r.MarketQty, r.MarketVWAP, int64(r.Starts), int64(r.Ends), int64(r.Closed), r.Slices, r.Orders, r.Refused, r.Detail)
	return err
}

// Schedule is a parent order as it is in the ledger; see ScheduleRow.
type Schedule struct {
	Account                    string
	ID                         exchange.ScheduleID
	Strategy                   string
	Venue                      exchange.Venue
	Symbol                     string
	Algo                       string
	Side                       exchange.Side
	State                      string
	Done                       bool
	Reason, Tag, Curve         string
	Total, Filled, Maker, Late decimal.Decimal
	Cost, Fees                 decimal.Decimal
	Price, Arrival             float64
	OnceQty, OnceCost          decimal.Decimal // of one market order at the start
	OncePrice                  float64         // 0: not known
	MarketQty, MarketVWAP      float64
	Starts, Ends, Closed       exchange.Time
	Slices, Orders, Refused    int
	Detail                     string
}

// Schedules returns parent orders by number. The times of the filter are of the
// window's beginning.
func (rd *Reader) Schedules(f Filter) ([]Schedule, error) {
	rows, err := rd.schedules(f, "")
	return last(rows, err, f.Last)
}

func (rd *Reader) schedules(f Filter, and string) ([]Schedule, error) {
	return filtered(rd, f, `SELECT s.account, x.id, x.strategy, x.market, x.symbol, x.algo, x.side, x.state, x.done, x.reason, x.tag,
			x.curve, x.total, x.filled, x.maker, x.late, x.cost, x.fees, x.price, x.arrival, x.once_qty, x.once_cost, x.once_price, x.market_qty, x.market_vwap,
			x.starts, x.ends, x.closed, x.slices, x.orders, x.refused, x.detail
		FROM (SELECT *, starts AS time, 0 AS pair FROM schedules) x JOIN session s ON s.id = x.session `+whereFull+and+
		" ORDER BY x.session, x.id",
		func(rows *sql.Rows, x *Schedule) error {
			return rows.Scan(&x.Account, &x.ID, &x.Strategy, &x.Venue, &x.Symbol, &x.Algo, scanSide(&x.Side), &x.State,
				&x.Done, &x.Reason, &x.Tag, &x.Curve, &x.Total, &x.Filled, &x.Maker, &x.Late, &x.Cost, &x.Fees, &x.Price, &x.Arrival, &x.OnceQty, &x.OnceCost, &x.OncePrice,
				&x.MarketQty, &x.MarketVWAP, &x.Starts, &x.Ends, &x.Closed, &x.Slices, &x.Orders, &x.Refused, &x.Detail)
		})
}

// Slippage is how much worse than a price the fills were, in bp; nil when either is
// not known.
func (s *Schedule) Slippage(than float64) *float64 { return worse(s.Side, s.Price, than) }

// SlippageAtOnce is what Slippage(Arrival) would be of one market order for the total at
// the start, or for as much of it as the book held; nil when that is not known.
func (s *Schedule) SlippageAtOnce() *float64 { return worse(s.Side, s.OncePrice, s.Arrival) }

// HeldOnly is what the book held at the start when that was less than the total.
func (s *Schedule) HeldOnly() (decimal.Decimal, bool) {
	return s.OnceQty, s.OncePrice > 0 && s.OnceQty.LessThan(s.Total)
}

func worse(side exchange.Side, price, than float64) *float64 {
	if price <= 0 || than <= 0 {
		return nil
	}
	v := float64(side) * (price/than - 1) * 1e4
	return &v
}
