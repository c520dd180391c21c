package host

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// houseFeed is what a recording of several venues has of one house.
type houseFeed struct {
	exchange.Feed
	universe *exchange.Universe
	own      []exchange.InstrumentID // by the recording's number; NoInstrument: another house's
}

// newHouseFeed returns the part of a house. The error names the house that the recording
// has nothing of.
func newHouseFeed(f exchange.Feed, whole *exchange.Universe, house string) (*houseFeed, error) {
	var list []exchange.Instrument
	all := whole.All()
	for _, in := range all {
		if in.Venue.House() == house {
			list = append(list, *in)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("the recordings have no instrument of %s", house)
	}
	u, err := exchange.NewUniverse(list)
	if err != nil {
		return nil, err
	}
	out := &houseFeed{Feed: f, universe: u}
	for _, in := range all {
		id := exchange.NoInstrument
		if mine, ok := u.Find(in.Venue, in.Symbol); ok && in.Venue.House() == house {
			id = mine.ID
		}
		out.own = append(out.own, id)
	}
	return out, nil
}

// Universe implements exchange.Feed.
func (f *houseFeed) Universe() *exchange.Universe { return f.universe }

// Next implements exchange.Feed.
func (f *houseFeed) Next(ev *exchange.Event) error {
	for {
		if err := f.Feed.Next(ev); err != nil {
			return err
		}
		if ev.Instrument < 0 {
			return nil
		}
		if id := f.own[ev.Instrument]; id >= 0 {
			ev.Instrument = id
			return nil
		}
	}
}
