// Package projection is the way from the core's effects to the rows of the ledger, and
// from a session's ledger back to what a core goes on from. The same effects give the
// same rows, which is what lets the journal of a run that was killed complete its
// ledger; and what is read here is all that a next run knows of an earlier one.
package projection

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/execution/schedule"
	"github.com/perilune/perilune/ledger"
)

// Rows turns effects into rows of the ledger.
type Rows struct {
	Universe *exchange.Universe
	Names    func(int32) string // of the strategies, by index
	Quiet    bool               // of the log, warnings and errors alone are kept
	Market   Market             // nil: no prices are kept

	spoken map[int32]*spoken
	prices prices
}

// strategy names whom a row belongs to; the ledger words the host as "".
func (r *Rows) strategy(i int32) string {
	if i < 0 {
		return ""
	}
	return r.Names(i)
}

// Of returns the row of an effect, or nil when it leaves none.
func (r *Rows) Of(e *core.Effect) (ledger.Record, error) {
	at := ledger.At{Seq: e.Seq, Time: e.Time}
	name := r.strategy(e.Strategy)
	switch b := e.Body.(type) {
	case core.Submit:
		row := r.order(at, b.Order, name)
		row.Arrival = r.arrival(b.Order.Instrument)
		return row, nil
	case core.OrderChanged:
		return r.order(at, b.Order, name), nil
	case core.Cancel:
		return r.order(at, b.Order, name), nil
	case *core.Filled:
		return r.fill(at, b, name), nil
	case *core.FundingPaid:
		return &ledger.FundingRow{At: at, FundingPayment: *b.Payment, Instrument: r.Universe.Get(b.Payment.Instrument), Strategy: name, Pair: b.Pair}, nil
	case core.Booked:
		return &ledger.TxnRow{At: at, Kind: b.Kind, Ref: b.Ref, Strategy: r.strategy(b.Strategy), Pair: b.Pair, Postings: b.Postings}, nil
	case core.SendTransfer:
		return &ledger.TransferRow{At: at, Transfer: *b.Transfer, Strategy: name}, nil
	case core.TransferEnded:
		return &ledger.TransferRow{At: at, Transfer: *b.Transfer, Strategy: name}, nil
	case core.PairChanged:
		return r.pair(at, b.SavedPair, name)
	case core.ScheduleChanged:
		return r.schedule(at, b.Saved, name)
	case core.ConditionalChanged:
		return r.conditional(at, b.Conditional, name)
	case *core.EquitySampled:
		return &ledger.EquityRow{At: at, Amount: b.Amount, Prices: r.held(at.Time)}, nil
	case *core.StateSaved:
		return &ledger.StateRow{At: at, Strategy: name, JSON: b.JSON}, nil
	case core.VersionChanged:
		return version(at, b.Version, name), nil
	case core.Commanded:
		return &ledger.CommandRow{At: at, By: b.By, Why: b.Why, Op: b.Op, Args: b.Args, Outcome: b.Outcome}, nil
	case *core.ChartPoint:
		return &ledger.ChartRow{At: at, Strategy: name, Series: b.Series, Value: b.Value}, nil
	case *core.LogLine:
		return r.line(at, b, e.Strategy, name), nil
	case core.ConsultAdvisor:
		return asked(at, b.Question, exchange.Advice{ID: b.Question.ID, Verdict: "asked"}, 0, name), nil
	case core.Advised:
		return asked(at, b.Question, b.Advice.Advice, b.At, name), nil
	case *core.HaltChanged:
		return &ledger.StateRow{At: at, JSON: latchState(b)}, nil
	}
	return nil, nil
}

func (r *Rows) order(at ledger.At, o *exchange.Order, name string) *ledger.OrderRow {
	return &ledger.OrderRow{At: at, Order: *o, Instrument: r.Universe.Get(o.Instrument), Strategy: name}
}

func (r *Rows) fill(at ledger.At, b *core.Filled, name string) *ledger.FillRow {
	row := &ledger.FillRow{At: at, Fill: *b.Fill, Instrument: r.Universe.Get(b.Fill.Instrument), Strategy: name}
	if b.Order != nil {
		row.Pair, row.ClientID = b.Order.Pair, b.Order.ClientID
	}
	for i := range b.Shares {
		s := &b.Shares[i]
		row.Shares = append(row.Shares, ledger.FillShare{Strategy: r.strategy(s.Strategy), Pair: s.Pair,
			Qty: s.Fill.Qty, Fee: s.Fill.Fee, Realised: s.Fill.Realised})
	}
	return row
}

// latch is the host's own state: it must survive a restart, or a restart would
// be a way around it.
type latch struct {
	Halted     string            `json:"halted"`
	Strategies map[string]string `json:"strategies,omitempty"` // that are halted, and why
}

