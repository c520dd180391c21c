package host

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

// desk is a broker made of functions. What is nil does nothing.
type desk struct {
	name   string
	open   func(*BrokerSession) (exchange.Execution, error)
	submit func(*BrokerSession, *exchange.Order)
	cancel func(*BrokerSession, exchange.OrderID)
	left   atomic.Int32
	closed atomic.Int32

	s *BrokerSession
}

func (d *desk) Describe() BrokerInfo { return BrokerInfo{Name: d.name, Version: "1"} }

func (d *desk) Open(_ context.Context, s *BrokerSession) (exchange.Execution, error) {
	if d.s = s; d.open != nil {
		return d.open(s)
	}
	return d, nil
}

func (d *desk) Submit(o *exchange.Order, _ exchange.Time) {
	if d.submit != nil {
		d.submit(d.s, o)
	}
}

func (d *desk) Cancel(id exchange.OrderID, _ exchange.Time) {
	if d.cancel != nil {
		d.cancel(d.s, id)
	}
}

func (d *desk) Transfer(*exchange.Transfer, exchange.Time) {}
func (d *desk) Leave()                                     { d.left.Add(1) }
func (d *desk) Close() error                               { d.closed.Add(1); return nil }

// whole is the one fill of an order, at its price or the one given.
func whole(o *exchange.Order, id string, price exchange.Ticks) exchange.Event {
	return exchange.Event{Kind: exchange.KindFill, Fill: &exchange.Fill{Order: o.ID, TradeID: id, Instrument: o.Instrument, Side: o.Side, Price: price, Qty: o.Qty}}
}

func oneCoinSource(n int) *SliceSource {
	return &SliceSource{Info: SourceInfo{Name: "quotes", Instruments: []exchange.Instrument{oneCoin}}, Events: quotes(n)}
}

// An answer that can't be right is named to whoever gave it, is not booked, and stops new
// risk. A replay comes to the same.
func TestWrongAnswersOfABroker(t *testing.T) {
	update := func(o *exchange.Order, u exchange.OrderUpdate) exchange.Event {
		return exchange.Event{Kind: exchange.KindOrder, Update: u}
	}
	for name, tt := range map[string]struct {
		answer func(o *exchange.Order) exchange.Event
		want   string
	}{
		"an unknown order": {func(o *exchange.Order) exchange.Event {
			return update(o, exchange.OrderUpdate{ID: 99, Status: exchange.StatusAccepted})
		}, "order 99: none of this number was sent"},
		"a fill of an unknown": {func(o *exchange.Order) exchange.Event { p := *o; p.ID = 77; return whole(&p, "t", 10_000) }, "order 77: none of this number was sent"},
		"a status of ours": {func(o *exchange.Order) exchange.Event {
			return update(o, exchange.OrderUpdate{ID: o.ID, Status: exchange.StatusDenied})
		}, `status "denied"`},
		"more filled than asked": {func(o *exchange.Order) exchange.Event {
			return update(o, exchange.OrderUpdate{ID: o.ID, Status: exchange.StatusCanceled, Filled: o.Qty + 1})
		}, "it is for 1000"},
		"an overfill":             {func(o *exchange.Order) exchange.Event { p := *o; p.Qty++; return whole(&p, "t", 10_000) }, "1001 lots: order 1 is for 1000, of which 0 were filled"},
		"another instrument":      {func(o *exchange.Order) exchange.Event { p := *o; p.Instrument = 9; return whole(&p, "t", 10_000) }, "instrument 9: want 0 to 0"},
		"the other side":          {func(o *exchange.Order) exchange.Event { p := *o; p.Side = exchange.Sell; return whole(&p, "t", 10_000) }, "order 1 is a buy"},
		"no trade id":             {func(o *exchange.Order) exchange.Event { return whole(o, "", 10_000) }, "want a TradeID"},
		"no price":                {func(o *exchange.Order) exchange.Event { return whole(o, "t", 0) }, "0 ticks"},
		"a fill without its Fill": {func(*exchange.Order) exchange.Event { return exchange.Event{Kind: exchange.KindFill} }, "without its Fill"},
		"market data":             {func(*exchange.Order) exchange.Event { return exchange.Event{Kind: exchange.KindMark} }, `kind "mark"`},
		"a command":               {func(*exchange.Order) exchange.Event { return *command(core.CommandResume, "") }, `kind "command"`},
		"a balance of nothing": {func(*exchange.Order) exchange.Event {
			return exchange.Event{Kind: exchange.KindBalance, Wallet: "spot"}
		}, "want an asset"},
		"a balance of nowhere": {func(*exchange.Order) exchange.Event {
			return exchange.Event{Kind: exchange.KindBalance, Wallet: "attic", Asset: "USDT"}
		}, "wallet of [spot]"},
		"a transfer nobody asked": {func(*exchange.Order) exchange.Event {
			return exchange.Event{Kind: exchange.KindTransfer, Transfer: &exchange.Transfer{ID: 4, Done: true}}
		}, "transfer 4: none"},
		"funding of a coin": {func(*exchange.Order) exchange.Event {
			return exchange.Event{Kind: exchange.KindFundingPaid, Payment: &exchange.FundingPayment{TranID: "1", Asset: "USDT"}}
		}, "want a perpetual"},
	} {
		t.Run(name, func(t *testing.T) {
			var refused error
			d := &desk{name: "desk", submit: func(s *BrokerSession, o *exchange.Order) { refused = s.Post(tt.answer(o)) }}
			sum, err := Run(context.Background(), &Options{Source: oneCoinSource(60), Strategies: []core.Strategy{taker()}, Broker: d, DB: filepath.Join(t.TempDir(), "x.db")})
			if err != nil {
				t.Fatal(err)
			}
			var of *BrokerError
			if !errors.As(refused, &of) || !strings.Contains(refused.Error(), tt.want) || !strings.Contains(refused.Error(), "broker desk") {
				t.Errorf("Post said %v, want %q", refused, tt.want)
			}
			if sum.Fills != 0 || !strings.Contains(sum.Halted, tt.want) {
				t.Errorf("%d fills, halted: %q", sum.Fills, sum.Halted)
			}
			if res, err := ReplayWith(context.Background(), sum.Journal, ReplayOptions{Strategies: []core.Strategy{taker()}}); err != nil || res.Diff != nil {
				t.Errorf("replay: %+v, %v", res, err)
			}
		})
	}
}

