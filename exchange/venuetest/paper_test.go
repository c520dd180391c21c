package venuetest_test

import (
	"fmt"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/exchange/venuetest"
)

// paperVenue is the paper venue in the built-in market, both on a time that passes only
// when it is told to.
type paperVenue struct {
	*paper.Venue
	t      *testing.T
	u      *exchange.Universe
	market *synth.Market
	books  []*book.Book
	now    exchange.Time
	next   exchange.Event // of the market
	post   func(*exchange.Event)
}

func paperHarness() venuetest.Harness {
	open := func(t *testing.T, begin exchange.Time) *venuetest.Bench {
		v := &paperVenue{t: t, now: begin}
		var err error
		if v.market, err = synth.New(synth.Options{Seed: 1, Start: begin, Step: 100 * exchange.Millisecond, Calm: true}); err != nil {
			t.Fatal(err)
		}
		v.u = v.market.Universe()
		for _, in := range v.u.All() {
			v.books = append(v.books, book.New(in))
		}
		v.Venue, err = paper.New(paper.Options{Universe: v.u, Books: func(id exchange.InstrumentID) *book.Book { return v.books[id] }, Seed: 1,
			Balances: []paper.Deposit{{Wallet: "spot", Asset: "USDT", Amount: dec("100000")}, {Wallet: "usdm", Asset: "USDT", Amount: dec("100000")},
				{Wallet: "coinm", Asset: "BTC", Amount: dec("2")}}})
		if err != nil {
			t.Fatal(err)
		}
		v.read()
		v.pass(exchange.Second) // until every book is there
		return &venuetest.Bench{Universe: v.u, Trades: trades, Began: func() exchange.Time { return v.now }, Pass: v.pass,
			Start: v.start, Wallets: v.wallets, TooMuch: dec("1000"),
			Transfer: &exchange.Transfer{Asset: "USDT", From: "spot", To: "usdm", Amount: dec("100")}}
	}
	return venuetest.Harness{
		Open: func(t *testing.T) *venuetest.Bench { return open(t, exchange.Date(2026, 3, 2)) },
		BeforeFunding: func(t *testing.T, lead exchange.Time) *venuetest.Bench {
			at := exchange.Date(2026, 3, 2) + 8*exchange.Hour
			b := open(t, at-lead)
			b.Settles = at
			return b
		},
	}
}

// start books the opening, as the core does of a paper account.
func (v *paperVenue) start(from oms.Opening, post func(*exchange.Event)) (venuetest.Session, error) {
	v.post = post
	if len(from.Wallets) == 0 {
		for _, w := range v.u.Wallets() {
			for _, b := range v.wallets(w) {
				post(&exchange.Event{Kind: exchange.KindBalance, Instrument: exchange.NoInstrument, Wallet: w, Asset: b.Asset, Amount: b.Total, Reason: "opening balance"})
			}
		}
	}
	return paperSession{v}, nil
}

func (v *paperVenue) wallets(w exchange.Wallet) (out []oms.Balance) {
	for _, b := range v.Account().Balances {
		if b.Wallet == w {
			out = append(out, oms.Balance{Wallet: w, Asset: b.Asset, Total: b.Amount})
		}
	}
	return out
}

func (v *paperVenue) read() {
	v.t.Helper()
	if err := v.market.Next(&v.next); err != nil {
		v.t.Fatal(err)
	}
}

// pass shows the market and hands on what the venue says, in the order of time.
func (v *paperVenue) pass(d exchange.Time) {
	end := v.now + d
	for {
		at, ok := v.NextTime()
		switch {
		case ok && at <= v.next.Time && at <= end:
			var ev exchange.Event
			v.now = max(v.now, at)
			v.Pop(&ev)
			if v.post != nil {
				v.post(&ev)
			}
		case v.next.Time <= end:
			v.now = max(v.now, v.next.Time)
			v.books[v.next.Instrument].Apply(&v.next)
			v.Market(&v.next)
			v.read()
		default:
			v.now = end
			return
		}
	}
}

// paperSession is a process that the venue lives in.
type paperSession struct{ *paperVenue }

func (paperSession) Beat()            {}
func (paperSession) Ready() bool      { return true }
func (s paperSession) String() string { return fmt.Sprintf("paper venue at %s", s.now) }
func (paperSession) Close() error     { return nil }

func TestPaperOrders(t *testing.T) { venuetest.Orders(t, paperHarness()) }

func TestPaperAccount(t *testing.T) { venuetest.Account(t, paperHarness()) }
