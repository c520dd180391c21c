package payload

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/datatest"
)

var btc = &exchange.Instrument{Venue: api.Linear.Venue(), Symbol: "BTCUSDT", Contract: exchange.Linear, Base: "BTC", Quote: "USDT", FundingHours: 8,
	Tick: exchange.Step{M: 1, Scale: 1}, Lot: exchange.Step{M: 1, Scale: 6}}

func ofBTC() *Decoder {
	return NewDecoder(func(symbol []byte) *exchange.Instrument {
		if string(symbol) == btc.Symbol {
			return btc
		}
		return nil
	})
}

func all(d *Decoder, frame string) (out []exchange.Event, err error) {
	err = d.Decode([]byte(frame), func(ev *exchange.Event, _ int64) {
		kept := *ev
		kept.Bids, kept.Asks = append([]exchange.Level(nil), ev.Bids...), append([]exchange.Level(nil), ev.Asks...)
		out = append(out, kept)
	})
	return out, err
}

func TestBooks(t *testing.T) {
	d := ofBTC()
	got, err := all(d, `{"topic":"orderbook.200.BTCUSDT","ts":5,"type":"snapshot","cts":4,"data":{"s":"BTCUSDT","b":[["83805","0.150276"]],"a":[["83805.1","0.993847"],["83806","1"]],"u":7,"seq":9}}`)
	if err != nil || len(got) != 1 || got[0].Kind != exchange.KindSnapshot || got[0].LastID != 7 || got[0].VenueTime != exchange.UnixMilli(4) ||
		got[0].Bids[0] != (exchange.Level{Price: 838050, Qty: 150276}) || len(got[0].Asks) != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	got, err = all(d, `{"topic":"orderbook.200.BTCUSDT","type":"delta","ts":5,"data":{"s":"BTCUSDT","b":[["83805","0"]],"a":[],"u":8,"seq":9}}`)
	if err != nil || len(got) != 1 || got[0].Kind != exchange.KindDiff || got[0].Bids[0].Qty != 0 || got[0].VenueTime != exchange.UnixMilli(5) {
		t.Fatalf("%+v %v", got, err)
	}
	for _, bad := range []string{
		`{"topic":"orderbook.200.BTCUSDT","type":"delta","ts":5,"data":{"b":[["83805.15","0"]],"a":[],"u":8}}`, // off the tick
		`{"topic":"orderbook.200.BTCUSDT","type":"delta","ts":5,"data":{"b":[["83805"]],"a":[],"u":8}}`,
		`{"topic":"orderbook.200.BTCUSDT","type":"delta","ts":5,"data":{"b":[],"a":[]}}`,
		`{"topic":"orderbook.200.BTCUSDT","type":"delta","ts":5,"data":{"b":[],"a":[],"u":8}`,
	} {
		if got, err := all(d, bad); err == nil || errors.Is(err, connect.ErrIgnored) || len(got) > 0 {
			t.Errorf("%s: %+v %v", bad, got, err)
		}
	}
}

// A delta of a ticker has what changed alone, and means nothing before its snapshot.
func TestTickersAreMerged(t *testing.T) {
	d := ofBTC()
	delta := `{"topic":"tickers.BTCUSDT","type":"delta","cs":2,"ts":9,"data":{"symbol":"BTCUSDT","markPrice":"60001.5"}}`
	if got, err := all(d, delta); !errors.Is(err, connect.ErrIgnored) {
		t.Errorf("before a snapshot: %+v %v", got, err)
	}
	got, err := all(d, `{"topic":"tickers.BTCUSDT","type":"snapshot","cs":1,"ts":8,"data":{"symbol":"BTCUSDT","markPrice":"60000","indexPrice":"59990","fundingRate":"-0.000212","fundingIntervalHour":"4","nextFundingTime":"1673280000000","openInterest":"68744.761"}}`)
	if err != nil || len(got) != 2 || got[1].Kind != exchange.KindOpenInterest || got[1].Qty != 68744761000 {
		t.Fatalf("%+v %v", got, err)
	}
	got, err = all(d, delta)
	if err != nil || len(got) != 1 || got[0].Mark != 60001_50000000 || got[0].Index != 59990_00000000 || got[0].Rate != -21200 || got[0].Hours != 4 ||
		got[0].NextFunding != exchange.UnixMilli(1673280000000) || got[0].VenueTime != exchange.UnixMilli(9) {
		t.Errorf("%+v %v", got, err)
	}
}

