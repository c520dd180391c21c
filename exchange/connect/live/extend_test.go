package live

import (
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/wire"
)

// What only some strategies need is subscribed to while one does, and costs nothing else.
func TestExtend(t *testing.T) {
	m, sink, _ := market(t, exchange.LinkRising, func(o *Options) {
		o.Routes[0].Streams = func(in *exchange.Instrument) []Stream {
			return []Stream{{Name: "book " + in.Symbol, Book: true}, {Name: "forced", Only: connect.Liquidations}}
		}
	})
	list, err := m.groups(&m.o.Routes[0])
	if err != nil || len(list) != 1 || len(list[0].streams) != 1 || len(list[0].later) != 1 {
		t.Fatalf("%+v %v: want one stream now and one later", list, err)
	}
	if err := m.connect(&m.o.Routes[0]); err != nil {
		t.Fatal(err)
	}
	tr := m.tracks[0]
	ev := exchange.Event{Kind: exchange.KindLiquidation, Price: 5, Qty: 5, Side: exchange.Sell}
	if tr.liquidation(m, &ev, 1, 1) || len(sink.events) > 0 {
		t.Error("one was sent that nobody asked for")
	}
	asked := func() int { return m.clients[0].Asked() }
	m.Extend(connect.Liquidations)
	if !tr.liquidation(m, &ev, 1, 1) || tr.liquidation(m, &ev, 1, 2) || asked() != 2 {
		t.Errorf("%d streams, %s: want one event of two connections", asked(), sink.kinds())
	}
	m.Extend(0)
	if tr.liquidation(m, &ev, 2, 1) || asked() != 1 {
		t.Errorf("%d streams after nobody wants it any more", asked())
	}
	m.o.Data.Data |= connect.Liquidations
	if list, _ := m.groups(&m.o.Routes[0]); len(list[0].later) > 0 || !slices.ContainsFunc(list[0].streams, func(s wire.Stream) bool { return s.Name == "forced" }) {
		t.Errorf("%+v: a recording asks for it from the beginning", list[0])
	}
}
