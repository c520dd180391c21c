package frames

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/record"
)

// A tape in the shape of the venue; the numbers are invented.
const tape = `1791369400000000000 {"topic":"orderbook.200.BTCUSDT","type":"snapshot","ts":1791369400000,"data":{"s":"BTCUSDT","b":[["83805.1","0.150"],["83800","2"]],"a":[["83805.2","0.993"]],"u":10,"seq":9},"cts":1791369399998}
1791369400010000000 {"topic":"orderbook.1.BTCUSDT","type":"snapshot","ts":1791369400010,"data":{"s":"BTCUSDT","b":[["83805.1","0.150"]],"a":[["83805.2","0.993"]],"u":7,"seq":9},"cts":1791369400005}
1791369400100000000 {"topic":"orderbook.200.BTCUSDT","type":"delta","ts":1791369400100,"data":{"s":"BTCUSDT","b":[["83805.1","0"]],"a":[["83805.1","0.500"]],"u":11,"seq":12},"cts":1791369400098}
1791369400150000000 {"topic":"publicTrade.BTCUSDT","type":"snapshot","ts":1791369400150,"data":[{"T":1791369400149,"s":"BTCUSDT","S":"Buy","v":"0.001","p":"83805.10","L":"PlusTick","i":"20f43950-d8dd-5b31-9112-a178eb6023af","BT":false,"seq":13},{"T":1791369400149,"s":"BTCUSDT","S":"Buy","v":"0.002","p":"83805.10","L":"ZeroPlusTick","i":"21f43950-d8dd-5b31-9112-a178eb6023af","BT":false,"seq":13}]}
1791369400160000000 {"topic":"tickers.BTCUSDT","type":"snapshot","cs":1,"ts":1791369400160,"data":{"symbol":"BTCUSDT","markPrice":"83805.31","indexPrice":"83806","fundingRate":"0.0001","nextFundingTime":"1791388800000","fundingIntervalHour":"8","openInterest":"1000"}}
1791369400200000000 {"topic":"orderbook.1.BTCUSDT","type":"snapshot","ts":1791369400200,"data":{"s":"BTCUSDT","b":[["83800","2"]],"a":[["83805.1","0.499"]],"u":8,"seq":14},"cts":1791369400195}
1791369400300000000 {"topic":"orderbook.200.BTCUSDT","type":"snapshot","ts":1791369400300,"data":{"s":"BTCUSDT","b":[["83800","2"]],"a":[["83805.1","0.497"],["83805.2","0.993"]],"u":1,"seq":15},"cts":1791369400298}
1791369400400000000 {"topic":"orderbook.200.BTCUSDT","type":"delta","ts":1791369400400,"data":{"s":"BTCUSDT","b":[["83801","1"]],"a":[],"u":2,"seq":16},"cts":1791369400398}
1791369400450000000 {"success":true,"ret_msg":"pong","conn_id":"c","req_id":"","op":"ping"}
`

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What was recorded is read back: every trade of a frame, the category by what the frames
// say, and a book that begins anew in the middle.
func TestARecording(t *testing.T) {
	path := write(t, "a.jsonl", tape)
	rec, err := record.Formats{Format{}}.Open([]string{path}, record.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	var kinds []string
	var ev exchange.Event
	for err = rec.Next(&ev); err == nil; err = rec.Next(&ev) {
		kinds = append(kinds, ev.Kind.String())
	}
	if got, want := strings.Join(kinds, " "), "snapshot ticker diff trade trade mark open_interest ticker snapshot diff"; err != io.EOF || got != want {
		t.Errorf("%s, %v; want %s", got, err, want)
	}
	in := rec.Universe().Get(0)
	if in.FullKey() != "bybit.linear:BTCUSDT" || in.Tick.String() != "0.01" || in.Lot.String() != "0.001" || in.Base != "BTC" || in.Quote != "USDT" || in.FundingHours != 8 || in.Check() != nil {
		t.Errorf("%+v %v", in, in.Check())
	}
	report, err := record.Formats{Format{}}.Verify("", []string{path}, record.VerifyOptions{})
	if err != nil || report.Err() != nil || report.Samples == 0 || !report.Near || report.Gaps+report.Repeats+report.TradeGaps+report.TickerOrder != 0 {
		t.Errorf("%+v %v %v", report, err, report.Err())
	}
	wrong := strings.Replace(tape, `[["83801","1"]]`, `[["93801","1"]]`, 1)
	if report, _ := (record.Formats{Format{}}).Verify("", []string{write(t, "a.jsonl", wrong)}, record.VerifyOptions{}); report.Mismatches == 0 {
		t.Errorf("a crossed book is taken for a good one: %+v", report)
	}
	backwards := strings.Replace(tape, `"u":11`, `"u":9`, 1)
	if report, _ := (record.Formats{Format{}}).Verify("", []string{write(t, "a.jsonl", backwards)}, record.VerifyOptions{}); report.Repeats == 0 {
		t.Errorf("ids that turn back are taken for good ones: %+v", report)
	}
}

// Which category a frame is of, where that shows.
func TestCategories(t *testing.T) {
	for frame, want := range map[string]exchange.Venue{
		`{"topic":"publicTrade.BTCUSDT","ts":1,"type":"snapshot","data":[{"i":"2290000000061666327","T":1,"p":"1","v":"1","S":"Buy","s":"BTCUSDT","BT":false}]}`: api.Spot.Venue(),
		`{"topic":"publicTrade.BTCUSDT","ts":1,"type":"snapshot","data":[{"i":"x","T":1,"p":"1","v":"1","S":"Buy","s":"BTCUSDT","L":"PlusTick"}]}`:               api.Linear.Venue(),
		`{"topic":"publicTrade.BTCUSD","ts":1,"type":"snapshot","data":[{"i":"x","T":1,"p":"1","v":"1","S":"Buy","s":"BTCUSD","L":"PlusTick"}]}`:                 api.Inverse.Venue(),
		`{"topic":"orderbook.200.BTCUSDU26","ts":1,"type":"snapshot","data":{"s":"BTCUSDU26","b":[],"a":[],"u":1}}`:                                              api.Inverse.Venue(),
		`{"topic":"tickers.BTCUSDT","ts":1,"type":"snapshot","data":{"symbol":"BTCUSDT","usdIndexPrice":"1"}}`:                                                   api.Spot.Venue(),
		`{"topic":"tickers.BTC-26DEC25","ts":1,"type":"delta","data":{"symbol":"BTC-26DEC25","markPrice":"1"}}`:                                                  api.Linear.Venue(),
		`{"topic":"orderbook.50.BTCUSDT","ts":1,"type":"delta","data":{"s":"BTCUSDT","b":[],"a":[],"u":1}}`:                                                      "",
	} {
		if f, ok := (Format{}).Inspect([]byte(frame)); !ok || f.Venue != want || !strings.HasPrefix(f.Symbol, "BTC") || string(Format{}.Symbol([]byte(frame))) != f.Symbol {
			t.Errorf("%s: %+v %t, want %q", frame, f, ok, want)
		}
	}
}

// Symbols are taken apart as the venue makes them.
func TestAssume(t *testing.T) {
	step := exchange.MustStep("0.1")
	for _, x := range []struct {
		venue             exchange.Venue
		symbol, name      string
		multiplier        int64
		contractSize, day string
	}{
		{"bybit.spot", "BTCUSDT", "BTC/USDT", 1, "0", ""}, {"bybit.spot", "ETHBTC", "ETH/BTC", 1, "0", ""}, {"bybit.linear", "1000PEPEUSDT", "PEPE/USDT:USDT", 1000, "0", ""},
		{"bybit.linear", "BTCPERP", "BTC/USDC:USDC", 1, "0", ""}, {"bybit.linear", "BTC-26DEC25", "BTC/USDC:USDC-251226", 1, "0", "2025-12-26"},
		{"bybit.linear", "BTCUSDT-26DEC25", "BTC/USDT:USDT-251226", 1, "0", "2025-12-26"}, {"bybit.linear", "BTCUSD", "BTC/USD:BTC", 1, "1", ""},
		{"bybit.inverse", "BTCUSDU26", "BTC/USD:BTC-260925", 1, "1", "2026-09-25"},
	} {
		in := Format{}.Assume(x.venue, x.symbol, step, step)
		if in.Name() != x.name || in.Multiplier != x.multiplier || in.ContractSize.String() != x.contractSize || in.Assumed == "" ||
			in.Dated() && in.Delivery.UTC().Format("2006-01-02 15") != x.day+" 08" || in.Dated() != (x.day != "") {
			t.Errorf("%s:%s is %s, %d times, contract size %s, until %s", x.venue, x.symbol, in.Name(), in.Multiplier, in.ContractSize, in.Delivery)
		}
	}
}

func TestSegments(t *testing.T) {
	var f Format
	for _, c := range api.Categories {
		if v, err := f.Segment(string(c)); err != nil || v != c.Venue() || f.VenueOf(c.Contract()) != v {
			t.Errorf("%s: %s, %v", c, v, err)
		}
	}
	if _, err := f.Segment("swap"); err == nil || !strings.Contains(err.Error(), "want spot, linear or inverse") {
		t.Errorf("%v", err)
	}
}

// Frames as they came in October 2026 are all understood.
func TestRecordedFrames(t *testing.T) {
	text, err := os.ReadFile(datatest.Path(t, "samples/venues/captures/bybit_2026-10-07_public_frames_trimmed.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, `{"topic":"orderbook`) && !strings.HasPrefix(line, `{"topic":"publicTrade`) && !strings.HasPrefix(line, `{"topic":"tickers`) {
			continue
		}
		f, ok := (Format{}).Inspect([]byte(line))
		if !ok || f.Symbol == "" || string(Format{}.Symbol([]byte(line))) != f.Symbol {
			t.Errorf("%.100s: %+v", line, f)
		}
		known++
	}
	if known == 0 {
		t.Error("none was looked at")
	}
}

func FuzzInspect(f *testing.F) {
	for line := range strings.Lines(tape) {
		_, frame, _ := strings.Cut(strings.TrimSpace(line), " ")
		f.Add([]byte(frame))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		var x Format
		x.Symbol(frame)
		if in, ok := x.Inspect(frame); ok {
			in.Numbers(func(string) {}, func(string) {})
			step := exchange.MustStep("0.1")
			x.Assume(api.Linear.Venue(), in.Symbol, step, step)
		}
	})
}
