package record

import (
	"io"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// A row that says what no market can is refused like one that can't be read: with its file,
// line and value, and a gap in its place. Nothing of it is played.
func TestImpossibleRowsAreRefused(t *testing.T) {
	const (
		trades = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\nbinance-futures,ABCUSDT,1700000000000000,1700000000000900,1,buy,9.9,1.5\n" +
			"binance-futures,ABCUSDT,1700000001000000,1700000001000900,2,sell,"
		book   = tardisL2Rows + "binance-futures,ABCUSDT,1700000005000000,1700000005000100,false,"
		quotes = "exchange,symbol,timestamp,local_timestamp,ask_amount,ask_price,bid_price,bid_amount\nbinance-futures,ABCUSDT,1700000000000000,1700000000000900,1,10.1,10,1\n" +
			"binance-futures,ABCUSDT,1700000001000000,1700000001000900,"
		ticker = "exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,predicted_funding_rate,open_interest,last_price,index_price,mark_price\n" +
			"binance-futures,ABCUSDT,1699999200000000,1699999200000900,1700006400000000,0.0001,,1000.5,9.9,9.91,9.92\n" +
			"binance-futures,ABCUSDT,1699999201000000,1699999201000900,1700006400000000,"
	)
	for _, c := range []struct{ text, events, problem string }{
		{trades + "9.9,-5\n", "trade gap", "a.csv:3: Qty -50 lots (-5): want above 0"},
		{trades + "9.9,0\n", "trade gap", "a.csv:3: Qty 0 lots (0): want above 0"},
		{trades + "0,1\n", "trade gap", "a.csv:3: Price 0 ticks (0): want above 0"},
		{trades + "-5,1\n", "trade gap", "a.csv:3: Price -50 ticks (-5): want above 0"},
		{book + "bid,9.9,-3\n", "snapshot diff diff diff snapshot gap", "a.csv:11: level quantity -30 lots (-3): want 0 or more"},
		{book + "bid,0,3\n", "snapshot diff diff diff snapshot gap", "a.csv:11: level price 0 ticks (0): want above 0"},
		{book + "ask,-1,3\n", "snapshot diff diff diff snapshot gap", "a.csv:11: level price -100 ticks (-1): want above 0"},
		{quotes + "1,10.1,-10,1\n", "ticker gap", "a.csv:3: Price -100 ticks (-10): want above 0"},
		{quotes + "-1,10.1,10,1\n", "ticker gap", "a.csv:3: Qty2 -1 lots (-1): want 0 or more"},
		{ticker + "5,,1000.5,9.9,9.91,9.92\n", "mark open_interest gap", `a.csv:3: funding_rate of usdm:ABCUSDT: funding rate "5": want a fraction from -1 to 1`},
		{ticker + "0.0001,,1000.5,9.9,9.91,0\n", "mark open_interest gap", `a.csv:3: mark_price of usdm:ABCUSDT: "0": want above 0`},
		{ticker + "0.0001,,1000.5,9.9,-9.91,9.92\n", "mark open_interest gap", `a.csv:3: index_price of usdm:ABCUSDT: "-9.91": want above 0`},
		{ticker + "0.0001,,-1,9.9,9.91,9.92\n", "mark open_interest gap", `a.csv:3: open_interest of usdm:ABCUSDT: "-1": want 0 or more`},
	} {
		r := openTardis(t, "a.csv", c.text)
		evs, err := drain(t, r)
		s := r.Stats()
		if err != nil || kinds(evs) != c.events || s.Malformed != 1 || len(s.Problems) != 1 || !strings.Contains(s.Problems[0].String(), c.problem) {
			t.Errorf("events %s, %v, problems %v; want %s and %s", kinds(evs), err, s.Problems, c.events, c.problem)
		}
	}
}

// A rate that was refused is not what the next row, which says none, goes by.
func TestARefusedRateIsNotKept(t *testing.T) {
	r := openTardis(t, "a.csv", `exchange,symbol,timestamp,local_timestamp,funding_timestamp,funding_rate,predicted_funding_rate,open_interest,last_price,index_price,mark_price
binance-futures,ABCUSDT,1699999200000000,1699999200000900,1700006400000000,0.0001,,,9.9,9.91,9.92
binance-futures,ABCUSDT,1699999201000000,1699999201000900,1700006400000000,0.5,,-1,9.9,9.91,9.92
binance-futures,ABCUSDT,1699999202000000,1699999202000900,1700006400000000,,,,9.9,9.91,9.93
`)
	evs, err := drain(t, r)
	if err != nil || kinds(evs) != "mark gap mark" || evs[2].Rate != 10000 {
		t.Errorf("%s, %v: %+v", kinds(evs), err, evs)
	}
}

func TestImpossibleFramesAreRefused(t *testing.T) {
	lines := strings.SplitAfter(usdmLines, "\n")
	for bad, problem := range map[string]string{
		strings.Replace(lines[4], `"0.100"`, `"-0.100"`, 1):                 `a.jsonl:5: malformed payload at byte 119 in field "q": a quantity of usdm:ABCUSDT: "-0.100": negative`,
		strings.Replace(lines[4], `"10.10"`, `"0.00"`, 1):                   `in field "p": a trade has a price and a quantity above zero`,
		strings.Replace(lines[3], `"10.10","0.500"`, `"10.10","-0.500"`, 1): `in field "b": a quantity of usdm:ABCUSDT: "-0.500" in steps of 0.001: negative`,
		`1000000004500 {"stream":"abcusdt@markPrice@1s","data":{"e":"markPriceUpdate","E":1700000000003,"s":"ABCUSDT","p":"10.15","i":"10.14","P":"10.15","r":"5.00000000","T":1700006400000}}` + "\n": "a.jsonl:5: mark of usdm:ABCUSDT: Rate 5: want a fraction from -1 to 1",
	} {
		r := openRaw(t, write(t, "a.jsonl", strings.Join(lines[:4], "")+bad+lines[4]))
		evs, err := drain(t, r)
		s := r.Stats()
		if err != nil || kinds(evs) != "diff ticker snapshot diff gap trade" || len(s.Problems) != 1 || !strings.Contains(s.Problems[0].String(), problem) {
			t.Errorf("events %s, %v, problems %v; want %s", kinds(evs), err, s.Problems, problem)
		}
	}
}

func TestImpossibleMessagesAreRefused(t *testing.T) {
	for line, problem := range map[string]string{
		wrote("book_change", 23, `"isSnapshot":false,"bids":[{"price":8,"amount":-3}],"asks":[]`):                            "level quantity -",
		wrote("book_change", 23, `"isSnapshot":false,"bids":[],"asks":[{"price":-1,"amount":3}]`):                            "level price -",
		wrote("derivative_ticker", 23, `"fundingRate":5,"markPrice":9.02,"fundingTimestamp":"2023-11-15T00:00:00.000Z"`):     `funding rate "5"`,
		wrote("derivative_ticker", 23, `"fundingRate":0.01,"markPrice":0,"fundingTimestamp":"2023-11-15T00:00:00.000Z"`):     "mark_price of usdm:ABCUSDT",
		wrote("trade", 23, `"id":"1","price":0,"amount":1,"side":"buy"`):                                                     "Price 0 ticks (0): want above 0",
		wrote("book_ticker", 23, `"askAmount":4,"askPrice":9.05,"bidPrice":8,"bidAmount":-3`):                                "Qty -",
		wrote("book_snapshot", 23, `"depth":1,"interval":0,"bids":[{"price":0,"amount":1}],"asks":[{"price":9,"amount":1}]`): "",
	} {
		r, err := formats.OpenStream(streamOf(1, io.EOF, append(streamLines[:3:3], line)...), Options{})
		if err != nil {
			t.Fatal(err)
		}
		evs, err := drain(t, r)
		s := r.Stats()
		if problem == "" { // a book that is kept by its changes takes none of it
			if len(s.Problems) != 0 || kinds(evs) != "snapshot diff" {
				t.Errorf("%s: %s, %v", line, kinds(evs), s.Problems)
			}
			continue
		}
		if err != nil || kinds(evs) != "snapshot diff gap" || len(s.Problems) != 1 || !strings.Contains(s.Problems[0].What, problem) {
			t.Errorf("%s: events %s, %v, problems %v; want %q", line, kinds(evs), err, s.Problems, problem)
		}
	}
}

// believable fails on an event that no recording may let through.
func believable(t *testing.T, r *Recording, evs []exchange.Event) {
	t.Helper()
	for i := range evs {
		if err := evs[i].CheckValues(r.Universe().Get(evs[i].Instrument)); err != nil {
			t.Fatalf("event %d: %v", i, err)
		}
	}
}
