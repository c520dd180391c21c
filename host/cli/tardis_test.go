package cli

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
)

// tardisDay is free of charge at Tardis: the first of a month.
var tardisDay = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

// tardisID is a contract as Tardis has it.
type tardisID struct {
	exchange, symbol, key string
	unit                  string // of the venue's count
	ours                  string // what of ours that is
	usd                   string // what one of ours is worth in USD; "": it is a coin
	fee                   string // in bp
	perp                  bool
}

// tardisIDs are the exchanges that Tardis has of the venues here, with contracts of each of
// their kinds. At the best ask of 50,001 stand 30 of unit, in the venue's own count, and at
// 50,002 more than enough. The session buys 50 of ours, and so takes 30 of them first.
var tardisIDs = []tardisID{
	{"binance", "BTCUSDT", "binance.spot:BTCUSDT", "0.01", "0.01", "", "10", false},
	{"binance-futures", "BTCUSDT", "binance.usdm:BTCUSDT", "0.01", "0.01", "", "5", true},
	{"binance-futures", "BTCUSDT_261225", "binance.usdm:BTCUSDT_261225", "0.01", "0.01", "", "5", false},
	{"binance-delivery", "BTCUSD_PERP", "binance.coinm:BTCUSD_PERP", "1", "1", "100", "5", true},
	{"binance-delivery", "BTCUSD_261225", "binance.coinm:BTCUSD_261225", "1", "1", "100", "5", false},
	{"bybit", "BTCUSDT", "bybit.linear:BTCUSDT", "0.01", "0.01", "", "5.5", true},
	{"bybit", "BTCUSD", "bybit.inverse:BTCUSD", "100", "100", "1", "5.5", true},
	{"bybit", "BTCUSDZ26", "bybit.inverse:BTCUSDZ26", "100", "100", "1", "5.5", false},
	{"bybit-spot", "BTCUSDT", "bybit.spot:BTCUSDT", "0.01", "0.01", "", "10", false},
	{"okex", "BTC-USDT", "okx.spot:BTC-USDT", "0.01", "0.01", "", "10", false},
	{"okex-swap", "BTC-USDT-SWAP", "okx.swap:BTC-USDT-SWAP", "1", "0.01", "", "5", true},
	{"okex-swap", "BTC-USD-SWAP", "okx.swap:BTC-USD-SWAP", "1", "1", "100", "5", true},
	{"okex-futures", "BTC-USDT-261225", "okx.futures:BTC-USDT-261225", "1", "0.01", "", "5", false},
	{"okex-futures", "BTC-USD-261225", "okx.futures:BTC-USD-261225", "1", "1", "100", "5", false},
	{"deribit", "BTC-PERPETUAL", "deribit.inverse:BTC-PERPETUAL", "10", "10", "1", "5", true},
	{"deribit", "BTC-25DEC26", "deribit.inverse:BTC-25DEC26", "10", "10", "1", "5", false},
	{"deribit", "BTC_USDC-PERPETUAL", "deribit.linear:BTC_USDC-PERPETUAL", "0.01", "0.01", "", "5", true},
	{"hyperliquid", "BTC", "hyperliquid.perp:BTC", "0.01", "0.01", "", "4.5", true},
}

// tardisStore serves files as Tardis does. A file is busy or breaks off once where its path
// says so in moods.
type tardisStore struct {
	mu     sync.Mutex
	files  map[string][]byte
	moods  map[string]string // by path: busy, cut or damaged
	ranges map[string]string // that were asked for
}

func (s *tardisStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, ok := s.files[r.URL.Path]
	mood := s.moods[r.URL.Path]
	delete(s.moods, r.URL.Path)
	if asked := r.Header.Get("Range"); asked != "" {
		s.ranges[r.URL.Path] = asked
	}
	switch {
	case !strings.Contains(r.URL.Path, "/01/"):
		http.Error(w, `{"code":100,"message":"API key is missing."}`, http.StatusUnauthorized)
	case !ok:
		http.NotFound(w, r)
	case mood == "busy":
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case mood == "cut":
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case mood == "damaged":
		bad := bytes.Clone(body)
		bad[len(bad)-6] ^= 1 // of the sum at the end
		_, _ = w.Write(bad)
	default:
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}
}

