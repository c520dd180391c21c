package payload_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/deribit/payload"
)

var (
	inverse = exchange.Instrument{Venue: api.Inverse.Venue(), Contract: exchange.Inverse, Symbol: "BTC-PERPETUAL", Base: "BTC", Quote: "USD", Tick: exchange.MustStep("0.5"),
		Lot: exchange.MustStep("10"), ContractSize: decimal.NewFromInt(1), FundingHours: 1, FundingAccrues: true}
	linear = exchange.Instrument{ID: 1, Venue: api.Linear.Venue(), Contract: exchange.Linear, Symbol: "ETH_USDC-25DEC26", Base: "ETH", Quote: "USDC", Tick: exchange.MustStep("0.05"),
		Lot: exchange.MustStep("0.001"), Delivery: exchange.Date(2026, 12, 25) + 8*exchange.Hour}
	spot = exchange.Instrument{ID: 2, Venue: api.Spot.Venue(), Symbol: "BTC_USDC", Base: "BTC", Quote: "USDC", Tick: exchange.MustStep("1"), Lot: exchange.MustStep("0.0001")}
)

func resolve(symbol []byte) *exchange.Instrument {
	for _, in := range []*exchange.Instrument{&inverse, &linear, &spot} {
		if string(symbol) == in.Symbol {
			return in
		}
	}
	return nil
}

// told is what a message yields, in short.
func told(frame string) (out []string, err error) {
	d := payload.New(resolve)
	err = d.Decode([]byte(frame), func(ev *exchange.Event, _ int64) {
		switch ev.Kind {
		case exchange.KindSnapshot, exchange.KindDiff:
			out = append(out, fmt.Sprint(ev.Kind, ev.Instrument, ev.FirstID, ev.LastID, ev.PrevID, ev.Bids, ev.Asks))
		case exchange.KindTrade:
			out = append(out, fmt.Sprint(ev.Kind, ev.Instrument, ev.ID, ev.Price, ev.Qty, ev.Side))
		case exchange.KindLiquidation:
			out = append(out, fmt.Sprint(ev.Kind, ev.Instrument, ev.Price, ev.Qty, ev.Side))
		case exchange.KindTicker:
			out = append(out, fmt.Sprint(ev.Kind, ev.Instrument, ev.Price, ev.Qty, ev.Price2, ev.Qty2))
		case exchange.KindMark:
			out = append(out, fmt.Sprint(ev.Kind, ev.Instrument, int64(ev.Mark), int64(ev.Index), int64(ev.Rate), ev.Hours, int64(ev.NextFunding-ev.VenueTime)/1e9))
		default:
			out = append(out, fmt.Sprint(ev.Kind, ev.Instrument, ev.Qty))
		}
	})
	return out, err
}

func frame(channel, data string) string {
	return `{"jsonrpc":"2.0","method":"subscription","params":{"channel":"` + channel + `","data":` + data + `}}`
}

