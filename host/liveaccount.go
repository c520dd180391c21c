package host

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/attribution"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

// liveAccount is the account at one venue of a session with real orders.
type liveAccount struct {
	liveAccountOptions
	access  *access
	client  connect.Account            // nil until it is signed in
	venue   *oms.Runner                // nil until it is started
	orders  atomic.Pointer[oms.Runner] // the same, for any goroutine
	streams io.Closer
	stop    context.CancelFunc
	done    chan struct{}
	uid     string
	leases  []*ledger.Lease
	fence   oms.Fence
	rival   error // the run on the account that this one gave way to

	ahead   exchange.Time // as the core was told of the venue's clock
	clocked bool          // it was

	unread atomic.Int64 // payments of funding that the loop has still to take

	mu         sync.Mutex
	recovering bool
	early      []exchange.Event // that came before the core was there
	notes      []string
}

// liveAccountOptions are what an account at a venue needs of its session.
type liveAccountOptions struct {
	env
	AccountOptions
	leverage int                           // of new positions, when the venue does not tell
	wrap     func(oms.Account) oms.Account // stands between the order manager and the venue in tests; nil: nothing
	title    string                        // what its lines are of
}

// reconcileWithin is how long a start waits for the venue to tell what became of
// everything that the last run left.
const reconcileWithin = 2 * time.Minute

// house is the venue's.
func (a *liveAccount) house() string { return a.access.venue.House() }

// has reports whether an instrument is traded on the account.
func (a *liveAccount) has(in *exchange.Instrument) bool { return in.Venue.House() == a.house() }

// own are those of a list that are traded on the account.
func (a *liveAccount) own(list []exchange.Instrument) (mine []exchange.Instrument) {
	for i := range list {
		if a.has(&list[i]) {
			mine = append(mine, list[i])
		}
	}
	return mine
}

// signIn takes hold of the account. Nothing is written before the venue knows the key, and the
// account is one that the host trades on: the rest of what Examine looks at shows itself.
func (a *liveAccount) signIn(ctx context.Context) error {
	d := &doctor{account: &a.AccountOptions, access: a.access, log: a.note}
	for _, stage := range []stage{reached, signedIn} {
		err := a.patiently(ctx, func() error { return d.refuse(ctx, stage, stage) })
		a.client, a.uid = d.c, d.Account
		if err != nil {
			return err
		}
	}
	if err := a.takeLease(); err != nil {
		return err
	}
	return a.patiently(ctx, func() error { return d.refuse(ctx, known, known) })
}

// openAccount reads the key and compares the clocks.
func openAccount(ctx context.Context, a *access, o *AccountOptions, log func(string)) (connect.Account, error) {
	key, err := sign.LoadKey(o.Key, o.Secret)
	if err != nil {
		return nil, configError("%s %v", sectionName(a.venue.House()), err)
	}
	c, err := a.venue.SignIn(ctx, connect.AccountOptions{Key: key, Access: a.shared(), Log: log})
	if err != nil {
		return nil, &AccountError{advised(err)}
	}
	a.client.Store(&c)
	return c, nil
}

