package payload

import (
	"errors"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
)

const forcedOrder = `{"e":"forceOrder","E":1700000000893,"o":{"s":"BTCUSDT","S":"SELL","o":"LIMIT","f":"IOC","q":"0.014","p":"61010.00","ap":"61000.17","X":"FILLED","l":"0.014","z":"0.010","T":1700000000893},"st":1}`

func TestForcedOrders(t *testing.T) {
	at := second + 893*exchange.Millisecond
	coin := strings.NewReplacer("BTCUSDT", "BTCUSD_PERP", "SELL", "BUY", `"0.014"`, `"3"`, `"0.010"`, `"3"`).Replace(forcedOrder)
	for _, tt := range []struct {
		name   string
		market api.Market
		frame  string
		want   exchange.Event
	}{
		{"at its average, as far as it was filled", api.USDM, forcedOrder, exchange.Event{Price: 610001, Qty: 10, Side: exchange.Sell, VenueTime: at}},
		{"in contracts", api.COINM, coin, exchange.Event{Price: 610001, Qty: 3, Side: exchange.Buy, VenueTime: at}},
		{"in an envelope", api.USDM, `{"stream":"btcusdt@forceOrder","data":` + forcedOrder + `}`, exchange.Event{Price: 610001, Qty: 10, Side: exchange.Sell, VenueTime: at}},
		{"of which nothing was filled yet", api.USDM, strings.NewReplacer(`"61000.17"`, `"0"`, `"0.010"`, `"0"`).Replace(forcedOrder), exchange.Event{Price: 610100, Qty: 14, Side: exchange.Sell, VenueTime: at}},
	} {
		d, in := forBTC(t, tt.market)
		tt.want.Kind, tt.want.Instrument = exchange.KindLiquidation, in.ID
		var ev exchange.Event
		err := d.Decode([]byte(tt.frame), &ev)
		if err != nil || ev.Kind != tt.want.Kind || ev.Instrument != tt.want.Instrument || ev.Price != tt.want.Price || ev.Qty != tt.want.Qty || ev.Side != tt.want.Side || ev.VenueTime != tt.want.VenueTime {
			t.Errorf("%s: %+v %v", tt.name, ev, err)
		}
	}
	d, _ := forBTC(t, api.USDM)
	var ev exchange.Event
	if err := d.Decode([]byte(strings.Replace(forcedOrder, "BTCUSDT", "ABCUSDT", 1)), &ev); !errors.Is(err, ErrIgnored) {
		t.Errorf("of another symbol: %v", err)
	}
	for _, spoilt := range []string{strings.Replace(forcedOrder, "SELL", "LONG", 1), strings.Replace(forcedOrder, `"61000.17"`, `"x"`, 1), strings.NewReplacer(`"0.014"`, `"0"`, `"0.010"`, `"0"`).Replace(forcedOrder), `{"e":"forceOrder","E":1}`} {
		var bad *jsonscan.DecodeError
		if err := d.Decode([]byte(spoilt), &ev); !errors.As(err, &bad) {
			t.Errorf("%s: %v", spoilt, err)
		}
	}
}
