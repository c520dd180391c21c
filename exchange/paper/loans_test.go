package paper

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// lending is a unified wallet with money and no coins, at a market that lends ten of them.
type lending struct {
	t     *testing.T
	v     *Venue
	books map[exchange.InstrumentID]*book.Book
	now   exchange.Time
	last  int64
	id    exchange.OrderID
	told  []exchange.Event
}

func newLending(t *testing.T, money int64) *lending {
	t.Helper()
	in := exchange.Instrument{Venue: "house.spot", Symbol: "AUSDT", Base: "A", Quote: "USDT", Wallet: "house.unified", Tick: exchange.MustStep("1"), Lot: exchange.MustStep("1"),
		Lending: exchange.Lending{Rate: dec("0.001"), Most: dec("10")}}
	u, err := exchange.NewUniverse([]exchange.Instrument{in})
	if err != nil {
		t.Fatal(err)
	}
	l := &lending{t: t, books: map[exchange.InstrumentID]*book.Book{0: book.New(u.Get(0))}, now: exchange.Date(2026, 3, 2) + exchange.Minute}
	l.v, err = New(Options{Universe: u, Books: func(id exchange.InstrumentID) *book.Book { return l.books[id] }, Leverage: 4, Latency: Latency{Model: "none"},
		Balances: []Deposit{{Wallet: "house.unified", Asset: "USDT", Amount: decimal.NewFromInt(money)}}})
	if err != nil {
		t.Fatal(err)
	}
	l.price(100)
	return l
}

func (l *lending) price(p exchange.Ticks) {
	l.last++
	for _, ev := range []exchange.Event{
		{Kind: exchange.KindSnapshot, LastID: l.last, Bids: []exchange.Level{{Price: p, Qty: 1000}}, Asks: []exchange.Level{{Price: p + 1, Qty: 1000}}},
		{Kind: exchange.KindTrade, ID: l.last, Price: p, Qty: 1, Side: exchange.Buy},
	} {
		ev.Time, ev.VenueTime = l.now, l.now
		l.books[0].Apply(&ev)
		l.v.Market(&ev)
	}
	l.answers()
}

func (l *lending) answers() {
	for at, ok := l.v.NextTime(); ok && at <= l.now; at, ok = l.v.NextTime() {
		var ev exchange.Event
		l.v.Pop(&ev)
		l.told = append(l.told, ev)
	}
}

// send returns the rule that refused an order, or 0.
func (l *lending) send(side exchange.Side, qty exchange.Lots, borrow bool) Rule {
	l.id++
	l.v.Submit(&exchange.Order{ID: l.id, Side: side, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: qty, Borrow: borrow}, l.now)
	l.v.Settle(l.now)
	from := len(l.told)
	l.answers()
	for _, ev := range l.told[from:] {
		if ev.Kind == exchange.KindOrder && ev.Update.Status == exchange.StatusRejected {
			return Rule(ev.Update.Code)
		}
	}
	return 0
}

func (l *lending) has(asset string) string { return l.v.Balance("house.unified", asset).Total.String() }

func TestCoinsAreSoldOnLoan(t *testing.T) {
	l := newLending(t, 500)
	for _, tt := range []struct {
		qty    exchange.Lots
		borrow bool
		want   Rule
	}{{5, false, RuleFunds}, {11, true, RuleBorrow}, {10, true, 0}, {1, true, RuleBorrow}} {
		if got := l.send(exchange.Sell, tt.qty, tt.borrow); got != tt.want {
			t.Errorf("a sale of %d coins, borrow %v: refused by %s, want %s", tt.qty, tt.borrow, got, tt.want)
		}
	}
	if l.has("A") != "-10" {
		t.Fatalf("%s coins after a sale of 10 that were not there", l.has("A"))
	}
	// The money that came in is not the account's: it is owed as coins, and a quarter of
	// their value backs them.
	if free := l.v.Balance("house.unified", "USDT").Free; !free.Equal(dec("250")) {
		t.Errorf("%s USDT are free, want 500 less a quarter of what 10 coins are worth", free)
	}
	l.now += 2 * exchange.Hour
	l.price(100)
	if l.has("A") != "-10.02001" {
		t.Errorf("%s coins after two hours at 0.1 %%", l.has("A"))
	}
	charged := 0
	for _, ev := range l.told {
		if ev.Kind == exchange.KindBalance && strings.HasPrefix(ev.Reason, exchange.Interest+":") && ev.Asset == "A" && ev.Amount.IsNegative() {
			charged++
		}
	}
	if charged != 2 {
		t.Errorf("interest was told %d times, want once an hour", charged)
	}
	// What buys coins back sets free what they took, so that all of them can be bought.
	if got := l.send(exchange.Buy, 11, false); got != 0 || l.has("A") != "0.97999" {
		t.Errorf("refused by %s, %s coins", got, l.has("A"))
	}
}

func TestALoanNeedsMarginAndIsLiquidated(t *testing.T) {
	l := newLending(t, 200)
	if got := l.send(exchange.Sell, 9, true); got != RuleMargin {
		t.Errorf("a loan of 900 on 200 at a leverage of 4: refused by %s", got)
	}
	if got := l.send(exchange.Sell, 8, true); got != 0 {
		t.Fatalf("a loan of 800: refused by %s", got)
	}
	l.now += exchange.Second
	l.price(118) // 1000 of money against 944 of coins, of which 5 % must be there
	if l.has("A") != "-8" {
		t.Errorf("%s coins: bought back too early", l.has("A"))
	}
	l.now += exchange.Second
	l.price(120)
	forced := false
	for _, ev := range l.told {
		forced = forced || ev.Kind == exchange.KindFill && ev.Fill.Reason == "liquidation" && ev.Fill.Side == exchange.Buy && ev.Fill.Qty == 8
	}
	if l.has("A") != "0" || !forced {
		t.Errorf("%s coins are left after the collateral was gone", l.has("A"))
	}
}
