package host

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// buyer buys a coin on spot and sells a perpetual short, once, and rests an order.
type buyer struct {
	seen    func(*core.Port, *core.Callback)
	version string
}

func (b *buyer) Version() string { return b.version }

func (b *buyer) Name() string                              { return "buyer" }
func (b *buyer) Subscriptions() []string                   { return nil }
func (b *buyer) State() ([]byte, error)                    { return []byte("{}"), nil }
func (b *buyer) Close()                                    {}
func (b *buyer) Restart(*core.Port) (core.Strategy, error) { return nil, nil }
func (b *buyer) Reload(*core.Port, *exchange.Reload) (core.Strategy, error) {
	return nil, errors.New("there is no script")
}

func (b *buyer) Wants(h core.Handler) bool {
	return h == core.OnStart || h == core.OnTimer || h == core.OnFill
}

func (b *buyer) Call(p *core.Port, n *core.Callback) error {
	if b.seen != nil {
		b.seen(p, n)
	}
	if n.Handler == core.OnStart {
		return p.SetTimer("go", p.Now()+exchange.Hour, 0)
	}
	if n.Handler != core.OnTimer {
		return nil
	}
	spot, err := p.Universe().Lookup("spot:BTCUSDT")
	if err != nil {
		return err
	}
	perp, err := p.Universe().Lookup("usdm:BTCUSDT")
	if err != nil {
		return err
	}
	bid, _ := p.Book(perp.ID).Level(exchange.Buy, 1)
	p.Submit(exchange.Order{Instrument: spot.ID, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: lots(spot, "0.02")})
	p.Submit(exchange.Order{Instrument: perp.ID, Side: exchange.Sell, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: lots(perp, "0.03")})
	p.Submit(exchange.Order{Instrument: perp.ID, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: bid.Price / 2, Qty: lots(perp, "0.02")})
	return nil
}

func lots(in *exchange.Instrument, qty string) exchange.Lots {
	n, _ := in.Lot.Exact(decimal.RequireFromString(qty))
	return exchange.Lots(n)
}

