package host

import (
	"context"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Snapshot is how a session stands between two events. All of it is a copy.
type Snapshot struct {
	Time     exchange.Time
	Events   uint64          // handled so far
	Equity   decimal.Decimal // in the account's currency; 0 while something is Unvalued
	Unvalued string          // an asset or instrument that is held and has no price yet; "": Equity is of everything
	Funding  decimal.Decimal // received, all strategies
	Fees     decimal.Decimal // paid
	Fills    int
	Halted   string // why the kill latch is tripped; "": it is not
	Balances []Balance
	// Positions are those of the account, all strategies netted, that are not 0.
	Positions  []Position
	Orders     []exchange.Order // working, oldest first
	Pairs      []Pair           // not done
	Strategies []StrategyStatus
	Held       []string // what nothing may trade in until the account agrees with the venue's, and why
	// Latencies are those of market data, and Late says which venues' is too late for new risk.
	Latencies []FeedLatency
	Feeds     []FeedComparison // of venues whose books come from one of two feeds
	Late      []string
	// Dropped counts the events that subscribers were too slow for.
	Dropped uint64
}

// Balance is what a wallet holds of an asset.
type Balance struct {
	Wallet exchange.Wallet
	Asset  string
	Total  decimal.Decimal
}

// Position is a position in an instrument.
type Position struct {
	Instrument exchange.Instrument
	Qty        decimal.Decimal // coins or contracts; below 0 is short
	Entry      decimal.Decimal // average price of what is open
	Realised   decimal.Decimal // profit of what was closed, in the settlement asset, before fees and funding
}

// StrategyStatus is how one strategy is.
type StrategyStatus struct {
	Name   string
	Paused string // why it is not called; "": it is
	Halted string // why it halted itself: only what reduces its own positions passes
	Asleep string // why nothing can wake it any more; "": something can
	// Positions are its own, pairs included, that are not 0.
	Positions []Position
}

// Snapshot returns how the session stands. While it runs, the loop takes the snapshot
// between two events; that is not journalled and changes nothing.
func (s *Session) Snapshot(ctx context.Context) (*Snapshot, error) {
	var out *Snapshot
	if err := s.look(ctx, func() { out = s.r.snapshot() }); err != nil {
		return nil, err
	}
	out.Dropped = s.events.Lost()
	return out, nil
}

// snapshot runs on the loop.
func (r *runner) snapshot() *Snapshot {
	c, st := r.core, r.core.Stats()
	s := &Snapshot{Time: r.loop.Now(), Events: r.loop.Events(), Funding: st.Funding, Fees: st.Fees,
		Fills: c.Fills(), Halted: c.Halted(), Orders: c.WorkingOrders(), Pairs: c.OpenPairs(), Held: c.Held(),
		Latencies: feedLatencies(c.FeedLatencies()), Late: c.LateFeeds()}
	s.Equity, s.Unvalued = r.worth()
	for _, h := range c.Holdings() {
		if !h.Total.IsZero() {
			s.Balances = append(s.Balances, Balance{h.Wallet, h.Asset, h.Total})
		}
	}
	s.Feeds = r.comparisons()
	s.Positions = r.positions(c.AccountPosition)
	for i, name := range r.strategies().Running {
		of := func(id exchange.InstrumentID) exchange.Position { return c.StrategyPosition(int32(i), id) }
		s.Strategies = append(s.Strategies, StrategyStatus{name, c.Paused(i), c.Latched(i), c.Asleep(i), r.positions(of)})
	}
	return s
}

// worth is the account's value, or what of it can't be valued yet: a part of it would look
// like a loss.
func (r *runner) worth() (value decimal.Decimal, unvalued string) {
	if unvalued = r.core.Unvalued(); unvalued == "" {
		value = r.core.Equity()
	}
	return value, unvalued
}

func (r *runner) positions(of func(exchange.InstrumentID) exchange.Position) []Position {
	return openPositions(r.core.Universe(), of)
}

func openPositions(u *exchange.Universe, of func(exchange.InstrumentID) exchange.Position) (out []Position) {
	for _, in := range u.All() {
		if p := of(in.ID); p.Qty != 0 && !p.Held(in).IsZero() {
			out = append(out, Position{*in, p.Held(in), p.Entry, p.Realised})
		}
	}
	return out
}
