package frames_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/okx/frames"
	"github.com/perilune/perilune/exchange/record"
)

// A contract of DOGE-USDT-SWAP is 1,000 DOGE: the recording tells, somebody says it, or it is
// refused. It is never taken for one coin.
func TestContractsOfNoKnownSize(t *testing.T) {
	const (
		book = `1759800000000000000 {"arg":{"channel":"books","instId":"DOGE-USDT-SWAP"},"action":"snapshot","data":[{"bids":[["0.2","3","0","1"]],"asks":[["0.21","4","0","1"]],"ts":"1759800000000","seqId":3,"prevSeqId":-1}]}` + "\n"
		row  = `1759800000500000000 {"arg":{"channel":"trades","instId":"DOGE-USDT-SWAP"},"data":[{"instId":"DOGE-USDT-SWAP","tradeId":"7","px":"0.2","sz":"2","side":"buy","ts":"1759800000500","count":"1"}]}` + "\n"
		oi   = `1759800000600000000 {"arg":{"channel":"open-interest","instId":"DOGE-USDT-SWAP"},"data":[{"instType":"SWAP","instId":"DOGE-USDT-SWAP","oi":"2125419","oiCcy":"2125419000","ts":"1759800000600"}]}` + "\n"
		day  = `1759800000700000000 {"arg":{"channel":"tickers","instId":"DOGE-USDT-SWAP"},"data":[{"instType":"SWAP","instId":"DOGE-USDT-SWAP","last":"0.2","lastSz":"1","askPx":"0.21","askSz":"4","bidPx":"0.2","bidSz":"3","open24h":"0.2","high24h":"0.3","low24h":"0.1","volCcy24h":"5000","vol24h":"5","ts":"1759800000700","sodUtc0":"0.2","sodUtc8":"0.2"}]}` + "\n"
	)
	formats := record.Formats{frames.Format{}}
	for _, tt := range []struct {
		name, text string
		said       map[string]string
		want       string // of a contract; or of the refusal
	}{
		{"nobody", book + row, nil, "okx.swap:DOGE-USDT-SWAP: its sizes are in contracts"},
		{"the open interest", book + row + oi, nil, "1000"},
		{"the volume", book + row + day, nil, "1000"},
		{"far behind", book + strings.Repeat(row, 100) + oi, nil, "1000"},
		{"somebody", book + row, map[string]string{"okx.swap:DOGE-USDT-SWAP": "linear:1000"}, "1000"},
		{"somebody wrongly", book + row, map[string]string{"okx.swap:DOGE-USDT-SWAP": "linear"}, "want linear:COINS, how many DOGE one contract is"},
		{"numbers that are not round", strings.Replace(book+row+oi, "2125419000", "2125419001", 1), nil, "its sizes are in contracts"},
	} {
		path := filepath.Join(t.TempDir(), "okx.jsonl")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := formats.Open([]string{path}, record.Options{Contracts: tt.said})
		if err != nil {
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
			}
			continue
		}
		in, ok := r.Universe().Find("okx.swap", "DOGE-USDT-SWAP")
		if !ok || in.ContractSize.String() != tt.want || !strings.Contains(in.Assumed, "contracts of 1000 DOGE") {
			t.Errorf("%s: %+v, want contracts of %s", tt.name, in, tt.want)
			continue
		}
		var ev exchange.Event
		for {
			if err := r.Next(&ev); err != nil {
				t.Fatalf("%s: no trade: %v", tt.name, err)
			}
			if ev.Kind == exchange.KindTrade {
				break
			}
		}
		if worth := in.Notional(ev.Price, ev.Qty); worth.String() != "400" {
			t.Errorf("%s: 2 contracts of 1,000 DOGE at 0.2 are worth %s", tt.name, worth)
		}
	}
}
