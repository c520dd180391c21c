package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/ledger"
)

// takeLease makes this the only process on this machine that trades on the account,
// whatever ledger others name: of this user by a file in its cache directory, of all
// users by one in the directory for temporary files.
func (a *liveAccount) takeLease() error {
	own, shared := leaseFiles(a.access, a.uid)
	if err := os.MkdirAll(filepath.Dir(own), 0o700); err != nil {
		return &LedgerError{fmt.Errorf("lease of the account: %w", err)}
	}
	if err := a.keepLease(ledger.AcquireLease(own)); err != nil {
		return err
	}
	err := a.keepLease(ledger.AcquireSharedLease(shared))
	if err != nil && !errors.Is(err, ledger.ErrLocked) {
		a.warn(fmt.Sprintf("other users of this machine are not kept from the account: %v", err))
		return nil
	}
	return err
}

// leaseFiles are the files that stand for the account: of this user, and of all users.
func leaseFiles(at *access, uid string) (own, shared string) {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	name := fmt.Sprintf("account-%s-%s.lease", placeOf(at.venue), uid)
	return filepath.Join(dir, "perilune", name), filepath.Join(os.TempDir(), "perilune-"+name)
}

// keepLease keeps a lease until the session ends.
func (a *liveAccount) keepLease(l *ledger.Lease, err error) error {
	if err != nil {
		return fmt.Errorf("account %s is traded on by another session: end it first, or give this one an account of its own: %w", a.uid, err)
	}
	a.leases = append(a.leases, l)
	return nil
}

// RivalError is another run on the same account, on whatever machine: the session was
// refused, or gave way to it.
type RivalError struct{ Account, Why string }

func (e *RivalError) Error() string {
	return fmt.Sprintf("account %s is traded on by another run of Perilune: %s", e.Account, e.Why)
}

// claim begins the run's client ids, and refuses to begin while orders of runs that
// the ledger does not know rest at the venue. What earlier runs of the ledger left
// there is canceled.
func (a *liveAccount) claim(ctx context.Context, s *standing, traded []exchange.Instrument) error {
	a.entering("looking for other runs on the account")
	run := a.client.Now()
	var foreign, old []oms.Report
	for _, g := range a.client.Profile().Segments {
		list, err := a.runsOrders(ctx, &g, traded)
		if err != nil {
			return err
		}
		for _, o := range list {
			known, err := s.db.HasOrder(o.ClientID)
			switch {
			case err != nil:
				return err
			case known && !s.resumes(o.ClientID):
				old = append(old, o)
			case !known:
				foreign = append(foreign, o)
				began, _ := oms.RunOf(o.ClientID)
				run = max(run, began+exchange.Millisecond)
			}
		}
	}
	a.fence = oms.Fence{Run: run - run%exchange.Millisecond, TakeOver: a.TakeOver}
	if len(foreign) > 0 && !a.TakeOver {
		return &RivalError{a.uid, named(foreign) + " rest at the venue and are not in this ledger: end that session; " +
			"when none runs any more, --take-over cancels them and goes on"}
	}
	return errors.Join(a.cancel(ctx, foreign, "of another run are canceled"), a.cancel(ctx, old, "of earlier sessions are canceled"))
}

// runsOrders lists what runs of Perilune have in a segment's books.
func (a *liveAccount) runsOrders(ctx context.Context, g *oms.Segment, traded []exchange.Instrument) ([]oms.Report, error) {
	var all []oms.Report
	err := a.patiently(ctx, func() (err error) {
		all, err = a.client.OpenOrders(ctx, g.Venue)
		return err
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil && trades(g, traded) {
		return nil, &AccountError{advised(err)}
	}
	if err != nil {
		a.warn(fmt.Sprintf("whether another run trades in %s is not known: %v", g.Venue.Within(g.Venue.House()), err))
	}
	var out []oms.Report
	for _, o := range all {
		if _, ok := oms.RunOf(o.ClientID); ok {
			out = append(out, o)
		}
	}
	return out, nil
}

func (a *liveAccount) cancel(ctx context.Context, list []oms.Report, why string) error {
	if len(list) == 0 {
		return nil
	}
	a.warn(named(list) + " " + why)
	for _, o := range list {
		_, err := a.client.Cancel(ctx, oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID, OrderID: o.OrderID})
		if c := exchange.ErrorClassOf(err); c.Again() || c.MayHaveActed() { // anything else: it is over already
			return &AccountError{fmt.Errorf("order %s of %s: %w", o.ClientID, symbolKey(&o), advised(err))}
		}
	}
	return nil
}

// symbolKey is the key of what an order is of, which need not be in the universe.
func symbolKey(o *oms.Report) string {
	return string(o.Venue.Within(o.Venue.House())) + ":" + o.Symbol
}

// namedOrders is how many orders a message names.
const namedOrders = 5

func named(list []oms.Report) string {
	var parts []string
	for _, o := range list[:min(len(list), namedOrders)] {
		parts = append(parts, fmt.Sprintf("%s (%s)", o.ClientID, symbolKey(&o)))
	}
	text := fmt.Sprintf("%d orders: %s", len(list), strings.Join(parts, ", "))
	if len(list) > namedOrders {
		text += ", …"
	}
	return text
}

// giveWay ends the session in good order: the order manager has canceled what is ours, and
// sends nothing more.
func (a *liveAccount) giveWay(now exchange.Time, to *oms.Rival) {
	if a.rival == nil {
		a.rival = &RivalError{a.uid, to.String()}
		a.log(Line{Time: now, Level: intent.Error, Strategy: a.title, Text: "the session ends: " + a.rival.Error()})
		a.end("another run trades on the account")
	}
}