// tardisSets are the data sets of an exchange's symbol on the day, as its mapper writes them.
// Hyperliquid sends whole books alone, and neither it nor Deribit says when funding is paid.
func tardisSets(exchange, symbol, unit string, perp bool) map[string]string {
	count := func(n int64) string { return decimal.RequireFromString(unit).Mul(decimal.NewFromInt(n)).String() }
	row := func(at time.Duration, rest ...string) string {
		t := tardisDay.Add(at).UnixMicro()
		return fmt.Sprintf("%s,%s,%d,%d,%s\n", exchange, symbol, t, t+900, strings.Join(rest, ","))
	}
	book := func(at time.Duration, whole bool, ask int64) (text string) {
		if whole {
			text = row(at, "true", "ask", "50002", count(500)) + row(at, "true", "bid", "50000", count(70)) + row(at, "true", "bid", "49999.5", count(500))
		}
		return fmt.Sprint(row(at, fmt.Sprint(whole), "ask", "50001", count(ask)), text)
	}
	whole := exchange == "hyperliquid"
	sets := map[string]string{
		"incremental_book_L2": "is_snapshot,side,price,amount\n" + row(0, "true", "ask", "50000.5", count(40)) + book(0, true, 10) +
			map[bool]string{false: row(time.Minute, "false", "ask", "50000.5", "0")}[whole] + book(time.Minute, whole, 30) + book(8*time.Hour+time.Minute, whole, 20),
		"trades":      "id,side,price,amount\n" + row(61*time.Second, "7", "buy", "50001", count(12)),
		"book_ticker": "ask_amount,ask_price,bid_price,bid_amount\n" + row(60*time.Second, count(30), "50001", "50000", count(70)),
	}
	if perp {
		sets["liquidations"] = "id,side,price,amount\n" + row(3*time.Minute, "9", "sell", "49990", count(4))
		text := "funding_timestamp,funding_rate,predicted_funding_rate,open_interest,last_price,index_price,mark_price\n"
		for at := time.Second; at < 9*time.Hour; at += 15 * time.Minute {
			due := fmt.Sprint(tardisDay.Add(at.Truncate(8*time.Hour) + 8*time.Hour).UnixMicro())
			if whole || exchange == "deribit" {
				due = ""
			}
			text += row(at, due, "0.0002", "", count(9000), "50000.5", "50000", "50000")
		}
		sets["derivative_ticker"] = text
	}
	for kind, text := range sets {
		sets[kind] = "exchange,symbol,timestamp,local_timestamp," + text
	}
	return sets
}

func gzipped(text string) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.Bytes()
}

// buysOnce buys fifty of what it says as soon as it has heard a trade, and tells what it hears.
const buysOnce = `
local M = { name = "once", params = { unit = { default = 1, doc = "a fiftieth of the order" } }, universe = { "*:*" } }
function M.on_trade(t)
  log.info("trade of " .. t.qty / params.unit)
  order.buy(t.symbol, 50 * params.unit, 50010, { tif = "ioc" })
end
function M.on_liquidation(l) log.info("liquidation " .. l.side .. " of " .. l.qty / params.unit) end
return M
`

func buysOnceAt(t *testing.T) string {
	t.Helper()
	script := filepath.Join(t.TempDir(), "once.lua")
	if err := os.WriteFile(script, []byte(buysOnce), 0o600); err != nil {
		t.Fatal(err)
	}
	return script
}

// TestTardisFromDownloadToFills fetches what Tardis has of every exchange and trades on it: a
// contract is worth what the venue says in every amount that is printed.
func TestTardisFromDownloadToFills(t *testing.T) {
	s := &tardisStore{files: map[string][]byte{}, moods: map[string]string{}, ranges: map[string]string{}}
	moods := []string{"busy", "cut", "damaged"}
	for i, x := range tardisIDs {
		for kind, text := range tardisSets(x.exchange, x.symbol, x.unit, x.perp) {
			path := "/v1/" + x.exchange + "/" + kind + "/2026/10/01/" + x.symbol + ".csv.gz"
			s.files[path] = gzipped(text)
			if kind == "trades" && i < len(moods) {
				s.moods[path] = moods[i]
			}
		}
	}
	srv := httptest.NewServer(s)
	defer srv.Close()
	script := buysOnceAt(t)
	for i := range tardisIDs {
		x := &tardisIDs[i]
		t.Run(x.exchange+" "+x.symbol, func(t *testing.T) {
			dir, kinds := t.TempDir(), []string{"incremental_book_L2", "trades", "book_ticker"}
			if x.perp {
				kinds = append(kinds, "derivative_ticker", "liquidations")
			}
			download := []string{"data", "download", "--source", "tardis", "--market", x.exchange, "--symbols", x.symbol, "--kinds", strings.Join(kinds, ","),
				"--from", "2026-10-01", "--to", "2026-10-02", "--url", srv.URL, "--out", dir}
			if code, out, errs := runLine(download...); code != ExitOK || !strings.Contains(out, fmt.Sprint(len(kinds), " fetched")) {
				t.Fatalf("exit %d\n%s%s", code, out, errs)
			}
			if code, out, errs := runLine(download...); code != ExitOK || !strings.Contains(out, fmt.Sprint(len(kinds), " there already")) {
				t.Fatalf("again: exit %d\n%s%s", code, out, errs)
			}
			x.trades(t, script, x.perp, filepath.Join(dir, x.exchange))
		})
	}
	for i, x := range tardisIDs[:len(moods)] {
		path := "/v1/" + x.exchange + "/trades/2026/10/01/" + x.symbol + ".csv.gz"
		if want := fmt.Sprintf("bytes=%d-", len(s.files[path])/2); (s.ranges[path] == want) != (moods[i] == "cut") || s.moods[path] != "" {
			t.Errorf("%s, %s: asked for %q, want %q after the cut alone", path, moods[i], s.ranges[path], want)
		}
	}
}

