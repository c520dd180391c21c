package host

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/host/loop"
	"github.com/perilune/perilune/ledger"
)

// brokerAccount is an account at a broker of the embedding program.
type brokerAccount struct {
	brokerOptions
	hosted atomic.Pointer[hosted] // nil until it is started; the supervisor asks it too
	gone   error                  // why it is not asked any more
}

// brokerOptions are what a session gives its account at a broker.
type brokerOptions struct {
	env
	PaperOptions
	info     BrokerInfo
	broker   Broker
	realTime bool
	live     bool       // on a market of venues
	waiting  func() int // events in the loop's inbox
}

func newBrokerAccount(o *Options, e env, waiting func() int) *brokerAccount {
	return &brokerAccount{brokerOptions: brokerOptions{env: e, waiting: waiting, PaperOptions: o.Paper, info: *o.broker, broker: o.Broker, realTime: o.realTime(), live: o.liveData() || o.streamed()}}
}

// realTime reports whether a session runs on the wall clock.
func (o *Options) realTime() bool {
	_, stream := o.Source.(*ChanSource)
	return stream || o.liveData()
}

func (*brokerAccount) real() bool                                                    { return true }
func (*brokerAccount) signIn(context.Context, []*access) error                       { return nil }
func (*brokerAccount) claim(context.Context, *standing, []exchange.Instrument) error { return nil }

func (a *brokerAccount) stamp() ledger.Options {
	return ledger.Options{Mode: ledger.Paper, Venue: a.info.Name}
}

func (*brokerAccount) opened(context.Context, []exchange.Instrument) (started, opened exchange.Time, err error) {
	return 0, 0, nil
}

// terms implements account. In real time no two runs make the same client ids, because a
// broker may last.
func (a *brokerAccount) terms(context.Context, []exchange.Instrument) (accountTerms, error) {
	t := accountTerms{leverage: a.Leverage, tag: "pl"}
	if a.realTime {
		t.tag = oms.Tag(loop.Now())
	}
	return t, nil
}

// start implements account.
func (a *brokerAccount) start(ctx context.Context, b *beginning) (exchange.Execution, []exchange.Event, error) {
	u, o := b.core.Universe(), &a.brokerOptions
	if a.live {
		a.Balances = completed(a.Balances, u)
	}
	h := &hosted{info: o.info, realTime: o.realTime, post: o.post, waiting: o.waiting, opening: true, checks: newBrokerChecks(u), left: make(chan struct{}),
		log:  func(text string) { o.log(Line{Level: intent.Error, Strategy: "broker", Text: text}) },
		warn: func(text string) { o.log(Line{Level: intent.Warn, Strategy: "broker", Text: text}) }}
	h.broke = func(err error) { a.gone = &BrokerError{o.info.Name, err} }
	h.checks.goOn(b.header.Restore)
	if b.resume != nil {
		paid, err := b.db.Funding(ledger.Filter{Account: b.session})
		if err != nil {
			return nil, nil, err
		}
		h.checks.paid(paid)
	}
	s := &BrokerSession{Universe: u, RealTime: o.realTime, Opening: a.opening(b), broker: h, books: b.core.Book}
	a.entering("opening the broker %s", o.info.Name)
	if err := h.open(func() (exchange.Execution, error) { return o.broker.Open(ctx, s) }); err != nil {
		h.close() // what it posts from now on is told so
		return nil, nil, &BrokerError{o.info.Name, err}
	}
	a.hosted.Store(h)
	first := h.begin()
	if a.gone != nil {
		return nil, nil, a.gone
	}
	h.broke = a.failed
	if !s.Opening.Resumed && !slices.ContainsFunc(first, func(ev exchange.Event) bool { return ev.Kind == exchange.KindBalance }) {
		first = append(deposits(a.Balances), first...)
	}
	return h, first, nil
}

// opening is what the broker is told that the session goes on from.
func (a *brokerAccount) opening(b *beginning) BrokerOpening {
	var o BrokerOpening
	from := b.header.Restore
	if from == nil {
		for _, d := range a.Balances {
			o.Balances = append(o.Balances, Balance{d.Wallet.Within(b.core.Universe().House()), d.Asset, d.Amount})
		}
		return o
	}
	for _, h := range b.core.Holdings() {
		if !h.Total.IsZero() {
			o.Balances = append(o.Balances, Balance{h.Wallet, h.Asset, h.Total})
		}
	}
	o.Resumed, o.Positions = true, openPositions(b.core.Universe(), b.core.AccountPosition)
	o.Orders, o.Transfers = slices.Clone(from.Orders), slices.Clone(from.Transit)
	return o
}

// failed ends the session in good order for a broker that panicked.
func (a *brokerAccount) failed(err error) {
	a.gone = &BrokerError{a.info.Name, err}
	a.hosted.Load().log(a.gone.Error())
	a.end(a.gone.Error())
}

func (*brokerAccount) took(*exchange.Event) {}

func (a *brokerAccount) heartbeat(exchange.Time) string {
	if a.gone != nil {
		return a.gone.Error()
	}
	return a.hosted.Load().holds()
}

func (a *brokerAccount) status() string       { return "broker " + a.info.Name }
func (*brokerAccount) owed() bool             { return false }
func (*brokerAccount) tellOwed(exchange.Time) {}
func (a *brokerAccount) clear()               { a.leave(leaveIn) }
func (a *brokerAccount) gaveWay() error       { return a.gone }

// leave implements account.
func (a *brokerAccount) leave(within time.Duration) (left int, traded bool) {
	h := a.hosted.Load()
	if h == nil {
		return 0, false
	}
	asked := h.leave(within)
	return h.working(), asked
}

func (a *brokerAccount) describe() []string {
	first := fmt.Sprintf("orders went to %s, a broker of the program's own: fills and fees are what it told", a.info.versioned())
	return append([]string{first}, a.info.Notes...)
}

func (a *brokerAccount) close() {
	if h := a.hosted.Load(); h != nil {
		h.close()
	}
}