// openedSession is a session on the built-in market that trades and is paced, so that there is
// time to steer it.
func openedSession(t *testing.T, o Options) *Session {
	t.Helper()
	o.DB = filepath.Join(t.TempDir(), "x.db")
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestASessionIsSteeredAndReplaysAsItWas(t *testing.T) {
	s := openedSession(t, Options{Strategies: []core.Strategy{&buyer{}}, Speed: 36000})
	events := s.Events(Filter{})
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	type result struct {
		sum *Summary
		err error
	}
	ended := make(chan result, 1)
	go func() {
		sum, err := s.Run(ctx)
		ended <- result{sum, err}
	}()
	var kinds []string
	var fills, halts, dropped int
	follow := make(chan struct{})
	filled := make(chan struct{})
	go func() {
		defer close(follow)
		for ev := range events {
			switch ev := ev.(type) {
			case FillEvent:
				if fills++; fills == 2 {
					close(filled)
				}
				if ev.Strategy != "buyer" || !ev.Price.IsPositive() || ev.Instrument.Symbol != "BTCUSDT" {
					t.Errorf("fill %+v", ev)
				}
			case HaltEvent:
				halts++
				kinds = append(kinds, ev.Reason)
			case DroppedEvent:
				dropped++
			}
		}
	}()
	<-filled
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	snap := func() *Snapshot {
		t.Helper()
		x, err := s.Snapshot(ctx)
		must("snapshot", err)
		return x
	}
	if x := snap(); len(x.Orders) != 1 || len(x.Positions) == 0 || x.Strategies[0].Name != "buyer" || x.Fills != 2 || len(x.Balances) == 0 {
		t.Errorf("after the fills: %+v", x)
	}
	must("cancel", s.Cancel(ctx, Orders{Strategy: "buyer", Instrument: "usdm:BTCUSDT"}))
	must("halt", s.Halt(ctx, "looks odd"))
	if x := snap(); x.Halted != "looks odd" {
		t.Errorf("halted: %q", x.Halted)
	}
	must("resume", s.Resume(ctx))
	must("pause", s.Pause(ctx, "buyer", "lunch"))
	if x := snap(); !strings.Contains(x.Strategies[0].Paused, "lunch") || x.Halted != "" {
		t.Errorf("paused: %+v", x.Strategies)
	}
	must("flatten", s.Flatten(ctx, "", ""))
	for {
		if x := snap(); len(x.Orders) == 0 {
			for _, p := range x.Positions { // what fees took of the coins counts as held
				if p.Instrument.Perp() || p.Qty.GreaterThan(decimal.RequireFromString("0.00002")) {
					t.Errorf("after it was flattened: %s %s", p.Qty, p.Instrument.Key())
				}
			}
			break
		}
	}
	must("unpause", s.Unpause(ctx, "buyer"))
	if err := s.SetParams(ctx, "buyer", map[string]string{"a": "1"}); err == nil || !strings.Contains(err.Error(), "Configure") {
		t.Errorf("set parameters that it has no way for: %v", err)
	}
	if err := s.Pause(ctx, "nobody", ""); err == nil || !strings.Contains(err.Error(), `there are ["buyer"]`) {
		t.Errorf("pause of nobody: %v", err)
	}
	stop()
	end := <-ended
	if end.err != nil || end.sum.EndedBy != "stop" {
		t.Fatalf("ended by %v, %v", end.sum, end.err)
	}
	<-follow
	if fills < 4 || halts != 2 || kinds[0] != "looks odd" || dropped != 0 {
		t.Errorf("%d fills, halts %q, %d gaps", fills, kinds, dropped)
	}
	if s.State() != StateEnded {
		t.Errorf("state %s", s.State())
	}
	if res, err := ReplayWith(context.Background(), end.sum.Journal, ReplayOptions{Strategies: []core.Strategy{&buyer{}}}); err != nil || res.Diff != nil || res.Effects != end.sum.Effects {
		t.Errorf("replay: %+v, %v", res, err)
	}
	for _, tt := range []struct {
		given []core.Strategy
		want  string
	}{{nil, "buyer was not given"}, {[]core.Strategy{&buyer{version: "2"}}, `version "2" now`}} {
		if _, err := ReplayWith(context.Background(), end.sum.Journal, ReplayOptions{Strategies: tt.given}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("replay with %v: %v", tt.given, err)
		}
	}
	if _, err := s.Run(context.Background()); !errors.Is(err, ErrEnded) {
		t.Errorf("a second run: %v", err)
	}
	if err := s.Halt(context.Background(), "late"); !errors.Is(err, ErrEnded) {
		t.Errorf("a late halt: %v", err)
	}
	if _, err := s.Snapshot(context.Background()); !errors.Is(err, ErrEnded) {
		t.Errorf("a late snapshot: %v", err)
	}
}

// Opening steps nothing, and a session that never ran leaves nothing behind that the
// next one minds.
func TestOpenStepsNothing(t *testing.T) {
	called := false
	st := &buyer{seen: func(*core.Port, *core.Callback) { called = true }}
	db := filepath.Join(t.TempDir(), "x.db")
	for range 2 {
		s, err := Open(context.Background(), Options{Strategies: []core.Strategy{st}, DB: db})
		if err != nil {
			t.Fatal(err)
		}
		if x, err := s.Snapshot(context.Background()); err != nil || x.Events != 0 || s.State() != StateOpen {
			t.Errorf("state %s, %+v, %v", s.State(), x, err)
		}
		if err := errors.Join(s.Close(), s.Close()); err != nil || called || s.State() != StateEnded {
			t.Errorf("closed: %v, called %v, %s", err, called, s.State())
		}
	}
	if sum, err := Run(context.Background(), &Options{Strategies: []core.Strategy{st}, DB: db, For: exchange.Hour}); err != nil || sum.Resumed {
		t.Errorf("the next run: %+v, %v", sum, err)
	}
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := Open(ctx, Options{Strategies: []core.Strategy{st}, DB: db}); !errors.Is(err, context.Canceled) {
		t.Errorf("opening with a context that is done: %v", err)
	}
}
