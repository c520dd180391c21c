package payload

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// Payloads are made up; keys and their order are the venue's.
const (
	spotDiff   = `{"e":"depthUpdate","E":1700000000208,"s":"BTCUSDT","U":9007199254740993,"u":9007199254740995,"b":[["61737.63000000","0.00000000"],["61730.17000000","1.54698000"]],"a":[["61837.64000000","0.00001000"]]}`
	usdmDiff   = `{"e":"depthUpdate","E":1700000000299,"T":1700000000298,"s":"BTCUSDT","U":5006,"u":5557,"pu":4937,"b":[["58710.20","0.014"]],"a":[]}`
	coinmDiff  = `{"e":"depthUpdate","E":1700000000440,"T":1700000000432,"s":"BTCUSD_PERP","ps":"BTCUSD","U":1260,"u":1565,"pu":1198,"b":[],"a":[["61773.6","1001"],["61776.4","0"]],"st":2}`
	spotTicker = `{"u":9239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"}`
	usdmTicker = `{"e":"bookTicker","u":5123107839020,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30","A":"2.510","T":1700000000313,"E":1700000000314}`
	cmTicker   = `{"u":1007,"e":"bookTicker","s":"BTCUSD_PERP","ps":"BTCUSD","b":"61804.7","B":"35","a":"61804.8","A":"1645","T":1700000000465,"E":1700000000476}`
	spotTrade  = `{"e":"trade","E":1700000000343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1700000000342,"m":true,"M":true}`
	usdmTrade  = `{"e":"trade","E":1700000000322,"T":1700000000321,"s":"BTCUSDT","t":5266583935,"p":"61800.30","q":"0.006","X":"MARKET","m":false}`
	aggTrade   = `{"e":"aggTrade","E":1700000000123,"s":"BTCUSDT","a":5933014,"p":"61000.10","q":"0.100","nq":"0.080","f":100,"l":105,"T":1700000000100,"m":true,"st":1}`
	usdmMark   = `{"e":"markPriceUpdate","E":1700000000000,"s":"BTCUSDT","p":"61000.15000000","ap":"61000.10000000","P":"61001.25641265","i":"61010.62659091","r":"-0.00005000","T":1700006400000,"st":1}`
	quarterly  = `{"e":"markPriceUpdate","E":1700000000000,"s":"BTCUSD_PERP","p":"10934.62615417","P":"10962.17178236","i":"10933.62615417","r":"","T":0}`
	spotBook   = `{"lastUpdateId":50093239218,"bids":[["61837.63000000","3.78826000"]],"asks":[["61837.64000000","1.54698000"]]}`
	coinmBook  = `{"lastUpdateId":1033,"E":1700000000835,"T":1700000000823,"symbol":"BTCUSD_PERP","pair":"BTCUSD","bids":[["61804.7","35"],["61802.0","8"]],"asks":[["61804.8","7"]]}`
)

const second = exchange.Time(1700000000) * exchange.Second

type levels = []exchange.Level

