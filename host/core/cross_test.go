package core

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
)

// held opens a pair of one batch and fills it.
func held(b *bench, s *asks) (spot, perp *exchange.Order) {
	spot, perp = openPair(b, s)
	b.filled(spot, spot.Qty, "o1")
	b.filled(perp, perp.Qty, "o2")
	return spot, perp
}

// crossed holds what the fills of a step make against the positions that it changed: a
// trade inside the account moves parts of it, and never the account's own.
func crossed(t *testing.T, fx []Effect, pair exchange.PairID, want exchange.Lots) {
	t.Helper()
	var net, mine exchange.Lots
	for _, e := range bodies[*Filled](fx) {
		if e.Fill.Order != 0 {
			continue
		}
		net += exchange.Lots(e.Fill.Side) * e.Fill.Qty
		for _, s := range e.Shares {
			if s.Pair == pair {
				mine += exchange.Lots(s.Fill.Side) * s.Fill.Qty
			}
		}
	}
	if net != 0 || mine != want {
		t.Errorf("trades inside the account come to %d lots, the pair's part to %d; want 0 and %d", net, mine, want)
	}
}

// A rest of a short below the smallest order that a strategy's long hides from the venue
// goes to that long, at the mark price; the account's position stays.
func TestAHiddenRestIsSettledInside(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	_, perp := held(b, s)
	long := bodies[Submit](b.do(s, limit(perpBTC, exchange.Buy, 600001, perp.Qty+10)))[0].Order
	b.filled(long, long.Qty, "3")
	b.now += exchange.Minute
	fx := bodies[Submit](b.do(s, func(p *Port) error { return p.ClosePair(intent.CloseRequest{Pair: 1}) }))
	b.filled(fx[0].Order, fx[0].Order.Qty, "4")
	cover := fx[1].Order
	const rest = 1
	if left := cover.Qty - rest; left > 0 {
		b.filled(cover, left, "5")
	}
	before := b.core.wallets.AccountPosition(perpBTC).Qty
	var all []Effect
	all = append(all, b.update(cover, exchange.StatusExpired, cover.Qty-rest)...)
	for range 5 {
		b.now += 20 * exchange.Second
		all = append(all, b.book(perpBTC, 600000, 600001, 1000000)...)
		b.book(spotBTC, 6000000, 6000001, 1000000)
	}
	crossed(t, all, 1, rest)
	m := b.core.pairs.machine(1)
	if m.Pair.State != intent.PairClosed || m.Pair.PerpQty != 0 {
		t.Errorf("the pair is %s with %d lots: %s", m.Pair.State, m.Pair.PerpQty, m.Pair.Reason)
	}
	if got := b.core.wallets.AccountPosition(perpBTC).Qty; got != before {
		t.Errorf("the account's position went from %d to %d", before, got)
	}
	if own := b.core.claims.ownPosition(0, perpBTC); own != before {
		t.Errorf("the strategy holds %d of the account's %d", own, before)
	}
}

// An order beside a pair that was told to have filled nothing sells the pair's coins
// when it did: the pair gives them up at that price, and its short follows at once.
func TestCoinsOfAPairThatWereSoldAreSettled(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	spot, _ := held(b, s)
	b.step(exchange.Event{Kind: exchange.KindBalance, Wallet: "spot", Asset: "BTC", Amount: decimal.RequireFromString("0.01")})
	first := bodies[Submit](b.do(s, limit(spotBTC, exchange.Sell, 6000000, 1000)))[0].Order
	b.update(first, exchange.StatusExpired, 0)
	second := bodies[Submit](b.do(s, limit(spotBTC, exchange.Sell, 6000000, 1000)))[0].Order
	b.filled(second, 1000, "6")
	fx := b.filled(first, 1000, "7")
	crossed(t, fx, 1, -1000)
	m := b.core.pairs.machine(1)
	have := b.core.wallets.balance("spot", "BTC").Total
	if m.Pair.SpotQty.GreaterThan(have) {
		t.Errorf("the pair says %s BTC, the wallet has %s", m.Pair.SpotQty, have)
	}
	orders := bodies[Submit](fx)
	if len(orders) != 1 || orders[0].Order.Instrument != perpBTC || orders[0].Order.Side != exchange.Buy {
		t.Errorf("the short does not follow: %+v of %d", orders, spot.Qty)
	}
}

