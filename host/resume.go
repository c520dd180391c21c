package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/desk"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

// continues reports whether the market goes on after a run of it, so that a session
// can too.
func (o *Options) continues() bool { return o.synthetic() || o.live() }

// chooseSession goes on with the ledger's latest session if that was of the same
// market, however it ended, and begins a new one otherwise. The built-in market can
// be resumed because it can be wound forward to where it was, and the live one
// because it goes on by itself. A recording is run from its beginning, so each run
// of one is a session.
func (r *runner) chooseSession(ctx context.Context) error {
	all, err := r.db.Sessions()
	if err != nil {
		return err
	}
	if n := len(all); n > 0 && !r.o.New && r.o.continues() {
		last := all[n-1]
		if !last.Complete && last.Market == r.market.name && last.Seed == r.o.Seed {
			if err := r.resumeSession(ctx, &last); err != nil {
				return err
			}
			return r.fence(ctx)
		}
	}
	if err := r.fence(ctx); err != nil {
		return err
	}
	account, err := r.db.NextAccount(r.mode())
	if err != nil {
		return err
	}
	s := ledger.Session{Account: account, Market: r.market.name, Seed: r.o.Seed}
	if r.real != nil {
		s.Started = r.real.client.Now()
		in := &r.market.instruments[max(0, slices.IndexFunc(r.market.instruments, func(in exchange.Instrument) bool { return in.Perp() }))]
		if s.Opened, err = r.real.client.VenueTime(ctx, in); err != nil {
			return &AccountError{advised(err)}
		}
	}
	_, err = r.db.CreateSession(s)
	r.account = account
	return err
}

func (r *runner) resumeSession(ctx context.Context, s *ledger.Session) error {
	r.account = s.Account
	snap, err := r.db.Restore(s.Account)
	if err != nil {
		return err
	}
	if snap.LastRun != nil && !snap.LastRun.Clean {
		if err := r.recover(ctx, snap.LastRun); err != nil {
			return err
		}
		if snap, err = r.db.Restore(s.Account); err != nil {
			return err
		}
	}
	if len(snap.Balances) == 0 {
		// It was killed before its opening deposit was booked: nothing happened.
		return nil
	}
	r.resume = snap
	return r.expireOrders(snap)
}

// recover completes the ledger of a run that was killed, or that ended while its ledger
// could not be written: its journal may hold events whose rows were not committed. Running the journal again gives the
// same rows, and rows that are there already are not written twice.
func (r *runner) recover(ctx context.Context, run *ledger.Run) error {
	if run.Journal == "" {
		return nil
	}
	w, err := r.db.NewWriter(run, ledger.WriterOptions{})
	if err != nil {
		return err
	}
	added, res, why := 0, &ReplayResult{}, "was killed"
	r.entering("completing the ledger from the journal %s", run.Journal)
	err = rerun(ctx, run.Journal, res, func(c *core.Core, ev *exchange.Event, fx []core.Effect) error {
		if ev.Kind == exchange.KindCommand && ev.Name == core.CommandEnd {
			why = "could not write its ledger to the end"
		}
		if ev.Seq <= run.Committed {
			return nil
		}
		if res.Made > run.Committed {
			return fmt.Errorf("it begins after event %d, and the ledger ends at event %d", res.Made, run.Committed)
		}
		b := rows{u: c.Universe(), names: c.StrategyName}
		for i := range fx {
			row, err := b.of(&fx[i])
			if err != nil || row == nil {
				if err != nil {
					return err
				}
				continue
			}
			if err := w.Post(row); err != nil {
				return err
			}
			added++
		}
		w.Mark(ev.Seq)
		return nil
	})
	cerr := w.Close()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = nil // the journal was deleted: the ledger alone is the truth
	case err != nil && ctx.Err() == nil:
		// The ledger is consistent without what is missing; say it and go on.
		r.warn(fmt.Sprintf("the last run's journal could not complete its ledger: %v", err))
		err = nil
	case added > 0:
		r.warn(fmt.Sprintf("the last run %s: %d rows recovered from its journal", why, added))
	}
	return errors.Join(err, cerr)
}

// expireOrders closes the books on orders that the last run left working. The
// simulated venue ended with its process, so nothing of them can fill any more.
func (r *runner) expireOrders(snap *ledger.Snapshot) error {
	if len(snap.Orders) == 0 || snap.LastRun == nil || r.real != nil {
		return nil // a real venue tells what became of them
	}
	u, err := exchange.NewUniverse(r.market.instruments)
	if err != nil {
		return err
	}
	w, err := r.db.NewWriter(snap.LastRun, ledger.WriterOptions{})
	if err != nil {
		return err
	}
	filled, err := r.filled()
	for i := range snap.Orders {
		if row, ok := expired(u, &snap.Orders[i], filled[snap.Orders[i].ID], snap); ok && err == nil {
			err = w.Post(row)
		}
	}
	return errors.Join(err, w.Close())
}

