package record

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// A symbol of any letters makes one file in the directory it is meant for, and can be read
// back from its name.
func TestFileSymbol(t *testing.T) {
	for symbol, want := range map[string]string{"BTCUSDT": "BTCUSDT", "BTC-USDT-SWAP": "BTC-USDT-SWAP", "PURR/USDC": "PURR%2FUSDC", "@107": "@107",
		"../../x": "..%2F..%2Fx", "A%2FB": "A%252FB", "币安人生USDT": "币安人生USDT", "a b:c\x00": "a%20b%3Ac%00"} {
		got := FileSymbol(symbol)
		if got != want {
			t.Errorf("%q is %q, want %q", symbol, got, want)
		}
		if back, ok := SymbolOfFile(got); !ok || back != symbol {
			t.Errorf("%q comes back as %q, %t", symbol, back, ok)
		}
	}
	for _, name := range []string{"%", "%2", "%zz", "%2f", "%41", "a/b"} {
		if symbol, ok := SymbolOfFile(name); ok {
			t.Errorf("%q is taken for %q", name, symbol)
		}
	}
	dir := t.TempDir()
	w, err := formats.NewRawWriter(dir, exchange.Day)
	if err != nil {
		t.Fatal(err)
	}
	in := exchange.Instrument{Venue: "binance.spot", Symbol: "../PURR/USDC"}
	w.Add(&in, 1, []byte("{}"))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if list, _ := filepath.Glob(filepath.Join(dir, "*")); len(list) != 1 || !strings.Contains(list[0], "spot-..%2FPURR%2FUSDC-") {
		t.Errorf("%q", list)
	}
}

func FuzzFileSymbol(f *testing.F) {
	f.Add("PURR/USDC")
	f.Fuzz(func(t *testing.T, symbol string) {
		name := FileSymbol(symbol)
		if strings.ContainsAny(name, "/\\\x00 ") {
			t.Errorf("%q", name)
		}
		if back, ok := SymbolOfFile(name); !ok || back != symbol {
			t.Errorf("%q comes back as %q, %t", symbol, back, ok)
		}
	})
}