// What a pair sold too many is no other pair's to sell, and is bought back.
func TestADebtMakesNoCoinsFree(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	held(b, s)
	m := b.core.pairs.machine(1)
	b.core.pairs.list = append(b.core.pairs.list, execution.Resume(intent.Pair{ID: 2, Spot: spotBTC, Perp: perpBTC,
		State: intent.PairOpen, SpotQty: decimal.RequireFromString("-0.005")}, intent.PairRequest{}, b.now))
	if free := b.core.claims.Free(spotBTC, 1); free.GreaterThan(b.core.wallets.balance("spot", "BTC").Free) {
		t.Errorf("pair 1 may sell %s of a wallet of %s", free, m.Pair.SpotQty)
	}
	if got := b.core.claims.Owed(spotBTC, 1); !got.Equal(decimal.RequireFromString("0.005")) {
		t.Errorf("%s are owed, want 0.005", got)
	}
}

// At the end only orders pass that reduce and can't stay in the book: nobody would take
// them back.
func TestNoOrderRestsAtTheEnd(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	b.book(perpBTC, 600000, 600001, 1000000)
	long := bodies[Submit](b.do(s, limit(perpBTC, exchange.Buy, 600001, 100)))[0].Order
	b.filled(long, long.Qty, "1")
	b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStop})
	for _, tif := range []exchange.TimeInForce{exchange.GTC, exchange.PostOnly, exchange.IOC, exchange.FOK} {
		fx := b.do(s, func(p *Port) error {
			p.Submit(exchange.Order{Instrument: perpBTC, Side: exchange.Sell, Type: exchange.Limit, TIF: tif, Price: 600000, Qty: 10, ReduceOnly: true})
			return nil
		})
		sent, want := len(bodies[Submit](fx)), 0
		if tif == exchange.IOC || tif == exchange.FOK {
			want = 1
		}
		if sent != want {
			why := ""
			for _, e := range bodies[OrderChanged](fx) {
				why += strings.TrimSpace(e.Order.Reason)
			}
			t.Errorf("%s: %d orders are sent, want %d %s", tif, sent, want, why)
		}
	}
}

// Coins that somebody else sold while a pair's transfer of them was under way are not
// there when it failed: the pair gives them up, and does not sell them once more.
func TestCoinsSoldWhileTheyWereUnderWay(t *testing.T) {
	b := heldCoins(t, newAsks())
	m, coins := b.core.pairs.list[0], decimal.RequireFromString("0.03")
	spot := b.core.u.Get(m.Pair.Spot)
	b.step(exchange.Event{Kind: exchange.KindBalance, Wallet: "spot", Asset: "BTC", Amount: coins})
	m.Pair.SpotQty = coins
	b.core.effects = &b.fx
	end, err := b.core.transfers.Move(m, "spot", "coinm", coins)
	if err != nil {
		t.Fatal(err)
	}
	m.Pair.SpotQty = coins.Sub(end.Amount)
	m.Pair.Coin.Move = intent.Move{State: intent.MoveSent, ID: end.ID, From: end.From, To: end.To, Coins: end.Amount}
	sold := exchange.Lots(spot.Lot.Floor(decimal.RequireFromString("0.02")))
	b.step(exchange.Event{Kind: exchange.KindFill, Instrument: spot.ID, Fill: &exchange.Fill{Instrument: spot.ID, Side: exchange.Sell,
		Price: 5000000, Qty: sold, TradeID: "9", FeeAsset: "USDT"}})
	end.Failed = true
	fx := b.step(exchange.Event{Kind: exchange.KindTransfer, Transfer: &end})
	crossed(t, fx, m.Pair.ID, -sold)
	if have := b.core.wallets.balance("spot", "BTC").Total; m.Pair.SpotQty.GreaterThan(have) {
		t.Errorf("the pair says %s BTC, the wallet has %s", m.Pair.SpotQty, have)
	}
}
