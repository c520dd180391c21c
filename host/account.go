package host

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

// AccountOptions name the account that a session trades on with real orders.
type AccountOptions struct {
	// Key and Secret say where the two halves of the API key are: "env:NAME",
	// "file:/path" of a file that only its owner can read, or "credential:NAME" of
	// the service manager. The key itself never stands in a configuration. They are of
	// the account at Live.Venue; those at Live.Further stand in their sections, and a
	// venue that has none is market data only.
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

// account is what a session trades on: an account that the host keeps itself
// ([paperAccount]), those at venues, with real orders ([liveAccounts]), or one at a broker of
// the embedding program ([brokerAccount]). Its methods are
// called by the goroutine that has the session, its loop's; leave also by the one that
// gives a session up.
type account interface {
	// real reports whether orders leave the process, so that what becomes of them is
	// known to the venue and not to the ledger alone.
	real() bool
	// signIn takes hold of the account; nothing was written before. at are the venues of
	// the session; none: it asks no venue.
	signIn(ctx context.Context, at []*access) error
	// stamp is what a ledger must belong to; its path is the session's to say.
	stamp() ledger.Options
	// claim sees to it that nobody else trades on the account. list is what may be traded.
	claim(ctx context.Context, s *standing, list []exchange.Instrument) error
	// opened is when a session that begins with it was opened, by its own clock and by the
	// venue's; 0: by the session's.
	opened(ctx context.Context, list []exchange.Instrument) (started, opened exchange.Time, err error)
	// terms puts what it is charged into the instruments.
	terms(ctx context.Context, list []exchange.Instrument) (accountTerms, error)
	// start makes what answers orders, and what the core has to hear before anything else.
	start(ctx context.Context, b *beginning) (exchange.Execution, []exchange.Event, error)
	// took is told of every event that the core has handled.
	took(ev *exchange.Event)
	// heartbeat is called a few times a second, and says why new risk should wait; "": it
	// need not.
	heartbeat(now exchange.Time) (why string)
	// status is how it is, in a few words.
	status() string
	// owed reports whether what it was paid is on its way to the ledger, and tellOwed says
	// what the session leaves to the next run.
	owed() bool
	tellOwed(now exchange.Time)
	// leave cancels what rests, without the core, and waits within bounds until nothing
	// does: how many orders are left, and whether there was anything to leave.
	leave(within time.Duration) (left int, traded bool)
	// clear cancels what may rest when the session broke off.
	clear()
	// gaveWay is another run that the session ended for, or nil.
	gaveWay() error
	// describe says in sentences what fills, fees and funding rest on.
	describe() []string
	close()
}

// accountTerms are what an account decides of its orders.
type accountTerms struct {
	leverage int      // of new positions
	tag      string   // that client ids begin with
	readOnly []string // houses that it has no key of
}

// beginning is what an account is started with.
type beginning struct {
	*standing
	core   *core.Core
	header *header
	bars   bool // the market is made of bars
}

// newAccount is the account that the options ask for. waiting counts the events in the
// loop's inbox.
func newAccount(o *Options, e env, dark *channels, waiting func() int) account {
	switch {
	case o.broker != nil:
		return newBrokerAccount(o, e, waiting)
	case !o.realOrders():
		return &paperAccount{paperOptions: o.paper()}
	}
	return &liveAccounts{dark: dark, keys: o.keysOf,
		liveAccountOptions: liveAccountOptions{env: e, AccountOptions: *o.Account, leverage: o.Paper.Leverage, wrap: o.wrapAccount}}
}

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
	if err := o.checkKeys(); err != nil {
		return err
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

// advised adds what to do to a refusal of the venue.
func advised(err error) error {
	if do := connect.Advice(err); do != "" && !strings.HasSuffix(err.Error(), do) {
		return fmt.Errorf("%w: %s", err, do)
	}
	return err
}

// AccountError is an account at the venue that can't be used; it wraps why.
type AccountError struct{ Err error }

func (e *AccountError) Error() string { return e.Err.Error() }
func (e *AccountError) Unwrap() error { return e.Err }
