package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
	"github.com/perilune/perilune/ledger/journal"
)

// A session that was killed leaves orders, pairs and positions behind. What is here goes on
// with it as the next run would, on the same ledger, under its lock and reconciled with the
// venues, but without its strategies: nothing is opened, and what it is asked for is done.

// DeadOptions say what is to be done with what a session left.
type DeadOptions struct {
	Strategy string        // whose; "": every strategy's
	Reason   string        // for the journal and for people
	Within   time.Duration // how long it may take; 0: 10 minutes
}

// DeadReport is what came of it. Every field is of the session that did it.
type DeadReport struct {
	Session string   `json:"session,omitempty"` // of the ledger; "": it holds nothing that was left
	Found   []string `json:"found"`             // what there was once the venues had been asked
	Left    []string `json:"left"`              // what is left of it: the next attempt goes on with it
	Dust    []string `json:"dust,omitempty"`    // coins and contracts too few for an order of the venue
	Held    []string `json:"held,omitempty"`    // what nothing could be traded in, and why
	Fills   int      `json:"fills"`
	Journal string   `json:"journal,omitempty"`
}

// deadWithin is how long closing may take when nobody says otherwise.
const deadWithin = 10 * time.Minute

const (
	// deadEvery is how often it is looked at what is left.
	deadEvery = 250 * time.Millisecond
	// deadAgain is when what is left is asked for once more: an order may have been refused
	// because its book was not there yet.
	deadAgain = 5 * time.Second
)

// FlattenDead closes what strategies hold that a session on the ledger of o left at the venues:
// working orders are canceled, pairs are closed with both legs as while a session runs, what
// is held in perpetuals outside of pairs is closed at the market, and coins that strategies
// bought are sold, never others. It returns when nothing but dust is left, or at the bound of
// time with what is: the error then is a *LeftError, and asking again goes on with it. Asking
// again when nothing is left does nothing. A session that still runs is ErrLocked of package
// ledger. The scripts and strategies of o are not run.
func FlattenDead(ctx context.Context, o *Options, d DeadOptions) (*DeadReport, error) {
	return tend(ctx, o, d, func(ctx context.Context, s *Session) error {
		return s.Flatten(ctx, d.Strategy, cmp.Or(d.Reason, "flattened by hand, without its session"))
	}, func(at *Snapshot, r *DeadReport) {
		for i := range at.Strategies {
			st := &at.Strategies[i]
			if d.Strategy == "" || d.Strategy == st.Name {
				st.remaining(at.Balances, r)
			}
		}
		for i := range at.Pairs {
			r.Left = append(r.Left, pairLeft(at, &at.Pairs[i]))
		}
	})
}

// CancelDead cancels the working orders that a session on the ledger of o left at the venues.
// A pair that it left half open is balanced as by the next run. Errors are those of FlattenDead.
func CancelDead(ctx context.Context, o *Options, d DeadOptions) (*DeadReport, error) {
	return tend(ctx, o, d, func(ctx context.Context, s *Session) error { return s.Cancel(ctx, Orders{Strategy: d.Strategy}) },
		func(*Snapshot, *DeadReport) {})
}

// LeftError is that not all was done that was asked for.
type LeftError struct {
	Left []string
	Why  string
}

func (e *LeftError) Error() string {
	return fmt.Sprintf("%s, and this is left: %s; the same command goes on with it", e.Why, strings.Join(e.Left, "; "))
}

// tend goes on with a dead session, asks it for something until nothing of it is left, and
// ends it in good order, which cancels all of its working orders. left adds to a report what
// is to be waited for beside those.
func tend(ctx context.Context, o *Options, d DeadOptions, ask func(context.Context, *Session) error, left func(*Snapshot, *DeadReport)) (*DeadReport, error) {
	if err := needsContext(ctx, "FlattenDead"); err != nil {
		return nil, err
	}
	mine, r, err := o.dead(d.Strategy)
	if err != nil || r.Session == "" {
		return r, err
	}
	within := cmp.Or(d.Within, deadWithin)
	ctx, stop := context.WithTimeoutCause(ctx, within, fmt.Errorf("not done within %s", within))
	defer stop()
	s, err := Open(ctx, *mine)
	if err != nil {
		return r, err
	}
	type ending struct {
		sum *Summary
		err error
	}
	ended := make(chan ending, 1)
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	go func() {
		sum, err := s.Run(running)
		ended <- ending{sum, err}
	}()
	failed := r.follow(ctx, s, ask, left)
	end()
	e := <-ended
	if e.sum != nil {
		r.Fills, r.Journal = e.sum.Fills, e.sum.Journal
	}
	switch {
	case e.err != nil:
		return r, e.err
	case failed != nil && !errors.Is(failed, ErrEnded):
		return r, &LeftError{slices.Concat(r.Left, r.Held), failed.Error()}
	case failed != nil:
		return r, failed
	}
	return r, nil
}

