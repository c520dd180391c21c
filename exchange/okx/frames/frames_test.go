package frames

import (
	"os"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
)

func TestInspect(t *testing.T) {
	var prices, sizes []string
	f, ok := Format{}.Inspect([]byte(`{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"snapshot","data":[{"bids":[["83725.8","7.69","0","5"]],"asks":[],"ts":"1","seqId":3,"prevSeqId":-1}]}`))
	if !ok || f.Symbol != "BTC-USDT-SWAP" || f.Venue != "okx.swap" || !f.Sure || !f.Snapshot {
		t.Fatalf("%+v %t", f, ok)
	}
	f.Numbers(func(s string) { prices = append(prices, s) }, func(s string) { sizes = append(sizes, s) })
	if strings.Join(prices, " ") != "83725.8" || strings.Join(sizes, " ") != "7.69" {
		t.Errorf("%v %v", prices, sizes)
	}
	for _, frame := range []string{`{"event":"subscribe","arg":{"channel":"books","instId":"BTC-USDT"}}`, `{"e":"trade","s":"BTCUSDT"}`, `pong`, `{"topic":"orderbook.1.BTCUSDT","data":{}}`} {
		if f, ok := (Format{}).Inspect([]byte(frame)); ok {
			t.Errorf("%s: %+v", frame, f)
		}
	}
}

// Rules where a recording tells none: what a contract is worth is known of the largest.
func TestAssume(t *testing.T) {
	tick, lot := exchange.MustStep("0.1"), exchange.MustStep("0.01")
	for symbol, want := range map[string]string{"BTC-USDT": "okx.spot spot 1 0.01", "BTC-USDT-SWAP": "okx.swap linear 0.01 0.0001", "BTC-USD-SWAP": "okx.swap inverse 100 0.01", "BTC-USD-261225": "okx.futures inverse 100 0.01",
		"DOGE-USDT-SWAP": "okx.swap linear 1 0.01"} {
		v := venueOf(symbol)
		in := Format{}.Assume(v, symbol, tick, lot)
		if got := strings.Join([]string{string(v), in.Contract.String(), in.ContractSize.String(), in.Lot.Decimal(1).String()}, " "); got != want || in.Assumed == "" || (v == "okx.futures") != in.Dated() {
			t.Errorf("%s: %s, want %s", symbol, got, want)
		}
	}
	if _, ok := (Format{}).Known("okx.swap", "BTC-USDT"); ok {
		t.Error("coins among the perpetuals")
	}
	if in, ok := (Format{}).Known("okx.swap", "ETH-USDT-SWAP"); !ok || in.Lot.Decimal(1).String() != "0.001" {
		t.Errorf("%+v %t", in, ok)
	}
}

// Messages as they came in October 2026 are known for what they are.
func TestRecordedFrames(t *testing.T) {
	text, err := os.ReadFile(datatest.Path(t, "samples/venues/captures/okx_2026-10-07_public_frames_trimmed.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		frame := []byte(strings.TrimSpace(line))
		f, ok := Format{}.Inspect(frame)
		if !ok {
			continue
		}
		n++
		if string(Format{}.Symbol(frame)) != f.Symbol || !f.Sure {
			t.Errorf("%s: %+v", line, f)
		}
	}
	if n != 4 { // two of a book, two trades
		t.Errorf("%d frames of instruments, want 4", n)
	}
}

func FuzzInspect(f *testing.F) {
	f.Add([]byte(`{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"px":"1","sz":"2"}]}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		if x, ok := (Format{}).Inspect(frame); ok {
			x.Numbers(func(string) {}, func(string) {})
		}
		_ = Format{}.Symbol(frame)
	})
}