// A trade's number is its instrument's for good, and the same trade told again is booked
// once.
func TestABrokersTradeNumbers(t *testing.T) {
	var said []error
	twice := anywhere{&gopher{name: "twice", wants: []core.Handler{core.OnBook}, call: func(p *core.Port, n *core.Callback) error {
		if p.Position(0).Qty < 2000 && len(said) < 4 {
			p.Submit(exchange.Order{Instrument: 0, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: 1000})
		}
		return nil
	}}}
	d := &desk{name: "desk", submit: func(s *BrokerSession, o *exchange.Order) {
		said = append(said, s.Post(whole(o, "one", 10_000)), s.Post(whole(o, "one", 10_000)))
	}}
	sum, err := Run(context.Background(), &Options{Source: oneCoinSource(20), Strategies: []core.Strategy{twice}, Broker: d, Ledger: LedgerNone})
	if err != nil || len(said) < 4 {
		t.Fatal(err, said)
	}
	if said[0] != nil || said[1] != nil || sum.Fills != 1 {
		t.Errorf("the same trade twice: %v, %d fills", said[:2], sum.Fills)
	}
	if said[2] == nil || !strings.Contains(said[2].Error(), "of order 1, has this TradeID") {
		t.Errorf("another trade of the same number: %v", said[2])
	}
}

// On virtual time an answer comes within a call, and no goroutine decides when.
func TestABrokerOutsideOfACall(t *testing.T) {
	d := &desk{name: "desk"}
	s, err := Open(context.Background(), Options{Source: oneCoinSource(20), Strategies: []core.Strategy{taker()}, Broker: d, Ledger: LedgerNone})
	if err != nil {
		t.Fatal(err)
	}
	balance := exchange.Event{Kind: exchange.KindBalance, Wallet: "spot", Asset: "USDT", Amount: decimal.NewFromInt(1)}
	if err := d.s.Post(balance); err == nil || !strings.Contains(err.Error(), "outside of a call") {
		t.Errorf("posted between two events: %v", err)
	}
	if err := s.Close(); err != nil || d.closed.Load() != 1 {
		t.Errorf("closed %d times, %v", d.closed.Load(), err)
	}
	if err := d.s.Post(balance); !errors.Is(err, ErrEnded) {
		t.Errorf("posted after the end: %v", err)
	}
}

