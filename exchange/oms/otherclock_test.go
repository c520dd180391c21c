package oms

import (
	"fmt"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// The ledger knows executions by our clock, and a venue whose cursors are times lists them by
// its own, which may be hours ahead. However often they are listed, each counts once.
func TestExecutionsOfAnotherClockCountOnce(t *testing.T) {
	u := unifiedUniverse(t)
	const ahead = 6 * exchange.Hour
	var traded []Execution
	booked := Booked{Instrument: 1}
	for i := range 6 {
		at := start + exchange.Time(i)*exchange.Second
		id := fmt.Sprintf("uuid-%d", i)
		traded = append(traded, Execution{Venue: usdm, Symbol: "BTCUSDT", TradeID: id, OrderID: "o", Side: exchange.Buy, Price: dec("50000"), Qty: dec("0.01"),
			FeeAsset: "USDT", Fee: dec("0.5"), Time: ahead + start + exchange.Time(i)*exchange.Minute})
		booked.Executions = append(booked.Executions, BookedExecution{TradeID: id, Time: at})
	}
	now := start + exchange.Minute
	m, err := New(u, unifiedOptions(), Opening{Began: start, Positions: []Holding{{Instrument: 1, Qty: 60}}, Executions: []Booked{booked}}, now)
	if err != nil {
		t.Fatal(err)
	}
	r := &Request{Kind: ListExecutions, Venue: usdm, Symbol: "BTCUSDT"}
	for _, page := range [][]Execution{traded[:3], traded[2:], traded, traded[4:]} { // a page ends anywhere
		m.execs.list[1].listing++
		m.execs.onListing(&Answer{Request: r, Executions: page}, nil)
	}
	events := 0
	m.Events(func(ev *exchange.Event) {
		if ev.Kind == exchange.KindFill {
			events++
		}
	})
	if events != 0 {
		t.Errorf("%d executions were booked again", events)
	}
	if got := m.execs.list[1].from; got < CursorOfTime("", traded[2].Time) {
		t.Errorf("the cursor stands at %s, and everything would be listed for ever", got)
	}
}

// A venue whose clock is behind stamps a trade of ours with a time before the ledger's begin: it
// is booked for all that, and what others had traded until then is part of the opening.
func TestATradeOfOursIsNeverPartOfTheOpening(t *testing.T) {
	u := unifiedUniverse(t)
	const ours = "plmx-1"
	o := exchange.Order{ID: 1, ClientID: ours, Instrument: 1, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: 10, Status: exchange.StatusNew, Created: start}
	m, err := New(u, unifiedOptions(), Opening{Began: start, Orders: []exchange.Order{o}}, start+exchange.Second)
	if err != nil {
		t.Fatal(err)
	}
	before := Execution{Venue: usdm, Symbol: "BTCUSDT", Side: exchange.Buy, Price: dec("50000"), Qty: dec("0.01"), FeeAsset: "USDT", Fee: dec("0.5"), Time: start - exchange.Second}
	mine, past := before, before
	mine.TradeID, mine.OrderID, mine.ClientID = "t-2", "v-2", ours
	past.TradeID, past.OrderID, past.ClientID = "t-1", "v-1", "somebody"
	m.execs.list[1].listing++
	m.execs.onListing(&Answer{Request: &Request{Kind: ListExecutions, Venue: usdm, Symbol: "BTCUSDT"}, Executions: []Execution{past, mine}}, nil)
	var booked []string
	m.Events(func(ev *exchange.Event) {
		if ev.Kind == exchange.KindFill {
			booked = append(booked, fmt.Sprint(ev.Fill.TradeID, " of ", ev.Fill.Order))
		}
	})
	if fmt.Sprint(booked) != "[t-2 of 1]" {
		t.Errorf("booked %v, want our trade alone", booked)
	}
}