// follow asks until nothing is left, and says why it gave up.
func (r *DeadReport) follow(ctx context.Context, s *Session, ask func(context.Context, *Session) error, left func(*Snapshot, *DeadReport)) error {
	tick := time.NewTicker(deadEvery)
	defer tick.Stop()
	var asked time.Time
	for first := true; ; first = false {
		if time.Since(asked) >= deadAgain {
			if err := ask(ctx, s); err != nil {
				return cmp.Or(context.Cause(ctx), err)
			}
			asked = time.Now()
		}
		at, err := s.Snapshot(ctx)
		if err != nil {
			return cmp.Or(context.Cause(ctx), err)
		}
		r.Left, r.Dust, r.Held = []string{}, nil, at.Held
		for i := range at.Orders {
			r.Left = append(r.Left, orderLeft(s, &at.Orders[i]))
		}
		left(at, r)
		if first {
			r.Found = slices.Concat(r.Left, r.Dust)
		}
		if len(r.Left) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.Done():
			return ErrEnded
		case <-tick.C:
		}
	}
}

func orderLeft(s *Session, o *exchange.Order) string {
	in := s.r.core.Universe().Get(o.Instrument)
	return fmt.Sprintf("order %s: %s %s %s", o.ClientID, o.Side, in.QtyDecimal(o.Leaves()), in.Key())
}

func pairLeft(at *Snapshot, p *Pair) string {
	text := fmt.Sprintf("pair %d is %s", p.ID, p.State)
	if p.Reason != "" {
		text += " (" + p.Reason + ")"
	}
	return text
}

// remaining adds what a strategy holds and that can be traded to what is left, and the rest
// to the dust. What it sold short on spot beside a perpetual is part of a pair.
func (st *StrategyStatus) remaining(balances []Balance, r *DeadReport) {
	for i := range st.Positions {
		p := &st.Positions[i]
		if !p.Instrument.Perp() && p.Qty.IsNegative() {
			continue
		}
		text := fmt.Sprintf("%s holds %s %s", st.Name, p.Qty, p.Instrument.Key())
		qty := p.Qty.Abs()
		if !p.Instrument.Perp() { // a fee was taken of the coins: its part is not there to be sold
			qty = decimal.Min(qty, totalOf(balances, &p.Instrument))
		}
		value := qty.Mul(p.Entry)
		few := qty.LessThan(p.Instrument.QtyDecimal(max(1, p.Instrument.MinQty)))
		// With a perpetual an order that only reduces may be of any value.
		if few || !p.Instrument.Perp() && value.LessThan(p.Instrument.MinNotional.Mul(dustMargin)) {
			r.Dust = append(r.Dust, text)
			continue
		}
		r.Left = append(r.Left, text)
	}
}

// totalOf is what the wallet of a spot instrument has of its coin.
func totalOf(balances []Balance, in *exchange.Instrument) decimal.Decimal {
	for i := range balances {
		if b := &balances[i]; b.Wallet == in.Wallet && b.Asset == in.Base {
			return b.Total
		}
	}
	return decimal.Zero
}

// dustMargin is how far above a venue's smallest order by value coins are still taken for
// dust: they are valued at what they cost.
var dustMargin = decimal.RequireFromString("1.2")

