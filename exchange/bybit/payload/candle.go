package payload

import (
	"fmt"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// intervals are the lengths of candles by the venue's names. Weeks and months are no lengths
// of bars here.
var intervals = map[exchange.Time]string{
	exchange.Minute: "1", 3 * exchange.Minute: "3", 5 * exchange.Minute: "5", 15 * exchange.Minute: "15", 30 * exchange.Minute: "30",
	exchange.Hour: "60", 2 * exchange.Hour: "120", 4 * exchange.Hour: "240", 6 * exchange.Hour: "360", 12 * exchange.Hour: "720", exchange.Day: "D",
}

var lengths = func() map[string]exchange.Time {
	out := map[string]exchange.Time{}
	for length, name := range intervals {
		out[name] = length
	}
	return out
}()

// Interval is the venue's name of a length of candles; "": it has none such.
func Interval(length exchange.Time) string { return intervals[length] }

// Candle is one as the venue writes it: parts of a message.
type Candle struct {
	Start                          exchange.Time
	Open, High, Low, Close, Volume []byte
	Turnover                       []byte // what was traded, in quote; in coins of inverse contracts; empty: not told
}

// Event is the bar of a candle that is finished. Volume is in base, and in USD of inverse contracts: the
// unit of quantity on each.
func (k *Candle) Event(in *exchange.Instrument, length exchange.Time) (ev exchange.Event, err error) {
	b := exchange.Bar{Interval: length}
	for i, to := range [...]*exchange.Ticks{&b.Open, &b.High, &b.Low, &b.Close} {
		text := [...][]byte{k.Open, k.High, k.Low, k.Close}[i]
		if *to, err = fixed.Ticks(text, in.Tick); err != nil {
			return ev, fmt.Errorf("candle of %s at %s: %w", in.Key(), k.Start, err)
		}
	}
	b.Volume, err = strconv.ParseFloat(string(k.Volume), 64)
	if err != nil || length == 0 || k.Start <= 0 || b.Low <= 0 || b.High < b.Low || b.Volume < 0 {
		return ev, fmt.Errorf("candle of %s at %s, low %q, high %q, volume %q", in.Key(), k.Start, k.Low, k.High, k.Volume)
	}
	if in.Inverse() {
		b.Quote, b.Known = b.Volume*in.ContractSize.InexactFloat64(), exchange.FlowQuote
	} else if len(k.Turnover) > 0 {
		if b.Quote, err = strconv.ParseFloat(string(k.Turnover), 64); err != nil || !(b.Quote >= 0) {
			return ev, fmt.Errorf("candle of %s at %s, turnover %q: want 0 or more", in.Key(), k.Start, k.Turnover)
		}
		b.Known = exchange.FlowQuote
	}
	return exchange.Event{Kind: exchange.KindBar, Instrument: in.ID, VenueTime: k.Start + length, Bar: b}, nil
}

// Row reads a candle as a list of texts: start, open, high, low, close, volume, turnover.
func (k *Candle) Row(raw []byte) error {
	f := jsonscan.Array(raw)
	n := 0
	for ; f.Next(); n++ {
		switch n {
		case 0:
			k.Start = exchange.UnixMilli(f.Int())
		case 1:
			k.Open = f.Word()
		case 2:
			k.High = f.Word()
		case 3:
			k.Low = f.Word()
		case 4:
			k.Close = f.Word()
		case 5:
			k.Volume = f.Word()
		case 6:
			k.Turnover = f.Word()
		}
	}
	if f.Err() == nil && n < 6 {
		return fmt.Errorf("a candle of %d fields: want 7", n)
	}
	return f.Err()
}

// bar yields candles that are finished.
func (d *Decoder) bar(in *exchange.Instrument, m *message, yield func(*exchange.Event, int64)) error {
	list := jsonscan.Array(m.data)
	for list.Next() {
		var k Candle
		done := false
		f := jsonscan.Object(list.Raw())
		for f.Next() {
			switch string(f.Key()) {
			case "start":
				k.Start = exchange.UnixMilli(f.Int())
			case "open":
				k.Open = f.Word()
			case "high":
				k.High = f.Word()
			case "low":
				k.Low = f.Word()
			case "close":
				k.Close = f.Word()
			case "volume":
				k.Volume = f.Word()
			case "turnover":
				k.Turnover = f.Word()
			case "confirm":
				done = f.Bool()
			}
		}
		if f.Err() != nil {
			return f.Err()
		}
		if !done {
			continue
		}
		ev, err := k.Event(in, lengths[string(m.depth)])
		if err != nil {
			return err
		}
		d.ev = ev
		yield(&d.ev, int64(k.Start))
	}
	return list.Err()
}
