package core

import (
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/host/execution/schedule"
)

// EffectKind says what an Effect asks for or reports.
type EffectKind uint8

const (
	// Asked of the venue.
	EffectSubmit   EffectKind = iota + 1 // Order
	EffectCancel                         // Order
	EffectTransfer                       // Transfer
	EffectSnapshot                       // Instrument, Text: its book needs a snapshot

	// Asked of the adviser.
	EffectAsk // Strategy, Question

	// For the ledger.
	EffectOrder   // Order: its state changed
	EffectFill    // Order (nil when foreign), Fill
	EffectFunding // Payment
	EffectTxn     // Txn: money moved
	EffectArrived // Transfer: it ended, well or not
	EffectPair    // Pair and Request: its state changed
	EffectEquity  // Amount
	EffectState   // Strategy, Text: JSON of its state
	EffectVersion // Strategy, Version: a script was loaded or refused
	EffectChart   // Strategy, Name, Value
	EffectLog     // Strategy, Level, Where, Text
	EffectHalt    // Text; empty: resumed
	EffectAdvice  // Strategy, Advice: what came of a question

	EffectSchedule // Schedule: its state changed

	EffectInterrupt // Strategy, Name, Text: a clock ended the callback of this number
)

var effectNames = [...]string{"none", "submit", "cancel", "transfer", "snapshot", "ask", "order", "fill", "funding", "txn", "arrived",
	"pair", "equity", "state", "version", "chart", "log", "halt", "advice", "schedule", "interrupt"}

func (k EffectKind) String() string { return effectNames[k] }

// Effect is one output of a step. Pointed-to values are copies made for the
// effect: they may be kept.
type Effect struct {
	Seq        uint64
	Time       exchange.Time
	Kind       EffectKind
	Strategy   int32 // -1: the host
	Instrument exchange.InstrumentID

	Order    *exchange.Order
	Fill     *exchange.Fill
	Shares   []FillShare // with Fill, when it was not ours: who held what it took
	Payment  *exchange.FundingPayment
	Share    exchange.PairID // with Payment: whose part it is; 0: of no pair
	Transfer *exchange.Transfer
	Txn      *Txn
	Pair     *intent.Pair
	Request  *intent.PairRequest
	Schedule *schedule.Saved
	Version  *Version
	Question *advice.Question
	Advice   *advice.Advice
	Amount   decimal.Decimal
	Name     string
	Value    float64
	Level    intent.Level
	Where    string
	Text     string
}

// Version is one version of a strategy's script, loaded or refused.
type Version struct {
	Number   int // of the last loaded version when this one was refused
	Path     string
	Hash     string
	Sources  []exchange.Source
	Loaded   bool
	Problem  string // why it was refused
	Rollback bool
}

// Txn is one money movement: its postings sum to zero for each asset.
type Txn struct {
	Kind     string // deposit, fill, funding, insurance, transfer_out, transfer_in, adjust
	Ref      string // unique within (account, Kind)
	Strategy int32
	Pair     exchange.PairID
	Postings []Posting
}

// Posting is one leg of a Txn. Accounts are named as in the ledger's schema:
// A:<wallet> assets, T:<instrument> conversion, I:<what> income, X:<what>
// expense, Q:opening equity.
type Posting struct {
	Account string
	Asset   string
	Amount  decimal.Decimal
}

// Append writes the effect as one line of text, without a newline. It is what
// the journal keeps and what a replay compares, so it holds everything that
// the effect decides and nothing that a replay cannot know.
func (e *Effect) Append(dst []byte, u *exchange.Universe) []byte {
	dst = append(dst, e.Kind.String()...)
	if e.Strategy >= 0 {
		dst = append(dst, " strategy="...)
		dst = strconv.AppendInt(dst, int64(e.Strategy), 10)
	}
	switch e.Kind {
	case EffectSubmit, EffectCancel, EffectOrder:
		return appendOrder(dst, e.Order, u)
	case EffectFill:
		return appendShares(appendFill(dst, e.Fill, u), e.Shares, u)
	case EffectFunding:
		return number(appendPayment(dst, e.Payment, u), "pair", int64(e.Share))
	case EffectTransfer, EffectArrived:
		return appendTransfer(dst, e.Transfer)
	case EffectTxn:
		return appendTxn(dst, e.Txn)
	case EffectPair:
		return appendPair(dst, e.Pair, u)
	case EffectSchedule:
		return appendSchedule(dst, &e.Schedule.Schedule, u)
	case EffectAsk:
		return appendQuestion(dst, e.Question)
	case EffectAdvice:
		return appendAdvice(dst, e.Advice)
	case EffectVersion:
		return appendVersion(dst, e.Version)
	case EffectEquity:
		return field(dst, "usdt", e.Amount.String())
	case EffectChart:
		dst = field(dst, "series", strconv.Quote(e.Name))
		return field(dst, "value", strconv.FormatFloat(e.Value, 'g', -1, 64))
	case EffectLog:
		dst = field(dst, "level", e.Level.String())
		dst = field(dst, "where", strconv.Quote(e.Where))
	case EffectInterrupt:
		dst = field(dst, "nth", e.Name)
	case EffectSnapshot:
		dst = field(dst, "book", u.Get(e.Instrument).Key())
	}
	return field(dst, "text", strconv.Quote(e.Text))
}

func field(dst []byte, name, value string) []byte {
	dst = append(dst, ' ')
	dst = append(dst, name...)
	dst = append(dst, '=')
	return append(dst, value...)
}

