package journal

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// EventDecoder decodes events. It reuses its level buffers: Bids and Asks of a
// decoded event are valid until the next Decode. The zero value is ready.
type EventDecoder struct {
	bids, asks []exchange.Level
	reason     string // last gap reason, so that repeating it costs nothing
}

// Decode sets the fields of ev that AppendEvent wrote and leaves the others as
// they were. After an error the fields of ev mean nothing. It takes any input.
func (d *EventDecoder) Decode(data []byte, ev *exchange.Event) error {
	in := cursor{buf: data}
	ev.Kind = exchange.Kind(in.byte())
	flags := in.byte()
	ev.Time = exchange.Time(in.fixed64())
	ev.Instrument = exchange.InstrumentID(in.int32())
	ev.Seq = in.uint()
	ev.VenueTime, ev.More = 0, flags&flagMore != 0
	if flags&flagVenueTime != 0 {
		ev.VenueTime = ev.Time - exchange.Time(in.int())
	}
	if ev.Kind.MarketData() {
		d.market(&in, flags, ev)
	} else if !decodeOwn(&in, flags, ev) {
		return fmt.Errorf("journal: event of unknown kind %d", ev.Kind)
	}
	switch {
	case in.bad:
		return fmt.Errorf("journal: %v event of %d bytes is cut short or malformed", ev.Kind, len(data))
	case len(in.buf) > 0:
		return fmt.Errorf("journal: %v event has %d bytes too many", ev.Kind, len(in.buf))
	}
	return nil
}

func (d *EventDecoder) market(in *cursor, flags byte, ev *exchange.Event) {
	switch ev.Kind {
	case exchange.KindSnapshot:
		ev.LastID = in.int()
		d.book(in, flags, ev)
	case exchange.KindDiff:
		ev.FirstID = in.int()
		ev.LastID = ev.FirstID + in.int()
		ev.PrevID = ev.FirstID - in.int()
		d.book(in, flags, ev)
	case exchange.KindTicker:
		ev.Synthetic = flags&flagSynthetic != 0
		ev.LastID = in.int()
		best := in.level(0)
		ask := in.level(best.Price)
		ev.Price, ev.Qty, ev.Price2, ev.Qty2 = best.Price, best.Qty, ask.Price, ask.Qty
	case exchange.KindTrade:
		ev.ID = in.int()
		l := in.level(0)
		ev.Price, ev.Qty, ev.Side = l.Price, l.Qty, exchange.Side(in.byte())
	case exchange.KindLiquidation:
		l := in.level(0)
		ev.Price, ev.Qty, ev.Side = l.Price, l.Qty, exchange.Side(in.byte())
	case exchange.KindMark:
		ev.Mark = exchange.E8(in.int())
		ev.Index = ev.Mark + exchange.E8(in.int())
		ev.Rate = exchange.E8(in.int())
		ev.NextFunding = ev.Time + exchange.Time(in.int())
		ev.Hours = int(in.int())
		ev.Path = exchange.MarkPath{}
		if flags&flagPath != 0 {
			decodePath(in, ev.Mark, &ev.Path)
		}
	case exchange.KindFunding:
		ev.Rate, ev.Mark, ev.Hours = exchange.E8(in.int()), exchange.E8(in.int()), int(in.int())
	case exchange.KindBar:
		decodeBar(in, &ev.Bar)
		if flags&flagFlow != 0 {
			decodeFlow(in, &ev.Bar.Flow)
		}
	case exchange.KindDay:
		decodeDay(in, &ev.Day)
	case exchange.KindOpenInterest:
		ev.Qty = exchange.Lots(in.int())
	case exchange.KindPremium:
		ev.Rate = exchange.E8(in.int())
	case exchange.KindVolume:
		ev.Reason = in.string()
		ev.Volumes = decodeIf(in, flags&flagPointer != 0, decodeVolumes)
	case exchange.KindGap:
		if s := in.bytes(); string(s) != d.reason {
			d.reason = string(s)
		}
		ev.Reason = d.reason
	}
}

// decodeVolumes takes no more memory than the bytes that are there account for.
func decodeVolumes(in *cursor, v *exchange.Volumes) {
	v.Length = exchange.Time(in.int())
	n := in.uint()
	if n > uint64(len(in.buf)/8) {
		in.fail()
		return
	}
	v.Qty = make([]float64, n)
	for i := range v.Qty {
		v.Qty[i] = math.Float64frombits(in.fixed64())
	}
}

func (d *EventDecoder) book(in *cursor, flags byte, ev *exchange.Event) {
	ev.Synthetic = flags&flagSynthetic != 0
	d.bids = in.levels(d.bids[:0])
	d.asks = in.levels(d.asks[:0])
	ev.Bids, ev.Asks = d.bids, d.asks
}

