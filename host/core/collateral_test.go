package core

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// onePair is a world whose strategy opens a pair between two venues after five seconds, and
// what is logged there.
type onePair struct {
	*spreadWorld
	long, short exchange.InstrumentID
	opened      exchange.PairID
	log         []string
}

func newOnePair(t *testing.T) *onePair {
	w := &onePair{spreadWorld: newSpreadWorld(1)}
	w.trace = func(format string, a ...any) {
		if line := fmt.Sprintf(format, a...); strings.Contains(line, " log ") {
			w.log = append(w.log, line)
		}
	}
	w.long, w.short = w.find(t, "north.linear:ABCUSDT"), w.find(t, "south.linear:ABCUSDC")
	w.monkey.call = func(p *Port, n *Callback) (err error) {
		if n.Handler == OnStart {
			return p.SetTimer("open", p.Now()+5*exchange.Second, 0)
		}
		w.opened, err = p.OpenPair(intent.PairRequest{Spot: w.long, Perp: w.short, Notional: decimal.NewFromInt(1000), Level: 1, MaxUnhedged: decimal.NewFromInt(1100)})
		return err
	}
	return w
}

// start begins the strategy in a market where nothing goes wrong.
func (w *onePair) start() {
	w.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStart, Instrument: exchange.NoInstrument})
	w.calm = true
}

// second lets the world go on by one.
func (w *onePair) second() {
	w.now += exchange.Second
	w.market()
	w.deliver()
	w.wake()
}

func (w *onePair) said(t *testing.T, words ...string) {
	t.Helper()
	all := strings.Join(w.log, "\n")
	for _, want := range words {
		if !strings.Contains(all, want) {
			t.Errorf("the log does not say %q:\n%s", want, all)
		}
	}
}

// A price that rises takes from the short's venue what it gives to the long's. People are
// told early how much to move from where, and as nobody does, the pair is made smaller on
// both sides before the venue would do it.
func TestCollateralBetweenVenues(t *testing.T) {
	w := newOnePair(t)
	for wallet, less := range map[exchange.Wallet]int64{"north.linear": 99_000, "south.linear": 99_700, "north.spot": 100_000, "south.inverse": 100_000, "east.linear": 100_000} {
		for _, asset := range []string{"USDT", "USDC"} {
			if w.core.wallets.balance(wallet, asset).Total.IsPositive() {
				w.step(exchange.Event{Kind: exchange.KindBalance, Wallet: wallet, Asset: asset, Amount: decimal.NewFromInt(-less)})
			}
		}
	}
	w.start()
	sizes := []exchange.Lots{}
	for i := range 240 {
		if i > 60 {
			w.mid = min(w.mid*1.003, 135)
		}
		w.second()
		if m := w.core.pairs.machine(w.opened); m != nil {
			if n := len(sizes); n == 0 || sizes[n-1] != m.Pair.PerpQty {
				sizes = append(sizes, m.Pair.PerpQty)
			}
			if !m.Busy() && m.Pair.Spread.Net().Abs().GreaterThan(decimal.RequireFromString("0.2")) {
				t.Fatalf("at rest it is unhedged: %v", m.Pair.Spread)
			}
		}
	}
	w.said(t, "the south.linear wallet needs ", "north.linear can spare ", "Between venues people move it", "is made smaller by ")
	if d := w.core.wallets.standing("south.linear", "USDC"); !d.Equity.IsPositive() || len(sizes) < 4 {
		t.Errorf("the short went through %v lots, and the wallet stands at %+v", sizes, d)
	}
	if w.failed != nil {
		t.Error(w.failed)
	}
}

func (w *spreadWorld) find(t *testing.T, key string) exchange.InstrumentID {
	t.Helper()
	in, err := w.u.Lookup(key)
	if err != nil {
		t.Fatal(err)
	}
	return in.ID
}
