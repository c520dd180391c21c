package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/wire"
)

var btc = &exchange.Instrument{Venue: api.Perp, Symbol: "BTC", Contract: exchange.Linear, Base: "BTC", Quote: "USDC", FundingHours: 1,
	Tick: exchange.Step{M: 1, Scale: 1}, Lot: exchange.Step{M: 1, Scale: 5}}

const moment = 10*exchange.Hour + 5*exchange.Minute

func ofBTC() *Decoder {
	return &Decoder{Now: func() exchange.Time { return moment }, Trades: &Trades{}, Resolve: func(symbol []byte) *exchange.Instrument {
		if string(symbol) == btc.Symbol {
			return btc
		}
		return nil
	}}
}

func all(d *Decoder, frame string) (out []exchange.Event, err error) {
	err = d.Decode([]byte(frame), func(ev *exchange.Event, _ int64) {
		kept := *ev
		kept.Bids, kept.Asks = append([]exchange.Level(nil), ev.Bids...), append([]exchange.Level(nil), ev.Asks...)
		out = append(out, kept)
	})
	return out, err
}

// A book as it is written today, and with its fields in another order, is the same book.
func TestBooks(t *testing.T) {
	for _, frame := range []string{
		`{"channel":"l2Book","data":{"coin":"BTC","time":7000,"levels":[[{"px":"80639.0","sz":"0.00186","n":2},{"px":"80638","sz":"1","n":1}],[{"px":"80640.0","sz":"13.74589","n":46}]]}}`,
		`{"channel":"l2Book","data":{"levels":[[{"n":2,"sz":"0.00186","px":"80639.0"},{"px":"80638","sz":"1.000009"}],[{"px":"80640.0","n":46,"sz":"13.74589"}]],"time":7000,"coin":"BTC"}}`,
		`{ "data": {"coin":"BTC","levels":[[{"px":"80639.0","sz":"0.00186","n":2},{"px":"80638","sz":"1","n":1}],[{"px":"80640.0","sz":"13.74589","n":46}]],"time":7000}, "channel": "l2Book"}`,
	} {
		got, err := all(ofBTC(), frame)
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %+v %v", frame, got, err)
		}
		ev := got[0]
		if ev.Kind != exchange.KindSnapshot || ev.LastID != 7000 || ev.VenueTime != 7*exchange.Second || len(ev.Bids) != 2 || len(ev.Asks) != 1 ||
			ev.Bids[0] != (exchange.Level{Price: 806390, Qty: 186}) || ev.Bids[1].Qty != 100000 || ev.Asks[0] != (exchange.Level{Price: 806400, Qty: 1374589}) {
			t.Errorf("%s: %+v", frame, ev)
		}
	}
	for _, bad := range []string{
		`{"channel":"l2Book","data":{"coin":"BTC","time":7000,"levels":[[{"px":"80639.05","sz":"1","n":2}],[]]}}`, // off the tick
		`{"channel":"l2Book","data":{"coin":"BTC","time":7000,"levels":[[{"px":"80639"}],[]]}}`,
		`{"channel":"l2Book","data":{"coin":"BTC","time":7000,"levels":[[]]}}`,
		`{"channel":"l2Book","data":{"coin":"BTC","levels":[[],[]]}}`,
		`{"channel":"l2Book","data":{"coin":"BTC","time":7000,"levels":[[{"px":"80639","sz":"1","n":2}],[}}`,
	} {
		if got, err := all(ofBTC(), bad); err == nil || errors.Is(err, connect.ErrIgnored) || len(got) > 0 {
			t.Errorf("%s: %+v %v", bad, got, err)
		}
	}
}

func TestTouches(t *testing.T) {
	got, err := all(ofBTC(), `{"channel":"bbo","data":{"coin":"BTC","time":1788490065008,"bbo":[{"px":"80639.0","sz":"0.00186","n":2},{"px":"80640.0","sz":"13.74589","n":46}]}}`)
	if err != nil || len(got) != 1 || got[0].Kind != exchange.KindTicker || got[0].Price != 806390 || got[0].Qty != 186 || got[0].Price2 != 806400 || got[0].Qty2 != 1374589 {
		t.Errorf("%+v %v", got, err)
	}
	for _, half := range []string{`[null,null]`, `[null,{"px":"1","sz":"1","n":1}]`} {
		if got, err := all(ofBTC(), `{"channel":"bbo","data":{"coin":"BTC","time":1788490065008,"bbo":`+half+`}}`); !errors.Is(err, connect.ErrIgnored) {
			t.Errorf("%s: %+v %v", half, got, err)
		}
	}
}