func decodePath(in *cursor, mark exchange.E8, p *exchange.MarkPath) {
	p.Open = mark + exchange.E8(in.int())
	p.High = mark + exchange.E8(in.int())
	p.Low = mark + exchange.E8(in.int())
	p.Interval = exchange.Time(in.int())
}

func decodeBar(in *cursor, b *exchange.Bar) {
	b.Open = exchange.Ticks(in.int())
	b.High = b.Open + exchange.Ticks(in.int())
	b.Low = b.Open + exchange.Ticks(in.int())
	b.Close = b.Open + exchange.Ticks(in.int())
	b.Volume = math.Float64frombits(in.fixed64())
	b.Interval = exchange.Time(in.int())
	b.Flow = exchange.Flow{}
}

func decodeFlow(in *cursor, f *exchange.Flow) {
	*f = exchange.Flow{Known: exchange.FlowParts(in.byte())}
	if f.Known == 0 {
		return
	}
	f.Quote, f.TakerBuy = math.Float64frombits(in.fixed64()), math.Float64frombits(in.fixed64())
	f.Trades = in.int()
}

func decodeDay(in *cursor, d *exchange.DayStats) {
	d.Last, d.Open, d.High, d.Low = exchange.Ticks(in.int()), exchange.Ticks(in.int()), exchange.Ticks(in.int()), exchange.Ticks(in.int())
	d.Volume, d.Quote = math.Float64frombits(in.fixed64()), math.Float64frombits(in.fixed64())
	d.Count = in.int()
}

// decodeOwn reports whether it knows the kind. set says whether the pointer of
// a kind that has one was not nil, and flow whether flows follow the bars of a past.
func decodeOwn(in *cursor, flags byte, ev *exchange.Event) bool {
	set := flags&flagPointer != 0
	switch ev.Kind {
	case exchange.KindOrder:
		decodeUpdate(in, &ev.Update)
	case exchange.KindFill:
		ev.Fill = decodeIf(in, set, decodeFill)
	case exchange.KindFundingPaid:
		ev.Payment = decodeIf(in, set, decodePayment)
	case exchange.KindTransfer:
		ev.Transfer = decodeIf(in, set, decodeTransfer)
	case exchange.KindBalance:
		ev.Wallet = exchange.Wallet(in.string())
		ev.Asset = in.string()
		ev.Amount = in.decimal()
		ev.Reason = in.string()
	case exchange.KindMargin:
		ev.Amount = in.decimal()
	case exchange.KindTimer:
		ev.Strategy, ev.Name = in.int32(), in.string()
	case exchange.KindReload:
		ev.Reload = decodeIf(in, set, decodeReload)
		if r := ev.Reload; r != nil && flags&flagTold != 0 {
			r.By, r.Why, r.To = in.string(), in.string(), int(in.int())
		}
	case exchange.KindCommand:
		ev.Name, ev.Reason = in.string(), in.string()
	case exchange.KindAdvice:
		ev.Advice = decodeIf(in, set, decodeAdvice)
	case exchange.KindVenue:
		ev.Name, ev.Channel, ev.Reason = in.string(), exchange.Channel(in.byte()), in.string()
	case exchange.KindFeed:
		ev.Name, ev.Reason = in.string(), in.string()
	case exchange.KindClock:
		ev.Name, ev.ID = in.string(), in.int()
	case exchange.KindScan:
		ev.Reason = in.string()
		ev.Scan = decodeIf(in, set, decodeScan)
	case exchange.KindPast:
		ev.Reason = in.string()
		ev.Past = decodeIf(in, set, decodePast)
		if flags&flagFlow != 0 {
			decodePastFlows(in, ev.Past)
		}
	default:
		return false
	}
	return true
}

func decodeIf[T any](in *cursor, set bool, decode func(*cursor, *T)) *T {
	if !set {
		return nil
	}
	v := new(T)
	decode(in, v)
	return v
}

func decodeUpdate(in *cursor, u *exchange.OrderUpdate) {
	u.ID = exchange.OrderID(in.uint())
	u.VenueID = in.string()
	u.Status = exchange.OrderStatus(in.byte())
	u.Filled = exchange.Lots(in.int())
	u.Code = int(in.int())
	u.Reason = in.string()
	flags := in.byte()
	u.CancelRejected, u.Qty = flags&updateRejected != 0, 0
	if flags&updateQty != 0 {
		u.Qty = exchange.Lots(in.int())
	}
	if flags > updateRejected|updateQty || flags&updateQty != 0 && u.Qty == 0 {
		in.fail()
	}
}