// A delta with u = 1 proves nothing, and says so; the touch comes again with the same u
// after 3 s, which is no repetition.
func TestRestartsAndRepetitions(t *testing.T) {
	d := ofBTC()
	got, err := all(d, `{"topic":"orderbook.200.BTCUSDT","type":"delta","ts":5,"data":{"s":"BTCUSDT","b":[["83805","1"]],"a":[],"u":1,"seq":9}}`)
	if err != nil || len(got) != 2 || got[0].Kind != exchange.KindGap || got[0].Reason == "" || got[1].Kind != exchange.KindDiff {
		t.Errorf("%+v %v", got, err)
	}
	got, err = all(d, `{"topic":"orderbook.200.BTCUSDT","type":"snapshot","ts":5,"data":{"s":"BTCUSDT","b":[["83805","1"]],"a":[],"u":1,"seq":9}}`)
	if err != nil || len(got) != 1 || got[0].Kind != exchange.KindSnapshot {
		t.Errorf("%+v %v", got, err)
	}
	for range 2 {
		got, err = all(d, string(touchFrame))
		if err != nil || len(got) != 1 || got[0].Kind != exchange.KindTicker || got[0].LastID != 7 || got[0].Price != 838050 || got[0].Qty2 != 993000 {
			t.Errorf("%+v %v", got, err)
		}
	}
	if got, err := all(d, strings.Replace(string(touchFrame), "83805.10", "83805.00", 1)); err == nil || errors.Is(err, connect.ErrIgnored) {
		t.Errorf("a crossed touch: %+v %v", got, err)
	}
}

// A future has a mark and no funding; what the venue writes of it there is "" or 0. An inverse
// contract counts in dollars.
func TestDatedAndInverse(t *testing.T) {
	dated := *btc
	dated.Symbol, dated.FundingHours, dated.Delivery = "BTC-26DEC25", 0, exchange.Date(2025, 12, 26)
	inverse := exchange.Instrument{Venue: api.Inverse.Venue(), Symbol: "BTCUSD", Contract: exchange.Inverse, Base: "BTC", Quote: "USD", FundingHours: 8,
		Tick: exchange.Step{M: 5, Scale: 1}, Lot: exchange.Step{M: 1}}
	d := NewDecoder(func(symbol []byte) *exchange.Instrument {
		return map[string]*exchange.Instrument{"BTC-26DEC25": &dated, "BTCUSD": &inverse}[string(symbol)]
	})
	got, err := all(d, `{"topic":"tickers.BTC-26DEC25","type":"snapshot","cs":1,"ts":8,"data":{"symbol":"BTC-26DEC25","markPrice":"60000","indexPrice":"59990","fundingRate":"","nextFundingTime":"","fundingIntervalHour":"","deliveryTime":"2025-12-26T08:00:00Z","openInterest":"7"}}`)
	if err != nil || len(got) != 2 || got[0].Kind != exchange.KindMark || got[0].NextFunding != 0 || got[0].Rate != 0 || got[0].Hours != 0 {
		t.Errorf("%+v %v", got, err)
	}
	got, err = all(d, `{"topic":"publicTrade.BTCUSD","type":"snapshot","ts":5,"data":[{"T":4,"s":"BTCUSD","S":"Sell","v":"1200","p":"83805.5","L":"ZeroMinusTick","i":"x","seq":3},{"T":4,"s":"BTCUSD","S":"Sell","v":"5","p":"83805.5","i":"y","BT":true,"seq":4}]}`)
	if err != nil || len(got) != 1 || got[0].Qty != 1200 || got[0].Price != 167611 || got[0].Side != exchange.Sell {
		t.Errorf("%+v %v", got, err)
	}
}

// The venue says whose position was liquidated, an event which order that made.
func TestLiquidations(t *testing.T) {
	got, err := all(ofBTC(), `{"topic":"allLiquidation.BTCUSDT","type":"snapshot","ts":9,"data":[{"T":5,"s":"BTCUSDT","S":"Buy","v":"0.02","p":"60000.17"},{"T":6,"s":"BTCUSDT","S":"Sell","v":"1","p":"61000"}]}`)
	if err != nil || len(got) != 2 || got[0].Kind != exchange.KindLiquidation || got[0].Side != exchange.Sell || got[0].Price != 600001 || got[0].Qty != 20000 ||
		got[0].VenueTime != exchange.UnixMilli(5) || got[1].Side != exchange.Buy {
		t.Errorf("%+v %v", got, err)
	}
	for _, bad := range []string{`"S":"Long"`, `"S":"Buy","p":"x"`, `"S":"Buy","p":"0"`} {
		if got, err := all(ofBTC(), `{"topic":"allLiquidation.BTCUSDT","ts":9,"data":[{"T":5,"v":"1","p":"1",`+bad+`}]}`); err == nil || errors.Is(err, connect.ErrIgnored) {
			t.Errorf("%s: %+v %v", bad, got, err)
		}
	}
}

