package payload

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/datatest"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// A contract of BTC-USDT-SWAP is 0.01 BTC, and a hundredth of one can be traded.
var (
	swap = &exchange.Instrument{ID: 0, Venue: "okx.swap", Symbol: "BTC-USDT-SWAP", Contract: exchange.Linear, Base: "BTC", Quote: "USDT", FundingHours: 8,
		Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.0001"), ContractSize: dec("0.01")}
	inverse = &exchange.Instrument{ID: 1, Venue: "okx.swap", Symbol: "BTC-USD-SWAP", Contract: exchange.Inverse, Base: "BTC", Quote: "USD", FundingHours: 8,
		Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("1"), ContractSize: dec("100")}
	spot  = &exchange.Instrument{ID: 2, Venue: "okx.spot", Symbol: "BTC-USDT", Base: "BTC", Quote: "USDT", Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.00000001"), ContractSize: dec("1")}
	dated = &exchange.Instrument{ID: 3, Venue: "okx.futures", Symbol: "BTC-USDT-261225", Contract: exchange.Linear, Base: "BTC", Quote: "USDT", Delivery: exchange.Date(2026, 12, 25),
		Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.0001"), ContractSize: dec("0.01")}
)

func ofThese(list ...*exchange.Instrument) *Decoder {
	return NewDecoder(func(symbol []byte) *exchange.Instrument {
		for _, in := range list {
			if string(symbol) == in.Symbol {
				return in
			}
		}
		return nil
	})
}

func all(d *Decoder, frame string) (out []exchange.Event, err error) {
	err = d.Decode([]byte(frame), func(ev *exchange.Event, _ int64) {
		kept := *ev
		kept.Bids, kept.Asks = append([]exchange.Level(nil), ev.Bids...), append([]exchange.Level(nil), ev.Asks...)
		out = append(out, kept)
	})
	return out, err
}

// loose is the same message as it is written by somebody else: with spaces, and other keys.
func loose(frame string) string {
	return strings.NewReplacer(`":`, `": `, `,"`, `, "`, `"data":[{`, `"connId":"a","data":[{"more":{"x":[1]},`).Replace(frame)
}

func TestBooks(t *testing.T) {
	for _, write := range []func(string) string{func(s string) string { return s }, loose} {
		d := ofThese(swap, inverse)
		got, err := all(d, write(`{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"snapshot","data":[{"bids":[["83725.8","7.69","0","5"]],"asks":[["83725.9","1712.41","0","92"],["83726","1.43","0","3"]],"ts":"1791369351001","seqId":344430848984,"prevSeqId":-1}]}`))
		if err != nil || len(got) != 1 || got[0].Kind != exchange.KindSnapshot || got[0].LastID != 344430848984 || got[0].PrevID != -1 || got[0].VenueTime != exchange.UnixMilli(1791369351001) ||
			got[0].Bids[0] != (exchange.Level{Price: 837258, Qty: 769}) || len(got[0].Asks) != 2 || got[0].Asks[0].Qty != 171241 {
			t.Fatalf("%+v %v", got, err)
		}
		// 7.69 contracts are 0.0769 BTC.
		if q := swap.QtyDecimal(got[0].Bids[0].Qty); !q.Equal(dec("0.0769")) {
			t.Errorf("%s BTC, want 0.0769", q)
		}
		// As the manual writes it: asks first, with a checksum of 0.
		got, err = all(d, write(`{"arg":{"channel":"books","instId":"BTC-USD-SWAP"},"action":"update","data":[{"asks":[["8476.9","0","0","0"]],"bids":[],"ts":"1597026383085","checksum":0,"prevSeqId":123456,"seqId":123457}]}`))
		if err != nil || len(got) != 1 || got[0].Kind != exchange.KindDiff || got[0].PrevID != 123456 || got[0].FirstID != 123457 || got[0].LastID != 123457 || got[0].Asks[0].Qty != 0 || got[0].Instrument != 1 {
			t.Fatalf("%+v %v", got, err)
		}
		got, err = all(d, write(`{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT-SWAP"},"data":[{"asks":[["8477","415","0","13"]],"bids":[["8476.9","256.5","0","12"]],"ts":"1597026383085","seqId":123456}]}`))
		if err != nil || len(got) != 1 || got[0].Kind != exchange.KindTicker || got[0].Price != 84769 || got[0].Qty != 25650 || got[0].Price2 != 84770 || got[0].Qty2 != 41500 {
			t.Fatalf("%+v %v", got, err)
		}
		for _, bad := range []string{
			`{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"update","data":[{"asks":[["8476.95","1","0","1"]],"bids":[],"ts":"1","seqId":2,"prevSeqId":1}]}`, // off the tick
			`{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"update","data":[{"asks":[["8476.9"]],"bids":[],"ts":"1","seqId":2,"prevSeqId":1}]}`,
			`{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"update","data":[{"asks":[],"bids":[],"ts":"1","prevSeqId":1}]}`,
			`{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"update","data":[{"asks":[],"bids":[],"ts":"1","seqId":2,"prevSeqId":-1}]}`,
			`{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"update","data":[{"asks":[],"bids":[],"ts":"1","seqId":2,"prevSeqId":1}]`,
		} {
			if got, err := all(d, write(bad)); err == nil || errors.Is(err, connect.ErrIgnored) || len(got) > 0 {
				t.Errorf("%s: %+v %v", bad, got, err)
			}
		}
		if _, err := all(d, write(`{"arg":{"channel":"books","instId":"ETH-USDT"},"action":"update","data":[{"asks":[],"bids":[],"ts":"1","seqId":2,"prevSeqId":1}]}`)); !errors.Is(err, connect.ErrIgnored) {
			t.Errorf("a book that nobody wants: %v", err)
		}
	}
}

// The chain of the manual: a snapshot, an update, a sign of life, a reset, and on.
func TestAChainWithItsSignOfLifeAndReset(t *testing.T) {
	d, b := ofThese(swap), book.New(swap)
	for _, ids := range [][2]int{{-1, 10}, {10, 15}, {15, 15}, {15, 3}, {3, 5}} {
		action, levels := "update", `"bids":[],"asks":[]`
		if ids[0] < 0 {
			action = "snapshot"
		}
		if ids[0] != ids[1] {
			levels = fmt.Sprintf(`"bids":[["100","%d","0","1"]],"asks":[["101","1","0","1"]]`, ids[1])
		}
		got, err := all(d, fmt.Sprintf(`{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"%s","data":[{%s,"ts":"1","seqId":%d,"prevSeqId":%d}]}`, action, levels, ids[1], ids[0]))
		if err != nil || len(got) != 1 {
			t.Fatal(err)
		}
		b.Apply(&got[0])
		if !b.Ready() || b.LastID() != int64(ids[1]) {
			t.Fatalf("after %v: %s at %d", ids, b.Reason(), b.LastID())
		}
	}
	if best, _ := b.Best(exchange.Buy); best.Qty != 500 {
		t.Errorf("%+v: want 5 contracts", best)
	}
}

func TestTradesAndCandles(t *testing.T) {
	d := ofThese(swap, spot)
	got, err := all(d, `{"arg":{"channel":"trades","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP","tradeId":"2978601964","px":"83725.9","sz":"5","side":"buy","ts":"1791369350776","count":"1","source":"0","seqId":344430848209}]}`)
	if err != nil || len(got) != 1 || got[0].Kind != exchange.KindTrade || got[0].ID != 2978601964 || got[0].Qty != 500 || got[0].Side != exchange.Buy || got[0].VenueTime != exchange.UnixMilli(1791369350776) {
		t.Fatalf("%+v %v", got, err)
	}
	got, err = all(d, `{"arg":{"channel":"candle1m","instId":"BTC-USDT-SWAP"},"data":[["60000","8533","8553.7","8527.1","8548.2","45247","452.47","3866329","1"]]}`)
	if err != nil || len(got) != 1 || got[0].Kind != exchange.KindBar || got[0].VenueTime != exchange.UnixMilli(120000) || got[0].Bar.Close != 85482 || got[0].Bar.Volume != 452.47 || got[0].Bar.Flow != (exchange.Flow{Quote: 3866329, Known: exchange.FlowQuote}) {
		t.Fatalf("%+v %v", got, err)
	}
	if got, err := all(d, `{"arg":{"channel":"candle1m","instId":"BTC-USDT-SWAP"},"data":[["60000","8533","8553.7","8527.1","8548.2","45247","452.47","3866329","0"]]}`); !errors.Is(err, connect.ErrIgnored) {
		t.Errorf("a candle that is not finished: %+v %v", got, err)
	}
	for _, bad := range []string{
		`{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"tradeId":"1","px":"0","sz":"5","side":"buy","ts":"1"}]}`,
		`{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"tradeId":"1","px":"1","sz":"5","side":"long","ts":"1"}]}`,
		`{"arg":{"channel":"candle1m","instId":"BTC-USDT"},"data":[["60000","8533","8553.7","8527.1"]]}`,
	} {
		if got, err := all(d, bad); err == nil || errors.Is(err, connect.ErrIgnored) {
			t.Errorf("%s: %+v %v", bad, got, err)
		}
	}
}

// A mark is told once funding is known; it has the index of its pair. Between a settlement
// and the next rate the next settlement is the one after.
// The channel is that of all instruments of a type, and counts in contracts.
func TestLiquidations(t *testing.T) {
	const frame = `{"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[{"details":[{"bkLoss":"0","bkPx":"60000.17","ccy":"","posSide":"short","side":"buy","sz":"13","ts":"1692266434010"},{"bkLoss":"0","bkPx":"60001","posSide":"long","side":"sell","sz":"0.5","ts":"1692266434011"}],"instFamily":"BTC-USDT","instId":"BTC-USDT-SWAP","instType":"SWAP","uly":"BTC-USDT"},{"details":[{"bkPx":"1","side":"buy","sz":"1","ts":"5"}],"instId":"IOST-USDT-SWAP"}]}`
	got, err := all(ofThese(swap), frame)
	if err != nil || len(got) != 2 || got[0].Kind != exchange.KindLiquidation || got[0].Side != exchange.Buy || got[0].Price != 600001 || got[1].Qty != 50 || got[1].Side != exchange.Sell ||
		!swap.QtyDecimal(got[0].Qty).Equal(dec("0.13")) || got[0].VenueTime != exchange.UnixMilli(1692266434010) {
		t.Errorf("%+v %v", got, err)
	}
	if got, err := all(ofThese(inverse), frame); !errors.Is(err, connect.ErrIgnored) || len(got) > 0 {
		t.Errorf("of others: %+v %v", got, err)
	}
	if got, err := all(ofThese(swap), strings.Replace(frame, `"side":"buy"`, `"side":"long"`, 1)); err == nil || errors.Is(err, connect.ErrIgnored) {
		t.Errorf("a side that is none: %+v %v", got, err)
	}
}

func TestMarksAreMerged(t *testing.T) {
	d := ofThese(swap, dated)
	const at = 1744588800000 // 2025-04-14 00:00
	mark := func(symbol string, ts int64) string {
		return fmt.Sprintf(`{"arg":{"channel":"mark-price","instId":"%s"},"data":[{"instType":"SWAP","instId":"%s","markPx":"60000.5","ts":"%d"}]}`, symbol, symbol, ts)
	}
	if got, err := all(d, mark("BTC-USDT-SWAP", at-5000)); !errors.Is(err, connect.ErrIgnored) {
		t.Errorf("before its funding: %+v %v", got, err)
	}
	if got, err := all(d, `{"arg":{"channel":"index-tickers","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","idxPx":"59990","ts":"1744588790000"}]}`); !errors.Is(err, connect.ErrIgnored) {
		t.Errorf("an index: %+v %v", got, err)
	}
	got, err := all(d, fmt.Sprintf(`{"arg":{"channel":"funding-rate","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP","fundingRate":"-0.000212","nextFundingRate":"","fundingTime":"%d","nextFundingTime":"%d","ts":"%d"}]}`, at, at+4*3600_000, at-4000))
	if err != nil || len(got) != 1 || got[0].Mark != 60000_50000000 || got[0].Index != 59990_00000000 || got[0].Rate != -21200 || got[0].Hours != 4 || got[0].NextFunding != exchange.UnixMilli(at) {
		t.Fatalf("%+v %v", got, err)
	}
	got, err = all(d, mark("BTC-USDT-SWAP", at+1000))
	if err != nil || len(got) != 1 || got[0].NextFunding != exchange.UnixMilli(at+4*3600_000) {
		t.Errorf("%+v %v", got, err)
	}
	got, err = all(d, mark("BTC-USDT-261225", at))
	if err != nil || len(got) != 1 || got[0].Index != 59990_00000000 || got[0].Hours != 0 || got[0].NextFunding != 0 {
		t.Errorf("%+v %v", got, err)
	}
	got, err = all(d, `{"arg":{"channel":"open-interest","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP","instType":"SWAP","oi":"2125419.55","oiCcy":"21254.1955","oiUsd":"1","ts":"1743041250440"}]}`)
	if err != nil || len(got) != 1 || got[0].Kind != exchange.KindOpenInterest || !swap.QtyDecimal(got[0].Qty).Equal(dec("21254.1955")) {
		t.Errorf("%+v %v", got, err)
	}
}

// Messages as they came in October 2026.
func TestRecordedMessages(t *testing.T) {
	text, err := os.ReadFile(datatest.Path(t, "samples/venues/captures/okx_2026-10-07_public_frames_trimmed.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[exchange.Kind]int{}
	d := ofThese(swap, spot)
	for line := range strings.Lines(string(text)) {
		got, err := all(d, strings.TrimSpace(line))
		if err != nil && !errors.Is(err, connect.ErrIgnored) {
			t.Errorf("%.100s: %v", line, err)
		}
		for _, ev := range got {
			kinds[ev.Kind]++
		}
	}
	if kinds[exchange.KindSnapshot] == 0 || kinds[exchange.KindDiff] == 0 || kinds[exchange.KindTrade] < 2 {
		t.Errorf("%v", kinds)
	}
}

// sumOf is the checksum that books had until 2026: CRC-32 over the first 25 levels of both
// sides in turns, as they were written.
func sumOf(bids, asks [][]string) int32 {
	var parts []string
	for i := range 25 {
		for _, side := range [][][]string{bids, asks} {
			if i < len(side) {
				parts = append(parts, side[i][0], side[i][1])
			}
		}
	}
	return int32(crc32.ChecksumIEEE([]byte(strings.Join(parts, ":"))))
}

// recordedRow is a row of a recording of 2022, from before books had numbers.
type recordedRow struct {
	Bids, Asks [][]string
	Sum        int32 `json:"checksum"`
	BidPx      string
	AskPx      string
}

// Books of a recording of 2022, which has checksums and no numbers: the test puts in numbers
// that link. What the decoder and the book make of the messages is what the venue summed
// up, and the prices of tickers are those that it had.
func TestRecordedBooks(t *testing.T) {
	rules := map[string]*exchange.Instrument{}
	for symbol, steps := range map[string][2]string{"BTC-USDT": {"0.1", "0.00000001"}, "UNI-USD-SWAP": {"0.001", "1"}, "BTC-USD-220527": {"0.1", "1"}} {
		in := &exchange.Instrument{ID: exchange.InstrumentID(len(rules)), Symbol: symbol, Contract: exchange.Inverse, ContractSize: dec("10"), Tick: exchange.MustStep(steps[0]), Lot: exchange.MustStep(steps[1]),
			Delivery: 1}
		if symbol == "BTC-USDT" {
			in.Contract, in.Delivery = exchange.Spot, 0
		}
		rules[symbol] = in
	}
	d := NewDecoder(func(symbol []byte) *exchange.Instrument { return rules[string(symbol)] })
	books := map[string]*book.Book{}
	texts := map[string]*[2]map[string]string{} // by symbol, side and price: sizes as they are written
	touches := map[string][]touch{}             // of the book and, by itself, of the ticker
	updates := 0
	scan := bufio.NewScanner(datatest.Gunzip(t, datatest.Path(t, "l2-cryptofeed/OKX.ws.1.0.gz")))
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		_, frame, ok := strings.Cut(scan.Text(), ": ")
		var m struct {
			Arg  struct{ Channel, InstID string }
			Data []recordedRow
		}
		if !ok || json.Unmarshal([]byte(frame), &m) != nil || len(m.Data) == 0 || rules[m.Arg.InstID] == nil {
			continue
		}
		symbol, row := m.Arg.InstID, &m.Data[0]
		b := books[symbol]
		if m.Arg.Channel == "books" {
			if b == nil {
				b = book.New(rules[symbol])
				books[symbol], texts[symbol] = b, &[2]map[string]string{{}, {}}
			}
			updates++
			prev := int64(updates - 1)
			if strings.Contains(frame, `"action":"snapshot"`) {
				prev = -1
			} else {
				prev = b.LastID()
			}
			frame = strings.Replace(frame, `"checksum":`, fmt.Sprintf(`"seqId":%d,"prevSeqId":%d,"checksum":`, updates, prev), 1)
		}
		events, err := all(d, frame)
		if err != nil && !errors.Is(err, connect.ErrIgnored) {
			t.Fatalf("%.200s: %v", frame, err)
		}
		switch {
		case m.Arg.Channel == "books":
			b.Apply(&events[0])
			if !b.Ready() {
				t.Fatalf("%s: %s", symbol, b.Reason())
			}
			for i, side := range [][][]string{row.Bids, row.Asks} {
				for _, l := range side {
					texts[symbol][i][l[0]] = l[1]
				}
			}
			if got := sumOf(shown(b, exchange.Buy, texts[symbol][0]), shown(b, exchange.Sell, texts[symbol][1])); got != row.Sum {
				t.Fatalf("%s, update %d: checksum %d, want %d", symbol, updates, got, row.Sum)
			}
			bid, _ := b.Best(exchange.Buy)
			ask, _ := b.Best(exchange.Sell)
			touches[symbol] = append(touches[symbol], touch{events[0].VenueTime, bid, ask})
		case m.Arg.Channel == "tickers" && len(events) == 1:
			ev := &events[0]
			touches["ticker of "+symbol] = append(touches["ticker of "+symbol], touch{ev.VenueTime, exchange.Level{Price: ev.Price, Qty: ev.Qty}, exchange.Level{Price: ev.Price2, Qty: ev.Qty2}})
		}
	}
	if scan.Err() != nil || updates < 290 || len(books) != 3 {
		t.Fatalf("%d updates of %d books, %v", updates, len(books), scan.Err())
	}
	const behind = 4 * exchange.Second // by how much the tickers of that year were
	tickers, same := 0, 0
	for symbol := range rules {
		of := touches[symbol]
		for _, x := range touches["ticker of "+symbol] {
			if x.at-behind < of[0].at || x.at > of[len(of)-1].at {
				continue
			}
			tickers++
			if slices.ContainsFunc(of, func(y touch) bool {
				return y.at > x.at-behind && y.at < x.at+behind && x.bid.Price == y.bid.Price && x.ask.Price == y.ask.Price
			}) {
				same++
			}
		}
	}
	t.Logf("%d updates of 3 books match their checksums; %d of %d tickers have the prices of a touch that the book had", updates, same, tickers)
	if tickers == 0 || same*10 < tickers*9 { // a book is told every 100 ms
		t.Errorf("%d of %d tickers have the prices of a touch that the book had", same, tickers)
	}
}

// touch is the best bid and ask at a time.
type touch struct {
	at       exchange.Time
	bid, ask exchange.Level
}

// shown are the first levels of a side as they were written.
func shown(b *book.Book, side exchange.Side, sizes map[string]string) (out [][]string) {
	in := b.Instrument()
	for _, l := range b.AppendLevels(nil, side, 25) {
		price := in.PriceDecimal(l.Price).String()
		size, ok := sizes[price]
		if !ok { // a price is written with the zeros of its tick
			price = in.PriceDecimal(l.Price).StringFixed(int32(in.Tick.Scale))
			size = sizes[price]
		}
		out = append(out, []string{price, size})
	}
	return out
}

// Whatever comes is an event or an error, the message is left as it was, and both ways to
// read a book, or trades, understand the same.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"arg":{"channel":"liquidation-orders","instType":"SWAP"},"data":[{"details":[{"bkPx":"60000.17","side":"buy","sz":"13","ts":"5"}],"instId":"BTC-USDT-SWAP"}]}`))
	f.Add([]byte(`{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"update","data":[{"asks":[["8476.9","0","0","0"]],"bids":[],"ts":"1597026383085","checksum":0,"prevSeqId":123456,"seqId":123457}]}`))
	f.Add([]byte(`{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT"},"data":[{"asks":[["8477","415","0","13"]],"bids":[["8476.9","256.5","0","12"]],"ts":"1597026383085","seqId":123456}]}`))
	f.Add([]byte(`{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"2","px":"83725.9","sz":"5","side":"buy","ts":"1791369350776"}]}`))
	f.Add([]byte(`{"arg":{"channel":"mark-price","instId":"BTC-USDT-261225"},"data":[{"markPx":"60000.5","ts":"1791369350776"}]}`))
	f.Add(plainTicker)
	f.Add(plainMark)
	f.Add([]byte(`{"arg":{"channel":"open-interest","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP","oi":"2125419.55","oiCcy":"21254.1955","ts":"1743041250440"}]}`))
	f.Add([]byte(`{"arg":{"channel":"trades","instId":"BTC-USDT"},"data":[{"tradeId":"2","px":"83725.9","sz":"5","side":"buy","ts":"9"},{"tradeId":"a","px":"1","sz":"5","side":"sell"}]}`))
	f.Add([]byte(`{"arg":{"channel":"funding-rate","instId":"BTC-USDT-SWAP"},"data":[{"fundingRate":"-0.000212","fundingTime":"1","nextFundingTime":"14400001","ts":"9"}]}`))
	f.Add([]byte(`{"arg":{"channel":"candle1m","instId":"BTC-USDT-SWAP"},"data":[["60000","8533","8553.7","8527.1","8548.2","45247","452.47","3866329","1"]]}`))
	f.Fuzz(func(t *testing.T, frame []byte) {
		before := bytes.Clone(frame)
		d := ofThese(swap, inverse, spot, dated)
		fast, err := all(d, string(frame))
		if !bytes.Equal(frame, before) {
			t.Error("the message was changed")
		}
		if err != nil || len(fast) == 0 {
			return
		}
		slow, err := all(ofThese(swap, inverse, spot, dated), " "+string(frame)) // the strict way wants none
		if err != nil || fmt.Sprintf("%+v", slow) != fmt.Sprintf("%+v", fast) {
			t.Errorf("%+v in one pass, %+v key by key (%v)", fast, slow, err)
		}
	})
}

// update100 is a push of a book of about a hundred levels.
func update100() []byte {
	side := func(from, step int) string {
		var out []string
		for i := range 50 {
			out = append(out, fmt.Sprintf(`["%d.%d","%d.%02d","0","%d"]`, (from+i*step)/10, (from+i*step)%10, i*7%400, i%100, i%30))
		}
		return strings.Join(out, ",")
	}
	return fmt.Appendf(nil, `{"arg":{"channel":"books","instId":"BTC-USDT-SWAP"},"action":"update","data":[{"bids":[%s],"asks":[%s],"ts":"1791369352001","seqId":344430849237,"prevSeqId":344430848984}]}`,
		side(837236, -3), side(837296, 3))
}

var plainTrade = []byte(`{"arg":{"channel":"trades","instId":"BTC-USDT-SWAP"},"data":[{"instId":"BTC-USDT-SWAP","tradeId":"2978601964","px":"83725.9","sz":"5","side":"buy","ts":"1791369350776","count":"1","source":"0","seqId":344430848209}]}`)

var (
	plainTicker = []byte(`{"arg":{"channel":"tickers","instId":"BTC-USDT-SWAP"},"data":[{"instType":"SWAP","instId":"BTC-USDT-SWAP","last":"83725.9","lastSz":"0.5","askPx":"83725.9","askSz":"1712.41","bidPx":"83725.8","bidSz":"7.69","open24h":"83000.1","high24h":"84000","low24h":"82900","sodUtc0":"83100","sodUtc8":"83200","volCcy24h":"97777.1","vol24h":"9777710.5","ts":"1791369350776"}]}`)
	plainMark   = []byte(`{"arg":{"channel":"mark-price","instId":"BTC-USDT-261225"},"data":[{"instType":"FUTURES","instId":"BTC-USDT-261225","markPx":"83726.1","ts":"1791369350776"}]}`)
)

func TestNothingIsAllocated(t *testing.T) {
	d := ofThese(swap, dated)
	yield := func(*exchange.Event, int64) {}
	for what, frame := range map[string][]byte{"a ticker": plainTicker, "a mark of a future": plainMark, "a book": update100(), "a book key by key": []byte(loose(string(update100()))), "a trade": plainTrade,
		"a touch": []byte(`{"arg":{"channel":"bbo-tbt","instId":"BTC-USDT-SWAP"},"data":[{"asks":[["8477","415","0","13"]],"bids":[["8476.9","256.5","0","12"]],"ts":"1597026383085","seqId":123456}]}`),
		"a rate":  []byte(`{"arg":{"channel":"funding-rate","instId":"BTC-USDT-SWAP"},"data":[{"fundingRate":"-0.000212","fundingTime":"1744588800000","nextFundingTime":"1744603200000","ts":"1744588790000"}]}`),
		"a mark":  []byte(`{"arg":{"channel":"mark-price","instId":"BTC-USDT-SWAP"},"data":[{"instType":"SWAP","instId":"BTC-USDT-SWAP","markPx":"60000.5","ts":"1744588790000"}]}`)} {
		if n := testing.AllocsPerRun(100, func() {
			if err := d.Decode(frame, yield); err != nil && !errors.Is(err, connect.ErrIgnored) {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", what, n)
		}
	}
}

// plainPush is what a program over encoding/json and decimals declares.
type plainPush struct {
	Arg    struct{ Channel, InstID string }
	Action string
	Data   []struct {
		Bids, Asks       [][]decimal.Decimal
		Ts               string
		SeqID, PrevSeqID int64
		Px, Sz           decimal.Decimal
		Side, TradeID    string
		AskPx, AskSz     decimal.Decimal
		BidPx, BidSz     decimal.Decimal
		MarkPx           decimal.Decimal
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, x := range []struct {
		name  string
		frame []byte
	}{{"book100", update100()}, {"book100-key-by-key", []byte(loose(string(update100())))}, {"trade", plainTrade}, {"ticker", plainTicker}, {"mark", plainMark}} {
		b.Run(x.name, func(b *testing.B) {
			d, yield := ofThese(swap, dated), func(*exchange.Event, int64) {}
			b.SetBytes(int64(len(x.frame)))
			b.ReportAllocs()
			for b.Loop() {
				if err := d.Decode(x.frame, yield); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(x.name+" by encoding/json", func(b *testing.B) {
			b.SetBytes(int64(len(x.frame)))
			b.ReportAllocs()
			for b.Loop() {
				var m plainPush
				if err := json.Unmarshal(x.frame, &m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
