package cli

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// tardisFrames are what venues send of the contracts of tardisIDs: a snapshot of a book with 30
// at 50,001, the change after it, a trade of 12, and a mark of 50,000 with a rate of 0.0002.
// MS and NS are the time, NEXT is the settlement that is due, ISO is MS as Binance's REST has it.
var tardisFrames = map[string]struct {
	channels                      string
	snapshot, change, trade, mark string
}{
	"binance.usdm:BTCUSDT": {"depthSnapshot,depth,trade,markPrice",
		`{"stream":"btcusdt@depthSnapshot","generated":true,"data":{"lastUpdateId":100,"E":MS,"T":MS,"bids":[["50000.00","0.700"]],"asks":[["50001.00","0.100"],["50002.00","5.000"]]}}`,
		`{"stream":"btcusdt@depth@0ms","data":{"e":"depthUpdate","E":MS,"T":MS,"s":"BTCUSDT","U":99,"u":102,"pu":98,"b":[],"a":[["50001.00","0.300"]]}}`,
		`{"stream":"btcusdt@trade","data":{"e":"trade","E":MS,"T":MS,"s":"BTCUSDT","t":7,"p":"50001.00","q":"0.120","X":"MARKET","m":false}}`,
		`{"stream":"btcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":MS,"s":"BTCUSDT","p":"50000.00000000","P":"50000.00000000","i":"50000.00000000","r":"0.00020000","T":NEXT}}`},
	"binance.coinm:BTCUSD_PERP": {"depthSnapshot,depth,trade,markPrice",
		`{"stream":"btcusd_perp@depthSnapshot","generated":true,"data":{"lastUpdateId":100,"E":MS,"T":MS,"symbol":"BTCUSD_PERP","pair":"BTCUSD","bids":[["50000.0","70"]],"asks":[["50001.0","10"],["50002.0","500"]]}}`,
		`{"stream":"btcusd_perp@depth@0ms","data":{"e":"depthUpdate","E":MS,"T":MS,"s":"BTCUSD_PERP","ps":"BTCUSD","U":99,"u":102,"pu":98,"b":[],"a":[["50001.0","30"]]}}`,
		`{"stream":"btcusd_perp@trade","data":{"e":"trade","E":MS,"T":MS,"s":"BTCUSD_PERP","t":7,"p":"50001.0","q":"12","X":"MARKET","m":false}}`,
		`{"stream":"btcusd_perp@markPrice@1s","data":{"e":"markPriceUpdate","E":MS,"s":"BTCUSD_PERP","p":"50000.00000000","P":"50000.00000000","i":"50000.00000000","r":"0.00020000","T":NEXT}}`},
	"bybit.linear:BTCUSDT": {"orderbook.50,publicTrade,tickers",
		`{"topic":"orderbook.50.BTCUSDT","type":"snapshot","ts":MS,"data":{"s":"BTCUSDT","b":[["50000.00","0.700"]],"a":[["50001.00","0.100"],["50002.00","5.000"]],"u":100,"seq":9000},"cts":MS}`,
		`{"topic":"orderbook.50.BTCUSDT","type":"delta","ts":MS,"data":{"s":"BTCUSDT","b":[],"a":[["50001.00","0.300"]],"u":101,"seq":9001},"cts":MS}`,
		`{"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":MS,"data":[{"T":MS,"s":"BTCUSDT","S":"Buy","v":"0.120","p":"50001.00","L":"PlusTick","i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false}]}`,
		`{"topic":"tickers.BTCUSDT","type":"snapshot","data":{"symbol":"BTCUSDT","lastPrice":"50000.50","markPrice":"50000.00","indexPrice":"50000.00","openInterest":"90.000","fundingRate":"0.0002","nextFundingTime":"NEXT"},"cs":1,"ts":MS}`},
	"okx.swap:BTC-USDT-SWAP": {"books,trades,mark-price,funding-rate",
		`{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"snapshot","data":[{"asks":[["50001","10","0","1"],["50002","500","0","1"]],"bids":[["50000","70","0","1"]],"ts":"MS","prevSeqId":-1,"seqId":100}]}`,
		`{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"update","data":[{"asks":[["50001","30","0","1"]],"bids":[],"ts":"MS","prevSeqId":100,"seqId":101}]}`,
		`{"arg":{"channel":"trades","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP","tradeId":"7","px":"50001","sz":"12","side":"buy","ts":"MS","count":"1"}]}`,
		`{"arg":{"channel":"funding-rate","instId":"BTC-USDT-SWAP"},"data":[{"fundingRate":"0.0002","fundingTime":"NEXT","instId":"BTC-USDT-SWAP","instType":"SWAP","method":"current_period","nextFundingRate":"","nextFundingTime":"","ts":"MS"}]}` + "\n" +
			`{"arg":{"channel":"mark-price","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP","instType":"SWAP","markPx":"50000","ts":"MS"}]}`},
	"deribit.inverse:BTC-PERPETUAL": {"book,trades,ticker",
		`{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.raw","data":{"type":"snapshot","timestamp":MS,"instrument_name":"BTC-PERPETUAL","change_id":100,"bids":[["new",50000.0,700.0]],"asks":[["new",50001.0,100.0],["new",50002.0,5000.0]]}}}`,
		`{"jsonrpc":"2.0","method":"subscription","params":{"channel":"book.BTC-PERPETUAL.raw","data":{"type":"change","timestamp":MS,"prev_change_id":100,"instrument_name":"BTC-PERPETUAL","change_id":101,"bids":[],"asks":[["change",50001.0,300.0]]}}}`,
		`{"jsonrpc":"2.0","method":"subscription","params":{"channel":"trades.BTC-PERPETUAL.raw","data":[{"trade_seq":7,"trade_id":"7","timestamp":MS,"tick_direction":0,"price":50001.0,"mark_price":50000.0,"instrument_name":"BTC-PERPETUAL","index_price":50000.0,"direction":"buy","amount":120.0}]}}`,
		`{"jsonrpc":"2.0","method":"subscription","params":{"channel":"ticker.BTC-PERPETUAL.raw","data":{"timestamp":MS,"instrument_name":"BTC-PERPETUAL","best_bid_price":50000.0,"best_bid_amount":700.0,"best_ask_price":50001.0,"best_ask_amount":300.0,"last_price":50000.5,"mark_price":50000.0,"index_price":50000.0,"current_funding":0.0002,"funding_8h":0.0002,"open_interest":90000.0}}}`},
	"hyperliquid.perp:BTC": {"l2Book,trades,activeAssetCtx",
		`{"channel":"l2Book","data":{"coin":"BTC","time":MS,"levels":[[{"px":"50000.0","sz":"0.70","n":1}],[{"px":"50000.5","sz":"0.40","n":1},{"px":"50002.0","sz":"5.00","n":1}]]}}`,
		`{"channel":"l2Book","data":{"coin":"BTC","time":MS,"levels":[[{"px":"50000.0","sz":"0.70","n":1}],[{"px":"50001.0","sz":"0.30","n":1},{"px":"50002.0","sz":"5.00","n":1}]]}}`,
		`{"channel":"trades","data":[{"coin":"BTC","side":"B","px":"50001.0","sz":"0.12","time":MS,"hash":"0x0","tid":7,"users":["0x1","0x2"]}]}`,
		`{"channel":"l2Book","data":{"coin":"BTC","time":MS,"levels":[[{"px":"50000.0","sz":"0.70","n":1}],[{"px":"50002.0","sz":"5.00","n":1}]]}}` + "\n" +
			`{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"funding":"0.0002","openInterest":"90.0","prevDayPx":"50000.0","dayNtlVlm":"1.0","premium":"0.0","oraclePx":"50000.0","markPx":"50000.0","midPx":"50000.5","impactPxs":["50000.0","50001.0"]}}}`},
}

