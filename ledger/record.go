package ledger

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Record is something a Writer can write. Seq is the event that caused it, Time
// the loop's time of that event. Strategy is a name; empty means the host.
type Record interface {
	seq() uint64
	time() exchange.Time
	check() error
	write(*batch) error
}

// At is the event that caused a row.
type At struct {
	Seq  uint64
	Time exchange.Time
}

func (a At) seq() uint64         { return a.Seq }
func (a At) time() exchange.Time { return a.Time }
func (a At) check() error        { return nil }

// OrderRow is the latest state of an order. A later row of the same order
// replaces it, an earlier one does not.
type OrderRow struct {
	At
	Order      exchange.Order
	Instrument *exchange.Instrument
	Strategy   string
	// Arrival is where the market stood when the order was decided on, the middle of the book;
	// zero: it is not known, or was written before.
	Arrival decimal.Decimal
}

// FillRow is one execution, unique by (venue, account, instrument, TradeID).
type FillRow struct {
	At
	exchange.Fill
	Instrument *exchange.Instrument // of the fill; hides the id in Fill
	Strategy   string
	Pair       exchange.PairID
	ClientID   string // of the order; empty when it was not ours
	// Shares say who held what a fill took that no order of ours made. They sum to
	// the fill; none means that all of it belongs to Strategy and Pair.
	Shares []FillShare
}

// FillShare is one holder's part of a fill.
type FillShare struct {
	Strategy string // empty: the account itself
	Pair     exchange.PairID
	Qty      exchange.Lots
	Fee      decimal.Decimal
	Realised decimal.Decimal
}

// FundingRow is one settlement of funding, or a strategy's or a pair's share of
// one.
type FundingRow struct {
	At
	exchange.FundingPayment
	Instrument *exchange.Instrument
	Strategy   string
	Pair       exchange.PairID
}

// TransferRow is the latest state of a transfer between wallets.
type TransferRow struct {
	At
	exchange.Transfer
	Strategy string
}

// TxnRow is one movement of money. Its postings sum to zero for each asset.
type TxnRow struct {
	At
	Kind     string // deposit, fill, funding, insurance, interest, transfer_out, transfer_in, adjust
	Ref      string // unique within (session, Kind)
	Strategy string
	Pair     exchange.PairID
	Postings []exchange.Posting
}

// PairRow is the latest state of a pair trade. A later row of the same pair
// replaces it. Money is in quote (see exchange.Instrument).
type PairRow struct {
	At
	ID              exchange.PairID
	Strategy        string
	Spot, Perp      *exchange.Instrument
	State           string
	Done            bool // it will not trade again
	Reason, Tag     string
	Notional        decimal.Decimal // asked for
	SpotQty         decimal.Decimal // net coins held
	Away            decimal.Decimal // coins of its spot fills that are not on spot: margin, on their way, fees of the perpetual
	PerpQty         exchange.Lots   // signed
	SpotCost        decimal.Decimal // signed cash of the fills
	PerpCost        decimal.Decimal
	OpenBasis       float64
	CloseBasis      float64
	Funding         decimal.Decimal // settlement asset
	Insurance       decimal.Decimal // its part of what the insurance fund paid, settlement asset
	Interest        decimal.Decimal // charged on what it borrowed, in quote at the prices of those hours; negative
	Fees            decimal.Decimal
	Realised        decimal.Decimal // once closed, after funding, insurance, interest and fees
	Opened, Closed  exchange.Time
	Settlements     int
	MaxUnhedged     decimal.Decimal
	MaxUnhedgedTime exchange.Time
	Detail          string // JSON: what the host needs to go on with it
}

// EquityRow is a sample of the account's whole value in USDT, with prices of what is held.
// One per event.
type EquityRow struct {
	At
	Amount decimal.Decimal
	Prices []InstrumentPrice // each instrument once
}

// StateRow is what a strategy wants to find again after a restart. One per
// event and strategy; the last 20 are kept.
type StateRow struct {
	At
	Strategy string
	Version  int
	JSON     string
}

// VersionRow is a version of a script that was loaded, refused or rolled back to.
type VersionRow struct {
	At
	Strategy string
	Version  int // of the last loaded version when this one was refused
	Hash     string
	Path     string
	Sources  []exchange.Source
	Outcome  string // loaded, refused, rollback
	Problem  string
	By, Why  string        // who asked for it, and in whose words; "": not known
	Took     exchange.Time // that reading, compiling and trying it took; 0: not known
	// Aside is a version of no event, refused before there was one: its Seq is that of the last
	// event, and its time moves the session's no further.
	Aside bool
}

func (r *VersionRow) time() exchange.Time {
	if r.Aside {
		return 0
	}
	return r.At.Time
}

