package payload

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// Candle is one as the venue tells it.
type Candle struct {
	Tick                   exchange.Time // it opened
	Open, High, Low, Close exchange.Ticks
	Volume, Cost           float64 // in the base coin and in quote
}

// Event is the bar of a candle that is finished. Volume is in units of quantity, which are
// USD of inverse contracts.
func (k *Candle) Event(in *exchange.Instrument, length exchange.Time) (ev exchange.Event, err error) {
	if k.Tick <= 0 || k.Low <= 0 || k.High < k.Low || k.Open < k.Low || k.Open > k.High || k.Close < k.Low || k.Close > k.High {
		return ev, fmt.Errorf("candle of %s at %s: %+v: want low <= open, close <= high", in.Key(), k.Tick, *k)
	}
	b := exchange.Bar{Open: k.Open, High: k.High, Low: k.Low, Close: k.Close, Volume: k.Volume, Interval: length}
	if in.Inverse() {
		b.Volume = k.Cost
	}
	if k.Cost > 0 || k.Volume == 0 { // else it was not told
		b.Flow = exchange.Flow{Quote: k.Cost, Known: exchange.FlowQuote}
	}
	return exchange.Event{Kind: exchange.KindBar, Instrument: in.ID, VenueTime: k.Tick + length, Bar: b}, nil
}

var resolutions = map[exchange.Time]string{
	exchange.Minute: "1", 3 * exchange.Minute: "3", 5 * exchange.Minute: "5", 10 * exchange.Minute: "10", 15 * exchange.Minute: "15", 30 * exchange.Minute: "30",
	exchange.Hour: "60", 2 * exchange.Hour: "120", 3 * exchange.Hour: "180", 6 * exchange.Hour: "360", 12 * exchange.Hour: "720", exchange.Day: "1D",
}

// Resolution is what the venue calls a length of candles; "": it has none such.
func Resolution(length exchange.Time) string { return resolutions[length] }

func lengthOf(resolution []byte) exchange.Time {
	for length, name := range resolutions { // order does not matter: names are unique
		if name == string(resolution) {
			return length
		}
	}
	return 0
}

// chart yields the candle before, when another one begins.
func (d *Decoder) chart(r *reader, resolution []byte, yield func(*exchange.Event, int64)) bool {
	k, ok := r.candle()
	if !ok {
		return false
	}
	was := d.candles[r.in.ID]
	if k.Tick < was.Tick {
		return true // late
	}
	d.candles[r.in.ID] = k
	if was.Tick == 0 || k.Tick == was.Tick {
		return true
	}
	if d.ev, r.err = was.Event(r.in, lengthOf(resolution)); r.err != nil {
		return false
	}
	yield(&d.ev, int64(was.Tick))
	return true
}

func (r *reader) candle() (k Candle, ok bool) {
	more, ok := r.object()
	for ; more && ok; more, ok = r.next() {
		switch string(r.key()) {
		case "tick":
			k.Tick, ok = r.time()
		case "open":
			k.Open, ok = r.price()
		case "high":
			k.High, ok = r.price()
		case "low":
			k.Low, ok = r.price()
		case "close":
			k.Close, ok = r.price()
		case "volume":
			k.Volume, ok = r.float()
		case "cost":
			k.Cost, ok = r.float()
		default:
			ok = r.Skip(0)
		}
		if !ok {
			return k, false
		}
	}
	return k, ok && r.End()
}
