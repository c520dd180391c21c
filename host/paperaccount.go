package host

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/shadow"
	"github.com/perilune/perilune/ledger"
)

// paperAccount is an account that the host keeps itself: orders are matched by package
// paper, on the session's own time. Nothing of it outlives the process but the ledger.
type paperAccount struct {
	paperOptions
	venue *paper.Venue // nil until it is started
}

// paperOptions are what of a session's options decides its paper account.
type paperOptions struct {
	PaperOptions
	seed          uint64
	participation float64
	live          bool // on a market of venues
	models        paper.Models
}

func (o *Options) paper() paperOptions {
	return paperOptions{PaperOptions: o.Paper, seed: o.Seed, participation: o.History.Participation, live: o.liveData() || o.streamed()}
}

// venueOn makes the venue of a run, and the same for a replay of it. from is what an
// earlier session left; nil: nothing.
func (o *paperOptions) venueOn(c *core.Core, bars bool, from *core.Restore, nextTrade uint64) (*paper.Venue, error) {
	opt := o.venueOptions(bars)
	opt.Universe, opt.Books = c.Universe(), c.Book
	if from == nil {
		opt.Balances = o.Balances
	} else {
		opt.Restore = shadow.VenueAccount(c, from, nextTrade)
		opt.Restore.Balances = append(opt.Restore.Balances, o.unopened(from, c.Universe().House())...)
	}
	v, err := paper.New(opt)
	if err != nil {
		return nil, configError("paper account: %v", err)
	}
	return v, nil
}

// venueOptions are how orders fill on a paper account.
func (o *paperOptions) venueOptions(bars bool) paper.Options {
	opt := paper.Options{Seed: cmp.Or(o.Seed, o.seed), Leverage: o.Leverage, Queue: o.Queue, Impact: o.Impact, Participation: o.participation, Models: o.models}
	if bars && opt.Impact.HalfLife == 0 {
		// A bar's displayed volume is what there was: it does not come back
		// before the next bar.
		opt.Impact.HalfLife = -1
	}
	if o.Latency != nil {
		opt.Latency = *o.Latency
	}
	return opt
}

// unopened are the opening balances that a session which was killed at its very beginning
// does not have: each is an event, and the end can come between two of them.
func (o *paperOptions) unopened(from *core.Restore, house string) []paper.Deposit {
	if from.LastOrder > 0 || from.LastTransfer > 0 || len(from.Fills) > 0 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(o.Balances), func(d paper.Deposit) bool {
		return slices.ContainsFunc(from.Balances, func(b core.RestoredBalance) bool { return b.Wallet == d.Wallet.Within(house) && b.Asset == d.Asset })
	})
}

func deposits(list []paper.Deposit) []exchange.Event {
	var out []exchange.Event
	for _, d := range list {
		out = append(out, exchange.Event{Kind: exchange.KindBalance, Instrument: exchange.NoInstrument,
			Wallet: d.Wallet, Asset: d.Asset, Amount: d.Amount})
	}
	return out
}

// arrivals are the ends of the transfers that the last run left on their way.
func arrivals(from *core.Restore) []exchange.Event {
	var out []exchange.Event
	for i := range from.Transit {
		t := from.Transit[i]
		t.Done = true
		out = append(out, exchange.Event{Kind: exchange.KindTransfer, Instrument: exchange.NoInstrument, Transfer: &t})
	}
	return out
}

func (*paperAccount) real() bool                              { return false }
func (*paperAccount) signIn(context.Context, []*access) error { return nil }

func (*paperAccount) stamp() ledger.Options {
	return ledger.Options{Mode: ledger.Paper, Venue: "paper"}
}

func (*paperAccount) claim(context.Context, *standing, []exchange.Instrument) error { return nil }

func (*paperAccount) opened(context.Context, []exchange.Instrument) (started, opened exchange.Time, err error) {
	return 0, 0, nil
}

func (a *paperAccount) terms(context.Context, []exchange.Instrument) (accountTerms, error) {
	return accountTerms{leverage: a.Leverage, tag: "pl"}, nil
}

// start implements account. What the journal's header gives back is what a replay begins
// with, so this does too.
func (a *paperAccount) start(_ context.Context, b *beginning) (exchange.Execution, []exchange.Event, error) {
	if b.header.Again != nil {
		a.Balances = b.header.Again.Balances
	} else if a.live {
		a.Balances = completed(a.Balances, b.core.Universe())
	}
	var nextTrade uint64
	first := deposits(a.Balances)
	if b.resume != nil {
		nextTrade, first = b.resume.NextTrade, slices.Concat(deposits(a.unopened(b.header.Restore, b.core.Universe().House())), arrivals(b.restored))
	}
	var err error
	a.venue, err = a.venueOn(b.core, b.bars, b.header.Restore, nextTrade)
	return a.venue, first, err
}

func (*paperAccount) took(*exchange.Event)            {}
func (*paperAccount) heartbeat(exchange.Time) string  { return "" }
func (*paperAccount) status() string                  { return "" }
func (*paperAccount) owed() bool                      { return false }
func (*paperAccount) tellOwed(exchange.Time)          {}
func (*paperAccount) leave(time.Duration) (int, bool) { return 0, false }
func (*paperAccount) clear()                          {}
func (*paperAccount) gaveWay() error                  { return nil }
func (a *paperAccount) describe() []string            { return a.venue.Describe() }
func (*paperAccount) close()                          {}
