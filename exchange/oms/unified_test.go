package oms

import (
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// An account that is unified has one wallet behind several segments.
const unified = "house.unified"

func unifiedOptions() Options {
	return Options{Capabilities: Capabilities{Income: true, Transfers: true, DeadMan: true}, Profile: Profile{
		Segments: []Segment{
			{Venue: spot, Wallets: []exchange.Wallet{unified}, Spot: true, Switch: SwitchAccount},
			{Venue: usdm, Wallets: []exchange.Wallet{unified}, Switch: SwitchAccount},
		},
		Income:  []exchange.Wallet{unified},
		Wallets: []exchange.Wallet{"house.funding"},
	}}
}

func unifiedUniverse(t *testing.T) *exchange.Universe {
	t.Helper()
	list := []exchange.Instrument{*universe().Get(0), *universe().Get(1)}
	for i := range list {
		list[i].Wallet = unified
	}
	u, err := exchange.NewUniverse(list)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// asked is what a manager wants to know, in order; what acts is left out.
func asked(m *Manager) (out []*Request) {
	m.Requests(func(r *Request) { kept := *r; out = append(out, &kept) })
	return out
}

// Segments that share a wallet are compared together: the wallet is read once, after what
// both of them may have missed, and a purchase of coins moves the money that positions are
// margined with.
func TestAUnifiedWallet(t *testing.T) {
	u := unifiedUniverse(t)
	m, err := New(u, unifiedOptions(), Opening{Began: start, Wallets: []Balance{{Wallet: "unified", Asset: "USDT", Total: dec("1000")}}}, start)
	if err != nil {
		t.Fatal(err)
	}
	m.Submit(&exchange.Order{ID: 1, ClientID: "t-1", Instrument: 0, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: 10, Created: start}, start)
	m.Tick(start)
	var kinds []string
	for range 2 {
		for _, r := range asked(m) {
			kinds = append(kinds, r.Kind.String())
			a := &Answer{Request: r}
			switch r.Kind {
			case PlaceOrder:
				a.Report = Report{Venue: spot, Symbol: "BTCUSDT", ClientID: "t-1", OrderID: "o", Side: exchange.Buy, Status: exchange.StatusFilled, Qty: dec("0.01"), Filled: dec("0.01"), Time: start}
			case ListExecutions:
				if r.From != CursorOfTime("", start-overlap) {
					t.Errorf("executions are listed from %q on, want from when the ledger began", r.From)
				}
				if r.Venue == spot {
					a.Executions = []Execution{{Venue: spot, Symbol: "BTCUSDT", TradeID: "6f1c-a", OrderID: "o", Side: exchange.Buy, Price: dec("50000"), Qty: dec("0.01"), FeeAsset: "USDT", Fee: dec("0.5"), Time: start}}
				}
			case ListBalances:
				a.Balances = []Balance{{Wallet: unified, Asset: "USDT", Total: dec("499.5")}, {Wallet: unified, Asset: "BTC", Total: dec("0.01")}}
			}
			m.Answer(a, start+exchange.Millisecond)
		}
	}
	for _, r := range asked(m) { // a booking came between: the round is begun again
		kinds = append(kinds, r.Kind.String())
	}
	if n := len(m.Health().Sections); n != 1 || m.Health().Sections[0].Name != "spot+usdm" {
		t.Errorf("sections %+v, want one of both segments", m.Health().Sections)
	}
	for kind, want := range map[string]int{"open orders": 2, "balances": 1, "positions": 1, "income": 1} {
		if n := len(slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return k != kind })); n != want {
			t.Errorf("%d requests for %s, want %d: %v", n, kind, want, kinds)
		}
	}
	if total := m.balances.totals[m.balances.key(unified, "USDT")]; !total.Equal(dec("499.5")) {
		t.Errorf("%s USDT are booked, want 499.5", total)
	}
}

