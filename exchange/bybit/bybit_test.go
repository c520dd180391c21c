package bybit_test

import (
	"testing"

	"github.com/perilune/perilune/exchange/bybit"
	"github.com/perilune/perilune/exchange/bybit/bybittest"
	"github.com/perilune/perilune/exchange/venuetest"
)

// feedFaults are the server's names of faults of market data, and how often they come.
var feedFaults = map[venuetest.FeedFault]string{
	venuetest.DiffLost: "lost", venuetest.DiffTwice: "twice", venuetest.FrameGarbled: "garbled", venuetest.ConnectionLost: "drop",
	venuetest.NumbersAnew: "restart",
}

func TestFeed(t *testing.T) {
	venuetest.Feed(t, venuetest.FeedHarness{Open: func(t *testing.T) *venuetest.FeedBench {
		s := bybittest.Start(t)
		v, err := bybit.At(s.Endpoints()).Open()
		if err != nil {
			t.Fatal(err)
		}
		return &venuetest.FeedBench{Connector: bybit.Connector{}, Venue: v, Patterns: []string{"spot:BTCUSDT", "linear:BTC*", "inverse:BTCUSD"},
			Unknown: "linear:BTCUSTD", Near: "linear:BTCUSDT",
			Inject: func(f venuetest.FeedFault) bool {
				name, ok := feedFaults[f]
				if ok {
					s.Fault(name, 3)
				}
				return ok
			}}
	}})
}
