package payload_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit/payload"
)

// changes are different changes of a book of about 100 levels.
func changes(count int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	side := func(sign int) string {
		var levels []string
		for range 45 + r.IntN(12) {
			tick, word, lot := 85000+sign*r.IntN(4000), "delete", 0
			if r.IntN(3) > 0 {
				word, lot = "change", 1+r.IntN(1<<(1+r.IntN(14)))
			}
			levels = append(levels, fmt.Sprintf(`["%s",%d.%d,%d.0]`, word, tick/2, tick%2*5, 10*lot))
		}
		return strings.Join(levels, ",")
	}
	out := make([][]byte, count)
	for i := range out {
		out[i] = fmt.Appendf(nil, `{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.100ms","data":{"type":"change","timestamp":%d,"prev_change_id":%d,"instrument_name":"BTC-PERPETUAL","change_id":%d,"bids":[%s],"asks":[%s]}}}`,
			1764403200000+i, 33195892239+i, 33195892240+i, side(-1), side(1))
	}
	return out
}

func bench(b *testing.B, frames [][]byte, decode func(frame []byte) error) {
	b.Helper()
	size := 0
	for _, f := range frames {
		if err := decode(f); err != nil {
			b.Fatal(err)
		}
		size += len(f)
	}
	b.SetBytes(int64(size / len(frames)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := decode(frames[i%len(frames)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkBook(b *testing.B) {
	d := payload.New(resolve)
	yield := func(*exchange.Event, int64) {}
	bench(b, changes(64), func(f []byte) error { return d.Decode(f, yield) })
}

// BenchmarkBookPlain is what a program over encoding/json and decimals does.
func BenchmarkBookPlain(b *testing.B) {
	bench(b, changes(64), func(frame []byte) error {
		var m struct {
			Params struct {
				Channel string `json:"channel"`
				Data    struct {
					Type     string               `json:"type"`
					Time     int64                `json:"timestamp"`
					Previous int64                `json:"prev_change_id"`
					ID       int64                `json:"change_id"`
					Bids     [][3]json.RawMessage `json:"bids"`
					Asks     [][3]json.RawMessage `json:"asks"`
				} `json:"data"`
			} `json:"params"`
		}
		if err := json.Unmarshal(frame, &m); err != nil {
			return err
		}
		for _, side := range [][][3]json.RawMessage{m.Params.Data.Bids, m.Params.Data.Asks} {
			for _, l := range side {
				_, err := decimal.NewFromString(string(l[1]))
				_, bad := decimal.NewFromString(string(l[2]))
				if err = errors.Join(err, bad); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func TestDecodingDoesNotAllocate(t *testing.T) {
	frames := changes(4)
	frames = append(frames, []byte(frame("trades.BTC-PERPETUAL.100ms", `[{"timestamp":1764403200000,"price":42500.5,"amount":10.0,"direction":"sell","trade_seq":59,"trade_id":"1"}]`)),
		[]byte(frame("ticker.BTC-PERPETUAL.100ms", `{"timestamp":1764403200000,"best_bid_price":42500.0,"best_bid_amount":950.0,"best_ask_price":42500.5,"best_ask_amount":20.0,"mark_price":42500.27,"index_price":42490.1,"current_funding":0.0001,"open_interest":1132329370.0}`)))
	d := payload.New(resolve)
	yield := func(*exchange.Event, int64) {}
	for _, f := range frames {
		if n := testing.AllocsPerRun(100, func() {
			if err := d.Decode(f, yield); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%.60s: %g allocations", f, n)
		}
	}
}

// Whatever comes, with a space before its data it says the same: then it is read the other way.
func FuzzBothWays(f *testing.F) {
	for _, data := range []string{`[{"timestamp":1,"price":1.0,"amount":10,"direction":"buy","trade_seq":1,"liquidation":"MT","trade_id":"x"},{"timestamp":1,"price":1.5,"amount":10,"direction":"sell","trade_seq":2,"block_trade_id":"b"}]`,
		`{"timestamp":1,"mark_price":1e5,"best_bid_price":null}`, `{"timestamp":7,"stats":{"low":1,"x":[null]},"mark_price":10.5,"best_bid_price":1.0,"best_ask_price":1.5,"best_bid_amount":10,"best_ask_amount":20,"current_funding":-1.5e-5,"open_interest":5}`} {
		f.Add(true, data)
		f.Add(false, data)
	}
	f.Fuzz(func(t *testing.T, trades bool, data string) {
		channel := "ticker.BTC-PERPETUAL.raw"
		if trades {
			channel = "trades.BTC-PERPETUAL.raw"
		}
		strict, err := told(frame(channel, data))
		loose, bad := told(frame(channel, " "+data))
		if (err == nil) != (bad == nil) || err == nil && fmt.Sprint(strict) != fmt.Sprint(loose) {
			t.Errorf("%s %v in one pass, %s %v however it is written", strict, err, loose, bad)
		}
	})
}

// Whatever comes, what is accepted is JSON, and books hold prices and amounts that a book
// takes.
func FuzzDecode(f *testing.F) {
	for _, frame := range changes(2) {
		f.Add(frame[:400])
	}
	for _, data := range []string{`{"type":"snapshot","change_id":1,"bids":[["new",1.5,10]]}`, `[{"timestamp":1,"price":1.0,"amount":10,"direction":"buy","trade_seq":1}]`,
		`{"timestamp":1,"mark_price":1e5,"best_bid_price":null}`} {
		for _, channel := range []string{"book.BTC-PERPETUAL.raw", "trades.BTC-PERPETUAL.raw", "ticker.BTC-PERPETUAL.raw"} {
			f.Add([]byte(frame(channel, data)))
		}
	}
	d := payload.New(resolve)
	f.Fuzz(func(t *testing.T, frame []byte) {
		err := d.Decode(frame, func(ev *exchange.Event, _ int64) {
			for _, l := range append(ev.Bids[:len(ev.Bids):len(ev.Bids)], ev.Asks...) {
				if l.Price <= 0 || l.Qty < 0 {
					t.Errorf("%q: level %+v", frame, l)
				}
			}
			if ev.Kind == exchange.KindTrade && (ev.Price <= 0 || ev.Qty <= 0 || ev.Side == 0 || ev.ID <= 0) {
				t.Errorf("%q: trade %+v", frame, ev)
			}
		})
		if err == nil && !json.Valid(frame) {
			t.Errorf("accepted %q", frame)
		}
	})
}
