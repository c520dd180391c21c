package journal

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// An encoded event is
//
//	kind:u8 flags:u8 time:u64 instrument:varint seq:uvarint [venue time:varint] fields
//
// where the fields are those that exchange.Kind documents for the kind, in that
// order. Signed integers are zigzag varints. Differences (the venue time from
// the time, a level from the one before) wrap around, so that every value of
// every field survives. Times of the loop are fixed-width: in a block of
// events they differ in their low bytes only, and zstd finds the rest.
const (
	flagVenueTime = 1 << iota // VenueTime is there; without it, it is 0
	flagSynthetic             // Event.Synthetic, of a book or a ticker
	flagPointer               // Fill, Payment, Transfer, Reload or Advice is not nil
	flagMore                  // Event.More, of market data
	flagPath                  // Event.Path of a mark is not zero
	flagFlow                  // Bar.Flow of a bar, or of one of a past, has something known; journals of before it have none
	flagTold                  // a reload that somebody asked for: By, Why and To; journals of before it have none
)

// AppendEvent appends the encoded event to dst. The fields that the event's
// kind does not document are not part of it, nor are Reload.Compiled and Took.
func AppendEvent(dst []byte, ev *exchange.Event) []byte {
	dst = append(dst, byte(ev.Kind), eventFlags(ev))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(ev.Time))
	dst = appendInt(dst, int64(ev.Instrument))
	dst = binary.AppendUvarint(dst, ev.Seq)
	if ev.VenueTime != 0 {
		dst = appendInt(dst, int64(ev.Time)-int64(ev.VenueTime))
	}
	if ev.Kind.MarketData() {
		return appendMarket(dst, ev)
	}
	return appendOwn(dst, ev)
}

func eventFlags(ev *exchange.Event) (f byte) {
	if ev.VenueTime != 0 {
		f |= flagVenueTime
	}
	if ev.More && ev.Kind.MarketData() {
		f |= flagMore
	}
	var pointer bool
	switch ev.Kind {
	case exchange.KindSnapshot, exchange.KindDiff, exchange.KindTicker:
		if ev.Synthetic {
			f |= flagSynthetic
		}
	case exchange.KindMark:
		if ev.Path != (exchange.MarkPath{}) {
			f |= flagPath
		}
	case exchange.KindBar:
		if ev.Bar.Known != 0 {
			f |= flagFlow
		}
	case exchange.KindFill:
		pointer = ev.Fill != nil
	case exchange.KindFundingPaid:
		pointer = ev.Payment != nil
	case exchange.KindTransfer:
		pointer = ev.Transfer != nil
	case exchange.KindReload:
		pointer = ev.Reload != nil
		if pointer && told(ev.Reload) {
			f |= flagTold
		}
	case exchange.KindAdvice:
		pointer = ev.Advice != nil
	case exchange.KindVolume:
		pointer = ev.Volumes != nil
	case exchange.KindScan:
		pointer = ev.Scan != nil
	case exchange.KindPast:
		pointer = ev.Past != nil
		if pointer && pastFlows(ev.Past) {
			f |= flagFlow
		}
	}
	if pointer {
		f |= flagPointer
	}
	return f
}

func appendMarket(dst []byte, ev *exchange.Event) []byte {
	switch ev.Kind {
	case exchange.KindSnapshot:
		dst = appendInt(dst, ev.LastID)
		dst = appendLevels(dst, ev.Bids)
		return appendLevels(dst, ev.Asks)
	case exchange.KindDiff:
		dst = appendInt(dst, ev.FirstID)
		dst = appendInt(dst, ev.LastID-ev.FirstID)
		dst = appendInt(dst, ev.FirstID-ev.PrevID)
		dst = appendLevels(dst, ev.Bids)
		return appendLevels(dst, ev.Asks)
	case exchange.KindTicker:
		dst = appendInt(dst, ev.LastID)
		dst = appendLevel(dst, 0, exchange.Level{Price: ev.Price, Qty: ev.Qty})
		return appendLevel(dst, ev.Price, exchange.Level{Price: ev.Price2, Qty: ev.Qty2})
	case exchange.KindTrade:
		dst = appendInt(dst, ev.ID)
		dst = appendLevel(dst, 0, exchange.Level{Price: ev.Price, Qty: ev.Qty})
		return append(dst, byte(ev.Side))
	case exchange.KindLiquidation:
		dst = appendLevel(dst, 0, exchange.Level{Price: ev.Price, Qty: ev.Qty})
		return append(dst, byte(ev.Side))
	case exchange.KindMark:
		dst = appendInt(dst, int64(ev.Mark))
		dst = appendInt(dst, int64(ev.Index)-int64(ev.Mark))
		dst = appendInt(dst, int64(ev.Rate))
		dst = appendInt(dst, int64(ev.NextFunding)-int64(ev.Time))
		dst = appendInt(dst, int64(ev.Hours))
		if ev.Path != (exchange.MarkPath{}) {
			dst = appendPath(dst, ev.Mark, &ev.Path)
		}
		return dst
	case exchange.KindFunding:
		dst = appendInt(dst, int64(ev.Rate))
		dst = appendInt(dst, int64(ev.Mark))
		return appendInt(dst, int64(ev.Hours))
	case exchange.KindBar:
		dst = appendBar(dst, &ev.Bar)
		if ev.Bar.Known != 0 {
			dst = appendFlow(dst, &ev.Bar.Flow)
		}
		return dst
	case exchange.KindDay:
		return appendDay(dst, &ev.Day)
	case exchange.KindOpenInterest:
		return appendInt(dst, int64(ev.Qty))
	case exchange.KindPremium:
		return appendInt(dst, int64(ev.Rate))
	case exchange.KindVolume:
		return appendVolumes(appendString(dst, ev.Reason), ev.Volumes)
	default: // KindGap
		return appendString(dst, ev.Reason)
	}
}

