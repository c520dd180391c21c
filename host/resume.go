package host

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/internal/projection"
	"github.com/perilune/perilune/ledger"
)

// continues reports whether the market goes on after a run of it, so that a session
// can too.
func (o *Options) continues() bool { return o.synthetic() || o.liveData() }

// chooseSession goes on with the ledger's latest session if that was of the same
// market, however it ended, and begins a new one otherwise. The built-in market can
// be resumed because it can be wound forward to where it was, and the live one
// because it goes on by itself. A recording is run from its beginning, so each run
// of one is a session.
func (r *runner) chooseSession(ctx context.Context) error {
	if r.record.db == nil {
		r.record.session = r.mode() + "-1"
		return nil
	}
	all, err := r.record.db.Sessions()
	if err != nil {
		return err
	}
	if err := otherNames(all, r.market.name); err != nil {
		return err
	}
	if n := len(all); n > 0 && !r.o.New && r.o.continues() {
		last := all[n-1]
		if !last.Complete && last.Market == r.market.name && last.Seed == r.o.Seed {
			if err := r.resumeSession(ctx, &last); err != nil {
				return err
			}
			return r.account.claim(ctx, &r.record.standing, r.market.instruments)
		}
		if err := otherHouses(&last, r.market.name); err != nil {
			return err
		}
	}
	if err := r.account.claim(ctx, &r.record.standing, r.market.instruments); err != nil {
		return err
	}
	name, err := r.record.db.NextAccount(r.mode())
	if err != nil {
		return err
	}
	s := ledger.Session{Account: name, Market: r.market.name, Seed: r.o.Seed}
	if s.Started, s.Opened, err = r.account.opened(ctx, r.market.instruments); err != nil {
		return err
	}
	_, err = r.record.db.CreateSession(s)
	r.record.session = name
	return err
}

// otherHouses refuses to begin beside a session that was interrupted on other venues than
// those of a market: what it holds there would be forgotten. One that never ran holds nothing.
func otherHouses(last *ledger.Session, market string) error {
	was, is := housesIn(last.Market), housesIn(market)
	if last.Complete || !last.Ran || was == nil || is == nil || sameNames(was, is) {
		return nil
	}
	return configError("session %s of the ledger is on %s, and this one would be on %s: set up and name symbols of the same venues, or begin a new session with --new",
		last.Account, strings.Join(was, liveAnd), strings.Join(is, liveAnd))
}

// otherNames refuses a ledger in which names that leave their house out are of another
// house than they would be in a session.
func otherNames(all []ledger.Session, market string) error {
	is := HouseOf(market)
	for i := range all {
		if was := HouseOf(all[i].Market); all[i].Ran && was != "" && is != "" && was != is {
			return configError("the ledger has session %s, which is on %s alone, and this one is on %s: names in it would mean two things; name another file with --db", all[i].Account, was, is)
		}
	}
	return nil
}

func sameNames(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func (r *runner) resumeSession(ctx context.Context, s *ledger.Session) error {
	r.record.session = s.Account
	snap, err := r.record.db.Restore(s.Account)
	if err != nil {
		return err
	}
	if snap.LastRun != nil && !snap.LastRun.Clean {
		if err := r.record.recover(ctx, snap.LastRun, r.o.own); err != nil {
			return err
		}
		if snap, err = r.record.db.Restore(s.Account); err != nil {
			return err
		}
	}
	if len(snap.Balances) == 0 {
		// It was killed before its opening deposit was booked: nothing happened.
		return nil
	}
	r.record.resume = snap
	if r.account.real() {
		return nil // a real venue tells what became of its orders
	}
	x, err := r.restorer(snap)
	if err != nil {
		return err
	}
	return x.ExpireOrders()
}

// restorer reads the session's ledger for this run.
func (r *runner) restorer(snap *ledger.Snapshot) (*projection.Restorer, error) {
	u, err := exchange.NewUniverse(r.market.instruments)
	if err != nil {
		return nil, err
	}
	return &projection.Restorer{DB: r.record.db, Account: r.record.session, Snapshot: snap, Universe: u, Roster: r.strategies(),
		Partial: r.o.liveData(), Venue: r.account.real(), Unhalt: r.o.ClearHalt, Warn: r.warn}, nil
}

// strategies numbers the strategies of the session.
func (r *runner) strategies() *projection.Roster {
	if r.roster == nil {
		r.roster = &projection.Roster{}
		for i := range r.scripts {
			r.roster.Running = append(r.roster.Running, r.scripts[i].name)
		}
		for _, st := range r.o.Strategies {
			r.roster.Running = append(r.roster.Running, st.Name())
		}
	}
	return r.roster
}

// restore builds what the core goes on from.
func (r *runner) restore() error {
	x, err := r.restorer(r.record.resume)
	if err != nil {
		return err
	}
	if r.record.restored, err = x.Restore(); err != nil {
		return fmt.Errorf("ledger %s: %w", r.record.path, err)
	}
	return nil
}