// A subscription begins with trades of late: none is told twice, and none after a later one.
func TestTradesAreToldOnce(t *testing.T) {
	d := ofBTC()
	row := func(tid, ms int, side string) string {
		return fmt.Sprintf(`{"coin":"BTC","side":"%s","px":"80639.5","sz":"0.5","hash":"0xabc","time":%d,"tid":%d,"users":["0x1","0x2"]}`, side, ms, tid)
	}
	frame := func(rows ...string) string { return `{"channel":"trades","data":[` + strings.Join(rows, ",") + `]}` }
	got, err := all(d, frame(row(11, 5, "B"), row(12, 5, "A")))
	if err != nil || len(got) != 2 || got[0].Side != exchange.Buy || got[1].Side != exchange.Sell || got[0].ID != 11 || got[0].Price != 806395 || got[0].Qty != 50000 {
		t.Fatalf("%+v %v", got, err)
	}
	got, err = all(d, frame(row(9, 4, "B"), row(12, 5, "A"), row(13, 5, "B"), row(11, 6, "B")))
	if err != nil || len(got) != 2 || got[0].ID != 13 || got[1].ID != 11 {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := all(d, frame(`{"coin":"BTC","side":"C","px":"1","sz":"1","time":7,"tid":1}`)); err == nil || errors.Is(err, connect.ErrIgnored) {
		t.Errorf("a side that there is not: %v", err)
	}
}

func TestContexts(t *testing.T) {
	got, err := all(ofBTC(), `{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"funding":"0.0000052974","openInterest":"36295.80812","prevDayPx":"77759.0","dayNtlVlm":"4490636699.3287734985","premium":"-0.0005540084","oraclePx":"80684.7","markPx":"80640.0","midPx":null,"impactPxs":["80637.2","80640.0"]}}}`)
	if err != nil || len(got) != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	if m := got[0]; m.Kind != exchange.KindMark || m.Mark != 80640_00000000 || m.Index != 80684_70000000 || m.Rate != 530 || m.Hours != 1 || m.NextFunding != 11*exchange.Hour {
		t.Errorf("%+v", m)
	}
	if got[1].Kind != exchange.KindOpenInterest || got[1].Qty != 3629580812 {
		t.Errorf("%+v", got[1])
	}
}

// A candle is finished when the next one begins.
func TestCandles(t *testing.T) {
	d := ofBTC()
	frame := func(start int, closing string) string {
		return fmt.Sprintf(`{"channel":"candle","data":{"t":%d,"T":%d,"s":"BTC","i":"1m","o":"100","c":"%s","h":"103","l":"99.5","v":"1.5","n":10}}`, start, start+59999, closing)
	}
	for _, c := range []string{"101", "102"} {
		if got, err := all(d, frame(60000, c)); !errors.Is(err, connect.ErrIgnored) {
			t.Errorf("%+v %v", got, err)
		}
	}
	got, err := all(d, frame(120000, "100"))
	if err != nil || len(got) != 1 || got[0].VenueTime != 2*exchange.Minute || got[0].Bar != (exchange.Bar{Open: 1000, High: 1030, Low: 995, Close: 1020, Volume: 1.5, Interval: exchange.Minute, Flow: exchange.Flow{Trades: 10, Known: exchange.FlowTrades}}) {
		t.Errorf("%+v %v", got, err)
	}
}

// An answer repeats the subscription, perhaps with more in it; a refusal quotes it.
func TestReplies(t *testing.T) {
	p := &Protocol{}
	p.Subscribe(1, []string{Stream("l2Book", "BTC")})
	p.Subscribe(2, []string{CandleStream("@107", "1m")})
	p.Subscribe(3, []string{UserStream("orderUpdates", "0xab")})
	p.Subscribe(4, []string{Stream("activeAssetCtx", "@107")})
	for frame, want := range map[string]string{
		`{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"l2Book","coin":"BTC","nSigFigs":null,"mantissa":null}}}`: "reply " + Stream("l2Book", "BTC"),
		`{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"interval":"1m","type":"candle","coin":"@107"}}}`:                "reply " + CandleStream("@107", "1m"),
		`{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"orderUpdates","user":"0xab"}}}`:                          "reply " + UserStream("orderUpdates", "0xab"),
		`{"channel":"subscriptionResponse","data":{"method":"unsubscribe","subscription":{"type":"l2Book","coin":"BTC"}}}`:                               "other",
		`{"channel":"error","data":"Invalid subscription {\"type\":\"l2Book\",\"coin\":\"BTC\"}"}`:                                                       "refused " + Stream("l2Book", "BTC"),
		`{"channel":"error","data":"Already subscribed: {\"type\":\"l2Book\",\"coin\":\"BTC\"}"}`:                                                        "reply " + Stream("l2Book", "BTC"),
		`{"channel":"pong"}`:           "pong",
		`{"channel":"post","data":{}}`: "other",
		`{"channel":"l2Book","data":{"coin":"BTC","time":1,"levels":[[],[]]}}`:  "data " + Stream("l2Book", "BTC"),
		`{"channel":"l2Book","data":{"coin":"ETH","time":1,"levels":[[],[]]}}`:  "other",
		`{"channel":"candle","data":{"t":1,"T":2,"s":"@107","i":"1m","o":"1"}}`: "data " + CandleStream("@107", "1m"),
		`{"channel":"activeSpotAssetCtx","data":{"coin":"@107","ctx":{}}}`:      "data " + Stream("activeAssetCtx", "@107"),
		`{"channel":"orderUpdates","data":[{"order":{"coin":"BTC"}}]}`:          "data " + UserStream("orderUpdates", "0xab"),
		`Websocket connection established.`:                                     "other",
	} {
		m := p.Classify([]byte(frame))
		got := map[wire.Class]string{wire.Other: "other", wire.Data: "data " + string(m.Stream), wire.Reply: "reply " + string(m.Stream), wire.Pong: "pong"}[m.Class]
		if m.Err != nil {
			got = "refused " + string(m.Stream)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", frame, got, want)
		}
	}
}

func TestPerpetuals(t *testing.T) {
	list, problems, err := perps([]byte(`[{"universe":[{"name":"BTC","szDecimals":5,"maxLeverage":40,"marginTableId":56},{"name":"kPEPE","szDecimals":0,"maxLeverage":10,"marginTableId":10},
		{"name":"LOOM","szDecimals":1,"maxLeverage":3,"isDelisted":true,"marginMode":"strictIsolated","onlyIsolated":true},{"name":"ODD","szDecimals":9,"maxLeverage":3}],
		"marginTables":[[56,{"description":"tiered 40x","marginTiers":[{"lowerBound":"0.0","maxLeverage":40},{"lowerBound":"150000000.0","maxLeverage":20}]}]]},
		[{"dayNtlVlm":"1169046.29406","funding":"0.0000125","impactPxs":["14.3047","14.3444"],"markPx":"14.3161","midPx":"14.314","openInterest":"688.11","oraclePx":"14.32"},{"dayNtlVlm":"5","midPx":null,"markPx":"2"},{"dayNtlVlm":"0"},{"dayNtlVlm":"0"}]]`))
	if err != nil || len(problems) != 1 || len(list) != 3 {
		t.Fatalf("%d %v %v", len(list), problems, err)
	}
	in := list[0].Instrument
	if in.Tick.String() != "0.1" || in.Lot.String() != "0.00001" || in.Base != "BTC" || in.Quote != "USDC" || in.FundingHours != 1 || !list[0].Trading || list[0].Stand.Turnover != 1169046.29406 || list[0].Stand.Last.String() != "14.314" || list[0].Stand.Bid.String() != "14.3047" || list[0].Stand.Rate != 1250 {
		t.Errorf("%+v", in)
	}
	if err := in.Check(); err != nil {
		t.Error(err)
	}
	if b := in.Brackets; len(b) != 2 || b[0].MMR.String() != "0.0125" || b[1].MMR.String() != "0.025" || b[1].Cum.String() != "1875000" || b[0].Cap.String() != "150000000" || !b[0].Cum.IsZero() {
		t.Errorf("%+v", b)
	}
	if p := list[1]; p.Instrument.Base != "PEPE" || p.Instrument.Multiplier != 1000 || p.Asset != 1 || p.Stand.Last.String() != "2" || p.Instrument.Tick.String() != "0.000001" {
		t.Errorf("%+v", p)
	}
	if list[2].Trading || list[2].Status != "delisted" {
		t.Errorf("%+v", list[2])
	}
}

func TestPairs(t *testing.T) {
	list, problems, err := pairs([]byte(`[{"tokens":[{"name":"USDC","szDecimals":8,"index":0},{"name":"PURR","szDecimals":0,"index":1},{"name":"HYPE","szDecimals":2,"index":150}],
		"universe":[{"name":"PURR/USDC","tokens":[1,0],"index":0},{"tokens":[150,0],"name":"@107","index":107},{"tokens":[7,0],"name":"@9","index":9}]},
		[{"dayNtlVlm":"8906.0","markPx":"0.14","midPx":"0.209265","coin":"PURR/USDC"},{"dayNtlVlm":"9","markPx":"40","midPx":"41","coin":"@107"},{"coin":"@77"}]]`))
	if err != nil || len(problems) != 1 || len(list) != 2 {
		t.Fatalf("%+v %v %v", list, problems, err)
	}
	if l := list[1]; l.Instrument.Symbol != "@107" || l.Asset != 10107 || l.Instrument.Base != "HYPE" || l.Instrument.Tick.String() != "0.000001" || l.Instrument.Lot.String() != "0.01" || l.Stand.Last.String() != "41" {
		t.Errorf("%+v %+v", l, l.Instrument)
	}
	for pattern, want := range map[string]string{"spot:HYPE/USDC": "spot:@107", "hyperliquid.spot:hype-usdc": "spot:@107", "spot:PURR-USDC": "spot:PURR/USDC", "perp:BTC": "perp:BTC", "spot:*": "spot:*", "spot:@107": "spot:@107", "spot:X/Y": "spot:X/Y"} {
		if got := Alias(list, pattern); got != want {
			t.Errorf("%s: %s, want %s", pattern, got, want)
		}
	}
}

// Whatever comes is an event or an error, and the message is left as it was.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"channel":"l2Book","data":{"coin":"BTC","time":7000,"levels":[[{"px":"80639.0","sz":"0.00186","n":2}],[{"px":"80640.0","sz":"13.74589","n":46}]]}}`,
		`{"channel":"bbo","data":{"coin":"BTC","time":1,"bbo":[{"px":"80639.0","sz":"0.00186","n":2},null]}}`,
		`{"channel":"trades","data":[{"coin":"BTC","side":"B","px":"80639","sz":"1","time":5,"tid":6}]}`,
		`{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"funding":"0.00001","openInterest":"3","oraclePx":"8","markPx":"9"}}}`,
		`{"channel":"candle","data":{"t":60000,"T":119999,"s":"BTC","i":"1m","o":"1","c":"1","h":"1","l":"1","v":"1","n":1}}`,
		`{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"l2Book","coin":"BTC"}}}`,
		`{"channel":"error","data":"Invalid subscription {}"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		before := bytes.Clone(frame)
		p := &Protocol{}
		p.Subscribe(1, []string{Stream("l2Book", "BTC")})
		_ = p.Classify(frame)
		plain, err := all(ofBTC(), string(frame))
		if !bytes.Equal(frame, before) {
			t.Error("the message was changed")
		}
		// What is accepted as it is written is accepted with white space in it, and is the same.
		if err == nil && bytes.HasPrefix(frame, []byte(`{"channel":"l2Book"`)) {
			spaced, err := all(ofBTC(), strings.Replace(string(frame), `,"levels":`, ` , "levels" : `, 1))
			if err != nil || fmt.Sprint(spaced) != fmt.Sprint(plain) {
				t.Errorf("%s: %v and, with white space, %v %v", frame, plain, spaced, err)
			}
		}
	})
}

// book20 is a book of 20 levels a side.
func book20() []byte {
	var b bytes.Buffer
	b.WriteString(`{"channel":"l2Book","data":{"coin":"BTC","time":1788490065008,"levels":[`)
	for side, from := range []int{80639, 80640} {
		b.WriteString([]string{"[", ",["}[side])
		for i := range 20 {
			px := from + i*(2*side-1)
			fmt.Fprintf(&b, `%s{"px":"%d.0","sz":"1.%05d","n":%d}`, []string{"", ","}[min(i, 1)], px, 12345+i, i+1)
		}
		b.WriteString("]")
	}
	b.WriteString(`]}}`)
	return b.Bytes()
}

func TestABookDoesNotAllocate(t *testing.T) {
	d, p, frame := ofBTC(), &Protocol{}, book20()
	p.Subscribe(1, []string{Stream("l2Book", "BTC")})
	n := 0
	yield := func(ev *exchange.Event, _ int64) { n += len(ev.Bids) }
	if a := testing.AllocsPerRun(100, func() {
		_ = p.Classify(frame)
		if err := d.Decode(frame, yield); err != nil {
			t.Fatal(err)
		}
	}); a != 0 || n == 0 {
		t.Errorf("%v allocations, %d levels", a, n)
	}
}

func BenchmarkBook(b *testing.B) {
	frame := book20()
	b.Run("decoder", func(b *testing.B) {
		d := ofBTC()
		yield := func(*exchange.Event, int64) {}
		b.ReportAllocs()
		b.SetBytes(int64(len(frame)))
		for b.Loop() {
			if err := d.Decode(frame, yield); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json with decimals", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(frame)))
		for b.Loop() {
			var m struct {
				Channel string `json:"channel"`
				Data    struct {
					Coin   string `json:"coin"`
					Time   int64  `json:"time"`
					Levels [2][]struct {
						Px decimal.Decimal `json:"px"`
						Sz decimal.Decimal `json:"sz"`
						N  int             `json:"n"`
					} `json:"levels"`
				} `json:"data"`
			}
			if err := json.Unmarshal(frame, &m); err != nil {
				b.Fatal(err)
			}
		}
	})
}