func decodeFill(in *cursor, f *exchange.Fill) {
	f.Order = exchange.OrderID(in.uint())
	f.VenueID = in.string()
	f.TradeID = in.string()
	f.Instrument = exchange.InstrumentID(in.int32())
	f.Side = exchange.Side(in.byte())
	l := in.level(0)
	f.Price, f.Qty = l.Price, l.Qty
	f.Maker = in.bool()
	f.Fee = in.decimal()
	f.FeeAsset = in.string()
	f.Realised = in.decimal()
	f.Reason = in.string()
}

func decodePayment(in *cursor, p *exchange.FundingPayment) {
	p.Instrument = exchange.InstrumentID(in.int32())
	p.Settled = exchange.Time(in.int())
	p.Rate = exchange.E8(in.int())
	p.Mark = exchange.E8(in.int())
	p.Position = exchange.Lots(in.int())
	p.Amount = in.decimal()
	p.Asset = in.string()
	p.TranID = in.string()
}

func decodeTransfer(in *cursor, t *exchange.Transfer) {
	t.ID = in.uint()
	t.Strategy = in.int32()
	t.Asset = in.string()
	t.From, t.To = exchange.Wallet(in.string()), exchange.Wallet(in.string())
	t.Amount = in.decimal()
	t.Done, t.Failed = in.bool(), in.bool()
	t.Reason = in.string()
}

func decodeReload(in *cursor, r *exchange.Reload) {
	r.Strategy = in.int32()
	r.Path = in.string()
	r.Hash = in.string()
	for n := in.uint(); n > 0 && !in.bad; n-- {
		r.Sources = append(r.Sources, exchange.Source{Path: in.string(), Text: in.string()})
	}
}

func decodeAdvice(in *cursor, a *exchange.Advice) {
	a.ID = in.uint()
	a.Verdict, a.Reason = in.string(), in.string()
	a.Text, a.Model = in.string(), in.string()
	a.TokensIn, a.TokensOut = int(in.int()), int(in.int())
	a.Cost = in.decimal()
	a.Cached = in.bool()
}

// cursor reads an encoded event. Once something is missing it is bad and
// returns zeros, so that callers check once at the end.
type cursor struct {
	buf []byte
	bad bool
}

func (c *cursor) fail() {
	c.buf, c.bad = nil, true
}

func (c *cursor) byte() byte {
	if len(c.buf) == 0 {
		c.fail()
		return 0
	}
	b := c.buf[0]
	c.buf = c.buf[1:]
	return b
}

func (c *cursor) bool() bool {
	b := c.byte()
	if b > 1 {
		c.fail()
	}
	return b == 1
}

func (c *cursor) fixed64() uint64 {
	if len(c.buf) < 8 {
		c.fail()
		return 0
	}
	v := binary.LittleEndian.Uint64(c.buf)
	c.buf = c.buf[8:]
	return v
}

func (c *cursor) uint() uint64 {
	if len(c.buf) > 0 && c.buf[0] < 0x80 {
		v := uint64(c.buf[0])
		c.buf = c.buf[1:]
		return v
	}
	v, n := binary.Uvarint(c.buf)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.buf = c.buf[n:]
	return v
}

func (c *cursor) int() int64 {
	v := c.uint()
	return int64(v>>1) ^ -int64(v&1)
}

func (c *cursor) int32() int32 {
	v := c.int()
	if v != int64(int32(v)) {
		c.fail()
	}
	return int32(v)
}

func (c *cursor) bytes() []byte {
	n := c.uint()
	if n > uint64(len(c.buf)) {
		c.fail()
		return nil
	}
	s := c.buf[:n]
	c.buf = c.buf[n:]
	return s
}

func (c *cursor) string() string { return string(c.bytes()) }

func (c *cursor) level(last exchange.Ticks) exchange.Level {
	price := last + exchange.Ticks(c.int())
	return exchange.Level{Price: price, Qty: exchange.Lots(c.uint())}
}

func (c *cursor) levels(dst []exchange.Level) []exchange.Level {
	n := c.uint()
	if n > uint64(len(c.buf))/2 { // a level has at least two bytes
		c.fail()
		return dst
	}
	var last exchange.Ticks
	for ; n > 0; n-- {
		l := c.level(last)
		dst = append(dst, l)
		last = l.Price
	}
	return dst
}

func (c *cursor) decimal() decimal.Decimal {
	text := c.bytes()
	if c.bad {
		return decimal.Decimal{}
	}
	d, err := decimal.NewFromString(string(text))
	if err != nil {
		c.fail()
	}
	return d
}
