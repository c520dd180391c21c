package feed

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

var tradesFrame = []byte(`{"channel":"trades","data":[{"coin":"BTC","side":"B","px":"80639.0","sz":"0.00186","time":1788490065008,"hash":"0x8f6b2d1f0c3e4a5b8f6b2d1f0c3e4a5b8f6b2d1f0c3e4a5b8f6b2d1f0c3e4a5b","tid":118906512037719,"users":["0x72d73fea74d7ff40c3e5a70e17f5b1aa47dedaa1","0x57dd78cd36e76e2011e8f6dc25cabbaba994494b"]}]}`)

// Both ways of reading trades say the same.
func FuzzTrades(f *testing.F) {
	for _, data := range []string{`[{"coin":"BTC","side":"B","px":"80639.0","sz":"0.00186","time":5,"hash":"0x8","tid":6,"users":["a","b"]}]`,
		`[{"coin":"BTC","side":"A","px":"80639","sz":"0","time":5,"tid":6},{"coin":"BTC","side":"B","px":"1","sz":"2","time":5,"tid":7}]`, `[]`} {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		quick := ofBTC()
		if !quick.strictTrades(data) {
			return
		}
		var fast, slow []string
		note := func(to *[]string) func(*exchange.Event, int64) {
			return func(ev *exchange.Event, order int64) { *to = append(*to, fmt.Sprintf("%+v %d", *ev, order)) }
		}
		used := quick.tellTrades(note(&fast))
		err := ofBTC().looseTrades(data, note(&slow))
		if used != (err == nil) || fmt.Sprint(fast) != fmt.Sprint(slow) {
			t.Errorf("%s\nin one pass, and however it is written\n%s %v", fast, slow, err)
		}
	})
}

var (
	touchFrame   = []byte(`{"channel":"bbo","data":{"coin":"BTC","time":1788490065008,"bbo":[{"px":"80639.0","sz":"0.00186","n":2},{"px":"80640.0","sz":"13.74589","n":46}]}}`)
	contextFrame = []byte(`{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"funding":"0.0000125","openInterest":"23456.78901","prevDayPx":"80100.0","dayNtlVlm":"2345678901.12","premium":"0.00012","oraclePx":"80640.5","markPx":"80641.0","midPx":"80641.5","impactPxs":["80641.0","80642.0"],"dayBaseVlm":"29123.4"}}}`)
)

// Whatever comes, with a space between its tokens it says the same: then it is read the other way.
func FuzzSmallMessages(f *testing.F) {
	for _, data := range []string{`{"coin":"BTC","time":5,"bbo":[{"px":"80639.0","sz":"0.00186","n":2},{"px":"80640","sz":"1","n":46}]}`, `{"coin":"BTC","time":5,"bbo":[null,{"px":"80640","sz":"1","n":46}]}`,
		`{"coin":"BTC","ctx":{"funding":"-0.0000125","openInterest":"1.5","oraclePx":"80640.5","markPx":"80641.0"}}`, `{"ctx":{"funding":"0.1","markPx":"1"},"coin":"BTC"}`} {
		f.Add("bbo", data)
		f.Add("activeAssetCtx", data)
	}
	f.Fuzz(func(t *testing.T, channel, data string) {
		if channel != "bbo" && channel != "activeAssetCtx" {
			return
		}
		quick, _ := all(ofBTC(), `{"channel":"`+channel+`","data":`+data+`}`)
		if len(quick) == 0 {
			return
		}
		loose, err := all(ofBTC(), `{"channel":"`+channel+`","data": `+data+`}`)
		if err != nil || fmt.Sprint(quick) != fmt.Sprint(loose) {
			t.Errorf("%+v\nin one pass, and however it is written\n%+v %v", quick, loose, err)
		}
	})
}

func TestSmallMessagesDoNotAllocate(t *testing.T) {
	for name, frame := range map[string][]byte{"trades": tradesFrame, "touch": touchFrame, "context": contextFrame} {
		d, n := ofBTC(), 0
		d.Trades = nil // all are new
		yield := func(*exchange.Event, int64) { n++ }
		if a := testing.AllocsPerRun(100, func() {
			if err := d.Decode(frame, yield); err != nil {
				t.Fatal(err)
			}
		}); a != 0 || n == 0 {
			t.Errorf("%s: %v allocations, %d events", name, a, n)
		}
	}
}

// BenchmarkSmall is what a message costs, beside encoding/json with decimals.
func BenchmarkSmall(b *testing.B) {
	var trades struct {
		Channel string
		Data    []struct {
			Coin, Side, Hash string
			Px, Sz           decimal.Decimal
			Time, Tid        int64
			Users            []string
		}
	}
	var touch struct {
		Channel string
		Data    struct {
			Coin string
			Time int64
			Bbo  []struct{ Px, Sz decimal.Decimal }
		}
	}
	var context struct {
		Channel string
		Data    struct {
			Coin string
			Ctx  struct{ Funding, OpenInterest, OraclePx, MarkPx decimal.Decimal }
		}
	}
	for _, x := range []struct {
		name  string
		frame []byte
		plain any
	}{{"trade", tradesFrame, &trades}, {"touch", touchFrame, &touch}, {"context", contextFrame, &context}} {
		b.Run(x.name, func(b *testing.B) {
			d := ofBTC()
			d.Trades = nil
			b.ReportAllocs()
			for b.Loop() {
				if err := d.Decode(x.frame, func(*exchange.Event, int64) {}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(x.name+" by encoding/json", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := json.Unmarshal(x.frame, x.plain); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
