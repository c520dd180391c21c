package frames

import (
	"errors"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
)

// TestMarketOfMessages: what a message lacks tells as much as what it has.
func TestMarketOfMessages(t *testing.T) {
	for want, frames := range map[api.Market][]string{
		api.Spot: {
			`{"e":"depthUpdate","E":1,"s":"ABCUSDT","U":1,"u":2,"b":[["1.0","1.0"]],"a":[]}`,
			`{"u":1,"s":"ABCUSDT","b":"1.0","B":"1.0","a":"2.0","A":"1.0"}`,
			`{"e":"trade","E":1,"s":"ABCUSDT","t":1,"p":"1.0","q":"1.0","T":1,"m":true,"M":true}`,
		},
		api.USDM: {
			`{"e":"depthUpdate","E":1,"T":1,"s":"ABCUSDT","U":1,"u":2,"pu":0,"b":[["1.0","1.0"]],"a":[]}`,
			`{"e":"bookTicker","u":1,"s":"ABCUSDT","b":"1.0","B":"1.0","a":"2.0","A":"1.0","T":1,"E":1}`,
			`{"e":"depthUpdate","E":1,"T":1,"s":"ABCUSDT_260327","U":1,"u":2,"pu":0,"b":[["1.0","1.0"]],"a":[]}`,
			`{"e":"bookTicker","u":1,"s":"ABCUSDT","ps":"ABCUSDT","b":"1.0","B":"1.0","a":"2.0","A":"1.0","T":1,"E":1,"st":1}`,
		},
		api.COINM: {
			`{"e":"depthUpdate","E":1,"T":1,"s":"ABCUSD_PERP","ps":"ABCUSD","U":1,"u":2,"pu":0,"b":[["1.0","1"]],"a":[]}`,
			`{"e":"trade","E":1,"T":1,"s":"ABCUSD_PERP","t":1,"p":"1.0","q":"1","X":"MARKET","m":true,"st":2}`,
		},
	} {
		for _, f := range frames {
			in, ok := Format{}.Inspect([]byte(f))
			if !ok || in.Venue != want.Venue() || !strings.HasPrefix(in.Symbol, "ABC") {
				t.Errorf("%s: %+v, want a message of %s", f, in, want)
			}
			prices := 0
			in.Numbers(func(string) { prices++ }, func(string) {})
			if prices == 0 {
				t.Errorf("%s: it shows no price", f)
			}
		}
	}
}

// TestSegments: a name is a segment's, a kind of contract has one, and what Tardis has is
// known by its names.
func TestSegments(t *testing.T) {
	var f Format
	for _, m := range api.Markets {
		v, err := f.Segment(m.String())
		if err != nil || v != m.Venue() || f.VenueOf(m.Contract()) != v {
			t.Errorf("%s: %s, %v; of its contracts %s", m, v, err, f.VenueOf(m.Contract()))
		}
	}
	if _, err := f.Segment("swap"); err == nil || !strings.Contains(err.Error(), "want spot, usdm or coinm") {
		t.Errorf("a segment that there is not: %v", err)
	}
	if v := f.Tardis()["binance-futures"]; v != "binance.usdm" {
		t.Errorf("binance-futures is %q", v)
	}
}

// TestDecoder tells what is not used from what is broken, and finds the trades that took
// an id beside the book.
func TestDecoder(t *testing.T) {
	in, ok := Format{}.Known("binance.usdm", "BTCUSDT")
	if !ok {
		t.Fatal("BTCUSDT is not known")
	}
	d := Format{}.Decoder("binance.usdm", func(symbol []byte) *exchange.Instrument {
		if string(symbol) == in.Symbol {
			return &in
		}
		return nil
	})
	var ev exchange.Event
	decode := func(frame string) error {
		return d.Decode([]byte(frame), func(e *exchange.Event, _ int64) { ev = *e })
	}
	trade := `{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":7,"p":"60000.0","q":"0.100","X":"MARKET","m":true}`
	if err := decode(trade); err != nil || ev.Kind != exchange.KindTrade || ev.ID != 7 {
		t.Errorf("%+v, %v", ev, err)
	}
	aside := strings.Replace(trade, "MARKET", "INSURANCE_FUND", 1)
	if err := decode(aside); !errors.Is(err, connect.ErrIgnored) {
		t.Errorf("a trade beside the book: %v", err)
	}
	if symbol, id, ok := (Format{}).SkippedTrade([]byte(aside)); !ok || symbol != "BTCUSDT" || id != 7 {
		t.Errorf("its number: %s %d %t", symbol, id, ok)
	}
	if err := decode(trade[:20]); err == nil || errors.Is(err, connect.ErrIgnored) {
		t.Errorf("half a frame: %v", err)
	}
	if (Format{}).Aggregate([]byte(trade)) || !(Format{}).Aggregate([]byte(strings.Replace(trade, `"trade"`, `"aggTrade"`, 1))) {
		t.Error("a single trade and one that stands for several are taken for each other")
	}
}

func FuzzInspect(f *testing.F) {
	f.Add([]byte(`{"stream":"abcusdt@trade","data":{"e":"trade","s":"ABCUSDT","t":7,"p":"10.10","q":"0.100"}}`))
	f.Add([]byte(`{"lastUpdateId":100,"bids":[["10.10","1.500"]],"asks":[]}`))
	f.Add([]byte(`{"data":null}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		if in, ok := (Format{}).Inspect(frame); ok {
			in.Numbers(func(string) {}, func(string) {})
		}
		Format{}.Symbol(frame)
		Format{}.SkippedTrade(frame)
	})
}