// A switch for the whole account is one, whatever rests where, and money goes to the
// wallet that backs nothing under a tag of ours.
func TestAnAccountWideSwitchAndATag(t *testing.T) {
	u := unifiedUniverse(t)
	m, err := New(u, unifiedOptions(), Opening{Began: start}, start)
	if err != nil {
		t.Fatal(err)
	}
	for id := range exchange.OrderID(2) {
		m.Submit(&exchange.Order{ID: id + 1, ClientID: "t-" + string(rune('a'+id)), Instrument: exchange.InstrumentID(id), Side: exchange.Buy,
			Type: exchange.Limit, TIF: exchange.GTC, Price: 1, Qty: 1}, start)
	}
	m.Transfer(&exchange.Transfer{ID: 7, Asset: "USDT", From: "unified", To: "funding", Amount: dec("5")}, start)
	switches, tags := 0, []TransferOrder{}
	for _, r := range asked(m) {
		switch r.Kind {
		case ArmSwitch:
			switches++
			if r.Venue != "" || r.Symbol != "" {
				t.Errorf("a switch of %s:%s, want the account's", r.Venue, r.Symbol)
			}
		case MoveMoney:
			tags = append(tags, r.Transfer)
		}
	}
	if switches != 1 || len(tags) != 1 || tags[0].Tag == "" || tags[0].From != unified || tags[0].To != "house.funding" || !tags[0].Amount.Equal(decimal.NewFromInt(5)) {
		t.Errorf("%d switches, transfers %+v", switches, tags)
	}
}

// Ids that say nothing of their order are told apart by what they are, and listed from a
// time on; what the cursor has passed is not booked again.
func TestExecutionsListedByTime(t *testing.T) {
	u := unifiedUniverse(t)
	m, err := New(u, unifiedOptions(), Opening{Began: start}, start)
	if err != nil {
		t.Fatal(err)
	}
	m.rounds.section(spot).fresh = false
	at := func(id string, s exchange.Time) Execution {
		return Execution{Venue: spot, Symbol: "BTCUSDT", TradeID: id, OrderID: "x", ClientID: "web", Side: exchange.Buy, Price: dec("50000"), Qty: dec("0.001"),
			Time: start + s*exchange.Second}
	}
	list := []Execution{at("ff", 1), at("0a", 2), at("c7", 2), at("11", 200)}
	r := &Request{Kind: ListExecutions, Venue: spot, Symbol: "BTCUSDT"}
	booked := func() (n int) {
		m.Answer(&Answer{Request: r, Executions: list}, start)
		m.Events(func(ev *exchange.Event) {
			if ev.Kind == exchange.KindFill {
				n++
			}
		})
		return n
	}
	if n := booked(); n != 4 {
		t.Errorf("%d executions booked, want 4", n)
	}
	c := m.execs.list[0]
	if c.from != CursorOfTime("", start+2*exchange.Second) {
		t.Errorf("the next listing begins at %s", c.from)
	}
	if n := booked(); n != 0 {
		t.Errorf("%d are booked again", n)
	}
	list = append(list[1:], at("d0", 201)) // two of one time, and a new one
	if n := booked(); n != 1 {
		t.Errorf("%d booked, want the new one", n)
	}
}

// A difference that the venue's rounding may come to is none.
func TestTheVenuesRounding(t *testing.T) {
	for grain, want := range map[string]string{"0": "1000", "0.0000001": "1000.00000005"} {
		m, err := New(unifiedUniverse(t), unifiedOptions(), Opening{Began: start, Wallets: []Balance{{Wallet: "unified", Asset: "USDT", Total: dec("1000.00000005")}}}, start)
		if err != nil {
			t.Fatal(err)
		}
		for at := start; at < start+exchange.Minute; at += exchange.Second {
			m.Tick(at)
			for _, r := range asked(m) {
				a := &Answer{Request: r}
				if r.Kind == ListBalances {
					a.Balances = []Balance{{Wallet: unified, Asset: "USDT", Total: dec("1000"), Grain: dec(grain)}}
				}
				m.Answer(a, at)
			}
		}
		if total := m.balances.totals[m.balances.key(unified, "USDT")]; !total.Equal(dec(want)) {
			t.Errorf("grain %s: %s USDT are booked, want %s", grain, total, want)
		}
	}
}
