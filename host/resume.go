package host

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
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
	if r.db == nil {
		r.session = r.mode() + "-1"
		return nil
	}
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
			return r.account.claim(ctx, r.standing(), r.market.instruments)
		}
	}
	if err := r.account.claim(ctx, r.standing(), r.market.instruments); err != nil {
		return err
	}
	name, err := r.db.NextAccount(r.mode())
	if err != nil {
		return err
	}
	s := ledger.Session{Account: name, Market: r.market.name, Seed: r.o.Seed}
	if s.Started, s.Opened, err = r.account.opened(ctx, r.market.instruments); err != nil {
		return err
	}
	_, err = r.db.CreateSession(s)
	r.session = name
	return err
}

func (r *runner) resumeSession(ctx context.Context, s *ledger.Session) error {
	r.session = s.Account
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
	if r.account.real() {
		return nil // a real venue tells what became of its orders
	}
	x, err := r.restorer(snap)
	if err != nil {
		return err
	}
	return x.ExpireOrders()
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
	r.supervisor.entering("completing the ledger from the journal %s", run.Journal)
	err = rerun(ctx, run.Journal, res, r.o.own.restartable(), func(c *core.Core, ev *exchange.Event, fx []core.Effect) error {
		if ev.Kind == exchange.KindCommand && ev.Name == core.CommandEnd {
			why = "could not write its ledger to the end"
		}
		if ev.Seq <= run.Committed {
			return nil
		}
		if res.Made > run.Committed {
			return fmt.Errorf("it begins after event %d, and the ledger ends at event %d", res.Made, run.Committed)
		}
		b := projection.Rows{Universe: c.Universe(), Names: c.StrategyName}
		for i := range fx {
			row, err := b.Of(&fx[i])
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

// standing is where the ledger stands.
func (r *runner) standing() *standing {
	return &standing{db: r.db, path: r.o.DB, session: r.session, resume: r.resume, restored: r.restored}
}

// restorer reads the session's ledger for this run.
func (r *runner) restorer(snap *ledger.Snapshot) (*projection.Restorer, error) {
	u, err := exchange.NewUniverse(r.market.instruments)
	if err != nil {
		return nil, err
	}
	return &projection.Restorer{DB: r.db, Account: r.session, Snapshot: snap, Universe: u, Roster: r.strategies(),
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

// indexOf numbers strategies: see projection.Roster.
func (r *runner) indexOf(strategy string) int32 { return r.strategies().Index(strategy) }

// restore builds what the core goes on from.
func (r *runner) restore() error {
	x, err := r.restorer(r.resume)
	if err != nil {
		return err
	}
	if r.restored, err = x.Restore(); err != nil {
		return fmt.Errorf("ledger %s: %w", r.o.DB, err)
	}
	return nil
}
