package host

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// doubleFees makes trading cost twice as much.
func doubleFees(m *marketData) {
	two := decimal.NewFromInt(2)
	for i := range m.instruments {
		in := &m.instruments[i]
		in.MakerFee, in.TakerFee = in.MakerFee.Mul(two), in.TakerFee.Mul(two)
	}
}

// shiftMarket moves all times of a market.
func shiftMarket(m *marketData, by exchange.Time) {
	m.feed = &shiftedFeed{m.feed, by}
	for i := range m.instruments {
		if in := &m.instruments[i]; in.Delivery != 0 {
			in.Delivery += by
		}
	}
}

// shiftedFeed is a feed at another time.
type shiftedFeed struct {
	exchange.Feed
	by exchange.Time
}

// Next implements exchange.Feed.
func (f *shiftedFeed) Next(ev *exchange.Event) error {
	if err := f.Feed.Next(ev); err != nil {
		return err
	}
	ev.Time += f.by
	if ev.VenueTime != 0 {
		ev.VenueTime += f.by
	}
	if ev.Kind == exchange.KindMark && ev.NextFunding != 0 { // of other kinds it is what was left there
		ev.NextFunding += f.by
	}
	return nil
}
