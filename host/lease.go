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
func (r *runner) takeLease() error {
	own, err := os.UserCacheDir()
	if err != nil {
		own = os.TempDir()
	}
	own = filepath.Join(own, "perilune")
	if err := os.MkdirAll(own, 0o700); err != nil {
		return &LedgerError{fmt.Errorf("lease of the account: %w", err)}
	}
	venue := fileName(r.market.live.venue.Address())
	name := fmt.Sprintf("account-%s-%s.lease", venue, r.real.uid)
	if err := r.lease(ledger.AcquireLease(filepath.Join(own, name))); err != nil {
		return err
	}
	err = r.lease(ledger.AcquireSharedLease(filepath.Join(os.TempDir(), "perilune-"+name)))
	if err != nil && !errors.Is(err, ledger.ErrLocked) {
		r.warn(fmt.Sprintf("other users of this machine are not kept from the account: %v", err))
		return nil
	}
	return err
}

// lease keeps a lease until the session ends.
func (r *runner) lease(l *ledger.Lease, err error) error {
	if err != nil {
		return fmt.Errorf("account %s is traded on by another session: end it first, or give this one an account of its own: %w", r.real.uid, err)
	}
	r.real.leases = append(r.real.leases, l)
	return nil
}

// RivalError is another run on the same account, on whatever machine: the session was
// refused, or gave way to it.
type RivalError struct{ Account, Why string }

func (e *RivalError) Error() string {
	return fmt.Sprintf("account %s is traded on by another run of Perilune: %s", e.Account, e.Why)
}

// fence begins the run's client ids, and refuses to begin while orders of runs that
// the ledger does not know rest at the venue. What earlier runs of the ledger left
// there is cancelled.
func (r *runner) fence(ctx context.Context) error {
	if r.real == nil {
		return nil
	}
	r.entering("looking for other runs on the account")
	run := r.real.client.Now()
	var foreign, old []oms.Report
	for _, g := range r.real.client.Profile().Segments {
		list, err := r.runsOrders(ctx, &g)
		if err != nil {
			return err
		}
		for _, o := range list {
			known, err := r.db.HasOrder(o.ClientID)
			switch {
			case err != nil:
				return err
			case known && !r.resumes(o.ClientID):
				old = append(old, o)
			case !known:
				foreign = append(foreign, o)
				began, _ := oms.RunOf(o.ClientID)
				run = max(run, began+exchange.Millisecond)
			}
		}
	}
	r.real.fence = oms.Fence{Run: run - run%exchange.Millisecond, TakeOver: r.o.Account.TakeOver}
	if len(foreign) > 0 && !r.o.Account.TakeOver {
		return &RivalError{r.real.uid, named(foreign) + " rest at the venue and are not in this ledger: end that session; " +
			"when none runs any more, --take-over cancels them and goes on"}
	}
	return errors.Join(r.clear(ctx, foreign, "of another run are cancelled"), r.clear(ctx, old, "of earlier sessions are cancelled"))
}

// runsOrders lists what runs of Perilune have in a segment's books.
func (r *runner) runsOrders(ctx context.Context, g *oms.Segment) ([]oms.Report, error) {
	all, err := r.real.client.OpenOrders(ctx, g.Venue)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("interrupted before the account was reconciled: %w", ctx.Err())
	}
	if err != nil && r.trades(g) {
		return nil, &AccountError{advised(err)}
	}
	if err != nil {
		r.warn(fmt.Sprintf("whether another run trades in %s is not known: %v", g.Venue.Within(g.Venue.House()), err))
	}
	var out []oms.Report
	for _, o := range all {
		if _, ok := oms.RunOf(o.ClientID); ok {
			out = append(out, o)
		}
	}
	return out, nil
}

// resumes reports whether the order manager goes on with an order, and so cancels it itself.
func (r *runner) resumes(clientID string) bool {
	if r.resume == nil {
		return false
	}
	for i := range r.resume.Orders {
		if r.resume.Orders[i].ClientID == clientID {
			return true
		}
	}
	return false
}

func (r *runner) clear(ctx context.Context, list []oms.Report, why string) error {
	if len(list) == 0 {
		return nil
	}
	r.warn(named(list) + " " + why)
	for _, o := range list {
		_, err := r.real.client.Cancel(ctx, oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID, OrderID: o.OrderID})
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

// giveWay ends the session in good order: the order manager has cancelled what is ours, and
// sends nothing more.
func (r *runner) giveWay(now exchange.Time, to *oms.Rival) {
	if a := r.real; a.rival == nil {
		a.rival = &RivalError{a.uid, to.String()}
		r.log(Line{Time: now, Level: intent.Error, Strategy: "account", Text: "the session ends: " + a.rival.Error()})
		r.loop.End()
		r.hold("another run trades on the account") // wakes the loop
	}
}

// gaveWay is the run that this one gave way to, or nil.
func (a *liveAccount) gaveWay() error {
	if a == nil {
		return nil
	}
	return a.rival
}