// A panic of a broker ends its session with an error that names the call, after it was
// asked to leave, and the next run is told what it left.
func TestABrokerThatPanics(t *testing.T) {
	db := filepath.Join(t.TempDir(), "x.db")
	o := Options{Strategies: []core.Strategy{restingBuyer()}, Broker: &desk{name: "desk", submit: func(*BrokerSession, *exchange.Order) { panic("no line") }}, For: exchange.Hour, DB: db, ClearHalt: true}
	_, err := Run(context.Background(), &o)
	var of *BrokerError
	if !errors.As(err, &of) || !strings.Contains(err.Error(), "broker desk: Submit panicked: no line (broker_test.go:") {
		t.Fatalf("error %v", err)
	}
	if d := o.Broker.(*desk); d.left.Load() != 1 || d.closed.Load() != 1 {
		t.Errorf("asked to leave %d times, closed %d times", d.left.Load(), d.closed.Load())
	}

	bare := Options{Source: oneCoinSource(20), Strategies: []core.Strategy{taker()}, Ledger: LedgerNone, Broker: &desk{name: "desk", submit: func(*BrokerSession, *exchange.Order) { panic("no line") }}}
	if sum, err := Run(context.Background(), &bare); !errors.As(err, &of) || sum == nil || sum.Fills != 0 {
		t.Errorf("without a ledger: %+v, %v", sum, err)
	}

	var opening BrokerOpening
	var canceled []exchange.OrderID
	again := &desk{name: "desk", cancel: func(s *BrokerSession, id exchange.OrderID) {
		canceled = append(canceled, id)
		if err := s.Post(exchange.Event{Kind: exchange.KindOrder, Update: exchange.OrderUpdate{ID: id, Status: exchange.StatusCanceled}}); err != nil {
			t.Error(err)
		}
	}}
	again.open = func(s *BrokerSession) (exchange.Execution, error) { opening = s.Opening; return again, nil }
	again.submit = func(s *BrokerSession, o *exchange.Order) { _ = s.Post(whole(o, "t"+o.ClientID, o.Price)) }
	o.Broker, o.Strategies = again, []core.Strategy{restingBuyer()}
	sum, err := Run(context.Background(), &o)
	if err != nil || !sum.Resumed || sum.Fills != 1 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if !opening.Resumed || len(opening.Orders) != 1 || len(canceled) != 1 || canceled[0] != opening.Orders[0].ID || len(opening.Balances) == 0 {
		t.Errorf("goes on from %+v, canceled %v", opening, canceled)
	}
	o.Broker, o.Strategies = nil, []core.Strategy{restingBuyer()}
	if _, err := Run(context.Background(), &o); !errors.Is(err, ledger.ErrMode) {
		t.Errorf("a paper session on the ledger of a broker: %v", err)
	}
}

// restingBuyer buys once in each run, with an order that rests.
func restingBuyer() core.Strategy {
	sent := false
	return &gopher{name: "buyer", wants: []core.Handler{core.OnBook}, call: func(p *core.Port, n *core.Callback) error {
		if !sent {
			sent = true
			bid, _ := p.Book(n.Instrument).Level(exchange.Buy, 1)
			p.Submit(exchange.Order{Instrument: n.Instrument, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: bid.Price, Qty: 100})
		}
		return nil
	}}
}

// A broker on the wall clock answers from its own goroutine.
func TestABrokerThatAnswersLater(t *testing.T) {
	stream := make(chan exchange.Event)
	answered := make(chan error, 2)
	d := &desk{name: "desk", submit: func(s *BrokerSession, o *exchange.Order) {
		if !s.RealTime {
			t.Error("a session on a stream is not said to be in real time")
		}
		go func() {
			answered <- s.Post(exchange.Event{Kind: exchange.KindOrder, Update: exchange.OrderUpdate{ID: o.ID, Status: exchange.StatusAccepted}})
			answered <- s.Post(whole(o, "1", 10_001))
		}()
	}}
	s, err := Open(context.Background(), Options{Strategies: []core.Strategy{taker()}, Broker: d, DB: filepath.Join(t.TempDir(), "x.db"),
		Source: &ChanSource{Info: SourceInfo{Name: "stream", Instruments: []exchange.Instrument{oneCoin}}, Events: stream}})
	if err != nil {
		t.Fatal(err)
	}
	fills := s.Events(Filter{Kinds: Fills})
	go func() {
		for _, ev := range quotes(3) {
			stream <- ev
		}
		for range fills {
			close(stream)
			break
		}
	}()
	sum, err := s.Run(context.Background())
	if err != nil || sum.Fills != 1 || sum.EndedBy != "data" {
		t.Fatalf("%+v, %v", sum, err)
	}
	if err := errors.Join(<-answered, <-answered); err != nil {
		t.Error(err)
	}
	if res, err := ReplayWith(context.Background(), sum.Journal, ReplayOptions{Strategies: []core.Strategy{taker()}}); err != nil || res.Diff != nil {
		t.Errorf("replay: %+v, %v", res, err)
	}
}

