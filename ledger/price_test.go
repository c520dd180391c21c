package ledger

import (
	"testing"

	"github.com/perilune/perilune/exchange"
)

// Prices and arrivals are kept once, however often their event is written, and are not part
// of what the chain proves.
func TestPricesAndArrivals(t *testing.T) {
	r := newRig(t, WriterOptions{})
	order := &OrderRow{At: at(1), Order: exchange.Order{ID: 4, ClientID: "c", Side: exchange.Buy, Price: 100_00, Qty: 10}, Instrument: spotBTC, Strategy: "s", Arrival: dec("100.05")}
	later := *order
	later.At, later.Arrival = at(2), dec("101")
	sample := &EquityRow{At: at(3), Amount: dec("1000"), Prices: []InstrumentPrice{{spotBTC, dec("100.5")}, {perpBTC, dec("100.7")}}}
	r.post(order, &later, sample, sample)
	r.sync()
	market := PriceReader{&r.Reader}
	prices, err := market.Prices(Filter{Account: "paper-1", Symbol: "usdm:BTCUSDT", Strategy: "of nobody"})
	must(t, err)
	if len(prices) != 1 || !prices[0].Price.Equal(dec("100.7")) || prices[0].Time != at(3).Time || prices[0].Account != "paper-1" {
		t.Errorf("prices %+v", prices)
	}
	arrivals, err := market.Arrivals(Filter{})
	must(t, err)
	if len(arrivals) != 1 || !arrivals[OrderKey{"paper-1", 4}].Equal(dec("100.05")) {
		t.Errorf("arrivals %v", arrivals)
	}
	if none, err := market.Arrivals(Filter{Account: "paper-2"}); err != nil || len(none) != 0 {
		t.Errorf("of another session: %v, %v", none, err)
	}
}