// A candle is one bar, when it is finished.
func TestCandles(t *testing.T) {
	d := ofBTC()
	if got, err := all(d, string(candleFrame)); err != nil || len(got) != 0 {
		t.Errorf("%+v %v", got, err)
	}
	got, err := all(d, strings.Replace(string(candleFrame), `"confirm":false`, `"confirm":true`, 1))
	want := exchange.Bar{Open: 838000, High: 838100, Low: 837999, Close: 838051, Volume: 12.345, Interval: exchange.Minute,
		Flow: exchange.Flow{Quote: 1034567.1, Known: exchange.FlowQuote}}
	if err != nil || len(got) != 1 || got[0].Bar != want || got[0].VenueTime != exchange.UnixMilli(1791369420000) {
		t.Errorf("%+v %v", got, err)
	}
	for _, bad := range []string{`"83810"`, `"12.345"`, `1791369360000`} {
		if got, err := all(d, strings.Replace(strings.Replace(string(candleFrame), `"confirm":false`, `"confirm":true`, 1), bad, `"x"`, 1)); err == nil {
			t.Errorf("without %s: %+v", bad, got)
		}
	}
}

// Messages as they came in October 2026.
func TestRecordedMessages(t *testing.T) {
	text, err := os.ReadFile(datatest.Path(t, "samples/venues/captures/bybit_2026-10-07_public_frames_trimmed.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[exchange.Kind]int{}
	d := ofBTC()
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "_note") || !strings.HasPrefix(line, `{"topic"`) {
			continue
		}
		got, err := all(d, strings.TrimSpace(line))
		if err != nil && !errors.Is(err, connect.ErrIgnored) {
			t.Errorf("%.100s: %v", line, err)
		}
		for _, ev := range got {
			kinds[ev.Kind]++
		}
	}
	if kinds[exchange.KindSnapshot] == 0 || kinds[exchange.KindDiff] == 0 || kinds[exchange.KindTrade] == 0 {
		t.Errorf("%v", kinds)
	}
}

// Both ways of reading books, trades and tickers say the same, whatever comes.
func FuzzStrict(f *testing.F) {
	f.Add(book200())
	f.Add(touchFrame)
	f.Add(tradeFrame)
	f.Add(tickerFrame)
	f.Add(firstTicker)
	f.Add([]byte(`{"topic":"publicTrade.BTCUSDT","ts":5,"type":"snapshot","data":[{"i":"2290000000061666327","T":4,"p":"1","v":"0.000001","S":"Sell","seq":3,"s":"BTCUSDT","BT":true,"RPI":false}]}`))
	f.Add([]byte(`{"topic":"orderbook.200.BTCUSDT","ts":5,"type":"snapshot","data":{"s":"BTCUSDT","b":[],"a":[["1","0"]],"u":1,"seq":2}}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		var fast, slow []string
		note := func(to *[]string) func(*exchange.Event, int64) {
			return func(ev *exchange.Event, order int64) { *to = append(*to, fmt.Sprintf("%+v %d", *ev, order)) }
		}
		quick, d := ofBTC(), ofBTC()
		for _, x := range []*Decoder{quick, d} {
			if err := x.Decode(firstTicker, func(*exchange.Event, int64) {}); err != nil {
				t.Fatal(err)
			}
		}
		used, err := quick.strict(frame, note(&fast))
		if !used {
			if len(fast) > 0 {
				t.Errorf("%s", fast)
			}
			return
		}
		m, bad := parse(frame)
		switch {
		case bad != nil:
		case string(m.kind) == "publicTrade":
			bad = d.trades(btc, &m, note(&slow))
		case string(m.kind) == "tickers":
			bad = d.ticker(btc, &m, note(&slow))
		default:
			bad = d.book(btc, &m, note(&slow))
		}
		if (err == nil) != (bad == nil) || err == nil && strings.Join(fast, "\n") != strings.Join(slow, "\n") {
			t.Errorf("%s %v\n%s %v", fast, err, slow, bad)
		}
	})
}

// Whatever comes is an event or an error, and the message is left as it was.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"topic":"orderbook.200.BTCUSDT","type":"delta","ts":5,"data":{"b":[["83805","0"]],"a":[],"u":8}}`))
	f.Add([]byte(`{"topic":"allLiquidation.BTCUSDT","type":"snapshot","ts":9,"data":[{"T":5,"s":"BTCUSDT","S":"Buy","v":"0.02","p":"60000.17"}]}`))
	f.Add([]byte(`{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":5,"data":[{"T":4,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"83805","i":"9dc75fca","seq":3}]}`))
	f.Add([]byte(`{"topic":"tickers.BTCUSDT","type":"snapshot","cs":1,"ts":8,"data":{"markPrice":"60000","nextFundingTime":"1673280000000"}}`))
	f.Add([]byte(`{"topic":"kline.1.BTCUSDT","type":"snapshot","ts":8,"data":[{"start":60000,"open":"1","high":"1","low":"1","close":"1","volume":"1","confirm":true}]}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		before := bytes.Clone(frame)
		_, _ = all(ofBTC(), string(frame))
		if !bytes.Equal(frame, before) {
			t.Error("the message was changed")
		}
	})
}
