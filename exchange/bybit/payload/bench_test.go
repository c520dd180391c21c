package payload

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// book200 is an update of 20 levels, in the length that the venue's have.
func book200() []byte {
	var bids, asks []string
	for i := range 10 {
		bids = append(bids, fmt.Sprintf(`["%d.%d","1.25%d"]`, 83805-i, i, i))
		asks = append(asks, fmt.Sprintf(`["%d.%d","0.75%d"]`, 83806+i, i, i))
	}
	return fmt.Appendf(nil, `{"topic":"orderbook.200.BTCUSDT","type":"delta","ts":1791369400123,"data":{"s":"BTCUSDT","b":[%s],"a":[%s],"u":177400507,"seq":66544703342},"cts":1791369400120}`,
		strings.Join(bids, ","), strings.Join(asks, ","))
}

var (
	tradeFrame  = []byte(`{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1791369400123,"data":[{"T":1791369400122,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"83805.10","L":"PlusTick","i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false,"RPI":false,"seq":1783284617},{"T":1791369400122,"s":"BTCUSDT","S":"Sell","v":"0.014","p":"83805.00","L":"MinusTick","i":"30f43950-d8dd-5b31-9112-a178eb6023af","BT":false,"RPI":false,"seq":1783284618}]}`)
	touchFrame  = []byte(`{"topic":"orderbook.1.BTCUSDT","ts":1791369400123,"type":"snapshot","data":{"s":"BTCUSDT","b":[["83805.00","0.150"]],"a":[["83805.10","0.993"]],"u":7,"seq":9},"cts":1791369400120}`)
	tickerFrame = []byte(`{"topic":"tickers.BTCUSDT","type":"delta","data":{"symbol":"BTCUSDT","lastPrice":"83805.10","markPrice":"83805.31","indexPrice":"83830.11","openInterest":"52011.5","openInterestValue":"4359000000.11","turnover24h":"2411110000.4","volume24h":"28811.1"},"cs":24987956059,"ts":1791369400123}`)
	firstTicker = []byte(`{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT","markPrice":"83805.30","indexPrice":"83830.10","openInterest":"52011.4","fundingRate":"-0.0001","nextFundingTime":"1791388800000","fundingIntervalHour":"8"},"cs":24987956058,"ts":1791369400100}`)
	candleFrame = []byte(`{"topic":"kline.1.BTCUSDT","type":"snapshot","ts":1791369400123,"data":[{"start":1791369360000,"end":1791369419999,"interval":"1","open":"83800","close":"83805.1","high":"83810","low":"83799.9","volume":"12.345","turnover":"1034567.1","confirm":false,"timestamp":1791369400123}]}`)
)

// What comes all the time costs no memory.
func TestDecodeDoesNotAllocate(t *testing.T) {
	for name, frame := range map[string][]byte{"book": book200(), "trades": tradeFrame, "touch": touchFrame, "ticker": tickerFrame, "candle": candleFrame} {
		d, events := ofBTC(), 0
		yield := func(*exchange.Event, int64) { events++ }
		if err := d.Decode(firstTicker, yield); err != nil {
			t.Fatal(err)
		}
		before := events
		decode := func() { _ = d.Decode(frame, yield) }
		decode()
		if n := testing.AllocsPerRun(100, decode); n != 0 {
			t.Errorf("%s: %g allocations", name, n)
		}
		if name != "candle" && events == before { // one that is not finished is no event
			t.Errorf("%s: no event", name)
		}
	}
}

// BenchmarkDecode is what a message costs, beside encoding/json with decimals.
func BenchmarkDecode(b *testing.B) {
	for _, x := range []struct {
		name  string
		frame []byte
		plain func(frame []byte) error
	}{{"book of 20 levels", book200(), plainBook}, {"two trades", tradeFrame, plainTrades}, {"touch", touchFrame, plainBook}, {"ticker", tickerFrame, plainTicker}} {
		b.Run(x.name, func(b *testing.B) {
			d := ofBTC()
			yield := func(*exchange.Event, int64) {}
			_ = d.Decode(firstTicker, yield)
			b.ReportAllocs()
			b.SetBytes(int64(len(x.frame)))
			for b.Loop() {
				if err := d.Decode(x.frame, yield); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(x.name+" by encoding/json", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(x.frame)))
			for b.Loop() {
				if err := x.plain(x.frame); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func plainBook(frame []byte) error {
	var m struct {
		Topic, Type string
		Ts, Cts     int64
		Data        struct {
			S    string
			B, A [][2]decimal.Decimal
			U    int64
			Seq  int64
		}
	}
	return json.Unmarshal(frame, &m)
}

func plainTrades(frame []byte) error {
	var m struct {
		Topic, Type string
		Ts          int64
		Data        []struct {
			T   int64           `json:"T"`
			S   string          `json:"s"`
			Of  string          `json:"S"`
			V   decimal.Decimal `json:"v"`
			P   decimal.Decimal `json:"p"`
			I   string          `json:"i"`
			BT  bool            `json:"BT"`
			Seq int64           `json:"seq"`
		}
	}
	return json.Unmarshal(frame, &m)
}

func plainTicker(frame []byte) error {
	var m struct {
		Topic, Type string
		Ts, Cs      int64
		Data        struct{ MarkPrice, IndexPrice, FundingRate, OpenInterest *decimal.Decimal }
	}
	return json.Unmarshal(frame, &m)
}