var decoded = []struct {
	name   string
	market api.Market
	frame  string
	want   exchange.Event
}{
	{"spot diff", api.Spot, spotDiff, exchange.Event{Kind: exchange.KindDiff, VenueTime: second + 208*exchange.Millisecond,
		FirstID: 9007199254740993, LastID: 9007199254740995, PrevID: -1,
		Bids: levels{{Price: 6173763, Qty: 0}, {Price: 6173017, Qty: 154698}}, Asks: levels{{Price: 6183764, Qty: 1}}}},
	{"usdm diff", api.USDM, usdmDiff, exchange.Event{Kind: exchange.KindDiff, VenueTime: second + 298*exchange.Millisecond,
		FirstID: 5006, LastID: 5557, PrevID: 4937, Bids: levels{{Price: 587102, Qty: 14}}}},
	{"coinm diff", api.COINM, coinmDiff, exchange.Event{Kind: exchange.KindDiff, VenueTime: second + 432*exchange.Millisecond,
		FirstID: 1260, LastID: 1565, PrevID: 1198, Asks: levels{{Price: 617736, Qty: 1001}, {Price: 617764, Qty: 0}}}},
	{"spot ticker", api.Spot, spotTicker, exchange.Event{Kind: exchange.KindTicker, LastID: 9239212,
		Price: 6183763, Qty: 378826, Price2: 6183764, Qty2: 154698}},
	{"usdm ticker", api.USDM, usdmTicker, exchange.Event{Kind: exchange.KindTicker, VenueTime: second + 313*exchange.Millisecond,
		LastID: 5123107839020, Price: 618002, Qty: 2507, Price2: 618003, Qty2: 2510}},
	{"coinm ticker", api.COINM, cmTicker, exchange.Event{Kind: exchange.KindTicker, VenueTime: second + 465*exchange.Millisecond,
		LastID: 1007, Price: 618047, Qty: 35, Price2: 618048, Qty2: 1645}},
	{"ticker of an empty book", api.Spot, `{"u":1,"s":"BTCUSDT","b":"0.00","B":"0.00","a":"0.00","A":"0.00"}`,
		exchange.Event{Kind: exchange.KindTicker, LastID: 1}},
	{"spot trade", api.Spot, spotTrade, exchange.Event{Kind: exchange.KindTrade, VenueTime: second + 342*exchange.Millisecond,
		ID: 3735683259, Price: 6183763, Qty: 2000, Side: exchange.Sell}},
	{"usdm trade", api.USDM, usdmTrade, exchange.Event{Kind: exchange.KindTrade, VenueTime: second + 321*exchange.Millisecond,
		ID: 5266583935, Price: 618003, Qty: 6, Side: exchange.Buy}},
	{"aggregate trade", api.USDM, aggTrade, exchange.Event{Kind: exchange.KindTrade, VenueTime: second + 100*exchange.Millisecond,
		ID: 5933014, Price: 610001, Qty: 100, Side: exchange.Sell}},
	{"mark price", api.USDM, usdmMark, exchange.Event{Kind: exchange.KindMark, VenueTime: second,
		Mark: 6100015000000, Index: 6101062659091, Rate: -5000, NextFunding: second + 6400*exchange.Second, Hours: 8}},
	{"mark price without a rate", api.COINM, quarterly, exchange.Event{Kind: exchange.KindMark, VenueTime: second,
		Mark: 1093462615417, Index: 1093362615417, Hours: 8}},
	{"spot snapshot", api.Spot, spotBook, exchange.Event{Kind: exchange.KindSnapshot, LastID: 50093239218,
		Bids: levels{{Price: 6183763, Qty: 378826}}, Asks: levels{{Price: 6183764, Qty: 154698}}}},
	{"coinm snapshot", api.COINM, coinmBook, exchange.Event{Kind: exchange.KindSnapshot, VenueTime: second + 823*exchange.Millisecond,
		LastID: 1033, Bids: levels{{Price: 618047, Qty: 35}, {Price: 618020, Qty: 8}}, Asks: levels{{Price: 618048, Qty: 7}}}},
	{"partial depth of spot", api.Spot, `{"stream":"btcusdt@depth20@100ms","data":` + spotBook + `}`,
		exchange.Event{Kind: exchange.KindSnapshot, LastID: 50093239218,
			Bids: levels{{Price: 6183763, Qty: 378826}}, Asks: levels{{Price: 6183764, Qty: 154698}}}},
	{"partial depth of usdm", api.USDM, `{"stream":"btcusdt@depth5","data":` + usdmDiff + `}`,
		exchange.Event{Kind: exchange.KindSnapshot, VenueTime: second + 298*exchange.Millisecond, LastID: 5557,
			Bids: levels{{Price: 587102, Qty: 14}}}},
	{"diff depth by its stream", api.USDM, `{"stream":"btcusdt@depth@100ms","data":` + usdmDiff + `}`,
		exchange.Event{Kind: exchange.KindDiff, VenueTime: second + 298*exchange.Millisecond,
			FirstID: 5006, LastID: 5557, PrevID: 4937, Bids: levels{{Price: 587102, Qty: 14}}}},
	{"microseconds", api.Spot, `{"e":"trade","E":1700000000343001,"s":"BTCUSDT","t":1,"p":"1","q":"1","T":1700000000342001,"m":false}`,
		exchange.Event{Kind: exchange.KindTrade, VenueTime: second + 342001*exchange.Microsecond, ID: 1, Price: 100, Qty: 100000, Side: exchange.Buy}},
	{"envelope in the other order", api.Spot, `{ "data" : ` + spotBook + ` , "stream" : "btcusdt@depth5" }`,
		exchange.Event{Kind: exchange.KindSnapshot, LastID: 50093239218,
			Bids: levels{{Price: 6183763, Qty: 378826}}, Asks: levels{{Price: 6183764, Qty: 154698}}}},
	{"keys in another order, unknown keys, nested values, whitespace", api.USDM, `{"a":[ ["2.0", "0.5", []] ], "x\u0041\n":{"b":[[1.5e3,null,true]],"u":9},
		"u":3, "pu":1, "b":[], "U":2, "T":1700000000001, "note":"\"quoted\"", "s":"BTCUSDT", "E":1700000000002, "e":"depthUpdate" }`,
		exchange.Event{Kind: exchange.KindDiff, VenueTime: second + exchange.Millisecond, FirstID: 2, LastID: 3, PrevID: 1,
			Asks: levels{{Price: 20, Qty: 500}}}},
	{"quantity older than the lot", api.Spot, `{"lastUpdateId":1,"bids":[["200000.00","25.42618900"]],"asks":[["200001.00","0.00000900"]]}`,
		exchange.Event{Kind: exchange.KindSnapshot, LastID: 1,
			Bids: levels{{Price: 20000000, Qty: 2542618}}, Asks: levels{{Price: 20000100, Qty: 0}}}},
}