// opened is when the account is opened, by our clock of the venue and by its own.
func (a *liveAccount) opened(ctx context.Context, list []exchange.Instrument) (started, opened exchange.Time, err error) {
	in := &list[max(0, slices.IndexFunc(list, func(in exchange.Instrument) bool { return in.Perp() }))]
	err = a.patiently(ctx, func() (err error) {
		opened, err = a.client.VenueTime(ctx, in)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return 0, 0, err
	case err != nil:
		return 0, 0, &AccountError{advised(err)}
	}
	return a.client.Now(), opened, nil
}

// terms asks for what decides orders: the account's own fees and margin steps take the place of those
// that everybody is told.
func (a *liveAccount) terms(ctx context.Context, list []exchange.Instrument) (accountTerms, error) {
	a.entering("asking for the account's fees and margin steps")
	var lowest int
	err := a.patiently(ctx, func() (err error) {
		lowest, err = a.client.Terms(ctx, list)
		return err
	})
	switch {
	case ctx.Err() != nil:
		return accountTerms{}, err
	case err != nil:
		return accountTerms{}, &AccountError{err}
	}
	if lowest == 0 {
		lowest = a.leverage
	}
	return accountTerms{leverage: lowest, tag: oms.Tag(a.fence.Run)}, nil
}

// segmentsTraded are the segments of the account that the session has instruments in,
// and spot, whose wallet all transfers go by.
func (a *liveAccount) segmentsTraded(list []exchange.Instrument) (used []exchange.Venue) {
	for _, g := range a.client.Profile().Segments {
		if trades(&g, list) {
			used = append(used, g.Venue)
		}
	}
	return used
}

func trades(g *oms.Segment, list []exchange.Instrument) bool {
	return g.Spot || slices.ContainsFunc(list, func(in exchange.Instrument) bool { return in.Venue == g.Venue })
}

// begin starts the order manager, and cancels what the last run left in the book. all is
// where the ledger stands, at every venue.
func (a *liveAccount) begin(ctx context.Context, u *exchange.Universe, all *oms.Opening) (err error) {
	opening := a.share(u, all)
	a.recovering = true
	a.entering("opening the account at the venue")
	listened := a.segmentsTraded(values(u))
	a.venue, err = oms.NewRunner(oms.Config{Account: a.oms(), Universe: u, Opening: *opening,
		Options: oms.Options{Countdown: a.Countdown, Fence: a.fence, Follows: listened}, Post: a.fromVenue, Note: a.note})
	if err != nil {
		return err
	}
	var running context.Context
	a.orders.Store(a.venue)
	running, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	a.done = make(chan struct{})
	go func() {
		defer close(a.done)
		a.venue.Run(running)
	}()
	if a.streams, err = a.client.Listen(listened, a.venue.Event); err != nil {
		return &AccountError{err}
	}
	for i := range opening.Orders {
		a.venue.Cancel(opening.Orders[i].ID, 0)
	}
	return nil
}

// share is what of an opening is of the account.
func (a *liveAccount) share(u *exchange.Universe, all *oms.Opening) *oms.Opening {
	o := *all
	other := func(id exchange.InstrumentID) bool { return !a.has(u.Get(id)) }
	elsewhere := func(w exchange.Wallet) bool { return w.House() != "" && w.House() != a.house() }
	o.Orders = slices.DeleteFunc(slices.Clone(all.Orders), func(x exchange.Order) bool { return other(x.Instrument) })
	o.Executions = slices.DeleteFunc(slices.Clone(all.Executions), func(x oms.Booked) bool { return other(x.Instrument) })
	o.Positions = slices.DeleteFunc(slices.Clone(all.Positions), func(x oms.Holding) bool { return other(x.Instrument) })
	o.Wallets = slices.DeleteFunc(slices.Clone(all.Wallets), func(x oms.Balance) bool { return elsewhere(x.Wallet) })
	o.Transfers = slices.DeleteFunc(slices.Clone(all.Transfers), func(x oms.Transit) bool { return elsewhere(x.From) })
	return &o
}

// reconciled waits until the account is in view: the venue has told what became of
// everything. It returns what the core must hear before anything else.
func (a *liveAccount) reconciled(ctx context.Context, u *exchange.Universe) ([]exchange.Event, error) {
	limit := time.Now().Add(reconcileWithin)
	for {
		a.venue.Beat()
		a.tellClock()
		h := a.venue.Health()
		if h.Ready() && h.Working+h.Unknown == 0 {
			break
		}
		a.entering("waiting for the account to be reconciled (%s)", h.String())
		switch {
		case h.Rival != nil:
			return nil, &RivalError{a.uid, h.Rival.String()}
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case time.Now().After(limit):
			return nil, &AccountError{fmt.Errorf("the account was not reconciled within %s: %s", reconcileWithin, h.String())}
		}
		wait(ctx, 20*time.Millisecond)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.recovering = false
	a.tellOpening(u, a.early)
	return a.early, nil
}

// tellOpening says what a new session finds in the account, in a line for each wallet
// and one for the positions.
func (a *liveAccount) tellOpening(u *exchange.Universe, list []exchange.Event) {
	say := func(text string) { a.log(Line{Level: intent.Info, Strategy: a.title, Text: text}) }
	house := a.house()
	for _, full := range walletsOf(a.client) {
		w := full.Within(house)
		var held []string
		for i := range list {
			if ev := &list[i]; ev.Kind == exchange.KindBalance && ev.Wallet.Within(house) == w && ev.Reason == core.OpeningBalance {
				held = append(held, ev.Amount.String()+" "+ev.Asset)
			}
		}
		if len(held) > 0 {
			say(fmt.Sprintf("%s wallet at the opening: %s", w, connect.Listed(held)))
		}
	}
	var open []string
	for i := range list {
		if ev := &list[i]; ev.Kind == exchange.KindFill && ev.Fill.Reason == attribution.Nobody {
			in := u.Get(ev.Instrument)
			open = append(open, in.QtyDecimal(exchange.Lots(ev.Fill.Side)*ev.Fill.Qty).String()+" "+in.Key())
		}
	}
	if len(open) > 0 {
		say(fmt.Sprintf("positions at the opening, which are no strategy's: %s", connect.Listed(open)))
	}
}

// walletsOf are the wallets of an account, in the venue's order: each once, also where
// several segments share it.
func walletsOf(a oms.Account) (all []exchange.Wallet) {
	p := a.Profile()
	add := func(list []exchange.Wallet) {
		for _, w := range list {
			if !slices.Contains(all, w) {
				all = append(all, w)
			}
		}
	}
	for _, g := range p.Segments {
		add(g.Wallets)
	}
	add(p.Wallets)
	return all
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// fromVenue takes an event of the order manager for the loop.
func (a *liveAccount) fromVenue(ev *exchange.Event) {
	kept := *ev
	if ev.Kind == exchange.KindFundingPaid {
		a.unread.Add(1)
	}
	a.mu.Lock()
	early := a.recovering
	if early {
		a.early = append(a.early, kept)
	}
	a.mu.Unlock()
	if !early {
		a.post(&kept)
	}
}

// note keeps what only a person needs to know until the loop tells it.
func (a *liveAccount) note(text string) {
	a.mu.Lock()
	a.notes = append(a.notes, text)
	a.mu.Unlock()
}

// heartbeat tells the venue that the loop is alive, people what it had to say, and whether
// the account is in view.
func (a *liveAccount) heartbeat(now exchange.Time) (why string) {
	a.venue.Beat()
	a.tellClock()
	a.mu.Lock()
	notes := a.notes
	a.notes = nil
	a.mu.Unlock()
	for _, text := range notes {
		a.log(Line{Time: now, Level: intent.Warn, Strategy: a.title, Text: text})
	}
	h := a.venue.Health()
	if h.Rival != nil {
		a.giveWay(now, h.Rival)
	}
	if why := staleAccount(&h); why != "" {
		return why
	}
	return a.access.throttle.Refusing()
}

// unreached says why nothing can be done on the account; "": something can. That its stream
// is lost is no reason: what becomes of orders is then asked for.
func (a *liveAccount) unreached() string {
	h := a.venue.Health()
	if h.Silent != 0 {
		return fmt.Sprintf("it answers nothing since %s: %s", h.Silent, h.SilentWhy)
	}
	for i := range h.Sections {
		if m := &h.Sections[i]; h.Now-m.Compared > unseen {
			return staleAccount(&h)
		}
	}
	return a.access.throttle.Refusing()
}

func (a *liveAccount) status() string {
	h := a.venue.Health()
	return h.String()
}

// unseen is how long an account may go without agreeing with the venue's.
const unseen = 5 * exchange.Minute

// staleAccount says why new risk should wait; "" when the account is in view.
func staleAccount(h *oms.Health) string {
	for i := range h.Sections {
		switch m := &h.Sections[i]; {
		case m.Down != "":
			return fmt.Sprintf("the %s account stream is down: %s", m.Name, m.Down)
		case h.Now-m.Compared > unseen:
			return fmt.Sprintf("the %s account was not compared with the venue's for %d minutes: %s", m.Name, (h.Now-m.Compared)/exchange.Minute, strings.Join(append(m.Diffs, m.Waits), ", "))
		}
	}
	return ""
}

// leave cancels what rests, without the core: see account.
func (a *liveAccount) leave(within time.Duration) (left int, traded bool) {
	v := a.orders.Load()
	if v == nil {
		return 0, false
	}
	v.Leave()
	for end := time.Now().Add(within); ; time.Sleep(20 * time.Millisecond) {
		h := v.Health()
		left = h.Sending + h.Working + h.Unknown
		if left == 0 && h.Left || within == 0 || time.Now().After(end) {
			return left, true
		}
	}
}

// clear cancels what may rest when the session broke off. The core can't cancel any more; the next start finds out what
// became of what is canceled here.
func (a *liveAccount) clear() {
	if a.venue == nil {
		return
	}
	a.venue.CancelAll()
	for end := time.Now().Add(settleWithin); ; time.Sleep(50 * time.Millisecond) {
		a.venue.Beat()
		h := a.venue.Health()
		if h.Working+h.Unknown == 0 {
			return
		}
		if time.Now().After(end) {
			a.warn(fmt.Sprintf("%d orders may still rest at the venue (%d of unknown outcome): look there; the next start cancels them", h.Working+h.Unknown, h.Unknown))
			return
		}
	}
}

// close ends the account's connections. What is at the venue stays there.
func (a *liveAccount) close() {
	if a.streams != nil {
		_ = a.streams.Close()
	}
	if a.stop != nil {
		a.stop()
		<-a.done
	}
	if a.client != nil {
		_ = a.client.Close()
	}
	for _, l := range a.leases {
		_ = l.Release()
	}
}

// oms is the account as the order manager asks it.
func (a *liveAccount) oms() oms.Account {
	if a.wrap != nil {
		return a.wrap(a.client)
	}
	return a.client
}