func number(dst []byte, name string, n int64) []byte {
	dst = append(dst, ' ')
	dst = append(dst, name...)
	dst = append(dst, '=')
	return strconv.AppendInt(dst, n, 10)
}

func appendOrder(dst []byte, o *exchange.Order, u *exchange.Universe) []byte {
	in := u.Get(o.Instrument)
	dst = number(dst, "id", int64(o.ID))
	dst = field(dst, "client", o.ClientID)
	dst = field(dst, "of", in.Key())
	dst = field(dst, "side", o.Side.String())
	dst = field(dst, "type", o.Type.String())
	dst = field(dst, "tif", o.TIF.String())
	dst = field(dst, "qty", in.QtyDecimal(o.Qty).String())
	dst = field(dst, "price", in.PriceDecimal(o.Price).String())
	if o.ReduceOnly {
		dst = append(dst, " reduce_only"...)
	}
	if o.Pair != 0 {
		dst = number(dst, "pair", int64(o.Pair))
		dst = number(dst, "leg", int64(o.Leg))
	}
	if o.Schedule != 0 {
		dst = number(dst, "schedule", int64(o.Schedule))
	}
	dst = field(dst, "status", o.Status.String())
	dst = field(dst, "filled", in.QtyDecimal(o.Filled).String())
	if o.Reason != "" {
		dst = field(dst, "reason", strconv.Quote(o.Reason))
	}
	return dst
}

func appendFill(dst []byte, f *exchange.Fill, u *exchange.Universe) []byte {
	in := u.Get(f.Instrument)
	dst = number(dst, "order", int64(f.Order))
	dst = field(dst, "trade", f.TradeID)
	dst = field(dst, "of", in.Key())
	dst = field(dst, "side", f.Side.String())
	dst = field(dst, "qty", in.QtyDecimal(f.Qty).String())
	dst = field(dst, "price", in.PriceDecimal(f.Price).String())
	dst = field(dst, "maker", strconv.FormatBool(f.Maker))
	dst = field(dst, "fee", f.Fee.String()+f.FeeAsset)
	dst = field(dst, "realised", f.Realised.String())
	if f.Reason != "" {
		dst = field(dst, "reason", f.Reason)
	}
	return dst
}

func appendShares(dst []byte, shares []FillShare, u *exchange.Universe) []byte {
	for i := range shares {
		s := &shares[i]
		dst = number(dst, "share", int64(s.Strategy))
		dst = number(dst, "pair", int64(s.Pair))
		dst = field(dst, "qty", u.Get(s.Fill.Instrument).QtyDecimal(s.Fill.Qty).String())
		dst = field(dst, "fee", s.Fill.Fee.String())
		dst = field(dst, "realised", s.Fill.Realised.String())
	}
	return dst
}

func appendPayment(dst []byte, p *exchange.FundingPayment, u *exchange.Universe) []byte {
	in := u.Get(p.Instrument)
	dst = field(dst, "of", in.Key())
	dst = field(dst, "settled", p.Settled.String())
	dst = field(dst, "rate", p.Rate.Decimal().String())
	dst = field(dst, "mark", p.Mark.Decimal().String())
	dst = field(dst, "position", in.QtyDecimal(p.Position).String())
	return field(dst, "amount", p.Amount.String()+p.Asset)
}

func appendTransfer(dst []byte, t *exchange.Transfer) []byte {
	dst = number(dst, "id", int64(t.ID))
	dst = field(dst, "from", string(t.From))
	dst = field(dst, "to", string(t.To))
	if t.Failed {
		dst = field(dst, "failed", strconv.Quote(t.Reason))
	}
	return field(dst, "amount", t.Amount.String()+t.Asset)
}

func appendTxn(dst []byte, t *Txn) []byte {
	dst = field(dst, "kind", t.Kind)
	dst = field(dst, "ref", t.Ref)
	for _, p := range t.Postings {
		dst = field(dst, p.Account, p.Amount.String()+p.Asset)
	}
	return dst
}

func appendPair(dst []byte, p *intent.Pair, u *exchange.Universe) []byte {
	perp := u.Get(p.Perp)
	dst = number(dst, "id", int64(p.ID))
	dst = field(dst, "spot", u.Get(p.Spot).Key())
	dst = field(dst, "perp", perp.Key())
	dst = field(dst, "state", p.State.String())
	dst = field(dst, "spot_qty", p.SpotQty.String())
	dst = field(dst, "perp_qty", perp.QtyDecimal(p.PerpQty).String())
	if perp.Inverse() {
		dst = field(dst, "margin_qty", p.MarginCoins().String())
		if p.Coin.Move.Flying() {
			dst = number(dst, "transfer", int64(p.Coin.Move.ID))
		}
	}
	dst = field(dst, "funding", p.Funding.String())
	if !p.Insurance.IsZero() {
		dst = field(dst, "insurance", p.Insurance.String())
	}
	dst = field(dst, "fees", p.Fees.String())
	dst = field(dst, "realised", p.Realised.String())
	return field(dst, "reason", strconv.Quote(p.Reason))
}

func appendVersion(dst []byte, v *Version) []byte {
	dst = number(dst, "number", int64(v.Number))
	dst = field(dst, "hash", v.Hash)
	dst = field(dst, "loaded", strconv.FormatBool(v.Loaded))
	return field(dst, "problem", strconv.Quote(v.Problem))
}
