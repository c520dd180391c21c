package core

import (
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Append writes the effect as one line of text, without a newline. It is what
// the journal keeps and what a replay compares, so it holds everything that
// the effect decides and nothing that a replay cannot know.
func (e *Effect) Append(dst []byte, u *exchange.Universe) []byte {
	dst = append(dst, e.Body.kind()...)
	if e.Strategy >= 0 {
		dst = append(dst, " strategy="...)
		dst = strconv.AppendInt(dst, int64(e.Strategy), 10)
	}
	return e.Body.appendTo(dst, u)
}

func (Submit) kind() string             { return "submit" }
func (Cancel) kind() string             { return "cancel" }
func (Shrink) kind() string             { return "shrink" }
func (SendTransfer) kind() string       { return "transfer" }
func (*WantSnapshot) kind() string      { return "snapshot" }
func (WantVolume) kind() string         { return "volume" }
func (WantPast) kind() string           { return "past" }
func (ConsultAdvisor) kind() string     { return "ask" }
func (OrderChanged) kind() string       { return "order" }
func (*Filled) kind() string            { return "fill" }
func (*FundingPaid) kind() string       { return "funding" }
func (Booked) kind() string             { return "txn" }
func (TransferEnded) kind() string      { return "arrived" }
func (PairChanged) kind() string        { return "pair" }
func (ScheduleChanged) kind() string    { return "schedule" }
func (ConditionalChanged) kind() string { return "held" }
func (*EquitySampled) kind() string     { return "equity" }
func (*StateSaved) kind() string        { return "state" }
func (VersionChanged) kind() string     { return "version" }
func (*ChartPoint) kind() string        { return "chart" }
func (*LogLine) kind() string           { return "log" }
func (*Notified) kind() string          { return "notify" }
func (*HaltChanged) kind() string       { return "halt" }
func (Advised) kind() string            { return "advice" }
func (Commanded) kind() string          { return "command" }
func (*CallbackEnded) kind() string     { return interruptWord }

func (b Submit) appendTo(dst []byte, u *exchange.Universe) []byte {
	return appendOrder(dst, b.Order, u)
}
func (b Cancel) appendTo(dst []byte, u *exchange.Universe) []byte {
	return appendOrder(dst, b.Order, u)
}
func (b Shrink) appendTo(dst []byte, u *exchange.Universe) []byte {
	return field(appendOrder(dst, b.Order, u), "to", u.Get(b.Order.Instrument).QtyDecimal(b.Qty).String())
}
func (b OrderChanged) appendTo(dst []byte, u *exchange.Universe) []byte {
	return appendOrder(dst, b.Order, u)
}
func (b SendTransfer) appendTo(dst []byte, _ *exchange.Universe) []byte {
	return appendTransfer(dst, b.Transfer)
}
func (b TransferEnded) appendTo(dst []byte, _ *exchange.Universe) []byte {
	return appendTransfer(dst, b.Transfer)
}
func (b Booked) appendTo(dst []byte, _ *exchange.Universe) []byte { return appendTxn(dst, b.Txn) }
func (b PairChanged) appendTo(dst []byte, u *exchange.Universe) []byte {
	return appendPair(dst, &b.Pair, u)
}
func (b ScheduleChanged) appendTo(dst []byte, u *exchange.Universe) []byte {
	return appendSchedule(dst, &b.Schedule, u)
}
func (b ConditionalChanged) appendTo(dst []byte, u *exchange.Universe) []byte {
	return appendConditional(dst, b.Conditional, u)
}
func (b ConsultAdvisor) appendTo(dst []byte, _ *exchange.Universe) []byte {
	return appendQuestion(dst, b.Question)
}
func (b Advised) appendTo(dst []byte, _ *exchange.Universe) []byte {
	return appendAdvice(dst, b.Advice)
}
func (b Commanded) appendTo(dst []byte, _ *exchange.Universe) []byte {
	dst = field(dst, "op", b.Op)
	dst = field(dst, "by", strconv.Quote(b.By))
	dst = field(dst, "why", strconv.Quote(b.Why))
	dst = field(dst, "args", strconv.Quote(b.Args))
	return field(dst, "outcome", strconv.Quote(b.Outcome))
}
func (b VersionChanged) appendTo(dst []byte, _ *exchange.Universe) []byte {
	return appendVersion(dst, b.Version)
}

func (b *Filled) appendTo(dst []byte, u *exchange.Universe) []byte {
	return appendShares(appendFill(dst, b.Fill, u), b.Shares, u)
}

func (b *FundingPaid) appendTo(dst []byte, u *exchange.Universe) []byte {
	return number(appendPayment(dst, b.Payment, u), "pair", int64(b.Pair))
}

func (b *EquitySampled) appendTo(dst []byte, _ *exchange.Universe) []byte {
	return field(dst, "usdt", b.Amount.String())
}

func (b *ChartPoint) appendTo(dst []byte, _ *exchange.Universe) []byte {
	dst = field(dst, "series", strconv.Quote(b.Series))
	return field(dst, "value", strconv.FormatFloat(b.Value, 'g', -1, 64))
}

func (b *LogLine) appendTo(dst []byte, _ *exchange.Universe) []byte {
	dst = field(dst, "level", b.Level.String())
	dst = field(dst, "where", strconv.Quote(b.Where))
	return quoted(dst, b.Text)
}

func (b *Notified) appendTo(dst []byte, _ *exchange.Universe) []byte {
	return quoted(field(dst, "severity", b.Severity.String()), b.Text)
}

func (b *CallbackEnded) appendTo(dst []byte, _ *exchange.Universe) []byte {
	return quoted(number(dst, "nth", int64(b.Nth)), b.Text)
}

func (b *WantSnapshot) appendTo(dst []byte, u *exchange.Universe) []byte {
	return quoted(field(dst, "book", u.Get(b.Instrument).Key()), b.Reason)
}

func (b WantVolume) appendTo(dst []byte, u *exchange.Universe) []byte {
	return field(dst, "of", u.Get(b.Instrument).Key())
}

func (b WantPast) appendTo(dst []byte, u *exchange.Universe) []byte {
	return field(dst, "of", u.Get(b.Instrument).Key())
}

func (b *StateSaved) appendTo(dst []byte, _ *exchange.Universe) []byte { return quoted(dst, b.JSON) }
func (b *HaltChanged) appendTo(dst []byte, _ *exchange.Universe) []byte {
	dst = quoted(dst, b.Reason)
	for _, l := range b.Strategies {
		dst = field(dst, l.Strategy, strconv.Quote(l.Reason))
	}
	return dst
}

// quoted is the text that many lines end with.
func quoted(dst []byte, text string) []byte { return field(dst, "text", strconv.Quote(text)) }

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
	if o.Borrow {
		dst = append(dst, " borrow"...)
	}
	if o.Pair != 0 {
		dst = number(dst, "pair", int64(o.Pair))
		dst = number(dst, "leg", int64(o.Leg))
	}
	if o.Schedule != 0 {
		dst = number(dst, "schedule", int64(o.Schedule))
	}
	if o.Parent != 0 {
		dst = number(dst, "parent", int64(o.Parent))
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
	if !p.Interest.IsZero() {
		dst = field(dst, "interest", p.Interest.String())
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

func appendConditional(dst []byte, c *intent.Conditional, u *exchange.Universe) []byte {
	in, r := u.Get(c.Request.Instrument), &c.Request
	dst = number(dst, "id", int64(c.ID))
	dst = number(dst, "group", int64(c.Group))
	dst = field(dst, "of", in.Key())
	dst = field(dst, "side", r.Side.String())
	dst = field(dst, "type", r.Type())
	dst = field(dst, "size", in.QtyDecimal(c.Size).String())
	dst = field(dst, "price", in.PriceDecimal(r.Price).String())
	dst = field(dst, "trigger", c.Stop.Decimal().String())
	dst = field(dst, "state", c.State.String())
	dst = field(dst, "filled", in.QtyDecimal(c.Filled).String())
	dst = number(dst, "child", int64(c.Child))
	return field(dst, "reason", strconv.Quote(c.Reason))
}