// filled adds the session's fills up by order: an order's own row is not renewed
// with every fill.
func (r *runner) filled() (map[exchange.OrderID]decimal.Decimal, error) {
	sums := map[exchange.OrderID]decimal.Decimal{}
	err := r.db.EachFill(ledger.Filter{Account: r.account}, func(f *ledger.Fill) error {
		sums[f.Order] = sums[f.Order].Add(f.Qty)
		return nil
	})
	return sums, err
}

// expired is the last word on an order of a session that ended without one.
func expired(u *exchange.Universe, o *ledger.Order, done decimal.Decimal, snap *ledger.Snapshot) (*ledger.OrderRow, bool) {
	in, ok := u.Find(o.Venue, o.Symbol)
	if !ok {
		return nil, false
	}
	price, _ := in.Tick.Exact(o.Price)
	qty, _ := in.Lot.Exact(o.Qty)
	filled, _ := in.Lot.Exact(done)
	return &ledger.OrderRow{
		At: ledger.At{Seq: snap.LastRun.Committed + 1, Time: snap.LastTime}, Instrument: in, Strategy: o.Strategy,
		Order: exchange.Order{
			ID: o.ID, ClientID: o.ClientID, Pair: o.Pair, Leg: o.Leg, Schedule: o.Schedule, Instrument: in.ID, Side: o.Side, Type: o.Type, TIF: o.TIF,
			ReduceOnly: o.ReduceOnly, Price: exchange.Ticks(price), Qty: exchange.Lots(qty), Filled: exchange.Lots(filled),
			Status: exchange.StatusExpired, Reason: "the session was interrupted", VenueID: o.VenueID,
			Created: o.Created, Updated: snap.LastTime,
		},
	}, true
}

// stateOf is what a strategy of this name left to find again.
func (r *runner) stateOf(name string) string {
	if r.resume == nil {
		return ""
	}
	for _, s := range r.resume.States {
		if s.Strategy == name {
			return s.JSON
		}
	}
	return ""
}

// restore builds what the core goes on from.
func (r *runner) restore(s *session) (*core.Restore, error) {
	snap := r.resume
	u, err := exchange.NewUniverse(r.market.instruments)
	if err != nil {
		return nil, err
	}
	out := &core.Restore{
		Time: snap.LastTime, LastOrder: snap.NextOrder - 1, LastPair: snap.NextPair - 1, LastMove: snap.NextTransfer - 1,
		LastAsk: snap.NextQuestion - 1,
	}
	if text := r.stateOf(""); text != "" {
		var l latch
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			return nil, fmt.Errorf("ledger %s: state of the kill latch: %w", r.o.DB, err)
		}
		if out.Halted = l.Halted; l.Halted != "" && !r.o.ClearHalt {
			r.warn("still halted, only reducing orders pass: " + l.Halted)
		}
	}
	if err := r.restoreBalances(out); err != nil {
		return nil, err
	}
	err = r.db.EachFill(ledger.Filter{Account: r.account}, func(f *ledger.Fill) error {
		in, ok := u.Find(f.Venue, f.Symbol)
		if !ok && r.o.live() {
			return nil // nothing is held of it any more, or it would be here
		}
		if !ok {
			return fmt.Errorf("fill %s: %s:%s is not in this market", f.TradeID, f.Venue, f.Symbol)
		}
		price, _ := in.Tick.Exact(f.Price)
		qty, _ := in.Lot.Exact(f.Qty)
		out.Fills = append(out.Fills, core.RestoredFill{Time: f.Time, Strategy: r.indexOf(f.Strategy), Pair: f.Pair, Fill: exchange.Fill{
			Instrument: in.ID, Side: f.Side, Price: exchange.Ticks(price), Qty: exchange.Lots(qty), Fee: f.Fee, FeeAsset: f.FeeAsset,
			Realised: f.Realised, TradeID: f.TradeID, Reason: f.Reason}})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", r.o.DB, err)
	}
	if r.real != nil {
		var left desk.Opening
		if err := r.openOrders(&left, u); err != nil {
			return nil, fmt.Errorf("ledger %s: %w", r.o.DB, err)
		}
		out.Orders = left.Orders
	}
	err = errors.Join(r.restorePairs(out, u), r.restoreSchedules(out))
	out.Absent = r.absent
	return out, err
}

