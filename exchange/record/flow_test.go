package record

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// Columns beyond volume are read by each name that Binance has given them; an empty field
// is not told, and what can't be is unknown.
func TestBarsTellOfTheirTrades(t *testing.T) {
	for _, header := range []string{"quote_volume,count,taker_buy_volume", "quote_asset_volume,number_of_trades,taker_buy_base_asset_volume"} {
		text := "open_time,open,high,low,close,volume,close_time," + header + "\n" +
			"1704067200000,1,1,1,1,7.25,0,700,3,1\n1704070800000,1,1,1,1,7.25,0,,3,\n1704074400000,1,1,1,1,7.25,0,700,3,8\n1704078000000,1,1,1,1,7.25,0,,,\n1704081600000,1,1,1,1,7.25,0,700,3.5,1\n"
		var stats Stats
		s, err := loadBars(write(t, "ABCUSDT.csv", text), &stats, observe(nil, "", "ABCUSDT"))
		if err != nil {
			t.Fatal(err)
		}
		want := []exchange.Flow{{Quote: 700, Trades: 3, TakerBuy: 1, Known: exchange.FlowAll}, {Trades: 3, Known: exchange.FlowTrades},
			{Quote: 700, Trades: 3, Known: exchange.FlowQuote | exchange.FlowTrades}, {}, {Quote: 700, TakerBuy: 1, Known: exchange.FlowQuote | exchange.FlowTakerBuy}}
		if len(s.bars) != len(want) || stats.Malformed != 0 || len(stats.Problems) != 1 || !strings.Contains(stats.Problems[0].What, `field taker_buy_volume is 8: want no more`) {
			t.Fatalf("%d bars, %+v", len(s.bars), stats)
		}
		for i := range want {
			if got := s.flowOf(&s.bars[i]); got != want[i] {
				t.Errorf("%s, bar %d: %+v, want %+v", header, i, got, want[i])
			}
		}
	}
}
