package oms

import (
	"maps"
	"strconv"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

const working = 50 // orders, on a busy manager

// executions returns fills of one lot each, in turn over the working orders.
func streamed(n int) []AccountEvent {
	out := make([]AccountEvent, n)
	filled := [working]int64{}
	for i := range out {
		o := i % working
		filled[o]++
		e := &Execution{Venue: spot, Symbol: "BTCUSDT", TradeID: strconv.Itoa(i + 1), OrderID: strconv.Itoa(o + 1), ClientID: id(o), Side: exchange.Buy,
			Price: decimal.New(5000000, -2), Qty: decimal.New(1, -3), Fee: decimal.New(1, -6), FeeAsset: "BTC", Time: start}
		out[i] = AccountEvent{Venue: spot, Report: &Report{Venue: spot, Symbol: "BTCUSDT", ClientID: e.ClientID, OrderID: e.OrderID,
			Side: exchange.Buy, Status: exchange.StatusPartial, Price: e.Price, Qty: decimal.NewFromInt(1e9), Filled: decimal.New(filled[o], -3), Executions: []Execution{*e}}}
	}
	return out
}

func id(n int) string { return "t-" + string(rune('A'+n/10)) + string(rune('0'+n%10)) }

// BenchmarkExecution is from an event of the user stream to the event for the
// core, with 50 orders working.
func BenchmarkExecution(b *testing.B) {
	d, err := New(universe(), options(), Opening{Began: start}, start)
	if err != nil {
		b.Fatal(err)
	}
	for i := range working {
		d.Submit(&exchange.Order{ID: exchange.OrderID(i + 1), ClientID: id(i), Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 1, Qty: 1e12}, start)
	}
	d.Requests(func(*Request) {})
	list := streamed(b.N)
	told := 0
	b.ReportAllocs()
	b.ResetTimer()
	for i := range list {
		d.Event(&list[i], start)
		d.Events(func(*exchange.Event) { told++ })
	}
	if told < b.N {
		b.Fatalf("%d events of %d executions", told, b.N)
	}
}

// BenchmarkExecutionNaive is the usual client: a table of orders by id, of which
// every event hands out a copy.
func BenchmarkExecutionNaive(b *testing.B) {
	table := map[string]Report{}
	list := streamed(b.N)
	var snapshot map[string]Report
	b.ReportAllocs()
	b.ResetTimer()
	for i := range list {
		table[list[i].Report.ClientID] = *list[i].Report
		snapshot = maps.Clone(table)
	}
	if len(snapshot) == 0 {
		b.Fatal("no orders")
	}
}