// tardisMinute is what a venue sent in a minute of the day, as Tardis keeps it.
func tardisMinute(key string, minute int) string {
	var b strings.Builder
	f := tardisFrames[key]
	say := func(at time.Duration, frames string) {
		now := tardisDay.Add(at)
		for _, frame := range strings.Split(frames, "\n") {
			next := now.Truncate(8 * time.Hour).Add(8 * time.Hour).UnixMilli()
			frame = strings.NewReplacer("MS", strconv.FormatInt(now.UnixMilli(), 10), "NEXT", strconv.FormatInt(next, 10)).Replace(frame)
			fmt.Fprintf(&b, "%s %s\n", now.Add(700*time.Microsecond).Format("2006-01-02T15:04:05.0000000Z"), frame)
		}
	}
	at := time.Duration(minute) * time.Minute
	switch {
	case minute == 0:
		say(at+time.Second, f.snapshot)
		say(at+2*time.Second, f.mark)
	case minute == 1:
		say(at, f.change)
		say(at+time.Second, f.trade)
	case minute%15 == 0 && minute <= 480:
		say(at+time.Second, f.mark)
	}
	return b.String()
}

// TestTardisRawFromDownloadToFills is TestTardisFromDownloadToFills of what venues sent, which
// comes a minute at a time.
func TestTardisRawFromDownloadToFills(t *testing.T) {
	var key string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		minute, err := strconv.Atoi(r.URL.Query().Get("offset"))
		if err != nil || !strings.HasPrefix(r.URL.Path, "/v1/data-feeds/") || r.URL.Query().Get("from") != "2026-10-01" {
			http.Error(w, "what is "+r.URL.String(), http.StatusBadRequest)
			return
		}
		fmt.Fprint(w, tardisMinute(key, minute))
	}))
	defer srv.Close()
	script := buysOnceAt(t)
	for i := range tardisIDs {
		x := &tardisIDs[i]
		f, ok := tardisFrames[x.key]
		if !ok {
			continue
		}
		t.Run(x.exchange, func(t *testing.T) {
			key = x.key
			dir, symbol := t.TempDir(), x.symbol
			if strings.HasPrefix(x.key, "binance") {
				symbol = strings.ToLower(symbol) // as the venue spells it
			}
			code, out, errs := runLine("data", "download", "--source", "tardis", "--market", x.exchange, "--symbols", symbol, "--kinds", "raw",
				"--channels", f.channels, "--from", "2026-10-01", "--to", "2026-10-02", "--url", srv.URL, "--out", dir, "--workers", "16")
			if code != ExitOK || !strings.Contains(out, "1 fetched") {
				t.Fatalf("exit %d\n%s%s", code, out, errs)
			}
			x.trades(t, script, false, dir)
		})
	}
}

