package host

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// liveAccounts are the accounts of a session with real orders, one at each venue that has
// a key: each has its order manager, fence, leases and streams, and fails by itself. A venue
// without a key brings market data alone.
type liveAccounts struct {
	liveAccountOptions
	keys    func(house string) (AccountOptions, bool)
	dark    *channels
	list    []*liveAccount                 // in the order of the venues
	without []string                       // houses without a key
	started atomic.Pointer[[]*liveAccount] // the same as list, for any goroutine
	desk    *orderDesk                     // nil until it is started
}

var _ account = (*liveAccounts)(nil)

func (*liveAccounts) real() bool { return true }

// several reports whether messages must say which venue they are about.
func (s *liveAccounts) several() bool { return len(s.list)+len(s.without) > 1 }

// at names the venue of an error, where there are several.
func (s *liveAccounts) at(a *liveAccount, err error) error {
	if err == nil || !s.several() {
		return err
	}
	return fmt.Errorf("%s: %w", a.house(), err)
}

// toStart is at for what happens before the session has begun: a request that an interruption
// ended is no fault of the account or of the network.
func (s *liveAccounts) toStart(ctx context.Context, a *liveAccount, err error) error {
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("interrupted before the account was reconciled: %w", ctx.Err())
	}
	return s.at(a, err)
}

// each does something for every account at the same time, because one venue that does not
// answer must not keep the others waiting.
func each(list []*liveAccount, do func(i int, a *liveAccount)) {
	var wg sync.WaitGroup
	for i, a := range list {
		wg.Go(func() { do(i, a) })
	}
	wg.Wait()
}