// dead are the options of a session that goes on with the last one of the ledger, without its
// strategies. The report has no session when there is nothing to go on with.
func (o *Options) dead(strategy string) (*Options, *DeadReport, error) {
	r := &DeadReport{Found: []string{}, Left: []string{}}
	mine := *o
	if mine.Account == nil {
		return nil, r, configError("there is no account: name the file with the key's place with --config")
	}
	mine.DB = cmp.Or(mine.DB, "perilune-live.db")
	if _, err := os.Stat(mine.DB); err != nil {
		return nil, r, &LedgerError{fmt.Errorf("ledger %s: there is no such file; the session's own is named with --db", mine.DB)}
	}
	db, err := ledger.Open(ledger.Options{Path: mine.DB, ReadOnly: true})
	if err != nil {
		return nil, r, &LedgerError{err}
	}
	defer db.Close()
	if db.Mode() != ledger.Live {
		return nil, r, &LedgerError{fmt.Errorf("ledger %s is of mode %s: what a session on paper holds is at no venue", mine.DB, db.Mode())}
	}
	all, err := db.Sessions()
	if err != nil || len(all) == 0 || all[len(all)-1].Complete {
		return &mine, r, err
	}
	last := &all[len(all)-1]
	snap, err := db.Restore(last.Account)
	if err != nil {
		return nil, r, err
	}
	if mine.Live.Symbols, err = stranded(snap); err != nil {
		return nil, r, err
	}
	if len(mine.Live.Symbols) == 0 {
		return &mine, r, nil
	}
	for i, key := range mine.Live.Symbols {
		venue, symbol, _ := strings.Cut(key, ":")
		mine.Live.Symbols[i] = fullKey(HouseOf(last.Market), exchange.Venue(venue), symbol)
	}
	slices.Sort(mine.Live.Symbols)
	mine.Live.Symbols = slices.Compact(mine.Live.Symbols)
	mine.Live.Symbols = append(mine.Live.Symbols, unnamed(housesIn(last.Market), mine.Live.Symbols)...)
	names, err := db.Strategies()
	if err != nil {
		return nil, r, err
	}
	if strategy != "" && !slices.Contains(names, strategy) {
		return nil, r, configError("no strategy is called %q; the ledger has %q", strategy, names)
	}
	mine.Scripts, mine.Strategies, mine.Modules, mine.Rules, mine.Set, mine.origins = nil, nil, nil, nil, nil, nil
	for _, name := range names {
		mine.Strategies = append(mine.Strategies, newInert(name))
	}
	mine.Market, mine.Watch, mine.New, mine.For, mine.Curves, mine.Report, mine.Advisor = []string{"live"}, false, false, 0, nil, "", nil
	r.Session = last.Account
	return &mine, r, nil
}

// stranded are the instruments that a session left something in, or may have: all of its last
// run too when that was killed, because its journal may have more than its ledger.
func stranded(snap *ledger.Snapshot) ([]string, error) {
	keys := tradedBefore(snap)
	add := func(v exchange.Venue, symbol string) { keys = append(keys, string(v)+":"+symbol) }
	for i := range snap.Orders {
		add(snap.Orders[i].Venue, snap.Orders[i].Symbol)
	}
	for i := range snap.Schedules {
		add(snap.Schedules[i].Venue, snap.Schedules[i].Symbol)
	}
	if run := snap.LastRun; run != nil && !run.Clean && run.Journal != "" {
		traded, err := journalled(run.Journal)
		if err != nil {
			return nil, err
		}
		for i := range traded {
			add(traded[i].Venue, traded[i].Symbol)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// journalled are the instruments of a journal.
func journalled(dir string) ([]exchange.Instrument, error) {
	r, err := journal.Open(dir)
	if err != nil {
		return nil, &LedgerError{err}
	}
	s, err := decodeHeader(r.Header())
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, &LedgerError{fmt.Errorf("%s: %w", dir, err)}
	}
	return s.Instruments, nil
}

// unnamed are patterns for the houses that a session was on and that no key names: it goes
// on only where it was.
func unnamed(houses, keys []string) (out []string) {
	if len(houses) < 2 {
		return nil
	}
	for _, house := range houses {
		if !slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, house+".") }) {
			out = append(out, house+".*:*BTC*")
		}
	}
	return out
}

// inert stands for a strategy, does nothing, and leaves its state as it is.
type inert struct {
	goStrategy
	state []byte
}

// inertVersion is what a journal knows an inert strategy by: a replay needs nothing else.
const inertVersion = "inert"

func newInert(name string) *inert { return &inert{goStrategy: goStrategy{name: name}} }

// Version implements Versioned.
func (s *inert) Version() string { return inertVersion }

// State implements core.Strategy.
func (s *inert) State() ([]byte, error) { return s.state, nil }

// RestoreState implements StateRestorer.
func (s *inert) RestoreState(state []byte) error {
	s.state = state
	return nil
}
