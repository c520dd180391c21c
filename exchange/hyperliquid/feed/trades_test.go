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

func TestTradesDoNotAllocate(t *testing.T) {
	d, n := ofBTC(), 0
	d.Trades = nil // all are new
	yield := func(*exchange.Event, int64) { n++ }
	if a := testing.AllocsPerRun(100, func() {
		if err := d.Decode(tradesFrame, yield); err != nil {
			t.Fatal(err)
		}
	}); a != 0 || n == 0 {
		t.Errorf("%v allocations, %d trades", a, n)
	}
}

func BenchmarkTrades(b *testing.B) {
	b.Run("decoder", func(b *testing.B) {
		d := ofBTC()
		d.Trades = nil
		b.ReportAllocs()
		for b.Loop() {
			if err := d.Decode(tradesFrame, func(*exchange.Event, int64) {}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json with decimals", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var m struct {
				Channel string
				Data    []struct {
					Coin, Side, Hash string
					Px, Sz           decimal.Decimal
					Time, Tid        int64
					Users            []string
				}
			}
			if err := json.Unmarshal(tradesFrame, &m); err != nil {
				b.Fatal(err)
			}
		}
	})
}
