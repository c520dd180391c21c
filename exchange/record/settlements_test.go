package record

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	hyperliquid "github.com/perilune/perilune/exchange/hyperliquid/feed"
)

// settledIn are the settlements of some recordings played as one.
func settledIn(t *testing.T, f Formats, paths ...string) string {
	t.Helper()
	r, err := f.Open(paths, Options{})
	if err != nil {
		t.Fatal(err)
	}
	evs, err := drain(t, r)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range evs {
		if e.Kind == exchange.KindFunding {
			got = append(got, fmt.Sprintf("%s %d at %s every %d", r.Universe().Get(e.Instrument).FullKey(), e.Rate, e.VenueTime.String()[5:16], e.Hours))
		}
	}
	return strings.Join(got, "; ")
}

const derivativeTicker = "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,predicted_funding_rate,open_interest,last_price,index_price,mark_price\n"

// What is due at midnight is settled in the next day's file.
func TestSettlementsBetweenFiles(t *testing.T) {
	first := write(t, "1.csv", derivativeTicker+"binance-futures,ABCUSDT,1699999200000000,1700006390000000,1700006400000000,0.0001,,1000,9.9,9.91,9.92\n")
	second := write(t, "2.csv", derivativeTicker+"binance-futures,ABCUSDT,1700006401000000,1700006401000000,1700035200000000,0.0003,,1000,9.9,9.91,9.92\n")
	if got, want := settledIn(t, formats, first, second), "binance.usdm:ABCUSDT 10000 at 11-15T00:00 every 8"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	mark := `%d000000000 {"e":"markPriceUpdate","E":%[1]d000,"s":"ABCUSDT","p":"9.92","P":"9.92","i":"9.91","r":"0.00010000","T":%d}` + "\n"
	depth := `1700006390000000000 {"e":"depthUpdate","E":1700006390000,"T":1700006390000,"s":"ABCUSDT","U":1,"u":2,"pu":0,"b":[["9.9","1"]],"a":[]}` + "\n"
	first = write(t, "1.jsonl", depth+fmt.Sprintf(mark, 1700006390, 1700006400000))
	second = write(t, "2.jsonl", strings.ReplaceAll(depth, "1700006390", "1700006401")+fmt.Sprintf(mark, 1700006402, 1700035200000)+fmt.Sprintf(mark, 1700006403, 1700035200000))
	if got, want := settledIn(t, formats, first, second), "binance.usdm:ABCUSDT 10000 at 11-15T00:00 every 8"; got != want {
		t.Errorf("raw: %s, want %s", got, want)
	}
}

// Hyperliquid does not say when funding is paid: every full hour. Of another venue nobody here
// knows it, and nothing is settled.
func TestSettlementsThatAreNotStated(t *testing.T) {
	rows := func(venue, symbol string) string {
		text := derivativeTicker
		for _, minute := range []int64{0, 59, 61, 119, 125, 200} {
			us := 1700006400000000 + minute*60_000_000
			text += fmt.Sprintf("%s,%s,%d,%[3]d,,0.00001,,1000,9.9,9.91,9.92\n", venue, symbol, us)
		}
		return write(t, venue+".csv", text)
	}
	all := append(slices.Clone(formats), hyperliquid.Format{})
	if got, want := settledIn(t, all, rows("hyperliquid", "KPEPE")), "hyperliquid.perp:kPEPE 1000 at 11-15T01:00 every 1; "+
		"hyperliquid.perp:kPEPE 1000 at 11-15T02:00 every 1; hyperliquid.perp:kPEPE 1000 at 11-15T03:00 every 1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := settledIn(t, all, rows("dydx", "ABC-USD")); got != "" {
		t.Errorf("of a venue whose intervals are not known: %s", got)
	}
}

// Pairs of Hyperliquid are spot, whatever Tardis calls the exchange.
func TestPairsOfHyperliquidAreSpot(t *testing.T) {
	all := append(slices.Clone(formats), hyperliquid.Format{})
	trades := "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\nhyperliquid,%s,1700006400000000,1700006400000000,1,buy,9.9,2\n"
	for symbol, want := range map[string]string{"PURR/USDC": "hyperliquid.spot:PURR/USDC", "@107": "hyperliquid.spot:@107", "KAS": "hyperliquid.perp:KAS"} {
		r, err := all.Open([]string{write(t, "trades.csv", fmt.Sprintf(trades, symbol))}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		in := r.Universe().Get(0)
		if evs, err := drain(t, r); err != nil || len(evs) != 1 || in.FullKey() != want || (in.Contract == exchange.Spot) != strings.Contains(want, "spot") {
			t.Errorf("%s: %s, a contract of kind %s; %d events, %v", symbol, in.FullKey(), in.Contract, len(evs), err)
		}
	}
}
