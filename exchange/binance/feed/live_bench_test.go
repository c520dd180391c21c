package feed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/rules"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/connect/live"
	"github.com/perilune/perilune/exchange/wire"
)

// benchSymbols is how many books one process should keep.
const benchSymbols = 1000

// benchMarket is a market of contracts whose connections are never made, what takes the
// frames of the one with the books, and a frame of 20 levels for each that always links.
func benchMarket(b *testing.B, sink connect.Sink) (*Market, wire.Handler, []func(n int64) []byte) {
	b.Helper()
	var open func(conn uint64) wire.Handler
	v := newVenue(Options{Data: connect.Books, Endpoints: api.Production(), PerConn: benchSymbols, Wire: func(o *wire.Options) {
		open = o.Open
		o.Dial = func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("a benchmark is not connected")
		}
	}})
	var chosen connect.Listings
	for i := range benchSymbols {
		in, _ := rules.Known(api.USDM, "BTCUSDT")
		in.Symbol = fmt.Sprintf("C%dUSDT", i)
		chosen = append(chosen, connect.Listing{Instrument: &in, Trading: true})
	}
	m, err := live.Open(live.Options{Listings: chosen, Data: connect.DataOptions{Data: connect.Books}, Routes: []live.Route{v.route(&routes[1])},
		Now: func() exchange.Time { return 1 },
		Ask: live.Questions{Snapshot: func(_ context.Context, in *exchange.Instrument, _ bool) (exchange.Event, []byte, error) {
			return exchange.Event{Kind: exchange.KindSnapshot, Instrument: in.ID, PrevID: -1, LastID: 1,
				Bids: []exchange.Level{{Price: 600000, Qty: 1}}, Asks: []exchange.Level{{Price: 600100, Qty: 1}}}, nil, nil
		}}}, sink)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { m.Close() })
	h := open(1)
	var frames []func(n int64) []byte
	for _, in := range m.Universe().All() {
		frames = append(frames, frameMaker(in.Symbol))
		if err := h.Frame(frames[in.ID](1)); err != nil {
			b.Fatal(err)
		}
	}
	for m.Health().Live < benchSymbols {
		time.Sleep(time.Millisecond)
	}
	return m, h, frames
}

func frameMaker(symbol string) func(n int64) []byte {
	var bids, asks []string
	for i := range 10 {
		bids = append(bids, fmt.Sprintf(`["%d.%d","1.25%d"]`, 60000-i, i, i))
		asks = append(asks, fmt.Sprintf(`["%d.%d","0.75%d"]`, 60010+i, i, i))
	}
	tail := fmt.Sprintf(`,"b":[%s],"a":[%s],"st":1}}`, strings.Join(bids, ","), strings.Join(asks, ","))
	head := fmt.Sprintf(`{"stream":"%s@depth@100ms","data":{"e":"depthUpdate","E":1700000000000,"T":1700000000000,"s":"%s","U":`, lower(symbol), symbol)
	var buf []byte
	return func(n int64) []byte {
		buf = append(buf[:0], head...)
		buf = fmt.Appendf(buf, `%d,"u":%d,"pu":%d`, n, n, n-1)
		buf = append(buf, tail...)
		return buf
	}
}

// keeper is a sink that applies what it gets, as the loop does.
type keeper struct {
	mu      sync.Mutex
	books   []*book.Book
	recycle func(*exchange.Event)
}

func (k *keeper) Post(ev *exchange.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.books) <= int(ev.Instrument) {
		in, _ := rules.Known(api.USDM, "BTCUSDT")
		k.books = append(k.books, book.New(&in))
	}
	k.books[ev.Instrument].Apply(ev)
	if k.recycle != nil {
		k.recycle(ev)
	}
}

// BenchmarkThousandBooks is what a diff costs from frame to applied, over 1,000
// books: 10,000 ns/op would be a tenth of a core at 10 updates a second each.
func BenchmarkThousandBooks(b *testing.B) {
	for _, recycled := range []bool{true, false} {
		b.Run(fmt.Sprintf("recycled=%t", recycled), func(b *testing.B) {
			k := &keeper{}
			m, h, frames := benchMarket(b, k)
			if recycled {
				k.recycle = m.Recycle
			}
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				if err := h.Frame(frames[n%benchSymbols](2 + int64(n/benchSymbols))); err != nil {
					b.Fatal(err)
				}
			}
			if m.Health().Live != benchSymbols {
				b.Fatal("a book is not live: the benchmark measures something else")
			}
		})
	}
	b.Run("encoding/json", func(b *testing.B) {
		k := &keeper{}
		m, _, frames := benchMarket(b, k)
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			straightforward(b, m, k, frames[n%benchSymbols](2+int64(n/benchSymbols)))
		}
	})
}

// straightforward decodes as most clients do.
func straightforward(b *testing.B, m *Market, k *keeper, frame []byte) {
	var msg struct {
		Data struct {
			Symbol string               `json:"s"`
			First  int64                `json:"U"`
			Last   int64                `json:"u"`
			Prev   int64                `json:"pu"`
			Bids   [][2]decimal.Decimal `json:"b"`
			Asks   [][2]decimal.Decimal `json:"a"`
		} `json:"data"`
	}
	if err := json.Unmarshal(frame, &msg); err != nil {
		b.Fatal(err)
	}
	d := &msg.Data
	in, _ := m.Universe().Find(api.USDM.Venue(), d.Symbol)
	ev := &exchange.Event{Kind: exchange.KindDiff, Instrument: in.ID, FirstID: d.First, LastID: d.Last, PrevID: d.Prev}
	for _, l := range d.Bids {
		ev.Bids = append(ev.Bids, exchange.Level{Price: exchange.Ticks(in.Tick.Floor(l[0])), Qty: exchange.Lots(in.Lot.Floor(l[1]))})
	}
	for _, l := range d.Asks {
		ev.Asks = append(ev.Asks, exchange.Level{Price: exchange.Ticks(in.Tick.Floor(l[0])), Qty: exchange.Lots(in.Lot.Floor(l[1]))})
	}
	k.Post(ev)
}
