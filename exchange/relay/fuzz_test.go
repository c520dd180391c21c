package relay

import (
	"testing"

	"github.com/perilune/perilune/exchange"
)

// FuzzDecode: whatever comes, the decoder's own book is never deeper than asked for.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"type":"snapshot","bids":[[99.9,"2"],["99.8",1.5]],"asks":[[100.1,3]],"updateId":7}`), []byte(`{"type":"update","b":[["100.0","1"]],"a":[[1,1]],"u":8}`))
	f.Add([]byte(`{"type":"snapshot","bids":[],"asks":[]}`), []byte(`{"type":"update","b":[[0,-1]],"u":-8}`))
	in := &exchange.Instrument{Symbol: "BTCUSDT", Tick: exchange.Step{M: 1, Scale: 1}, Lot: exchange.Step{M: 1, Scale: 1}, Linking: exchange.LinkUnproved}
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d := newDecoder(in, 2)
		for _, frame := range [][]byte{first, second, first} {
			_ = d.Decode(frame, func(*exchange.Event, int64) {})
			if d.book.Depth(exchange.Buy) > 2 || d.book.Depth(exchange.Sell) > 2 {
				t.Fatalf("%d bids, %d asks", d.book.Depth(exchange.Buy), d.book.Depth(exchange.Sell))
			}
			protocol{"btcusdt", 2}.Classify(frame)
		}
	})
}