func TestDecode(t *testing.T) {
	const tick = `{"timestamp":1764403200000,"best_bid_price":42500.0,"best_bid_amount":950.0,"best_ask_price":42500.5,"best_ask_amount":20.0,` +
		`"mark_price":42500.27,"index_price":42490.1,"current_funding":8.0e-5,"funding_8h":0.0001,"open_interest":1132329370.0,"stats":{"low":null}}`
	for _, tt := range []struct{ name, frame, want string }{
		{"a snapshot", frame("book.BTC-PERPETUAL.100ms", `{"type":"snapshot","timestamp":1764403200000,"instrument_name":"BTC-PERPETUAL","change_id":7,"bids":[["new",42500.0,950.0],["new",42499.5,10]],"asks":[]}`),
			"snapshot 0 7 7 -1 [{85000 95} {84999 1}] []"},
		{"a change in another order of keys", `{"params":{"data":{"asks":[["delete",42501.0,0.0], ["change",42501.5,705]],"bids":[],"change_id":9,"prev_change_id":7,"type":"change"},"channel":"book.BTC-PERPETUAL.raw"},"method":"subscription","jsonrpc":"2.0"}`,
			"diff 0 8 9 7 [] [{85002 0} {85003 70}]"},
		{"of amounts with exponents", frame("book.BTC_USDC.agg2", `{"type":"change","timestamp":1,"change_id":9,"prev_change_id":7,"bids":[["new",1.0e5,1.0e-4],["delete",9,1]],"asks":[]}`),
			"diff 2 8 9 7 [{100000 1} {9 0}] []"},
		{"a level that is deleted is gone", frame("book.BTC_USDC.agg2", `{"type":"change","timestamp":1,"change_id":9,"prev_change_id":7,"asks":[["delete",9,1]],"bids":[]}`),
			"diff 2 8 9 7 [] [{9 0}]"},
		{"trades, without one that was agreed on elsewhere", frame("trades.ETH_USDC-25DEC26.100ms",
			`[{"timestamp":1764403200000,"price":2968.3,"amount":0.106,"direction":"sell","instrument_name":"ETH_USDC-25DEC26","trade_seq":59,"trade_id":"ETH-284830839","mark_price":2968.01,"liquidation":"T"},`+
				`{"timestamp":1764403200001,"price":2968.35,"amount":1.0,"direction":"buy","trade_seq":60,"block_trade_id":"77"},{"timestamp":1764403200001,"price":2968.35,"amount":1.0,"direction":"buy","trade_seq":61}]`),
			"liquidation 1 59366 106 sell|trade 1 59 59366 106 sell|trade 1 61 59367 1000 buy"},
		{"a trade in which both were liquidated, and one in which the maker was", frame("trades.ETH_USDC-25DEC26.100ms",
			`[{"timestamp":1764403200000,"price":2968.3,"amount":0.106,"direction":"sell","trade_seq":59,"liquidation":"MT"},{"timestamp":1764403200000,"price":2968.3,"amount":1,"direction":"sell","trade_seq":60,"liquidation":"M"}]`),
			"liquidation 1 59366 106 sell|liquidation 1 59366 106 buy|trade 1 59 59366 106 sell|liquidation 1 59366 1000 buy|trade 1 60 59366 1000 sell"},
		{"a ticker of a perpetual", frame("ticker.BTC-PERPETUAL.100ms", tick), "ticker 0 85000 95 85001 2|mark 0 4250027000000 4249010000000 1000 1 3600|open_interest 0 113232937"},
		{"of a dated future", frame("ticker.ETH_USDC-25DEC26.raw", `{"timestamp":1764403200000,"best_bid_price":0.0,"best_ask_price":3000.0,"best_ask_amount":1,"mark_price":2999.1,"index_price":null}`),
			"mark 1 299910000000 0 0 0 -1764403200"},
		{"of spot", frame("ticker.BTC_USDC.100ms", strings.Replace(tick, "42500.5", "42501", 1)), "ticker 2 42500 9500000 42501 200000"},
		{"a quote", frame("quote.ETH_USDC-25DEC26", `{"timestamp":1764403200000,"best_bid_price":2968.3,"best_bid_amount":1,"best_ask_price":2968.35,"best_ask_amount":2}`), "ticker 1 59366 1000 59367 2000"},
	} {
		got, err := told(tt.frame)
		if err != nil || strings.Join(got, "|") != tt.want {
			t.Errorf("%s: %q %v, want %q", tt.name, strings.Join(got, "|"), err, tt.want)
		}
	}
}

func TestIgnored(t *testing.T) {
	for _, f := range []string{
		`{"jsonrpc":"2.0","id":7,"result":["book.BTC-PERPETUAL.100ms"],"usIn":1,"usOut":2,"usDiff":1,"testnet":false}`,
		`{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}`,
		frame("book.BTC-PERPETUAL.none.10.100ms", `{"bids":[[1,2]]}`), frame("book.BTC-26JUN20-9000-C.raw", `{}`), frame("platform_state", `{"locked":false}`),
	} {
		if got, err := told(f); !errors.Is(err, connect.ErrIgnored) || got != nil {
			t.Errorf("%s: %v %v", f, got, err)
		}
	}
}

