package bars_test

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/bars"
)

var linear = &exchange.Instrument{Venue: "binance.spot", Symbol: "BTCUSDT", Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.001"), Multiplier: 1}

func flow(quote, taker float64, trades int64, known exchange.FlowParts) exchange.Flow {
	return exchange.Flow{Quote: quote, TakerBuy: taker, Trades: trades, Known: known}
}

// What longer bars tell of trades is the sum of what shorter ones tell, and nothing where
// one of them tells nothing.
func TestALongerBarKnowsWhatAllItsPartsKnow(t *testing.T) {
	minute := func(n int, f exchange.Flow) *exchange.Bar {
		return &exchange.Bar{Open: 1, High: 1, Low: 1, Close: 1, Volume: 10, Interval: exchange.Minute, Time: exchange.Time(n) * exchange.Minute, Flow: f}
	}
	for name, c := range map[string]struct{ second, want exchange.Flow }{
		"all":     {flow(200, 3, 5, exchange.FlowAll), flow(300, 5, 9, exchange.FlowAll)},
		"trades":  {flow(0, 0, 5, exchange.FlowTrades), flow(0, 0, 9, exchange.FlowTrades)},
		"nothing": {exchange.Flow{}, exchange.Flow{}},
	} {
		s := bars.New(linear, 2*exchange.Minute, 0)
		s.Bar(minute(1, flow(100, 2, 4, exchange.FlowAll)), nil)
		out := s.Bar(minute(2, c.second), nil)
		if len(out) != 1 || out[0].Flow != c.want {
			t.Errorf("%s: %+v, want %+v", name, out, c.want)
		}
	}
}

// A bar that was under way when a session ended has the same when it goes on.
func TestABarUnderWayGoesOn(t *testing.T) {
	inverse := &exchange.Instrument{Venue: "binance.coinm", Symbol: "BTCUSD_PERP", Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("1"), Multiplier: 1,
		Contract: exchange.Inverse, ContractSize: decimal.NewFromInt(100)}
	for _, in := range []*exchange.Instrument{linear, inverse} {
		whole, first, second := bars.New(in, exchange.Minute, 0), bars.New(in, exchange.Minute, 0), bars.New(in, exchange.Minute, 30*exchange.Second)
		for i := range 100 {
			price, qty, side := exchange.Ticks(10_007+13*i), exchange.Lots(7+i), exchange.Side(1-i%2*2)
			whole.Trade(price, qty, side)
			if i < 50 {
				first.Trade(price, qty, side)
				continue
			}
			if i == 50 {
				under, _ := first.Under()
				second.Recall(&under, 30*exchange.Second)
			}
			second.Trade(price, qty, side)
		}
		want, _, _ := whole.Close(exchange.Minute)
		got, ok, _ := second.Close(exchange.Minute)
		if got != want || !ok || want.Trades != 100 || want.Known != exchange.FlowAll || want.TakerBuy <= 0 || want.TakerBuy >= want.Volume {
			t.Errorf("%s: %+v, want %+v", in.Symbol, got, want)
		}
		if in.Inverse() && want.Quote != 100*want.Volume {
			t.Errorf("%g contracts of 100 are worth %g", want.Volume, want.Quote)
		}
	}
}

// One trade whose taker is not told leaves what buyers took unknown, and no more.
func TestATradeWithoutASide(t *testing.T) {
	s := bars.New(linear, exchange.Minute, 0)
	s.Trade(100_00, 1000, exchange.Buy)
	s.Trade(100_00, 1000, 0)
	b, _, _ := s.Close(exchange.Minute)
	if b.Flow != flow(200, 0, 2, exchange.FlowQuote|exchange.FlowTrades) {
		t.Errorf("%+v", b.Flow)
	}
	s.Trade(100_00, 1000, exchange.Buy)
	if b, _, _ = s.Close(2 * exchange.Minute); b.Flow != flow(100, 1, 1, exchange.FlowAll) {
		t.Errorf("the one after: %+v", b.Flow)
	}
}