func latchState(b *core.HaltChanged) string {
	l := latch{Halted: b.Reason, Strategies: map[string]string{}}
	for _, s := range b.Strategies {
		l.Strategies[s.Strategy] = s.Reason
	}
	raw, err := json.Marshal(l)
	if err != nil {
		return `{"halted":"unknown"}`
	}
	return string(raw)
}

func (r *Rows) pair(at ledger.At, saved *core.SavedPair, name string) (ledger.Record, error) {
	p := &saved.Pair
	detail, err := json.Marshal(saved)
	if err != nil {
		return nil, fmt.Errorf("pair %d: %w", p.ID, err)
	}
	return &ledger.PairRow{
		At: at, ID: p.ID, Strategy: name, Spot: r.Universe.Get(p.Spot), Perp: r.Universe.Get(p.Perp),
		State: p.State.String(), Done: p.State.Done(), Reason: p.Reason, Tag: p.Tag, Notional: p.Notional,
		SpotQty: p.SpotQty, Away: p.Away(), PerpQty: p.PerpQty, SpotCost: p.SpotCost, PerpCost: p.PerpCost,
		OpenBasis: p.OpenBasis, CloseBasis: p.CloseBasis, Funding: p.Funding, Insurance: p.Insurance, Interest: p.Interest, Fees: p.Fees, Realised: p.Realised,
		Opened: p.Opened, Closed: p.Closed, Settlements: p.Settlements,
		MaxUnhedged: p.MaxUnhedged, MaxUnhedgedTime: p.MaxUnhedgedTime, Detail: string(detail),
	}, nil
}

func asked(at ledger.At, q *advice.Question, said exchange.Advice, answered exchange.Time, name string) *ledger.AdviceRow {
	if q.Function != "" {
		said.Model = advice.ByModule
	}
	return &ledger.AdviceRow{At: at, Advice: said, Strategy: name, Tag: q.Tag, Question: q.Text,
		Context: q.Context, Schema: q.Schema.String(), Asked: q.Asked, Answered: answered}
}

func version(at ledger.At, v *core.Version, name string) *ledger.VersionRow {
	outcome := "refused"
	switch {
	case v.Loaded && v.Rollback:
		outcome = "rollback"
	case v.Loaded:
		outcome = "loaded"
	}
	return &ledger.VersionRow{At: at, Strategy: name, Version: v.Number, Hash: v.Hash, Path: v.Path,
		Sources: v.Sources, Outcome: outcome, Problem: v.Problem, By: v.By, Why: v.Why, Took: v.Took}
}

// schedule is the row of a parent order. Its detail is all that a next run needs
// to go on with it.
func (r *Rows) schedule(at ledger.At, saved *schedule.Saved, name string) (ledger.Record, error) {
	s := &saved.Schedule
	detail, err := json.Marshal(saved)
	if err != nil {
		return nil, fmt.Errorf("schedule %d: %w", s.ID, err)
	}
	in := r.Universe.Get(s.Instrument)
	row := &ledger.ScheduleRow{
		At: at, ID: s.ID, Strategy: name, Instrument: in, Algo: s.Algo.String(), Side: s.Side,
		State: s.State.String(), Done: s.State.Done(), Reason: s.Reason, Tag: s.Tag, Curve: s.Curve,
		Total: s.Total, Filled: s.Filled, Maker: s.Maker, Late: s.Late, Cost: s.Cost, Fees: s.Fees,
		Price: known(s.Price(in)), Arrival: s.Arrival, MarketQty: s.Market.Qty, MarketVWAP: known(s.Market.VWAP(in)),
		Starts: s.Start, Ends: s.End, Closed: s.Closed, Slices: s.Slices, Orders: s.Orders, Refused: s.Refused, Detail: string(detail),
	}
	if o := s.AtOnce; o != nil {
		row.OnceQty, row.OnceCost, row.OncePrice = o.Qty, o.Cost, known(o.Price(in))
	}
	return row, nil
}

// conditional is the row of an order that the host holds.
func (r *Rows) conditional(at ledger.At, c *intent.Conditional, name string) (ledger.Record, error) {
	detail, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("order %d: %w", c.ID, err)
	}
	in, q := r.Universe.Get(c.Request.Instrument), &c.Request
	row := &ledger.ConditionalRow{At: at, ID: c.ID, Group: c.Group, Strategy: name, Role: c.Role.String(), Instrument: in, Type: q.Type(), Side: q.Side,
		State: c.State.String(), Done: c.State.Done(), Reason: c.Reason, Reduces: q.Reduces(in), Trigger: c.Stop, Price: q.Price, Size: c.Size,
		Filled: c.Filled, Child: c.Child, Expires: q.Expires, Created: c.Created, Triggered: c.Triggered, Closed: c.Closed, Detail: string(detail)}
	if q.Triggers() {
		row.Source = q.SourceOn(in)
	}
	return row, nil
}

// known is 0 for a figure that is not.
func known(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}
