package live

import (
	"context"
	"errors"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

var _ connect.PastVolumes = (*Market)(nil)

const (
	volumeDays = 10 // that a curve should be learned from; the shortest candles of which one question brings so many
	volumeWait = 25 * time.Second
)

// volumeLengths are the lengths of candles that every venue has.
var volumeLengths = [...]exchange.Time{15 * exchange.Minute, 30 * exchange.Minute, exchange.Hour}

// Volume implements connect.PastVolumes, with one question for candles.
func (m *Market) Volume(id exchange.InstrumentID) {
	t := m.track(id)
	if t == nil || m.ctx.Err() != nil {
		return
	}
	m.tasks.Go(func() {
		ctx, done := context.WithTimeout(m.ctx, volumeWait)
		defer done()
		ev := exchange.Event{Kind: exchange.KindVolume, Instrument: id}
		var err error
		if ev.Volumes, ev.VenueTime, err = m.volumes(ctx, t.in); err != nil {
			ev.Reason = err.Error()
		}
		if m.ctx.Err() == nil {
			m.post(&ev)
		}
	})
}

func (m *Market) volumes(ctx context.Context, in *exchange.Instrument) (*exchange.Volumes, exchange.Time, error) {
	if m.o.Ask.Bars == nil {
		return nil, 0, errors.New("the venue tells no candles")
	}
	length := volumeLengths[len(volumeLengths)-1]
	for _, l := range volumeLengths {
		if exchange.Time(m.o.MostBars)*l >= volumeDays*exchange.Day {
			length = l
			break
		}
	}
	most := min(m.o.MostBars, int(28*exchange.Day/length))
	list, err := m.bars(ctx, in, length, most)
	if err != nil {
		// One that was refused for its moment alone is asked again, once.
		if pause(ctx, 2*time.Second) != nil {
			return nil, 0, err
		}
		if list, err = m.bars(ctx, in, length, most); err != nil {
			return nil, 0, err
		}
	}
	if len(list) == 0 {
		return nil, 0, errors.New("there are no candles of " + exchange.BarLength(length))
	}
	from, until := openingOf(&list[0]), list[len(list)-1].VenueTime
	if until <= from || until-from > 28*exchange.Day {
		return nil, 0, errors.New("its candles are not in order of time")
	}
	v := &exchange.Volumes{Length: length, Qty: make([]float64, (until-from)/length)}
	for i := range list {
		if at := int((openingOf(&list[i]) - from) / length); at >= 0 && at < len(v.Qty) {
			v.Qty[at] = list[i].Bar.Volume
		}
	}
	return v, until, nil
}
