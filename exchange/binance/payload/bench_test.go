package payload

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// diffs returns different USD-M messages of about 100 levels, so that branch
// prediction cannot learn one of them by heart.
func diffs(count int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([][]byte, count)
	side := func(sign int) string {
		var levels []string
		for range 45 + r.IntN(12) {
			tick, lot := 618000+sign*r.IntN(40000), 0
			if r.IntN(3) > 0 {
				lot = r.IntN(1 << (1 + r.IntN(14)))
			}
			levels = append(levels, fmt.Sprintf(`["%d.%d0","%d.%03d"]`, tick/10, tick%10, lot/1000, lot%1000))
		}
		return strings.Join(levels, ",")
	}
	for i := range out {
		out[i] = fmt.Appendf(nil, `{"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":%d,"T":%d,"s":"BTCUSDT","U":%d,"u":%d,"pu":%d,"b":[%s],"a":[%s]}}`,
			1700000000299+i, 1700000000298+i, 5123107832006+i, 5123107837557+i, 5123107831937+i, side(-1), side(1))
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

// plainMessage is what a program over encoding/json and decimals declares. Both
// cases of a letter must be there, because encoding/json does not tell them
// apart otherwise.
type plainMessage struct {
	Stream string `json:"stream"`
	Data   struct {
		Event     string          `json:"e"`
		EventTime int64           `json:"E"`
		Time      int64           `json:"T"`
		TradeID   int64           `json:"t"`
		Symbol    string          `json:"s"`
		First     int64           `json:"U"`
		Last      int64           `json:"u"`
		Previous  int64           `json:"pu"`
		Bids      json.RawMessage `json:"b"`
		Asks      json.RawMessage `json:"a"`
		BidQty    decimal.Decimal `json:"B"`
		AskQty    decimal.Decimal `json:"A"`
		Price     decimal.Decimal `json:"p"`
		Qty       decimal.Decimal `json:"q"`
		Maker     bool            `json:"m"`
	} `json:"data"`
}

type plainDiff struct {
	Data struct {
		Event     string               `json:"e"`
		EventTime int64                `json:"E"`
		Time      int64                `json:"T"`
		Symbol    string               `json:"s"`
		First     int64                `json:"U"`
		Last      int64                `json:"u"`
		Previous  int64                `json:"pu"`
		Bids      [][2]decimal.Decimal `json:"b"`
		Asks      [][2]decimal.Decimal `json:"a"`
	} `json:"data"`
}

func BenchmarkDepth100(b *testing.B) {
	frames := diffs(512)
	d, in := forBTC(b, api.USDM)
	var ev exchange.Event
	b.Run("strict", func(b *testing.B) {
		bench(b, frames, func(f []byte) error { return d.Decode(f, &ev) })
	})
	b.Run("tolerant", func(b *testing.B) {
		bench(b, frames, func(f []byte) error { return decodeTolerant(d, f, &ev) })
	})
	spaced := make([][]byte, len(frames))
	for i, f := range frames {
		spaced[i] = []byte(strings.NewReplacer(`":`, `": `, `,`, `, `).Replace(string(f)))
	}
	b.Run("tolerant-spaced", func(b *testing.B) {
		bench(b, spaced, func(f []byte) error { return d.Decode(f, &ev) })
	})
	b.Run("encoding-json-decimals", func(b *testing.B) {
		bench(b, frames, func(f []byte) error {
			var m plainDiff
			if err := json.Unmarshal(f, &m); err != nil {
				return err
			}
			ev.Bids, ev.Asks = plainLevels(in, m.Data.Bids), plainLevels(in, m.Data.Asks)
			return nil
		})
	})
}

func plainLevels(in *exchange.Instrument, raw [][2]decimal.Decimal) []exchange.Level {
	out := make([]exchange.Level, 0, len(raw))
	for _, l := range raw {
		out = append(out, exchange.Level{Price: exchange.Ticks(in.Tick.Floor(l[0])), Qty: exchange.Lots(in.Lot.Floor(l[1]))})
	}
	return out
}

func BenchmarkTicker(b *testing.B) {
	benchSmall(b, usdmTicker, func(in *exchange.Instrument, m *plainMessage, ev *exchange.Event) error {
		var bid, ask decimal.Decimal
		if err := json.Unmarshal(m.Data.Bids, &bid); err != nil {
			return err
		}
		if err := json.Unmarshal(m.Data.Asks, &ask); err != nil {
			return err
		}
		ev.Price, ev.Qty = exchange.Ticks(in.Tick.Floor(bid)), exchange.Lots(in.Lot.Floor(m.Data.BidQty))
		ev.Price2, ev.Qty2 = exchange.Ticks(in.Tick.Floor(ask)), exchange.Lots(in.Lot.Floor(m.Data.AskQty))
		return nil
	})
}

func BenchmarkTrade(b *testing.B) {
	benchSmall(b, usdmTrade, func(in *exchange.Instrument, m *plainMessage, ev *exchange.Event) error {
		ev.Price, ev.Qty = exchange.Ticks(in.Tick.Floor(m.Data.Price)), exchange.Lots(in.Lot.Floor(m.Data.Qty))
		return nil
	})
}

func benchSmall(b *testing.B, payload string, plain func(*exchange.Instrument, *plainMessage, *exchange.Event) error) {
	frames := [][]byte{[]byte(`{"stream":"btcusdt@x","data":` + payload + `}`)}
	d, in := forBTC(b, api.USDM)
	var ev exchange.Event
	b.Run("strict", func(b *testing.B) {
		bench(b, frames, func(f []byte) error { return d.Decode(f, &ev) })
	})
	b.Run("tolerant", func(b *testing.B) {
		bench(b, frames, func(f []byte) error { return decodeTolerant(d, f, &ev) })
	})
	b.Run("encoding-json-decimals", func(b *testing.B) {
		bench(b, frames, func(f []byte) error {
			var m plainMessage
			if err := json.Unmarshal(f, &m); err != nil {
				return err
			}
			return plain(in, &m, &ev)
		})
	})
}
