package core

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Coins that one pair is about to sell are not there for another one, whether the first
// was asked for in the same callback, is being opened, or has sold them.
func TestTwoPairsDontSellTheSameCoins(t *testing.T) {
	w := newSpreadWorld(1)
	spot, south, east := w.find(t, "north.spot:ABCUSDT"), w.find(t, "south.linear:ABCUSDC"), w.find(t, "east.linear:1000ABCUSDT")
	w.step(exchange.Event{Kind: exchange.KindBalance, Wallet: "north.spot", Asset: "ABC", Amount: decimal.NewFromInt(10 - 100000)})
	w.calm = true
	open := func(p *Port, long exchange.InstrumentID, notional int64) error {
		_, err := p.OpenPair(intent.PairRequest{Spot: long, Perp: spot, Notional: decimal.NewFromInt(notional), MaxUnhedged: decimal.NewFromInt(notional + 100), Level: 1})
		return err
	}
	asked := 0
	w.monkey.call = func(p *Port, n *Callback) error {
		switch asked++; asked {
		case 1:
			return p.SetTimer("first", p.Now()+2*exchange.Second, 0)
		case 2:
			if err := open(p, south, 600); err != nil {
				t.Error(err)
			}
			refusedFor(t, open(p, east, 600), "another ")
			return p.SetTimer("second", p.Now()+exchange.Millisecond, 0)
		case 3:
			if s := p.Pairs()[0].State; s != intent.PairOpening {
				t.Errorf("the first pair is %s already", s)
			}
			refusedFor(t, open(p, east, 600), "the north.spot wallet has ")
			return p.SetTimer("third", p.Now()+exchange.Minute, 0)
		}
		if s := p.Pairs()[0].State; s != intent.PairOpen {
			t.Errorf("the first pair is %s after a minute", s)
		}
		refusedFor(t, open(p, east, 600), "the north.spot wallet has 4.")
		if err := open(p, east, 300); err != nil {
			t.Error(err)
		}
		return nil
	}
	w.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStart, Instrument: exchange.NoInstrument})
	for range 90 {
		w.now += exchange.Second
		w.market()
		w.deliver()
		w.wake()
	}
	if asked != 4 || w.failed != nil {
		t.Errorf("the strategy was called %d times, want 4; %v", asked, w.failed)
	}
}

func refusedFor(t *testing.T, err error, why string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("error is %v, want one with %q", err, why)
	}
}

// A pair that sells coins of the account frees none of those that another one holds.
func TestCoinsThatAreSoldFreeNoOthers(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	held(b, s)
	const coin = exchange.InstrumentID(2) // margined
	mine := b.core.pairs.machine(1).Pair.SpotQty
	b.step(exchange.Event{Kind: exchange.KindBalance, Wallet: "spot", Asset: "BTC", Amount: decimal.NewFromInt(1)})
	b.step(exchange.Event{Kind: exchange.KindBalance, Wallet: "coinm", Asset: "BTC", Amount: decimal.NewFromInt(1)})
	b.now += exchange.Minute
	b.book(coin, 600000, 600001, 1000000)
	b.book(spotBTC, 6000000, 6000001, 1000000)
	sent := bodies[Submit](b.do(s, func(p *Port) error {
		_, err := p.OpenPair(intent.PairRequest{Spot: coin, Perp: spotBTC, Notional: decimal.NewFromInt(3000), Level: 1})
		return err
	}))
	if len(sent) != 2 {
		t.Fatalf("%d orders are sent, want one for each leg", len(sent))
	}
	w := b.core.wallets.balance("spot", "BTC")
	if free := b.core.claims.Free(spotBTC, 0); !w.Locked.IsPositive() || !free.Equal(w.Free.Sub(mine)) {
		t.Errorf("of %+v, with %s of a pair, %s are free", w, mine, free)
	}
}