func TestDecode(t *testing.T) {
	for _, tt := range decoded {
		t.Run(tt.name, func(t *testing.T) {
			d, in := forBTC(t, tt.market)
			tt.want.Instrument = in.ID
			for name, decode := range map[string]func(*exchange.Event) error{
				"decode":   func(ev *exchange.Event) error { return d.Decode([]byte(tt.frame), ev) },
				"tolerant": func(ev *exchange.Event) error { return decodeTolerant(d, []byte(tt.frame), ev) },
				"reference": func(ev *exchange.Event) error {
					ref, err := naive{tt.market, in, in}.decode([]byte(tt.frame))
					if err == nil {
						*ev = *ref
					}
					return err
				},
			} {
				var ev exchange.Event
				if err := decode(&ev); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				sameEvent(t, []byte(tt.frame), &ev, &tt.want)
			}
		})
	}
}

// What the venue writes today is decoded by the strict path.
func TestShapesMatch(t *testing.T) {
	for market, frames := range map[api.Market][]string{
		api.Spot:  {spotDiff, spotTicker, spotTrade, spotBook},
		api.USDM:  {usdmDiff, usdmTicker, usdmTrade, aggTrade, usdmMark},
		api.COINM: {coinmDiff, cmTicker, quarterly, coinmBook},
	} {
		d, _ := forBTC(t, market)
		for _, frame := range frames {
			if !inShape(d, []byte(frame)) {
				t.Errorf("%s: no shape for %s", market, frame)
			}
			if !inShape(d, []byte(`{"stream":"btcusdt@x","data":`+frame+`}`)) {
				t.Errorf("%s: no shape for the envelope of %s", market, frame)
			}
		}
	}
}

// Decode leaves alone what does not belong to the kind.
func TestDecodeSetsNothingElse(t *testing.T) {
	d, in := forBTC(t, api.USDM)
	ev := exchange.Event{Seq: 3, Time: 4, Name: "n", Reason: "r", Mark: 5, FirstID: 6, PrevID: 7}
	if err := d.Decode([]byte(usdmTicker), &ev); err != nil {
		t.Fatal(err)
	}
	want := exchange.Event{Seq: 3, Time: 4, Name: "n", Reason: "r", Mark: 5, FirstID: 6, PrevID: 7, Kind: exchange.KindTicker,
		Instrument: in.ID, VenueTime: second + 313*exchange.Millisecond, LastID: 5123107839020,
		Price: 618002, Qty: 2507, Price2: 618003, Qty2: 2510}
	sameEvent(t, []byte(usdmTicker), &ev, &want)
	if ev.Name != "n" || ev.Reason != "r" {
		t.Errorf("name and reason became %q and %q", ev.Name, ev.Reason)
	}
}