// trades runs a session on a market and looks at what it prints. With liquidated one is told.
func (x *tardisID) trades(t *testing.T, script string, liquidated bool, market string) {
	t.Helper()
	house, symbol, _ := strings.Cut(x.key, ".")
	db := filepath.Join(t.TempDir(), "l.db")
	args := []string{"run", script, "--db", db, "--journal", "off", "--json", "--latency", "0", "--set", "unit=" + x.ours}
	wallet := map[string]string{"binance": "coinm", "bybit": "unified", "okx": "trading"}[house]
	if x.usd != "" && wallet != "" {
		args = append(args, "--balance", house+"."+wallet+":BTC=1")
	}
	code, out, errs := runLine(append(args, "--market", market)...)
	var sum struct{ Funding decimal.Decimal }
	if err := json.Unmarshal([]byte(out), &sum); err != nil || code != ExitOK || !strings.Contains(errs, "trade of 12\n") || liquidated != strings.Contains(errs, "liquidation sell of 4\n") {
		t.Fatalf("exit %d, %v\n%s%s", code, err, out, errs)
	}
	if want := x.funding(); !sum.Funding.Equal(want) {
		t.Errorf("funding %s, want %s", sum.Funding, want)
	}
	var list struct {
		Fills []struct {
			Symbol          string
			Price, Qty, Fee decimal.Decimal
			Asset           string `json:"fee_asset"`
		}
	}
	code, out, errs = runLine("fills", "--db", db, "--json")
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != ExitOK || len(list.Fills) != 2 {
		t.Fatalf("fills: exit %d, %v\n%s%s", code, err, out, errs)
	}
	for n, f := range list.Fills {
		price, qty := decimal.NewFromInt(int64(50001+n)), x.count([]int64{30, 20}[n])
		if fee, asset := x.charge(price, qty); f.Symbol != symbol || !f.Price.Equal(price) || !f.Qty.Equal(qty) || !f.Fee.Equal(fee) || f.Asset != asset {
			t.Errorf("filled %+v, want %s at %s and a fee of %s %s", f, qty, price, fee, asset)
		}
	}
}

// count is a number of ours.
func (x *tardisID) count(n int64) decimal.Decimal {
	return decimal.RequireFromString(x.ours).Mul(decimal.NewFromInt(n))
}

// charge is the fee of a fill by hand.
func (x *tardisID) charge(price, qty decimal.Decimal) (fee decimal.Decimal, asset string) {
	rate := decimal.RequireFromString(x.fee).Shift(-4)
	switch {
	case x.usd != "":
		return qty.Mul(decimal.RequireFromString(x.usd)).Mul(rate).DivRound(price, 8), "BTC"
	case strings.Contains(x.key, ".spot:"):
		return qty.Mul(rate), "BTC"
	case strings.Contains(x.key, "USDC") || strings.HasPrefix(x.key, "hyperliquid"):
		return qty.Mul(price).Mul(rate), "USDC"
	}
	return qty.Mul(price).Mul(rate), "USDT"
}

// funding is what fifty held over eight hours pay at a rate of 0.0002 and a mark of 50,000, in
// USD: once, at Hyperliquid every hour.
func (x *tardisID) funding() decimal.Decimal {
	worth := x.count(50).Mul(decimal.NewFromInt(50000))
	if x.usd != "" {
		worth = x.count(50).Mul(decimal.RequireFromString(x.usd))
	}
	times := map[bool]int64{false: 1, true: 8}[x.exchange == "hyperliquid"]
	if !x.perp {
		times = 0
	}
	return worth.Mul(decimal.New(-2, -4)).Mul(decimal.NewFromInt(times))
}
