package venuetest_test

import (
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance"
	"github.com/perilune/perilune/exchange/binance/simtest"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/venuetest"
)

// feedFaults are the exchange's names of faults of market data.
var feedFaults = map[venuetest.FeedFault]simserver.Fault{
	venuetest.DiffLost:       {Kind: "gap", Count: 3},
	venuetest.DiffTwice:      {Kind: "duplicate", Count: 3},
	venuetest.DiffsSwapped:   {Kind: "reorder", Count: 3},
	venuetest.FrameGarbled:   {Kind: "garble", Count: 3},
	venuetest.SnapshotOld:    {Kind: "old_book", Count: 2},
	venuetest.ConnectionLost: {Kind: "drop"},
}

func TestBinanceFeed(t *testing.T) {
	venuetest.Feed(t, venuetest.FeedHarness{Open: func(t *testing.T) *venuetest.FeedBench {
		begin := exchange.Time(time.Now().UnixNano())
		local := simtest.Start(t, simtest.Options{Seed: 1, Start: begin - begin%exchange.Minute - exchange.Minute,
			Step: 100 * exchange.Millisecond, Begin: begin, Speed: 1})
		v, err := binance.At(local.Endpoints()).Open()
		if err != nil {
			t.Fatal(err)
		}
		return &venuetest.FeedBench{Connector: binance.Connector{}, Venue: v,
			Patterns: []string{"spot:BTCUSDT", "usdm:BTC*", "coinm:BTCUSD_PERP"}, Unknown: "usdm:BTCUSTD", Near: "usdm:BTCUSDT",
			Inject: func(f venuetest.FeedFault) bool {
				fault, ok := feedFaults[f]
				if ok {
					if err := local.Sim.Arm(fault); err != nil {
						t.Fatal(err)
					}
				}
				return ok
			}}
	}})
}
