package payload

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/okx/api"
)

// trade reads a row of trades: those of one taker order at one price are one row, whose id
// is that of the last of them.
func (d *Decoder) trade(in *exchange.Instrument, s *state, raw []byte) (order int64, err error) {
	var bad fault
	ev := &d.ev
	ev.Kind = exchange.KindTrade
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "tradeId":
			ev.ID = exchange.TextID(f.Word())
		case "px":
			ev.Price = bad.ticks(f.Word(), in.Tick)
		case "sz":
			ev.Qty = bad.lots(f.Word(), s.lot)
		case "side":
			ev.Side = api.SideOf(f.Word())
		case "ts":
			ev.VenueTime = exchange.UnixMilli(f.Int())
		}
	}
	bad.keep(f.Err())
	if bad.err == nil && (ev.Price <= 0 || ev.Side == 0 || ev.ID <= 0) {
		bad.err = errors.New("want a tradeId, a px above zero and a side of buy or sell")
	}
	if bad.err != nil || ev.Qty == 0 {
		return 0, bad.err
	}
	return ev.ID, nil
}

// ticker reads a row of the slower channel, of recordings: the touch is bbo-tbt's elsewhere.
func (d *Decoder) ticker(in *exchange.Instrument, s *state, raw []byte) (order int64, err error) {
	var bad fault
	ev := &d.ev
	ev.Kind = exchange.KindTicker
	f := jsonscan.Object(raw)
	for f.Next() {
		w := f.Word()
		if len(w) == 0 {
			continue // "": there is none
		}
		switch string(f.Key()) {
		case "bidPx":
			ev.Price = bad.ticks(w, in.Tick)
		case "bidSz":
			ev.Qty = bad.lots(w, s.lot)
		case "askPx":
			ev.Price2 = bad.ticks(w, in.Tick)
		case "askSz":
			ev.Qty2 = bad.lots(w, s.lot)
		case "ts":
			ev.VenueTime = exchange.UnixMilli(f.Int())
		}
	}
	bad.keep(f.Err())
	if bad.err != nil || ev.Price <= 0 || ev.Price2 <= 0 {
		return 0, bad.err
	}
	return int64(ev.VenueTime), nil
}

func (d *Decoder) markPrice(in *exchange.Instrument, s *state, raw []byte) (order int64, err error) {
	var bad fault
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "markPx":
			s.mark = bad.e8(f.Word())
		case "ts":
			d.ev.VenueTime = exchange.UnixMilli(f.Int())
		}
	}
	bad.keep(f.Err())
	return d.marked(in, s), bad.err
}

// fundingRate reads what the current period is expected to pay at fundingTime; how long
// periods are shows in the one after.
func (d *Decoder) fundingRate(in *exchange.Instrument, s *state, raw []byte) (order int64, err error) {
	var bad fault
	var after exchange.Time
	f := jsonscan.Object(raw)
	for f.Next() {
		w := f.Word()
		if len(w) == 0 {
			continue
		}
		switch string(f.Key()) {
		case "fundingRate":
			s.rate = bad.e8(w)
		case "fundingTime":
			s.next = exchange.UnixMilli(f.Int())
		case "nextFundingTime":
			after = exchange.UnixMilli(f.Int())
		case "ts":
			d.ev.VenueTime = exchange.UnixMilli(f.Int())
		}
	}
	bad.keep(f.Err())
	if h := int((after - s.next) / exchange.Hour); h >= 1 && h <= 24 {
		s.hours = h
	}
	return d.marked(in, s), bad.err
}

// marked makes the event of what is known by now. Between a settlement and the next push of
// the rate, which may be a minute, the next settlement is the one after.
func (d *Decoder) marked(in *exchange.Instrument, s *state) (order int64) {
	ev := &d.ev
	if s.mark <= 0 || ev.VenueTime <= 0 || !in.Dated() && (s.next == 0 || s.hours == 0) {
		return 0
	}
	ev.Kind, ev.Mark, ev.Index = exchange.KindMark, s.mark, *s.index
	if !in.Dated() {
		ev.Rate, ev.Hours, ev.NextFunding = s.rate, s.hours, s.next
		if period := exchange.Time(s.hours) * exchange.Hour; s.next <= ev.VenueTime {
			ev.NextFunding += (ev.VenueTime-s.next)/period*period + period
		}
	}
	return int64(ev.VenueTime)
}