// A broker that can't see keeps new risk back, until it can.
func TestABrokerThatHolds(t *testing.T) {
	stream := make(chan exchange.Event)
	sent := make(chan struct{})
	var once sync.Once
	d := &desk{name: "desk", submit: func(s *BrokerSession, o *exchange.Order) {
		_ = s.Post(exchange.Event{Kind: exchange.KindOrder, Update: exchange.OrderUpdate{ID: o.ID, Status: exchange.StatusExpired}})
		once.Do(func() { close(sent) })
	}}
	d.open = func(s *BrokerSession) (exchange.Execution, error) { s.Hold("no sight"); return d, nil }
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var denied atomic.Int32
	eager := anywhere{&gopher{name: "eager", wants: []core.Handler{core.OnBook, core.OnOrder}, call: func(p *core.Port, n *core.Callback) error {
		switch {
		case n.Handler == core.OnBook:
			p.Submit(exchange.Order{Instrument: 0, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: 1000})
		case strings.Contains(n.Order.Reason, "no sight") && denied.Add(1) == 1:
			d.s.Hold("")
		}
		return nil
	}}}
	s, err := Open(ctx, Options{Strategies: []core.Strategy{eager}, Broker: d, Ledger: LedgerNone, StatusEvery: time.Millisecond,
		Source: &ChanSource{Info: SourceInfo{Name: "stream", Instruments: []exchange.Instrument{oneCoin}}, Events: stream}})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for _, ev := range quotes(10_000) {
			select {
			case stream <- ev:
				time.Sleep(time.Millisecond)
			case <-sent:
				close(stream)
				return
			}
		}
	}()
	if _, err := s.Run(ctx); err != nil || denied.Load() == 0 {
		t.Errorf("%d orders were denied while the broker could not see: %v", denied.Load(), err)
	}
}

// A broker that holds the loop up is given up, and asked from elsewhere to leave.
func TestABrokerThatHangs(t *testing.T) {
	hang := make(chan struct{})
	d := &desk{name: "desk", submit: func(*BrokerSession, *exchange.Order) { <-hang }}
	_, err := Run(context.Background(), &Options{Source: oneCoinSource(20), Strategies: []core.Strategy{taker()}, Broker: d, Ledger: LedgerNone, StallAfter: time.Second})
	close(hang)
	var stalled *StallError
	if !errors.As(err, &stalled) || d.left.Load() != 1 {
		t.Errorf("error %v, asked to leave %d times", err, d.left.Load())
	}
}

// A simulated venue of the program's own is a broker, and comes to what the host's comes to.
func TestABrokerThatIsSimulated(t *testing.T) {
	o := Options{Source: oneCoinSource(300), Strategies: []core.Strategy{taker()}, Ledger: LedgerNone}
	want, err := Run(context.Background(), &o)
	if err != nil {
		t.Fatal(err)
	}
	o.Strategies = []core.Strategy{taker()}
	o.Broker = &desk{name: "mine", open: func(s *BrokerSession) (exchange.Execution, error) {
		v, err := paper.New(paper.Options{Universe: s.Universe, Books: s.Book, Seed: 1, Leverage: 5,
			Balances: []paper.Deposit{{Wallet: "spot", Asset: "USDT", Amount: s.Opening.Balances[0].Total}}})
		return v, err
	}}
	got, err := Run(context.Background(), &o)
	if err != nil || got.EffectsHash != want.EffectsHash || got.Fills != 1 {
		t.Errorf("%+v, %v; want the effects of %+v", got, err, want)
	}
}

func TestBrokersThatAreRefused(t *testing.T) {
	for want, o := range map[string]Options{
		`name "paper": a ledger of it`:   {Broker: &desk{name: "paper"}},
		`name "binance": a ledger of it`: {Broker: &desk{name: "binance"}},
		`name "A b": want 1 to 32`:       {Broker: &desk{name: "A b"}},
		"Broker and Account":             {Broker: &desk{name: "x"}, Account: &AccountOptions{Key: "k", Secret: "s"}, Market: []string{"live"}},
		"no line":                        {Broker: &desk{name: "x", open: func(*BrokerSession) (exchange.Execution, error) { return nil, errors.New("no line") }}},
		"Open returned no venue":         {Broker: &desk{name: "x", open: func(*BrokerSession) (exchange.Execution, error) { return nil, nil }}},
		"Open panicked: boom":            {Broker: &desk{name: "x", open: func(*BrokerSession) (exchange.Execution, error) { panic("boom") }}},
	} {
		o.Strategies, o.Ledger = []core.Strategy{taker()}, LedgerNone
		if o.Market == nil {
			o.Source = oneCoinSource(2)
		}
		if _, err := Open(context.Background(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