func appendPath(dst []byte, mark exchange.E8, p *exchange.MarkPath) []byte {
	dst = appendInt(dst, int64(p.Open)-int64(mark))
	dst = appendInt(dst, int64(p.High)-int64(mark))
	dst = appendInt(dst, int64(p.Low)-int64(mark))
	return appendInt(dst, int64(p.Interval))
}

func appendBar(dst []byte, b *exchange.Bar) []byte {
	dst = appendInt(dst, int64(b.Open))
	dst = appendInt(dst, int64(b.High)-int64(b.Open))
	dst = appendInt(dst, int64(b.Low)-int64(b.Open))
	dst = appendInt(dst, int64(b.Close)-int64(b.Open))
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(b.Volume))
	return appendInt(dst, int64(b.Interval))
}

// appendFlow writes of what nothing is known of as that alone.
func appendFlow(dst []byte, f *exchange.Flow) []byte {
	dst = append(dst, byte(f.Known))
	if f.Known == 0 {
		return dst
	}
	for _, v := range [...]float64{f.Quote, f.TakerBuy} {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	return appendInt(dst, f.Trades)
}

func appendVolumes(dst []byte, v *exchange.Volumes) []byte {
	if v == nil {
		return dst
	}
	dst = appendInt(dst, int64(v.Length))
	dst = binary.AppendUvarint(dst, uint64(len(v.Qty)))
	for _, q := range v.Qty {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(q))
	}
	return dst
}

