package feed

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/hyperliquid/client"
	"github.com/perilune/perilune/exchange/hyperliquid/signing"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
)

// intervals are the lengths of candles by the venue's names. Source: the manual, info
// endpoint, "Candle snapshot".
var intervals = map[exchange.Time]string{
	exchange.Minute: "1m", 3 * exchange.Minute: "3m", 5 * exchange.Minute: "5m", 15 * exchange.Minute: "15m", 30 * exchange.Minute: "30m",
	exchange.Hour: "1h", 2 * exchange.Hour: "2h", 4 * exchange.Hour: "4h", 8 * exchange.Hour: "8h", 12 * exchange.Hour: "12h", exchange.Day: "1d",
}

// candle is one as it is written: {"t":1,"T":2,"s":"BTC","i":"1m","o":"1","c":"1","h":"1","l":"1","v":"1","n":1}.
type candle struct {
	start, length            exchange.Time
	open, high, low, closing exchange.Ticks
	volume                   decimal.Decimal
	flow                     exchange.Flow // the number of trades
}

func readCandle(in *exchange.Instrument, raw []byte) (k candle, err error) {
	f := jsonscan.Object(raw)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "t":
			k.start = exchange.UnixMilli(f.Int())
		case "i":
			k.length = lengthOf(f.Text())
		case "o":
			k.open, err = fixed.Ticks(f.Word(), in.Tick)
		case "h":
			k.high, err = fixed.Ticks(f.Word(), in.Tick)
		case "l":
			k.low, err = fixed.Ticks(f.Word(), in.Tick)
		case "c":
			k.closing, err = fixed.Ticks(f.Word(), in.Tick)
		case "v":
			k.volume = f.Decimal()
		case "n":
			if n := f.Int(); n >= 0 {
				k.flow = exchange.Flow{Trades: n, Known: exchange.FlowTrades}
			}
		}
	}
	if err = errors.Join(err, f.Err()); err == nil && (k.start <= 0 || k.length == 0 || k.low <= 0 || k.low > k.high) {
		err = fmt.Errorf("%.120q: want a start, an interval and prices", raw)
	}
	if err != nil {
		err = fmt.Errorf("candle of %s: %w", in.Key(), err)
	}
	return k, err
}

func lengthOf(name string) exchange.Time {
	for length, n := range intervals { // order does not matter: names are unique
		if n == name {
			return length
		}
	}
	return 0
}

func (k *candle) event(in *exchange.Instrument) exchange.Event {
	return exchange.Event{Kind: exchange.KindBar, Instrument: in.ID, VenueTime: k.start + k.length,
		Bar: exchange.Bar{Interval: k.length, Open: k.open, High: k.high, Low: k.low, Close: k.closing, Volume: exchange.Float(k.volume), Flow: k.flow}}
}

// candle reads one that is under way. Nothing says that it is finished but the next one.
func (d *Decoder) candle(data []byte, yield func(*exchange.Event, int64)) error {
	in := d.find(wordAt(data, "s"))
	if in == nil {
		return connect.ErrIgnored
	}
	k, err := readCandle(in, data)
	if err != nil {
		return err
	}
	if d.candles == nil {
		d.candles = map[exchange.InstrumentID]*candle{}
	}
	last := d.candles[in.ID]
	if last == nil {
		d.candles[in.ID] = &k
		return connect.ErrIgnored
	}
	before := *last
	*last = k
	if k.start <= before.start {
		return connect.ErrIgnored
	}
	d.ev = before.event(in)
	yield(&d.ev, int64(before.start))
	return nil
}

// asker asks over REST what the streams do not tell.
type asker struct {
	client *client.Client
	now    func() exchange.Time
}

// bars returns the newest candles, oldest first.
func (a *asker) bars(ctx context.Context, in *exchange.Instrument, length exchange.Time, most int) (out []exchange.Event, err error) {
	name := intervals[length]
	if name == "" {
		return nil, nil
	}
	now := a.now()
	q := client.Question{Venue: in.Venue, What: "list candles of " + in.Symbol, Weight: client.Rows(most, 60), Priority: limit.Query,
		Body: client.Ask("candleSnapshot", field("req", signing.Object{{Name: "coin", Value: signing.Text(in.Symbol)}, {Name: "interval", Value: signing.Text(name)},
			{Name: "startTime", Value: milli(now - exchange.Time(most)*length)}, {Name: "endTime", Value: milli(now)}}))}
	answer, err := a.client.Info(ctx, q)
	if err != nil {
		return nil, err
	}
	list := jsonscan.Array(answer)
	for list.Next() && err == nil {
		var k candle
		k, err = readCandle(in, list.Raw())
		out = append(out, k.event(in))
	}
	if err = errors.Join(err, list.Err()); err != nil {
		return nil, q.Fault(exchange.ErrUnavailable, err)
	}
	return out[max(0, len(out)-most):], nil
}

func milli(t exchange.Time) signing.Int { return signing.Int(max(0, t) / exchange.Millisecond) }

// settledPage is how many rates one answer has at most. Source: the manual, info endpoint,
// "Pagination".
const settledPage = 500

// settled returns rates that were settled, oldest first. The rate is hourly. The price that
// it was for, the oracle's, is not told.
func (a *asker) settled(ctx context.Context, list []*exchange.Instrument, since exchange.Time, most int) (out []exchange.Event, err error) {
	for _, in := range list {
		from := since
		if from == 0 {
			from = a.now() - exchange.Time(min(most, settledPage))*exchange.Hour
		}
		q := client.Question{Venue: in.Venue, What: "list funding of " + in.Symbol, Weight: client.Rows(min(max(most, 1), settledPage), 20), Priority: limit.Query,
			Body: client.Ask("fundingHistory", field("coin", signing.Text(in.Symbol)), field("startTime", milli(from)))}
		answer, err := a.client.Info(ctx, q)
		if err != nil {
			return out, err
		}
		begin := len(out)
		rows := jsonscan.Array(answer)
		for rows.Next() && err == nil {
			ev := exchange.Event{Kind: exchange.KindFunding, Instrument: in.ID, Hours: 1}
			f := jsonscan.Object(rows.Raw())
			for f.Next() && err == nil {
				switch string(f.Key()) {
				case "fundingRate":
					ev.Rate, err = fixed.E8(f.Word())
				case "time":
					ev.VenueTime = exchange.UnixMilli(f.Int())
				}
			}
			err = errors.Join(err, f.Err())
			out = append(out, ev)
		}
		if err = errors.Join(err, rows.Err()); err != nil {
			return out[:begin], q.Fault(exchange.ErrUnavailable, fmt.Errorf("funding of %s: %w", in.Key(), err))
		}
		slices.SortStableFunc(out[begin:], func(x, y exchange.Event) int { return int(x.VenueTime/exchange.Second - y.VenueTime/exchange.Second) })
		if most > 0 && len(out)-begin > most {
			out = append(out[:begin], out[len(out)-most:]...)
		}
	}
	return out, nil
}