func (d *Decoder) openInterest(_ *exchange.Instrument, s *state, raw []byte) (order int64, err error) {
	var bad fault
	ev := &d.ev
	ev.Kind = exchange.KindOpenInterest
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "oi":
			ev.Qty = bad.lots(f.Word(), s.lot)
		case "ts":
			ev.VenueTime = exchange.UnixMilli(f.Int())
		}
	}
	bad.keep(f.Err())
	return int64(ev.VenueTime), bad.err
}

// intervals are the lengths of candles by the venue's names; days begin at midnight UTC
// under this name alone.
var intervals = map[exchange.Time]string{
	exchange.Minute: "1m", 3 * exchange.Minute: "3m", 5 * exchange.Minute: "5m", 15 * exchange.Minute: "15m", 30 * exchange.Minute: "30m",
	exchange.Hour: "1H", 2 * exchange.Hour: "2H", 4 * exchange.Hour: "4H", 6 * exchange.Hour: "6Hutc", 12 * exchange.Hour: "12Hutc", exchange.Day: "1Dutc",
}

var lengths = func() map[string]exchange.Time {
	out := map[string]exchange.Time{}
	for length, name := range intervals {
		out["candle"+name] = length
	}
	return out
}()

// Interval is the venue's name of a length of candles; "": it has none such.
func Interval(length exchange.Time) string { return intervals[length] }

// candles yields those that are finished.
func (d *Decoder) candles(in *exchange.Instrument, s *state, interval exchange.Time, data []byte, yield func(*exchange.Event, int64)) error {
	used := false
	list := jsonscan.Array(data)
	for list.Next() {
		done, err := d.candle(in, s, interval, list.Raw())
		if err != nil {
			return fmt.Errorf("candle of %s: %w", in.Key(), err)
		}
		if done {
			used = true
			yield(&d.ev, int64(d.ev.VenueTime))
		}
	}
	if list.Err() == nil && !used {
		return connect.ErrIgnored
	}
	return list.Err()
}

// candle reads [ts,open,high,low,close,vol,volCcy,volCcyQuote,confirm]. vol is in contracts
// where there are such; volCcyQuote is in quote everywhere, in USD of inverse contracts too.
// Source: the manual, "WS / Candlesticks channel".
func (d *Decoder) candle(in *exchange.Instrument, s *state, interval exchange.Time, raw []byte) (done bool, err error) {
	var bad fault
	b := exchange.Bar{Interval: interval}
	var start exchange.Time
	f := jsonscan.Array(raw)
	n := 0
	for ; f.Next(); n++ {
		switch n {
		case 0:
			start = exchange.UnixMilli(f.Int())
		case 1:
			b.Open = bad.ticks(f.Word(), in.Tick)
		case 2:
			b.High = bad.ticks(f.Word(), in.Tick)
		case 3:
			b.Low = bad.ticks(f.Word(), in.Tick)
		case 4:
			b.Close = bad.ticks(f.Word(), in.Tick)
		case 5:
			b.Volume, err = strconv.ParseFloat(string(f.Word()), 64)
			bad.keep(err)
		case 7:
			b.Quote, err = strconv.ParseFloat(string(f.Word()), 64)
			bad.keep(err)
			b.Known = exchange.FlowQuote
		case 8:
			done = string(f.Word()) == "1"
		}
	}
	bad.keep(f.Err())
	b.Volume *= s.unit
	if bad.err == nil && (n < 9 || start <= 0 || b.Low <= 0 || b.High < b.Low || !(b.Volume >= 0) || !(b.Quote >= 0)) {
		bad.err = fmt.Errorf("%.120q: want a time, four prices, three volumes and whether it is finished", raw)
	}
	d.ev = exchange.Event{Kind: exchange.KindBar, Instrument: in.ID, VenueTime: start + interval, Bar: b}
	return done, bad.err
}

// Candle reads an answer's row as Decode does a message's; false: it is not finished.
func (d *Decoder) Candle(in *exchange.Instrument, interval exchange.Time, raw []byte) (ev exchange.Event, done bool, err error) {
	done, err = d.candle(in, d.of(in), interval, raw)
	return d.ev, done, err
}