// A candle is told when the next one begins, with the last that was said of it.
func TestCandles(t *testing.T) {
	d := payload.New(resolve)
	var got []string
	for _, data := range []string{`{"tick":1764403200000,"open":42500.0,"high":42500.0,"low":42499.5,"close":42500.0,"volume":0.1,"cost":4250.0}`,
		`{"tick":1764403200000,"open":42500.0,"high":42501.0,"low":42499.5,"close":42501.0,"volume":0.2,"cost":8500.0}`,
		`{"tick":1764403260000,"open":42501.0,"high":42501.0,"low":42501.0,"close":42501.0,"volume":0.0,"cost":0.0}`} {
		err := d.Decode([]byte(frame("chart.trades.BTC-PERPETUAL.1", data)), func(ev *exchange.Event, order int64) {
			got = append(got, fmt.Sprint(ev.VenueTime, ev.Bar.Open, ev.Bar.High, ev.Bar.Low, ev.Bar.Close, ev.Bar.Volume, ev.Bar.Flow, ev.Bar.Interval == exchange.Minute, order))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if want := "[2025-11-29T08:01:00.000Z 85000 85002 84999 85002 8500 {8500 0 0 1} true 1764403200000000000]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

// An error names the instrument and the field.
func TestMalformed(t *testing.T) {
	for f, want := range map[string]string{
		``:                                   "want a value",
		`{"jsonrpc":"2.0","method":`:         "want a value",
		frame("book.BTC-PERPETUAL.raw", `[`): "want an object",
		frame("book.BTC-PERPETUAL.raw", `{"type":"image","change_id":1}`):                                            `"snapshot" or "change"`,
		frame("book.BTC-PERPETUAL.raw", `{"type":"change","change_id":8,"bids":[]}`):                                 "prev_change_id",
		frame("book.BTC-PERPETUAL.raw", `{"type":"snapshot","bids":[]}`):                                             "change_id",
		frame("book.BTC-PERPETUAL.raw", `{"type":"snapshot","change_id":8,"bids":[["new",1.2,10]]}`):                 `field "bids": "1.2" in steps of 0.5`,
		frame("book.BTC-PERPETUAL.raw", `{"type":"snapshot","change_id":8,"bids":[["new",-1.5,10]]}`):                "price above zero",
		frame("book.BTC-PERPETUAL.raw", `{"type":"snapshot","change_id":8,"bids":[["old",1.5,10]]}`):                 `"new", "change" or "delete"`,
		frame("book.BTC-PERPETUAL.raw", `{"type":"snapshot","change_id":8,"bids":[["new",1.5,10]}`):                  "comma or a closing bracket",
		frame("book.BTC-PERPETUAL.raw", `{"type":"snapshot","change_id":8,"bids":[["new",01.5,10]]}`):                "leading zero",
		frame("trades.BTC-PERPETUAL.raw", `[{"timestamp":1,"price":1.5,"amount":10,"direction":"buy"}]`):             "trade_seq",
		frame("trades.BTC-PERPETUAL.raw", `[{"timestamp":1.5}]`):                                                     "want an integer",
		frame("ticker.BTC-PERPETUAL.raw", `{"timestamp":1,"mark_price":1e400}`):                                      "mark_price",
		frame("ticker.BTC-PERPETUAL.raw", `{"timestamp":1764403200000,"mark_price":1.5,"current_funding":"0.0001"}`): "want a number",
	} {
		if got, err := told(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v %v, want %q", f, got, err, want)
		}
	}
}

func TestSegments(t *testing.T) {
	for name, want := range map[string]api.Segment{"BTC-PERPETUAL": api.Inverse, "BTC-25DEC26": api.Inverse, "ETH-5JUN26": api.Inverse, "BTC_USDC-PERPETUAL": api.Linear,
		"SOL_USDT-25DEC26": api.Linear, "BTC_USDC": api.Spot, "ETH_BTC": api.Spot, "BTC-25DEC26-100000-C": "", "BTC_USDC-25DEC26-100000-C": "", "BTC-FS-19MAY26_PERP": "",
		"BTC": "", "": "", "BTC-": "", "BTC-99DEC": "", "XRP_USDC-30JUN23-0d625-C": "", "BTC-COMBO-1": ""} {
		if got := api.SegmentOf(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