func TestIgnored(t *testing.T) {
	for name, frame := range map[string]string{
		"acknowledgement":        `{"result":null,"id":1}`,
		"refused subscription":   `{"error":{"code":2,"msg":"Invalid request"},"id":1}`,
		"kline":                  `{"e":"kline","E":1,"s":"BTCUSDT","k":{"t":1,"T":2,"b":[]}}`,
		"another symbol":         strings.Replace(usdmDiff, "BTCUSDT", "ETHUSDT", 1),
		"lower case symbol":      strings.Replace(usdmDiff, "BTCUSDT", "btcusdt", 1),
		"array":                  `[` + usdmMark + `]`,
		"array in an envelope":   `{"stream":"!markPrice@arr","data":[` + usdmMark + `]}`,
		"empty object":           `{}`,
		"insurance fund":         strings.Replace(usdmTrade, "MARKET", "INSURANCE_FUND", 1),
		"no trade at all":        `{"e":"trade","E":1,"T":1,"s":"BTCUSDT","t":1,"p":"0","q":"0","X":"NA","m":true}`,
		"retail price orders":    `{"stream":"btcusdt@rpiDepth@500ms","data":` + usdmDiff + `}`,
		"null payload":           `{"stream":"x","data":null}`,
		"ticker of REST":         `{"symbol":"BTCUSDT","bidPrice":"4.0","bidQty":"431.0","askPrice":"4.1","askQty":"9.0"}`,
		"event that is no text":  `{"e":5,"s":"BTCUSDT"}`,
		"case of keys is exact":  `{"U":1,"S":"BTCUSDT","B":"1","b":"1","a":"1","A":"1"}`,
		"snapshot without sides": `{"lastUpdateId":5}`,
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := forBTC(t, api.USDM)
			var ev exchange.Event
			if err := d.Decode([]byte(frame), &ev); !errors.Is(err, ErrIgnored) {
				t.Errorf("%s: %v, want ErrIgnored", frame, err)
			}
		})
	}
}