// isoOf is a time of a data set as messages have it.
func isoOf(t *testing.T, us string) string {
	t.Helper()
	n, err := strconv.ParseInt(us, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.UnixMicro(n).UTC().Format("2006-01-02T15:04:05.000Z")
}

// tardisMessages are the rows of the data sets of a contract as tardis-machine sends them.
func tardisMessages(t *testing.T, x *tardisID) (out []string) {
	type message struct{ at, text string }
	var all []message
	for kind, text := range tardisSets(x.exchange, x.symbol, x.unit, x.perp) { // order does not matter: sorted below
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		levels, names := map[string][]string{}, rows[0]
		for _, row := range rows[1:] {
			has := map[string]string{}
			for i, name := range names {
				has[name] = row[i]
			}
			head := fmt.Sprintf(`"exchange":%q,"symbol":%q,"timestamp":%q,"localTimestamp":%q`, x.exchange, x.symbol, isoOf(t, row[2]), isoOf(t, row[3]))
			priced := fmt.Sprintf(`"id":%q,"side":%q,"price":%s,"amount":%s`, has["id"], has["side"], has["price"], has["amount"])
			switch kind {
			case "trades":
				all = append(all, message{row[3], `{"type":"trade",` + head + "," + priced + "}"})
			case "liquidations":
				all = append(all, message{row[3], `{"type":"liquidation",` + head + "," + priced + "}"})
			case "book_ticker":
				all = append(all, message{row[3], fmt.Sprintf(`{"type":"book_ticker",%s,"askAmount":%s,"askPrice":%s,"bidPrice":%s,"bidAmount":%s}`, head, row[4], row[5], row[6], row[7])})
			case "derivative_ticker":
				due := ""
				if row[4] != "" {
					due = fmt.Sprintf(`,"fundingTimestamp":%q`, isoOf(t, row[4]))
				}
				all = append(all, message{row[3], fmt.Sprintf(`{"type":"derivative_ticker",%s,"fundingRate":%s,"openInterest":%s,"lastPrice":%s,"indexPrice":%s,"markPrice":%s%s}`,
					head, row[5], row[7], row[8], row[9], row[10], due)})
			default:
				if len(levels["at"]) > 0 && levels["at"][0] != row[3] {
					levels = map[string][]string{}
				}
				levels["at"] = []string{row[3]}
				levels[has["side"]] = append(levels[has["side"]], fmt.Sprintf(`{"price":%s,"amount":%s}`, has["price"], has["amount"]))
				text := fmt.Sprintf(`{"type":"book_change",%s,"isSnapshot":%s,"bids":[%s],"asks":[%s]}`, head, has["is_snapshot"], strings.Join(levels["bid"], ","), strings.Join(levels["ask"], ","))
				if n := len(all) - 1; len(levels["bid"])+len(levels["ask"]) > 1 {
					all[n].text = text // with this row's level too
				} else {
					all = append(all, message{row[3], text})
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b message) int { return strings.Compare(a.at, b.at) })
	for _, m := range all {
		out = append(out, m.text)
	}
	return out
}

// TestTardisMachineToFills is TestTardisFromDownloadToFills of tardis-machine's normalised
// stream, which is a market without a download.
func TestTardisMachineToFills(t *testing.T) {
	script := buysOnceAt(t)
	for i := range tardisIDs {
		x := &tardisIDs[i]
		t.Run(x.exchange+" "+x.symbol, func(t *testing.T) {
			lines := strings.Join(tardisMessages(t, x), "\n")
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, lines) }))
			defer srv.Close()
			options := fmt.Sprintf(`{"exchange":%q,"symbols":[%q],"from":"2026-10-01","to":"2026-10-02","dataTypes":["trade","book_change","derivative_ticker","liquidation","book_ticker"]}`, x.exchange, x.symbol)
			x.trades(t, script, x.perp, srv.URL+"/replay-normalized?options="+url.QueryEscape(options))
		})
	}
}