// CommandRow is something that the session was told.
type CommandRow struct {
	At
	By, Why string // who told it, and in whose words
	Op      string
	Args    string // JSON
	Outcome string // done, or why not
}

// ChartRow is one point of a series that a strategy draws.
type ChartRow struct {
	At
	Strategy string
	Series   string
	Value    float64
}

func (r *OrderRow) check() error   { return needInstrument(r.Instrument, "order", r.Order.ClientID) }
func (r *FundingRow) check() error { return needInstrument(r.Instrument, "funding", r.TranID) }

func (r *FillRow) check() error {
	if err := needInstrument(r.Instrument, "fill", r.TradeID); err != nil || len(r.Shares) == 0 {
		return err
	}
	qty, fee, realised := r.Qty, r.Fee, r.Realised
	for _, s := range r.Shares {
		qty, fee, realised = qty-s.Qty, fee.Sub(s.Fee), realised.Sub(s.Realised)
	}
	if qty != 0 || !fee.IsZero() || !realised.IsZero() {
		return fmt.Errorf("ledger: fill %s of %s: %w: its shares leave %d lots, a fee of %s and a profit of %s",
			r.TradeID, r.Instrument.Key(), ErrUnbalanced, qty, fee, realised)
	}
	return nil
}

func (r *PairRow) check() error {
	name := fmt.Sprint(r.ID)
	return errors.Join(needInstrument(r.Spot, "pair", name), needInstrument(r.Perp, "pair", name))
}

func needInstrument(in *exchange.Instrument, what, name string) error {
	if in == nil {
		return fmt.Errorf("ledger: %s %s has no instrument", what, name)
	}
	return nil
}

// check is where double entry is enforced: no row may be written that does not
// balance.
func (r *TxnRow) check() error {
	if len(r.Postings) == 0 {
		return fmt.Errorf("ledger: %s %s has no postings", r.Kind, r.Ref)
	}
	for i, p := range r.Postings {
		sum := decimal.Zero
		for j, q := range r.Postings {
			if q.Asset != p.Asset {
				continue
			}
			if j < i {
				break // this asset was summed before
			}
			sum = sum.Add(q.Amount)
		}
		if !sum.IsZero() {
			return fmt.Errorf("ledger: %s %s: %w: %s are left of %s", r.Kind, r.Ref, ErrUnbalanced, sum, p.Asset)
		}
	}
	return nil
}

func (r *OrderRow) write(b *batch) error {
	if err := b.instrument(r.Instrument); err != nil {
		return err
	}
	o, in := &r.Order, r.Instrument
	if r.Arrival.IsPositive() {
		if _, err := b.exec(insertArrival, b.session, int64(o.ID), r.Arrival.String()); err != nil {
			return err
		}
	}
	return b.sealed(kindOrder, insertOrder, int64(o.ID), b.session, int64(o.ID), b.run, b.seq, o.ClientID, r.Strategy, int64(o.Pair), o.Leg,
		in.Segment(), in.Symbol, o.Side.String(), o.Type.String(), o.TIF.String(), o.ReduceOnly,
		in.PriceDecimal(o.Price).String(), in.QtyDecimal(o.Qty).String(), in.QtyDecimal(o.Filled).String(),
		o.Status.String(), o.VenueID, o.Reason, int64(o.Created), int64(o.Updated), int64(o.Schedule))
}

func (r *FillRow) write(b *batch) error {
	if err := b.instrument(r.Instrument); err != nil {
		return err
	}
	market, symbol := r.Instrument.Segment(), r.Instrument.Symbol
	price, qty := r.Instrument.PriceDecimal(r.Price).String(), r.Instrument.QtyDecimal(r.Qty).String()
	id, err := b.begin(kindFill, insertFill, b.session, b.run, b.seq, int64(cmp.Or(r.Traded, r.Time)), b.stamp.venueOf(r.Instrument), b.account, market, symbol, r.TradeID,
		int64(r.Order), r.ClientID, r.VenueID, r.Strategy, int64(r.Pair), r.Side.String(), price, qty, r.Maker,
		r.Fee.String(), r.FeeAsset, r.Realised.String(), r.Reason)
	if err != nil {
		return err
	}
	if id != 0 {
		return r.writeShares(b, id)
	}
	return b.sameFill(b.stamp.venueOf(r.Instrument), market, symbol, r.TradeID, r.Side.String(), price, qty)
}

// writeShares writes the parts of a fill that was new: one that was there has its own.
func (r *FillRow) writeShares(b *batch, id int64) error {
	for i, s := range r.Shares {
		err := b.part(insertShare, id, i, s.Strategy, int64(s.Pair), r.Instrument.QtyDecimal(s.Qty).String(), s.Fee.String(), s.Realised.String())
		if err != nil {
			return err
		}
	}
	b.end(kindFill, id)
	return nil
}

