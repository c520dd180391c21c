package paper

import (
	"errors"
	"io"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/frames"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/record"
)

// evidence is what the market did to a resting order, seen without a queue.
type evidence struct {
	o       exchange.Order
	shown   exchange.Lots // at its price when it was accepted
	traded  exchange.Lots // against it at its price, since
	through bool          // a trade beyond its price
	crossed bool          // the other side of the book was at its price
	filled  exchange.Lots
}

func (e *evidence) see(ev *exchange.Event, d *bench) {
	switch {
	case ev.Kind == exchange.KindTrade && ev.Price == e.o.Price && ev.Side != e.o.Side:
		e.traded += ev.Qty
	case ev.Kind == exchange.KindTrade:
		e.through = e.through || reaches(e.o.Side, e.o.Price-exchange.Ticks(e.o.Side), ev.Price)
	case ev.Kind == exchange.KindDiff:
		best, ok := d.books[ev.Instrument].Best(e.o.Side.Opposite())
		e.crossed = e.crossed || ok && reaches(e.o.Side, e.o.Price, best.Price)
	}
}

// TestQueueOnRecordedMarket rests orders at the touch of a recorded market. A
// fill needs evidence: a trade or an ask that reached the order, and not more
// than what was traded. And evidence needs a fill: a trade through the price, or
// more traded than was displayed ahead of the order and its own size.
func TestQueueOnRecordedMarket(t *testing.T) {
	r, err := record.Formats{frames.Format{}}.Open([]string{datatest.Path(t, "l2/coinm-btcusd_perp-20240808.jsonl.gz")}, record.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	d := newBench(t, r.Universe(), Options{Latency: Latency{Model: "none"}, Leverage: 5, Balances: []Deposit{{"coinm", "BTC", dec("100")}}})
	p := &prober{bench: d, t: t, resting: map[exchange.OrderID]*evidence{}}
	var ev exchange.Event
	for {
		if err := r.Next(&ev); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		p.market(&ev)
	}
	t.Logf("%d orders, %d filled whole, %d in part, %d without a fill", p.sent, p.whole, p.part, p.none)
	if p.whole < 20 || p.none < 20 {
		t.Error("the recording says too little")
	}
}

type prober struct {
	*bench
	t                       *testing.T
	resting                 map[exchange.OrderID]*evidence
	events                  int
	sent, whole, part, none int
}

func (p *prober) market(ev *exchange.Event) {
	p.now = max(p.now, ev.Time)
	b := p.books[ev.Instrument]
	b.Apply(ev)
	if b.Ready() {
		for _, e := range p.resting {
			e.see(ev, p.bench)
		}
	}
	p.v.Market(ev)
	p.hear()
	if p.events++; p.events%400 != 0 || !b.Ready() {
		return
	}
	p.judgeAll()
	for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		best, _ := b.Best(side)
		o := exchange.Order{Instrument: ev.Instrument, Side: side, Type: exchange.Limit, TIF: exchange.PostOnly, Price: best.Price, Qty: 7}
		p.resting[p.submit(o)] = &evidence{o: o, shown: best.Qty}
		p.sent++
	}
	p.hear()
}

func (p *prober) hear() {
	p.until(p.now)
	for i := range p.heard {
		ev := &p.heard[i]
		if ev.Kind == exchange.KindOrder && ev.Update.Status == exchange.StatusRejected {
			p.t.Fatalf("rejected: %s", ev.Update.Reason)
		}
		if ev.Kind != exchange.KindFill {
			continue
		}
		e := p.resting[ev.Fill.Order]
		e.filled += ev.Fill.Qty
		if !ev.Fill.Maker || ev.Fill.Price != e.o.Price || !e.through && !e.crossed && e.filled > e.traded {
			p.t.Fatalf("fill %+v of an order at %d: traded %d, through %v, crossed %v", ev.Fill, e.o.Price, e.traded, e.through, e.crossed)
		}
	}
	p.heard = p.heard[:0]
}

// judgeAll ends the resting orders and asks whether each was filled as it
// should have been.
func (p *prober) judgeAll() {
	for id := range p.resting {
		p.v.Cancel(id, p.now)
	}
	p.hear()
	for id, e := range p.resting {
		switch {
		case (e.through || e.traded >= e.shown+e.o.Qty) && e.filled != e.o.Qty:
			p.t.Errorf("order %d at %d: %d filled of %d, though %d traded with %d ahead, through %v", id, e.o.Price, e.filled, e.o.Qty, e.traded, e.shown, e.through)
		case e.filled == e.o.Qty:
			p.whole++
		case e.filled > 0:
			p.part++
		default:
			p.none++
		}
	}
	clear(p.resting)
}
