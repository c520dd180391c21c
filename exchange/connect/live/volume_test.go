package live

import (
	"context"
	"errors"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// One question brings ten days; a candle that is missing traded nothing, and one that is
// not finished is left out.
func TestPastVolumesAreOneQuestion(t *testing.T) {
	var asked exchange.Time
	most := 0
	m, p, now := market(t, exchange.LinkRising, nil)
	m.o.MostBars = 499
	m.o.Ask.Bars = func(_ context.Context, in *exchange.Instrument, length exchange.Time, n int) (out []exchange.Event, err error) {
		asked, most = length, n
		for i := range n {
			if at := *now + 20*exchange.Minute - exchange.Time(n-i-1)*length; i != 7 {
				out = append(out, exchange.Event{Kind: exchange.KindBar, Instrument: in.ID, VenueTime: at, Bar: exchange.Bar{Open: 1, High: 1, Low: 1, Close: 1, Volume: float64(i), Interval: length}})
			}
		}
		return out, nil
	}
	m.Volume(0)
	m.tasks.Wait()
	if asked != 30*exchange.Minute || most != 499 {
		t.Errorf("asked for %d of %s", most, exchange.BarLength(asked))
	}
	ev := p.events[0]
	if v := ev.Volumes; len(p.events) != 1 || v == nil || v.Length != asked || len(v.Qty) != 498 || v.Qty[6] != 6 || v.Qty[7] != 0 || v.Qty[497] != 497 || ev.VenueTime != *now-10*exchange.Minute {
		t.Errorf("told %+v", ev)
	}
	if err := ev.Check(m.universe.Get(0)); err != nil {
		t.Error(err)
	}
}

func TestPastVolumesThatCantBeHadAreToldToo(t *testing.T) {
	m, p, _ := market(t, exchange.LinkRising, nil)
	m.Volume(0)
	m.tasks.Wait()
	m.o.Ask.Bars = func(context.Context, *exchange.Instrument, exchange.Time, int) ([]exchange.Event, error) {
		return nil, errors.New("429")
	}
	m.Volume(0)
	m.tasks.Wait()
	if len(p.events) != 2 || p.events[0].Reason != "the venue tells no candles" || p.events[1].Reason != "429" || p.events[1].Volumes != nil {
		t.Errorf("told %+v", p.events)
	}
}
