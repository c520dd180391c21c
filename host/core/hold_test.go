package core

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

func (b *bench) command(id exchange.InstrumentID, name, why string) []Effect {
	return b.step(exchange.Event{Kind: exchange.KindCommand, Instrument: id, Name: name, Reason: why})
}

// openedPair is a pair with both legs filled.
func openedPair(b *bench, s *asks) exchange.PairID {
	b.t.Helper()
	spot, perp := openPair(b, s)
	b.filled(perp, perp.Qty, "1")
	b.filled(spot, spot.Qty, "2")
	list := b.core.pairs.OpenPairs()
	if len(list) != 1 {
		b.t.Fatalf("%d pairs, want one", len(list))
	}
	return list[0].ID
}

// A difference with the venue holds what it touches: no order of pairs or strategies
// goes out whatever happens, everybody is told, and all goes on when it is explained.
func TestADifferenceHoldsWhatItTouches(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	id := openedPair(b, s)
	fx := b.command(perpBTC, CommandHold, "the venue has a position of 0, our books -0.5, and its executions do not explain it")
	if said := bodies[*LogLine](fx); len(said) == 0 || !strings.Contains(said[0].Text, "usdm:BTCUSDT is held: the venue has a position of 0") {
		t.Errorf("said: %+v", said)
	}
	if p := b.core.pairs.OpenPairs()[0]; !strings.Contains(p.Held, "is held") {
		t.Errorf("the pair says %q, want why it is held", p.Held)
	}
	if held := b.core.holds.Held(); len(held) != 1 {
		t.Errorf("the status says %q", held)
	}
	// The perpetual is taken away, the pair is to be closed, time goes by.
	b.step(exchange.Event{Kind: exchange.KindFill, Instrument: perpBTC, Fill: &exchange.Fill{TradeID: "9", Instrument: perpBTC, Side: exchange.Buy,
		Price: 600000, Qty: b.core.wallets.AccountPosition(perpBTC).Qty.Abs() / 2, FeeAsset: "USDT", Reason: "adl"}})
	var sent []Submit
	sent = append(sent, bodies[Submit](b.do(s, func(p *Port) error { return p.ClosePair(intent.CloseRequest{Pair: id}) }))...)
	sent = append(sent, bodies[Submit](b.do(s, limit(perpBTC, exchange.Buy, 600000, 10)))...)
	for range 20 {
		b.now += 10 * exchange.Second
		sent = append(sent, bodies[Submit](b.book(spotBTC, 6000000, 6000001, 1000000))...)
		sent = append(sent, bodies[Submit](b.book(perpBTC, 600000, 600001, 1000000))...)
	}
	if len(sent) > 0 {
		t.Fatalf("%d orders were sent while the instrument was held: %+v", len(sent), sent[0].Order)
	}
	if fx := bodies[Submit](b.command(perpBTC, CommandRelease, "")); len(fx) == 0 {
		t.Error("the pair did not go on when the difference was explained")
	}
	if p := b.core.pairs.AllPairs()[0]; p.Held != "" || len(b.core.holds.Held()) != 0 {
		t.Errorf("held after all: %q, %q", p.Held, b.core.holds.Held())
	}
}

// Coins that are gone from the wallet without a record hold the pairs that held them,
// until they are there again.
func TestMissingCoinsHoldTheirPairs(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	openedPair(b, s)
	coins := b.core.pairs.OpenPairs()[0].SpotQty
	change := func(amount decimal.Decimal) []Effect {
		return b.step(exchange.Event{Kind: exchange.KindBalance, Instrument: exchange.NoInstrument, Wallet: "spot", Asset: "BTC",
			Amount: amount, Reason: "unexplained difference"})
	}
	total := b.core.wallets.balance("spot", "BTC").Total
	fx := change(total.Neg().Add(coins.Div(decimal.NewFromInt(2))))
	if len(bodies[Submit](fx)) > 0 {
		t.Error("a correction made an order")
	}
	if p := b.core.pairs.OpenPairs()[0]; !strings.Contains(p.Held, "BTC less than its pairs hold") {
		t.Fatalf("the pair says %q", p.Held)
	}
	change(coins)
	if p := b.core.pairs.OpenPairs()[0]; p.Held != "" {
		t.Errorf("the coins are back, and the pair says %q", p.Held)
	}
}

// What is released is not said of a venue that is dark all the same.
func TestReleaseNamesWhatIsDark(t *testing.T) {
	b := newBench(t, newAsks())
	dark := func(why string) {
		b.step(exchange.Event{Kind: exchange.KindVenue, Name: "binance", Channel: exchange.ChannelOrders, Reason: why})
	}
	released := func() string {
		b.command(exchange.NoInstrument, CommandHold, "the disk is full")
		var said []string
		for _, l := range bodies[*LogLine](b.command(exchange.NoInstrument, CommandRelease, "")) {
			said = append(said, l.Text)
		}
		return strings.Join(said, "\n")
	}
	dark("no answer")
	if got := released(); got != "new orders pass again, but for what is still dark: binance" {
		t.Errorf("while a venue is dark: %q", got)
	}
	dark("")
	if got := released(); got != "new orders pass again" {
		t.Errorf("once it is back: %q", got)
	}
}