// restoreBalances keeps what was in transit apart: its arrival is the first thing
// that the session hears of, because a simulated transfer that was sent can't fail
// any more.
func (r *runner) restoreBalances(out *core.Restore) error {
	for _, b := range r.resume.Balances {
		wallet, ok := strings.CutPrefix(b.Account, "A:")
		if !ok || wallet == "transit" {
			continue
		}
		out.Balances = append(out.Balances, core.RestoredBalance{Wallet: exchange.Wallet(wallet), Asset: b.Asset, Total: b.Amount})
	}
	for i := range r.resume.Transit {
		t := r.resume.Transit[i].Transfer
		t.Strategy = r.indexOf(r.resume.Transit[i].StrategyName)
		out.Transit = append(out.Transit, t)
	}
	return nil
}

func (r *runner) restorePairs(out *core.Restore, u *exchange.Universe) error {
	for i := range r.resume.Pairs {
		p := &r.resume.Pairs[i]
		var d pairDetail
		if err := json.Unmarshal([]byte(p.Detail), &d); err != nil {
			return fmt.Errorf("ledger %s: pair %d: %w", r.o.DB, p.ID, err)
		}
		if err := d.renumber(u, p); err != nil {
			return fmt.Errorf("ledger %s: pair %d: %w", r.o.DB, p.ID, err)
		}
		d.Pair.Strategy = r.indexOf(p.Strategy)
		if !r.runs(d.Pair.Strategy) {
			r.warn(fmt.Sprintf("pair %d belongs to strategy %q, which does not run now: it is kept hedged and otherwise left alone", p.ID, p.Strategy))
		}
		out.Pairs = append(out.Pairs, core.RestoredPair(d))
	}
	return nil
}

// renumber finds the legs of a pair by their symbols: on a live market the
// instruments of this session need not be those of the last one.
func (d *pairDetail) renumber(u *exchange.Universe, p *ledger.Pair) error {
	spot, err := u.Lookup(p.Spot)
	if err != nil {
		return err
	}
	perp, err := u.Lookup(p.Perp)
	if err != nil {
		return err
	}
	d.Pair.Spot, d.Pair.Perp = spot.ID, perp.ID
	d.Request.Spot, d.Request.Perp = spot.ID, perp.ID
	return nil
}

// indexOf numbers strategies: those that run, then those of earlier runs, in the
// order in which the ledger speaks of them. -1 is the host.
func (r *runner) indexOf(strategy string) int32 {
	for i, l := range r.scripts {
		if l.name == strategy {
			return int32(i)
		}
	}
	for i, st := range r.o.Strategies {
		if st.Name() == strategy {
			return int32(len(r.scripts) + i)
		}
	}
	if strategy == "" {
		return -1
	}
	at := slices.Index(r.absent, strategy)
	if at < 0 {
		at, r.absent = len(r.absent), append(r.absent, strategy)
	}
	return int32(len(r.scripts) + len(r.o.Strategies) + at)
}

// runs reports whether the strategy of an index runs now.
func (r *runner) runs(strategy int32) bool {
	return strategy >= 0 && int(strategy) < len(r.scripts)+len(r.o.Strategies)
}

// arrivals are the ends of the transfers that the last run left on their way.
func (r *runner) arrivals() []exchange.Event {
	var out []exchange.Event
	for i := range r.resume.Transit {
		t := r.resume.Transit[i].Transfer
		t.Strategy, t.Done = r.indexOf(r.resume.Transit[i].StrategyName), true
		out = append(out, exchange.Event{Kind: exchange.KindTransfer, Instrument: exchange.NoInstrument, Transfer: &t})
	}
	return out
}

// venueAccount is what the simulated venue goes on from: the core's own books,
// which came from the ledger, and at its destination what is on its way.
func venueAccount(c *core.Core, from *core.Restore, nextTrade uint64) *paper.Account {
	a := &paper.Account{NextTrade: nextTrade, NextOrder: uint64(from.LastOrder) + 1}
	for _, h := range c.Holdings() {
		a.Balances = append(a.Balances, paper.Deposit{Wallet: h.Wallet, Asset: h.Asset, Amount: h.Total})
	}
	for i := range from.Transit {
		t := &from.Transit[i]
		a.Balances = append(a.Balances, paper.Deposit{Wallet: t.To, Asset: t.Asset, Amount: t.Amount})
	}
	for _, in := range c.Universe().All() {
		pos := c.AccountPosition(in.ID)
		if pos.Qty != 0 {
			a.Positions = append(a.Positions, paper.Holding{Instrument: in.ID, Position: pos, Cost: c.AccountCost(in.ID)})
		}
	}
	return a
}