func TestMalformed(t *testing.T) {
	tests := []struct{ name, frame, field, say string }{
		{"empty", ``, "", "want a value"},
		{"not an object", `"text"`, "", "want an object or an array"},
		{"cut off", usdmDiff[:120], "b", "cut off"},
		{"trailing bytes", usdmTicker + `x`, "", "want the end"},
		{"trailing envelope bytes", `{"stream":"s","data":` + usdmTicker + `}}`, "", "want the end"},
		{"key twice", `{"e":"trade","e":"trade"}`, "e", "twice"},
		{"control character", "{\"k\":\"a\nb\"}", "", "control character"},
		{"bad escape", `{"k":"\q"}`, "", "unknown escape"},
		{"bad hex", `{"k":"\u12g4"}`, "", "hex"},
		{"leading zero", `{"k":01}`, "", "leading zero"},
		{"too deep", `{"k":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `}`, "", "too deeply"},
		{"price off the grid", strings.Replace(usdmTicker, "61800.20", "61800.25", 1), "b", `"61800.25" in steps of 0.1`},
		{"quantity off the grid", strings.Replace(usdmTrade, "0.006", "0.0061", 1), "q", `"0.0061" in steps of 0.001`},
		{"level price off the grid", strings.Replace(usdmDiff, "58710.20", "58710.21", 1), "b", `"58710.21" in steps of 0.1`},
		{"exponent", strings.Replace(usdmTrade, "0.006", "6e-3", 1), "q", "not a plain decimal"},
		{"negative quantity", strings.Replace(usdmDiff, "0.014", "-0.014", 1), "b", "negative"},
		{"price as a number", strings.Replace(usdmTicker, `"61800.20"`, `61800.20`, 1), "b", "want a string"},
		{"level price zero", strings.Replace(usdmDiff, "58710.20", "0", 1), "b", "zero"},
		{"level without quantity", `{"e":"depthUpdate","s":"BTCUSDT","b":[["1.0"]]}`, "b", "no quantity"},
		{"level that is no array", `{"e":"depthUpdate","s":"BTCUSDT","b":["1.0"]}`, "b", "want a level"},
		{"id with a fraction", strings.Replace(usdmDiff, "5557", "5557.5", 1), "u", "want a whole number"},
		{"id beyond 63 bits", strings.Replace(usdmDiff, "5557", "9223372036854775808", 1), "u", "want a whole number"},
		{"no previous id", strings.Replace(usdmDiff, `"pu":4937,`, "", 1), "pu", "missing"},
		{"no symbol", strings.Replace(usdmDiff, `"s":"BTCUSDT",`, "", 1), "s", "missing"},
		{"symbol with escapes", strings.Replace(usdmDiff, `BTCUSDT`, `BTC\u0055SDT`, 1), "s", "without escapes"},
		{"no maker flag", strings.Replace(usdmTrade, `,"m":false`, "", 1), "m", "missing"},
		{"trade at zero", strings.Replace(usdmTrade, "61800.30", "0.00", 1), "p", "above zero"},
		{"rate that is no number", strings.Replace(usdmMark, "-0.00005000", "null", 1), "r", "not a plain decimal"},
		{"time out of range", strings.Replace(usdmTrade, "1700000000321", "99999999999999", 1), "T", "not a time"},
		{"stream that is no text", `{"stream":5,"data":{}}`, "stream", "want a string"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, _ := forBTC(t, api.USDM)
			var ev exchange.Event
			err := d.Decode([]byte(tt.frame), &ev)
			var bad *jsonscan.DecodeError
			if !errors.As(err, &bad) {
				t.Fatalf("got %v, want a *jsonscan.DecodeError", err)
			}
			if bad.Field != tt.field || !strings.Contains(err.Error(), tt.say) {
				t.Errorf("field %q: %v; want field %q and %q", bad.Field, err, tt.field, tt.say)
			}
			if bad.Offset < 0 || bad.Offset > len(tt.frame) {
				t.Errorf("offset %d of %d bytes", bad.Offset, len(tt.frame))
			}
		})
	}
}

func TestDecodeErrorShowsWhere(t *testing.T) {
	d, _ := forBTC(t, api.USDM)
	var ev exchange.Event
	err := d.Decode([]byte(strings.Replace(usdmDiff, "58710.20", "58710.21", 1)), &ev)
	want := `malformed payload at byte 104 in field "b": a price of usdm:BTCUSDT: "58710.21" in steps of 0.1: ` +
		`not a whole number of steps; near "\":5557,\"pu\":4937,\"b\":[[\"58710.21\",\"0.014\"]],\"a\":"`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestSnapshotWithoutOwner(t *testing.T) {
	d := NewDecoder(api.Spot, func([]byte) *exchange.Instrument { return nil })
	var ev exchange.Event
	var bad *jsonscan.DecodeError
	if err := d.Decode([]byte(spotBook), &ev); !errors.As(err, &bad) || bad.Field != "symbol" {
		t.Errorf("got %v, want an error in field symbol", err)
	}
}

func TestDecodeEach(t *testing.T) {
	other := strings.Replace(usdmMark, "BTCUSDT", "ETHUSDT", 1)
	later := strings.Replace(usdmMark, "61000.15", "61000.16", 1)
	array := "[" + usdmMark + ", " + other + ", 5, " + later + "]"
	for _, frame := range []string{array, `{"stream":"!markPrice@arr@1s","data":` + array + `}`} {
		d, _ := forBTC(t, api.USDM)
		var ev exchange.Event
		var marks []exchange.E8
		err := d.DecodeEach([]byte(frame), &ev, func(ev *exchange.Event) error {
			marks = append(marks, ev.Mark)
			return nil
		})
		if fmt.Sprint(marks, err) != "[6100015000000 6100016000000] <nil>" {
			t.Errorf("%.40s…: marks %v, error %v", frame, marks, err)
		}
	}
}

func TestDecodeEachStops(t *testing.T) {
	d, _ := forBTC(t, api.USDM)
	var ev exchange.Event
	stop := errors.New("stop")
	calls := 0
	err := d.DecodeEach([]byte("["+usdmMark+","+usdmMark+"]"), &ev, func(*exchange.Event) error { calls++; return stop })
	if err != stop || calls != 1 {
		t.Errorf("%d calls, error %v", calls, err)
	}
	var bad *jsonscan.DecodeError
	err = d.DecodeEach([]byte(`[`+usdmMark+`,{"e":"trade","s":"BTCUSDT"}]`), &ev, func(*exchange.Event) error { return nil })
	if !errors.As(err, &bad) {
		t.Errorf("malformed element: %v", err)
	}
	if err := d.DecodeEach([]byte(`[1,{}]`), &ev, func(*exchange.Event) error { return nil }); err != ErrIgnored {
		t.Errorf("nothing of use: %v", err)
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	for _, tt := range decoded {
		d, _ := forBTC(t, tt.market)
		frame := []byte(tt.frame)
		var ev exchange.Event
		if n := testing.AllocsPerRun(20, func() { _ = d.Decode(frame, &ev) }); n != 0 {
			t.Errorf("%s: %v allocations", tt.name, n)
		}
		if n := testing.AllocsPerRun(20, func() { _ = decodeTolerant(d, frame, &ev) }); n != 0 {
			t.Errorf("%s, tolerant: %v allocations", tt.name, n)
		}
	}
}