// signIn implements account.
func (s *liveAccounts) signIn(ctx context.Context, at []*access) error {
	for _, x := range at {
		o, ok := s.keys(x.venue.House())
		if !ok {
			s.without = append(s.without, x.venue.House())
			continue
		}
		mine := s.liveAccountOptions
		mine.AccountOptions, mine.title = o, "account"
		if len(at) > 1 {
			mine.title = x.venue.House() + " account"
		}
		s.list = append(s.list, &liveAccount{liveAccountOptions: mine, access: x})
	}
	if len(s.list) == 0 {
		return noKey(s.without)
	}
	for _, a := range s.list {
		if err := s.toStart(ctx, a, a.signIn(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// stamp implements account: a ledger belongs to all the accounts together.
func (s *liveAccounts) stamp() ledger.Options {
	o := ledger.Options{Mode: ledger.Live}
	if len(s.list) == 1 {
		o.Venue, o.Account = s.list[0].house(), s.list[0].uid
		return o
	}
	var pairs []ledger.Owner
	for _, a := range s.list {
		pairs = append(pairs, ledger.Owner{Venue: a.house(), Account: a.uid})
	}
	o.Venue, o.Account = ledger.Owners(pairs)
	return o
}

// claim implements account. All venues get client ids of one run, the latest by any clock:
// who meets an id can then tell which of two runs is the newer one, wherever it is.
func (s *liveAccounts) claim(ctx context.Context, st *standing, traded []exchange.Instrument) error {
	var run exchange.Time
	for _, a := range s.list {
		if err := s.toStart(ctx, a, a.claim(ctx, st, traded)); err != nil {
			return err
		}
		run = max(run, a.fence.Run)
	}
	for _, a := range s.list {
		a.fence.Run = run
	}
	return nil
}

// opened implements account: by the clock that is furthest behind, so that nothing that a
// venue books from then on is taken for older.
func (s *liveAccounts) opened(ctx context.Context, list []exchange.Instrument) (started, opened exchange.Time, err error) {
	for _, a := range s.list {
		mine := a.own(list)
		if len(mine) == 0 {
			continue
		}
		began, at, err := a.opened(ctx, mine)
		if err != nil {
			return 0, 0, s.toStart(ctx, a, err)
		}
		if opened == 0 || at < opened {
			started, opened = began, at
		}
	}
	return started, opened, nil
}

// terms implements account. A position anywhere is planned with the lowest leverage that
// any of the venues has.
func (s *liveAccounts) terms(ctx context.Context, list []exchange.Instrument) (t accountTerms, err error) {
	for _, a := range s.list {
		mine := a.own(list)
		got, err := a.terms(ctx, mine)
		if err != nil {
			return t, s.toStart(ctx, a, err)
		}
		for i := range mine {
			at := slices.IndexFunc(list, func(in exchange.Instrument) bool { return in.Venue == mine[i].Venue && in.Symbol == mine[i].Symbol })
			list[at] = mine[i]
		}
		if t.tag == "" || got.leverage < t.leverage {
			t = got
		}
	}
	t.readOnly = s.without
	return t, nil
}

// start implements account.
func (s *liveAccounts) start(ctx context.Context, b *beginning) (exchange.Execution, []exchange.Event, error) {
	u := b.core.Universe()
	s.desk = newOrderDesk(u, s.post, s.dark)
	opening, err := b.opening(u, s.Accept)
	if err != nil {
		return nil, nil, err
	}
	s.started.Store(&s.list)
	for _, a := range s.list {
		if err := s.toStart(ctx, a, a.begin(ctx, u, opening)); err != nil {
			return nil, nil, err
		}
		s.desk.add(a, opening.Orders)
	}
	var first []exchange.Event
	for _, a := range s.list {
		told, err := a.reconciled(ctx, u)
		if err != nil {
			return nil, nil, s.toStart(ctx, a, err)
		}
		first = append(first, told...)
	}
	return s.desk, first, nil
}

// took implements account.
func (s *liveAccounts) took(ev *exchange.Event) {
	switch ev.Kind {
	case exchange.KindFundingPaid:
		if a := s.desk.of(ev.Payment.Instrument); a != nil {
			a.unread.Add(-1)
		}
	case exchange.KindOrder:
		s.desk.took(&ev.Update)
	}
}

// heartbeat implements account. A venue that does not answer is told to the core as dark.
// Where there are several, that does not hold what is done at the others, as an account
// that is not in view for a moment does.
func (s *liveAccounts) heartbeat(now exchange.Time) string {
	var why []string
	dark := 0
	for _, a := range s.list {
		w := a.heartbeat(now)
		s.dark.follow(now, a.house(), exchange.ChannelOrders, a.unreached())
		if s.dark.why(a.house(), exchange.ChannelOrders) != "" {
			dark++
			if len(s.list) > 1 && dark < len(s.list) {
				continue
			}
		}
		switch {
		case w == "":
		case s.several():
			why = append(why, a.house()+": "+w)
		default:
			why = append(why, w)
		}
	}
	return strings.Join(why, "; ")
}

func (s *liveAccounts) status() string {
	if !s.several() {
		return s.list[0].status()
	}
	var out []string
	for _, a := range s.list {
		out = append(out, a.house()+": "+a.status())
	}
	for _, house := range s.without {
		out = append(out, house+": market data only")
	}
	return strings.Join(out, " | ")
}

func (s *liveAccounts) owed() bool {
	return slices.ContainsFunc(s.list, (*liveAccount).owed)
}

func (s *liveAccounts) tellOwed(now exchange.Time) {
	for _, a := range s.list {
		a.tellOwed(now)
	}
}

// leave implements account.
func (s *liveAccounts) leave(within time.Duration) (left int, traded bool) {
	list := s.started.Load()
	if list == nil {
		return 0, false
	}
	lefts, trades := make([]int, len(*list)), make([]bool, len(*list))
	each(*list, func(i int, a *liveAccount) { lefts[i], trades[i] = a.leave(within) })
	for i := range lefts {
		left += lefts[i]
		traded = traded || trades[i]
	}
	return left, traded
}

func (s *liveAccounts) clear() {
	each(s.list, func(_ int, a *liveAccount) { a.clear() })
}

func (s *liveAccounts) gaveWay() error {
	for _, a := range s.list {
		if a.rival != nil {
			return s.at(a, a.rival)
		}
	}
	return nil
}

func (s *liveAccounts) describe() (out []string) {
	for _, a := range s.list {
		text := "real orders on account " + a.uid
		if s.several() {
			text += " of " + a.house()
		}
		out = append(out, text+": fills, fees and funding are what the venue booked")
	}
	for _, house := range s.without {
		out = append(out, withoutKey(house))
	}
	return out
}

func (s *liveAccounts) close() {
	each(s.list, func(_ int, a *liveAccount) { a.close() })
}

// metrics are those of the accounts.
func (s *liveAccounts) metrics(l *metricList) {
	for _, a := range s.list {
		a.streamMetrics(l)
	}
	for _, a := range s.list {
		a.orderMetrics(l)
	}
}

// noKey is that no venue of a session with real orders has one.
func noKey(houses []string) error {
	return configError(`real orders need a key: set api_key = "env:NAME" and secret = "env:NAME" (or file:PATH, credential:NAME) in %s`, sectionName(cmp.Or(strings.Join(houses, " or "), defaultVenue().House())))
}

func withoutKey(house string) string {
	return fmt.Sprintf("%s has no key and is market data only: set api_key and secret in %s to trade there", house, sectionName(house))
}

// keysOf says where the key of a house is; false: it has none.
func (o *Options) keysOf(house string) (AccountOptions, bool) {
	if o.Account == nil {
		return AccountOptions{}, false
	}
	a := *o.Account
	for i, s := range o.Live.sections() {
		if s.House() != house {
			continue
		}
		if c := s.Shared(); c != nil && (i > 0 || a.Key == "" && a.Secret == "") {
			a.Key, a.Secret, a.Countdown = c.Key, c.Secret, exchange.Time(c.DeadMan)*exchange.Second
		}
		return a, a.Key != "" && a.Secret != ""
	}
	return AccountOptions{}, false
}

// checkKeys says what a session with real orders lacks of keys: one at least, and no half.
func (o *Options) checkKeys() error {
	var houses []string
	found := false
	for i, s := range o.Live.sections() {
		a, ok := o.keysOf(s.House())
		if half := (a.Key == "") != (a.Secret == ""); half && (i > 0 || len(o.Live.Further) > 0) {
			return configError(`%s has one half of a key: set both api_key and secret, or leave both out for market data only`, sectionName(s.House()))
		}
		found = found || ok
		houses = append(houses, s.House())
	}
	if !found {
		return noKey(houses[:1])
	}
	return nil
}
