package host

import (
	"context"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/carry"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/core"
)

// Books implements control.Reader. The loop copies levels, and no more.
func (d *deskReader) Books(ctx context.Context, a control.BooksArgs) ([]control.Book, error) {
	if a.Depth < 0 || a.Depth > 50 {
		return nil, control.Errorf(control.BadRequest, "depth: %d: want 1 to 50", a.Depth)
	}
	if a.Depth == 0 {
		a.Depth = 5
	}
	id, err := d.instrument(a.Instrument)
	if err != nil {
		return nil, err
	}
	list, now, err := d.markets(ctx, id, a.Depth, false)
	if err != nil {
		return nil, err
	}
	out := []control.Book{}
	for i := range list {
		out = append(out, bookView(&list[i], now))
	}
	return out, nil
}

// markets copies what is known of an instrument, or of all, some dozens between two events.
// The memory for it is made before: the loop copies, and no more.
func (d *deskReader) markets(ctx context.Context, id exchange.InstrumentID, depth int, perps bool) (list []core.MarketNow, now exchange.Time, err error) {
	var ids []exchange.InstrumentID
	if id != exchange.NoInstrument {
		ids = append(ids, id)
	} else {
		for _, in := range d.s.r.core.Universe().All() {
			if !perps || in.Perp() && !in.Dated() {
				ids = append(ids, in.ID)
			}
		}
	}
	list = make([]core.MarketNow, len(ids))
	room := make([]exchange.Level, 2*depth*len(ids))
	for i := range list {
		list[i].Bids, list[i].Asks = room[:0:depth], room[depth:depth:2*depth]
		room = room[2*depth:]
	}
	const atOnce = 64
	for from := 0; from < len(ids) && err == nil; from += atOnce {
		err = d.see(ctx, func(_ *core.Core, on core.Onlooker) {
			now = d.s.r.loop.Now()
			for i := from; i < min(from+atOnce, len(ids)); i++ {
				on.Market(ids[i], &list[i])
			}
		})
	}
	return list, now, err
}

func bookView(m *core.MarketNow, now exchange.Time) control.Book {
	in := m.Instrument
	v := control.Book{Instrument: in.Key(), State: "ready", Time: m.Updated.UTC(), Bids: levelTexts(in, m.Bids), Asks: levelTexts(in, m.Asks)}
	if !m.Ready {
		v.State = firstOf(m.Reason, m.State.String())
	} else {
		v.Integrity = string(m.Integrity)
	}
	if m.Updated != 0 {
		v.AgeMS = millis(max(0, now-m.Updated))
	}
	v.Mark = positive(m.Mark.Mark.Decimal())
	if m.Last.Time != 0 {
		last := in.PriceDecimal(m.Last.Price)
		v.Last = &last
	}
	return v
}

func levelTexts(in *exchange.Instrument, list []exchange.Level) [][2]string {
	out := make([][2]string, len(list))
	for i, l := range list {
		out[i] = [2]string{in.PriceDecimal(l.Price).String(), in.QtyDecimal(l.Qty).String()}
	}
	return out
}

// Rates implements control.Reader.
func (d *deskReader) Rates(ctx context.Context) ([]control.Rate, error) {
	list, _, err := d.markets(ctx, exchange.NoInstrument, 0, true)
	if err != nil {
		return nil, err
	}
	out := []control.Rate{}
	for i := range list {
		m := &list[i]
		if m.Mark.Time == 0 {
			continue
		}
		hours := m.Mark.Hours
		if hours == 0 {
			hours = continuous
		}
		rate := m.Mark.Predicted.Float()
		v := control.Rate{Instrument: m.Instrument.Key(), Rate: rate, IntervalH: float64(hours), Annual: carry.Annual(rate, hours), Next: utc(m.Mark.NextFunding)}
		if b, ok := m.Basis(); ok {
			v.Basis = &b
		}
		out = append(out, v)
	}
	return out, nil
}
