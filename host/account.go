package host

import (
	"context"
	"errors"
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

// AccountOptions name the account that a session trades on with real orders.
type AccountOptions struct {
	// Key and Secret say where the two halves of the API key are: "env:NAME",
	// "file:/path" of a file that only its owner can read, or "credential:NAME" of
	// the service manager. The key itself never stands in a configuration.
	Key, Secret string
	// Countdown is when the venue cancels the resting orders of futures that it has
	// heard nothing of us for so long; 0: 2 minutes.
	Countdown exchange.Time
	// Accept books the positions that the venue has otherwise at the start, and that
	// no record of it explains, as if they had been traded by hand. Otherwise they
	// hold what they touch: see the README.
	Accept bool
	// TakeOver cancels orders that other runs have at the venue, instead of refusing
	// to begin beside them.
	TakeOver bool
}

// liveAccount is the venue's account of a session with real orders.
type liveAccount struct {
	client  connect.Account
	venue   *oms.Runner
	streams io.Closer
	stop    context.CancelFunc
	done    chan struct{}
	uid     string
	leases  []*ledger.Lease
	fence   oms.Fence
	rival   error  // the run on the account that this one gave way to
	held    string // why new risk is held back; ""
	// leverage is what all symbols of the account have at least; 0: not known.
	leverage int

	unread atomic.Int64 // payments of funding that the loop has still to take

	mu         sync.Mutex
	recovering bool
	early      []exchange.Event // that came before the core was there
	notes      []string
}

// reconcileWithin is how long a start waits for the venue to tell what became of
// everything that the last run left.
const reconcileWithin = 2 * time.Minute

// realOrders reports whether orders go to the venue.
func (o *Options) realOrders() bool { return o.Account != nil }

// checkAccount says what a session with real orders lacks.
func (o *Options) checkAccount() error {
	if !o.realOrders() {
		return nil
	}
	if !o.liveData() {
		return configError("real orders need real data: the market must be live, not %s", strings.Join(o.Market, " "))
	}
	if o.Account.Key == "" || o.Account.Secret == "" {
		return configError(`real orders need a key: set api_key = "env:NAME" and secret = "env:NAME" (or file:PATH, credential:NAME) in %s`, sectionName(o.Live.section().House()))
	}
	var missing []string
	for _, l := range []struct {
		name string
		set  bool
	}{
		{"max_order_notional", !o.Limits.MaxOrderNotional.IsZero()},
		{"max_position_notional", !o.Limits.MaxPositionNotional.IsZero()},
		{"daily_loss", !o.Limits.DailyLoss.IsZero()},
	} {
		if !l.set {
			missing = append(missing, l.name)
		}
	}
	if len(missing) > 0 {
		return configError("real orders need limits that you chose: set %s in [risk]", strings.Join(missing, ", "))
	}
	if o.Journal == "off" {
		return configError("real orders need a journal: it is what a restart finds its intents in")
	}
	return nil
}

// signIn opens the account. Nothing is written before the venue knows the key.
func (r *runner) signIn(ctx context.Context) error {
	if !r.o.realOrders() {
		return nil
	}
	c, err := r.o.openAccount(ctx, r.access, func(text string) { r.accountNote(text) })
	if err != nil {
		return err
	}
	r.real = &liveAccount{client: c}
	uid, err := c.UID(ctx)
	if err != nil {
		return &AccountError{advised(err)}
	}
	r.real.uid = uid
	if err := r.takeLease(); err != nil {
		return err
	}
	return r.preflight(ctx)
}

// preflight refuses a key that can withdraw and an account in a mode that the host does
// not trade in. The rest of what Examine looks at shows itself.
func (r *runner) preflight(ctx context.Context) error {
	for _, f := range r.real.client.Admission(ctx) {
		if f.Verdict == Fail {
			return &AccountError{fmt.Errorf("%s: %s: %s (perilune doctor tells more)", f.Name, f.Text, f.Do)}
		}
	}
	return nil
}

// openAccount reads the key and compares the clocks.
func (o *Options) openAccount(ctx context.Context, a *access, log func(string)) (connect.Account, error) {
	key, err := sign.LoadKey(o.Account.Key, o.Account.Secret)
	if err != nil {
		return nil, configError("%s %v", sectionName(o.Live.section().House()), err)
	}
	v, err := o.Live.open()
	if err != nil {
		return nil, err
	}
	c, err := v.SignIn(ctx, connect.AccountOptions{Key: key, Access: a.shared(), Log: log})
	if err != nil {
		return nil, &AccountError{advised(err)}
	}
	a.client.Store(&c)
	return c, nil
}

// advised adds what to do to a refusal of the venue.
func advised(err error) error {
	if do := connect.Advice(err); do != "" {
		return fmt.Errorf("%w: %s", err, do)
	}
	return err
}

// AccountError is an account at the venue that can't be used; it wraps why.
type AccountError struct{ Err error }

func (e *AccountError) Error() string { return e.Err.Error() }
func (e *AccountError) Unwrap() error { return e.Err }

// accountTerms puts the account's own fees and margin steps in the place of those that
// everybody is told, and finds the leverage that all symbols have at least.
func (r *runner) accountTerms(ctx context.Context) error {
	if r.real == nil {
		return nil
	}
	r.entering("asking for the account's fees and margin steps")
	lowest, err := r.real.client.Terms(ctx, r.market.instruments)
	if err != nil {
		return &AccountError{err}
	}
	r.real.leverage = lowest
	r.market.describe = describeLive(r.market.live.venue.Hosts(), r.market.instruments)
	return nil
}

// leverage is what new positions are made with.
func (r *runner) leverage() int {
	if r.real != nil && r.real.leverage > 0 {
		return r.real.leverage
	}
	return r.o.Paper.Leverage
}

// segmentsTraded are the segments of the account that the session has instruments in,
// and spot, whose wallet all transfers go by.
func (r *runner) segmentsTraded() (used []exchange.Venue) {
	for _, g := range r.real.client.Profile().Segments {
		if r.trades(&g) {
			used = append(used, g.Venue)
		}
	}
	return used
}

func (r *runner) trades(g *oms.Segment) bool {
	return g.Spot || slices.ContainsFunc(r.market.instruments, func(in exchange.Instrument) bool { return in.Venue == g.Venue })
}

// startAccount starts the order manager, cancels what the last run left in the book, and waits
// until the venue has told what became of everything. It returns what the core
// must hear before anything else.
func (r *runner) startAccount(ctx context.Context, u *exchange.Universe) ([]exchange.Event, error) {
	a := r.real
	opening, err := r.opening(u)
	if err != nil {
		return nil, err
	}
	a.recovering = true
	r.entering("opening the account at the venue")
	a.venue, err = oms.NewRunner(oms.Config{Account: r.omsAccount(), Universe: u, Opening: *opening,
		Options: oms.Options{Countdown: r.o.Account.Countdown, Fence: a.fence}, Post: r.fromVenue, Note: r.accountNote})
	if err != nil {
		return nil, err
	}
	var running context.Context
	r.watched.orders.Store(a.venue)
	running, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	a.done = make(chan struct{})
	go func() {
		defer close(a.done)
		a.venue.Run(running)
	}()
	if a.streams, err = a.client.Listen(r.segmentsTraded(), a.venue.Event); err != nil {
		return nil, &AccountError{err}
	}
	for i := range opening.Orders {
		a.venue.Cancel(opening.Orders[i].ID, 0)
	}
	return r.reconciled(ctx)
}

// reconciled waits until the account is in view.
func (r *runner) reconciled(ctx context.Context) ([]exchange.Event, error) {
	a := r.real
	limit := time.Now().Add(reconcileWithin)
	for {
		a.venue.Beat()
		h := a.venue.Health()
		if h.Ready() && h.Working+h.Unknown == 0 {
			break
		}
		r.entering("waiting for the account to be reconciled (%s)", h.String())
		switch {
		case h.Rival != nil:
			return nil, &RivalError{a.uid, h.Rival.String()}
		case ctx.Err() != nil:
			return nil, fmt.Errorf("interrupted before the account was reconciled: %w", ctx.Err())
		case time.Now().After(limit):
			return nil, &AccountError{fmt.Errorf("the account was not reconciled within %s: %s", reconcileWithin, h.String())}
		}
		wait(ctx, 20*time.Millisecond)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.recovering = false
	r.tellOpening(a.early)
	return a.early, nil
}

// tellOpening says what a new session finds in the account, in a line for each wallet
// and one for the positions.
func (r *runner) tellOpening(list []exchange.Event) {
	say := func(text string) { r.log(Line{Level: intent.Info, Strategy: "account", Text: text}) }
	house := r.market.live.venue.House()
	for _, full := range walletsOf(r.real.client) {
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
			in := r.core.Universe().Get(ev.Instrument)
			open = append(open, in.QtyDecimal(exchange.Lots(ev.Fill.Side)*ev.Fill.Qty).String()+" "+in.Key())
		}
	}
	if len(open) > 0 {
		say(fmt.Sprintf("positions at the opening, which are no strategy's: %s", connect.Listed(open)))
	}
}

// walletsOf are the wallets of an account, in the venue's order.
func walletsOf(a oms.Account) (all []exchange.Wallet) {
	p := a.Profile()
	for _, g := range p.Segments {
		all = append(all, g.Wallets...)
	}
	return append(all, p.Wallets...)
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// fromVenue takes an event of the order manager for the loop.
func (r *runner) fromVenue(ev *exchange.Event) {
	kept := *ev
	a := r.real
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
		r.inbox.Post(&kept)
	}
}

// accountNote keeps what only a person needs to know until the loop tells it.
func (r *runner) accountNote(text string) {
	if a := r.real; a != nil {
		a.mu.Lock()
		a.notes = append(a.notes, text)
		a.mu.Unlock()
	}
}

// heartbeat runs on the loop's goroutine a few times a second: it tells the venue that
// the loop is alive, people what it had to say, and the gate whether the account is
// in view.
func (r *runner) heartbeat(now exchange.Time) {
	a := r.real
	if a == nil {
		return
	}
	a.venue.Beat()
	a.mu.Lock()
	notes := a.notes
	a.notes = nil
	a.mu.Unlock()
	for _, text := range notes {
		r.log(Line{Time: now, Level: intent.Warn, Strategy: "account", Text: text})
	}
	h := a.venue.Health()
	if h.Rival != nil {
		r.giveWay(now, h.Rival)
	}
	why := r.storage.reason()
	if why == "" {
		why = staleAccount(&h)
	}
	if why != a.held {
		a.held = why
		name := core.CommandHold
		if why == "" {
			name = core.CommandRelease
		}
		r.inbox.Post(&exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: name, Reason: why})
	}
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

// close ends the account's connections. What is at the venue stays there.
func (a *liveAccount) close() error {
	if a == nil {
		return nil
	}
	var errs []error
	if a.streams != nil {
		errs = append(errs, a.streams.Close())
	}
	if a.stop != nil {
		a.stop()
		<-a.done
	}
	errs = append(errs, a.client.Close())
	for _, l := range a.leases {
		errs = append(errs, l.Release())
	}
	return errors.Join(errs...)
}

// omsAccount is the account as the order manager asks it.
func (r *runner) omsAccount() oms.Account {
	if r.o.wrapAccount != nil {
		return r.o.wrapAccount(r.real.client)
	}
	return r.real.client
}