// sameFill is asked when a trade id was there already. That is a replay or a
// second report of one execution; if it is not, an execution would be lost.
func (b *batch) sameFill(venue, market, symbol, trade, side, price, qty string) error {
	var was [3]string
	row := b.row(findFill, venue, b.account, market, symbol, trade)
	if err := row.Scan(&was[0], &was[1], &was[2]); err != nil {
		return err
	}
	if is := [3]string{side, price, qty}; is != was {
		return fmt.Errorf("%w: %s of %s:%s is %v, booked was %v", ErrConflict, trade, market, symbol, is, was)
	}
	return nil
}

func (r *FundingRow) write(b *batch) error {
	if err := b.instrument(r.Instrument); err != nil {
		return err
	}
	in := r.Instrument
	return b.sealed(kindFunding, insertFunding, 0, b.session, b.run, b.seq, int64(r.Time), b.stamp.venueOf(in), b.account, in.Segment(), in.Symbol,
		r.TranID, r.Strategy, int64(r.Pair), int64(r.Settled), r.Rate.Decimal().String(), r.Mark.Decimal().String(),
		in.QtyDecimal(r.Position).String(), r.Amount.String(), r.Asset)
}

func (r *TransferRow) write(b *batch) error {
	state := "sent"
	switch {
	case r.Failed:
		state = "failed"
	case r.Done:
		state = "done"
	}
	_, err := b.exec(insertTransfer, b.session, int64(r.ID), b.run, b.seq, int64(r.Time), r.Strategy, r.Asset,
		string(r.From), string(r.To), r.Amount.String(), state, r.Reason)
	return err
}

func (r *TxnRow) write(b *batch) error {
	id, err := b.begin(kindTxn, insertTxn, b.session, b.run, b.seq, int64(r.Time), r.Kind, r.Ref, r.Strategy, int64(r.Pair))
	if err != nil || id == 0 {
		return err // it is there already, with its postings
	}
	for i, p := range r.Postings {
		if err := b.part(insertPosting, id, i, p.Account, p.Asset, p.Amount.String()); err != nil {
			return err
		}
	}
	b.end(kindTxn, id)
	return nil
}

func (r *PairRow) write(b *batch) error {
	detail := r.Detail
	if detail == "" {
		detail = "{}"
	}
	_, err := b.exec(insertPair, b.session, int64(r.ID), b.run, b.seq, r.Strategy, r.Spot.Key(), r.Perp.Key(), r.State, r.Done,
		r.Reason, r.Tag, r.Notional.String(), r.SpotQty.String(), r.Perp.QtyDecimal(r.PerpQty).String(),
		r.SpotCost.String(), r.PerpCost.String(), r.OpenBasis, r.CloseBasis, r.Funding.String(), r.Insurance.String(), r.Interest.String(), r.Fees.String(),
		r.Realised.String(), int64(r.Opened), int64(r.Closed), r.Settlements, r.MaxUnhedged.String(),
		int64(r.MaxUnhedgedTime), detail, r.Away.String())
	return err
}

func (r *EquityRow) write(b *batch) error {
	if _, err := b.exec(insertEquity, b.run, b.seq, int64(r.Time), r.Amount.String()); err != nil {
		return err
	}
	return r.writePrices(b)
}

func (r *StateRow) write(b *batch) error {
	if _, err := b.exec(insertState, b.session, r.Strategy, b.run, b.seq, int64(r.Time), r.Version, r.JSON); err != nil {
		return err
	}
	_, err := b.exec(trimState, b.session, r.Strategy)
	return err
}

func (r *VersionRow) write(b *batch) error {
	sources, err := json.Marshal(append([]exchange.Source{}, r.Sources...))
	if err != nil {
		return fmt.Errorf("sources of %s: %w", r.Path, err)
	}
	_, err = b.exec(insertVersion, b.run, b.seq, b.n, int64(r.At.Time), r.Strategy, r.Version, r.Hash, r.Path, string(sources),
		r.Outcome, r.Problem, r.By, r.Why, int64(r.Took))
	return err
}

func (r *CommandRow) write(b *batch) error {
	_, err := b.exec(insertCommand, b.run, b.seq, b.n, int64(r.Time), r.By, r.Why, r.Op, r.Args, r.Outcome)
	return err
}

func (r *ChartRow) write(b *batch) error {
	_, err := b.exec(insertChart, b.run, b.seq, b.n, int64(r.Time), r.Strategy, r.Series, r.Value)
	return err
}
