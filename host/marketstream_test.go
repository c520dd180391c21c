package host

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/record"
)

// tardisSymbols are symbols of every venue that there is, as Tardis calls them, and what a
// trade of 2 at 50,000 is worth in what it is quoted in.
var tardisSymbols = []struct{ exchange, symbol, key, worth string }{
	{"binance", "BTCUSDT", "binance.spot:BTCUSDT", "100000"},
	{"binance-futures", "BTCUSDT", "binance.usdm:BTCUSDT", "100000"},
	{"binance-delivery", "BTCUSD_PERP", "binance.coinm:BTCUSD_PERP", "200"},
	{"bybit", "BTCUSDT", "bybit.linear:BTCUSDT", "100000"},
	{"bybit", "BTCUSD", "bybit.inverse:BTCUSD", "2"},
	{"bybit-spot", "BTCUSDT", "bybit.spot:BTCUSDT", "100000"},
	{"okex", "BTC-USDT", "okx.spot:BTC-USDT", "100000"},
	{"okex-swap", "BTC-USDT-SWAP", "okx.swap:BTC-USDT-SWAP", "1000"},
	{"okex-swap", "BTC-USD-SWAP", "okx.swap:BTC-USD-SWAP", "200"},
	{"deribit", "BTC-PERPETUAL", "deribit.inverse:BTC-PERPETUAL", "2"},
	{"hyperliquid", "BTC", "hyperliquid.perp:BTC", "100000"},
	{"kraken", "XBT/USD", "binance.spot:XBT/USD", "100000"},
	{"bitmex", "XBTUSD", "binance.coinm:XBTUSD", "2"},
}

func tardisTrade(venue, symbol string, at time.Time, rest string) string {
	text := at.UTC().Format("2006-01-02T15:04:05.000Z")
	return fmt.Sprintf(`{%s,"symbol":%q,"exchange":%q,"timestamp":%q,"localTimestamp":%q}`, rest, symbol, venue, text, text)
}

type noMore struct{}

func (noMore) Next() ([]byte, error) { return nil, fmt.Errorf("nothing was to be asked for") }
func (noMore) Close() error          { return nil }

// TestStreamsAreValuedAsTheirVenuesCount: a contract is worth what the venue says, in the
// stream as in Tardis' files.
func TestStreamsAreValuedAsTheirVenuesCount(t *testing.T) {
	at := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	for i := range tardisSymbols {
		s := &tardisSymbols[i]
		line := tardisTrade(s.exchange, s.symbol, at, `"type":"trade","id":"1","price":50000,"amount":2,"side":"sell"`)
		stream, err := Recordings().OpenStream(&record.Stream{Name: "ws://h", Head: [][]byte{[]byte(line)}, Rest: noMore{}}, record.Options{})
		if err != nil {
			t.Errorf("%s: %v", s.key, err)
			continue
		}
		row := fmt.Sprintf("exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n%s,%s,%d,%[3]d,1,sell,50000,2\n", s.exchange, s.symbol, at.UnixMicro())
		path := filepath.Join(t.TempDir(), "trades.csv")
		if err := os.WriteFile(path, []byte(row), 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := Recordings().Open([]string{path}, record.Options{})
		if err != nil {
			t.Errorf("%s: %v", s.key, err)
			continue
		}
		for what, rec := range map[string]*record.Recording{"stream": stream, "file": file} {
			var ev exchange.Event
			if err := rec.Next(&ev); err != nil || ev.Kind != exchange.KindTrade {
				t.Errorf("%s of %s: %s, %v", what, s.key, ev.Kind, err)
				continue
			}
			in := rec.Universe().Get(ev.Instrument)
			if got := in.Notional(ev.Price, ev.Qty); in.FullKey() != s.key || got.String() != s.worth {
				t.Errorf("%s: %s, worth %s; want %s, %s", what, in.FullKey(), got, s.key, s.worth)
			}
			_ = rec.Close()
		}
	}
}

// TestStreamIsAMarket runs a session on a replay and its journal after it.
func TestStreamIsAMarket(t *testing.T) {
	begin := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	machine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for n := range 200 {
			at, price := begin.Add(time.Duration(n)*time.Second), 50000+n%7
			fmt.Fprintln(w, tardisTrade("deribit", "BTC-PERPETUAL", at, fmt.Sprintf(`"type":"book_change","isSnapshot":%t,"bids":[{"price":49999,"amount":%d}],"asks":[{"price":50010,"amount":500}]`, n%100 == 0, 100+10*(n%5))))
			fmt.Fprintln(w, tardisTrade("deribit", "BTC-PERPETUAL", at, fmt.Sprintf(`"type":"trade","id":"%d","price":%d,"amount":20,"side":"buy"`, n, price)))
			if n == 90 {
				fmt.Fprintf(w, `{"type":"disconnect","exchange":"deribit","localTimestamp":%q}`+"\n", at.Format(time.RFC3339))
			}
		}
	}))
	defer machine.Close()
	dir := t.TempDir()
	script := filepath.Join(dir, "s.lua")
	text := `local M = { name = "counts", universe = { "deribit.inverse:BTC-PERPETUAL" } }
local trades = 0
function M.on_trade() trades = trades + 1 end
function M.on_stop() log.info("trades " .. trades) end
return M
`
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	options := `{"exchange":"deribit","symbols":["BTC-PERPETUAL"],"from":"2026-10-01","to":"2026-10-02","dataTypes":["trade","book_change"]}`
	market := machine.URL + "/replay-normalized?options=" + url.QueryEscape(options)
	var said []string
	o := &Options{Scripts: []string{script}, Market: []string{market}, DB: filepath.Join(dir, "l.db"),
		Log: func(l Line) { said = append(said, l.Text) }}
	sum, err := Run(t.Context(), o)
	if err != nil || sum.Errors > 0 || sum.Gaps != 1 || !strings.Contains(strings.Join(said, "\n"), "trades 200") {
		t.Fatalf("%v, %+v, %q", err, sum, said)
	}
	machine.Close()
	if r, err := Replay(t.Context(), sum.Journal); err != nil || r.Diff != nil || r.Effects != sum.Effects {
		t.Errorf("replay: %+v %v", r, err)
	}
	for _, c := range []struct {
		markets []string
		want    string
	}{
		{[]string{market, "synth"}, "a stream can't be merged with another market"},
		{[]string{machine.URL + "/replay?options={}"}, "want the normalised /replay-normalized"},
		{[]string{market}, "does tardis-machine run there?"},
	} {
		_, err := Run(t.Context(), &Options{Scripts: []string{script}, Market: c.markets, DB: filepath.Join(dir, "other.db")})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.markets, err, c.want)
		}
	}
}