func appendDay(dst []byte, d *exchange.DayStats) []byte {
	for _, p := range [...]exchange.Ticks{d.Last, d.Open, d.High, d.Low} {
		dst = appendInt(dst, int64(p))
	}
	for _, v := range [...]float64{d.Volume, d.Quote} {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	return appendInt(dst, d.Count)
}

func appendOwn(dst []byte, ev *exchange.Event) []byte {
	switch ev.Kind {
	case exchange.KindOrder:
		return appendUpdate(dst, &ev.Update)
	case exchange.KindFill:
		return appendFill(dst, ev.Fill)
	case exchange.KindFundingPaid:
		return appendPayment(dst, ev.Payment)
	case exchange.KindTransfer:
		return appendTransfer(dst, ev.Transfer)
	case exchange.KindBalance:
		dst = appendString(dst, string(ev.Wallet))
		dst = appendString(dst, ev.Asset)
		dst = appendDecimal(dst, ev.Amount)
		return appendString(dst, ev.Reason)
	case exchange.KindMargin:
		return appendDecimal(dst, ev.Amount)
	case exchange.KindTimer:
		dst = appendInt(dst, int64(ev.Strategy))
		return appendString(dst, ev.Name)
	case exchange.KindReload:
		return appendReload(dst, ev.Reload)
	case exchange.KindCommand:
		dst = appendString(dst, ev.Name)
		return appendString(dst, ev.Reason)
	case exchange.KindAdvice:
		return appendAdvice(dst, ev.Advice)
	case exchange.KindVenue:
		dst = append(appendString(dst, ev.Name), byte(ev.Channel))
		return appendString(dst, ev.Reason)
	case exchange.KindFeed:
		return appendString(appendString(dst, ev.Name), ev.Reason)
	case exchange.KindClock:
		return appendInt(appendString(dst, ev.Name), ev.ID)
	case exchange.KindScan:
		return appendScan(appendString(dst, ev.Reason), ev.Scan)
	case exchange.KindPast:
		return appendPast(appendString(dst, ev.Reason), ev.Past)
	}
	return dst
}

// The last byte of an update that is always there says what of these it has.
const (
	updateRejected = 1 << iota // CancelRejected
	updateQty                  // Qty follows
)

func appendUpdate(dst []byte, u *exchange.OrderUpdate) []byte {
	dst = binary.AppendUvarint(dst, uint64(u.ID))
	dst = appendString(dst, u.VenueID)
	dst = append(dst, byte(u.Status))
	dst = appendInt(dst, int64(u.Filled))
	dst = appendInt(dst, int64(u.Code))
	dst = appendString(dst, u.Reason)
	flags := byte(0)
	if u.CancelRejected {
		flags = updateRejected
	}
	if u.Qty == 0 { // as before there was one
		return append(dst, flags)
	}
	return appendInt(append(dst, flags|updateQty), int64(u.Qty))
}

func appendFill(dst []byte, f *exchange.Fill) []byte {
	if f == nil {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(f.Order))
	dst = appendString(dst, f.VenueID)
	dst = appendString(dst, f.TradeID)
	dst = appendInt(dst, int64(f.Instrument))
	dst = append(dst, byte(f.Side))
	dst = appendLevel(dst, 0, exchange.Level{Price: f.Price, Qty: f.Qty})
	dst = appendBool(dst, f.Maker)
	dst = appendDecimal(dst, f.Fee)
	dst = appendString(dst, f.FeeAsset)
	dst = appendDecimal(dst, f.Realised)
	return appendString(dst, f.Reason)
}

func appendPayment(dst []byte, p *exchange.FundingPayment) []byte {
	if p == nil {
		return dst
	}
	dst = appendInt(dst, int64(p.Instrument))
	dst = appendInt(dst, int64(p.Settled))
	dst = appendInt(dst, int64(p.Rate))
	dst = appendInt(dst, int64(p.Mark))
	dst = appendInt(dst, int64(p.Position))
	dst = appendDecimal(dst, p.Amount)
	dst = appendString(dst, p.Asset)
	return appendString(dst, p.TranID)
}

func appendTransfer(dst []byte, t *exchange.Transfer) []byte {
	if t == nil {
		return dst
	}
	dst = binary.AppendUvarint(dst, t.ID)
	dst = appendInt(dst, int64(t.Strategy))
	dst = appendString(dst, t.Asset)
	dst = appendString(appendString(dst, string(t.From)), string(t.To))
	dst = appendDecimal(dst, t.Amount)
	dst = appendBool(dst, t.Done)
	dst = appendBool(dst, t.Failed)
	return appendString(dst, t.Reason)
}

func appendReload(dst []byte, r *exchange.Reload) []byte {
	if r == nil {
		return dst
	}
	dst = appendInt(dst, int64(r.Strategy))
	dst = appendString(dst, r.Path)
	dst = appendString(dst, r.Hash)
	dst = binary.AppendUvarint(dst, uint64(len(r.Sources)))
	for i := range r.Sources {
		dst = appendString(dst, r.Sources[i].Path)
		dst = appendString(dst, r.Sources[i].Text)
	}
	if told(r) {
		dst = appendString(appendString(dst, r.By), r.Why)
		dst = appendInt(dst, int64(r.To))
	}
	return dst
}

// told reports whether a reload was asked for by somebody.
func told(r *exchange.Reload) bool { return r.By != "" || r.Why != "" || r.To != 0 }

func appendAdvice(dst []byte, a *exchange.Advice) []byte {
	if a == nil {
		return dst
	}
	dst = binary.AppendUvarint(dst, a.ID)
	dst = appendString(dst, a.Verdict)
	dst = appendString(dst, a.Reason)
	dst = appendString(dst, a.Text)
	dst = appendString(dst, a.Model)
	dst = appendInt(dst, int64(a.TokensIn))
	dst = appendInt(dst, int64(a.TokensOut))
	dst = appendDecimal(dst, a.Cost)
	return appendBool(dst, a.Cached)
}

// appendLevels writes each price as its distance from the one before: near the
// touch that is one byte.
func appendLevels(dst []byte, levels []exchange.Level) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(levels)))
	var last exchange.Ticks
	for i := range levels {
		dst = appendLevel(dst, last, levels[i])
		last = levels[i].Price
	}
	return dst
}

func appendLevel(dst []byte, last exchange.Ticks, l exchange.Level) []byte {
	dst = appendInt(dst, int64(l.Price)-int64(last))
	return appendUint(dst, uint64(l.Qty)) // quantities are not negative: no zigzag
}

func appendInt(dst []byte, v int64) []byte {
	return appendUint(dst, uint64(v)<<1^uint64(v>>63))
}

// appendUint is binary.AppendUvarint with the one-byte case inlined.
func appendUint(dst []byte, v uint64) []byte {
	if v < 0x80 {
		return append(dst, byte(v))
	}
	return binary.AppendUvarint(dst, v)
}

func appendString(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

func appendBool(dst []byte, b bool) []byte {
	if b {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// appendDecimal writes coefficient and exponent ("12345e-2") rather than the
// plain text: it keeps the scale, and 1e1000000 stays short.
func appendDecimal(dst []byte, d decimal.Decimal) []byte {
	c := d.Coefficient()
	var text [40]byte
	out := c.Append(text[:0], 10)
	if d.Exponent() != 0 {
		out = append(out, 'e')
		out = strconv.AppendInt(out, int64(d.Exponent()), 10)
	}
	dst = binary.AppendUvarint(dst, uint64(len(out)))
	return append(dst, out...)
}
