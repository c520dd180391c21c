package simserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// Options say what exchange is simulated. Universe and Feed are required.
type Options struct {
	Universe *exchange.Universe
	// Feed is read to its end; then the market stands still. The server does
	// not close it.
	Feed exchange.Feed
	// Begin is the market time at which the server opens: what the feed has
	// before it is read through at once, as the past. 0: when every instrument has a
	// quote, at most a minute after the first event.
	Begin exchange.Time
	// Past is called for each event of the past while New reads it, with the market's time.
	// nil: nobody asks how far it is.
	Past func(at exchange.Time)
	// Speed is market seconds per second; 0: only Advance moves the market.
	Speed float64

	Seed     uint64
	Accounts int // default 1; each has two keys
	// Balances are every account's; default 100 000 USDT, 1 BTC and 20 ETH in a wallet
	// of coins, and as much of them in a wallet of contracts as margins some. A front may add to
	// the default.
	Balances []paper.Deposit
	Leverage int // default 20
	// Queue is how resting orders wait behind others; the default as on paper.
	Queue paper.Queue
	Chaos *Chaos // nil: faults come only when they are asked for
	// Clock is the wall clock; default time.Now.
	Clock func() time.Time
	// Opened is the wall clock's time that belongs to Begin; zero: that of New. Exchanges
	// that show one market have it in common.
	Opened time.Time
	// Salt sets the API keys apart from those of another exchange with the same seed.
	Salt string
	// ownBalances says that Balances are the default ones.
	ownBalances bool
	// Log receives one line for each connection that ends badly; nil: none.
	Log func(string)
}

func (o Options) withDefaults() (Options, error) {
	if o.Universe == nil || o.Feed == nil {
		return o, errors.New("simulated exchange: Universe and Feed are required")
	}
	if o.Speed < 0 || o.Accounts < 0 {
		return o, fmt.Errorf("simulated exchange: speed %g and %d accounts: want 0 or more", o.Speed, o.Accounts)
	}
	if o.Accounts == 0 {
		o.Accounts = 1
	}
	if o.Leverage == 0 {
		o.Leverage = 20
	}
	if o.Balances == nil {
		o.Balances, o.ownBalances = defaultBalances(o.Universe), true
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Opened.IsZero() {
		o.Opened = o.Clock()
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	var err error
	o.Chaos, err = o.Chaos.withDefaults()
	return o, err
}

// defaultBalances is play money for every wallet that backs an instrument.
func defaultBalances(u *exchange.Universe) []paper.Deposit {
	var out []paper.Deposit
	for _, d := range []paper.Deposit{{Asset: "USDT", Amount: decimal.NewFromInt(100_000)}, {Asset: "BTC", Amount: decimal.NewFromInt(1)}, {Asset: "ETH", Amount: decimal.NewFromInt(20)}} {
		for _, w := range u.Wallets() {
			if !u.HasMargin(w) || u.MarginedWith(exchange.Linear, w, d.Asset) || u.MarginedWith(exchange.Inverse, w, d.Asset) {
				d.Wallet = w
				out = append(out, d)
			}
		}
	}
	return out
}

// Exchange is the simulated exchange. Its methods may be called by any goroutine.
// What it is asked is done by a loop of its own, which begins with the first
// question and ends with Close.
type Exchange struct {
	state *State
	keys  []Keys
	inbox chan func(*State)
	begin sync.Once
	stop  chan struct{} // closed to end the loop
	ended sync.Once
	done  chan struct{} // closed when the loop has ended
	err   error         // the feed's; read it after done
	conns sync.WaitGroup
}

// New builds the exchange and reads the feed up to where it opens. Close it when it
// is no longer needed; Serve does so when it ends.
func New(opt Options) (*Exchange, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	s, keys, err := newState(opt)
	if err != nil {
		return nil, fmt.Errorf("simulated exchange: %w", err)
	}
	return &Exchange{state: s, keys: keys, inbox: make(chan func(*State)), stop: make(chan struct{}), done: make(chan struct{})}, nil
}

// Keys returns the API keys by account.
func (x *Exchange) Keys() []Keys { return x.keys }

// Credentials returns what the front's clients sign in with, by account, in the form that
// the venue gives it: see [Keymaker]. Without one, it is Keys.
func (x *Exchange) Credentials() (out []any) {
	x.Do(func(s *State) { out = s.credentials })
	if out == nil {
		for _, k := range x.keys {
			out = append(out, k)
		}
	}
	return out
}

// start begins the loop.
func (x *Exchange) start() {
	x.begin.Do(func() {
		go func() {
			defer close(x.done)
			x.err = x.state.run(x.stop, x.inbox)
		}()
	})
}

// Close ends the exchange: it answers nothing more, and its connections are cut
// and waited for. It may be called more than once. The error is the feed's, if that
// has failed.
func (x *Exchange) Close() error {
	x.ended.Do(func() { close(x.stop) })
	x.start()
	<-x.done
	x.state.Links.cutAll()
	x.conns.Wait()
	return x.err
}

// Serve answers on l with front until ctx ends or the feed fails, and then closes
// the exchange. It may be called once. The error is the feed's or the listener's; a
// context that ends is none.
func (x *Exchange) Serve(ctx context.Context, l net.Listener, front http.Handler) error {
	return serve(ctx, l, front, x)
}

// serve answers for exchanges until ctx ends or one of them fails, and closes them.
func serve(ctx context.Context, l net.Listener, h http.Handler, list ...*Exchange) error {
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	failed, ended := make(chan error, 1), make(chan struct{}, len(list))
	go func() { failed <- srv.Serve(l) }()
	for _, x := range list {
		x.start()
		go func() { <-x.done; ended <- struct{}{} }()
	}
	var listenErr error
	select {
	case <-ctx.Done():
	case <-ended:
	case listenErr = <-failed:
		failed <- nil
	}
	for _, x := range list {
		x.ended.Do(func() { close(x.stop) })
		<-x.done
		x.state.Links.cutAll()
	}
	_ = srv.Close()
	<-failed
	var errs []error
	for _, x := range list {
		errs = append(errs, x.Close())
	}
	err := errors.Join(errs...)
	if err == nil && listenErr != nil && !errors.Is(listenErr, http.ErrServerClosed) {
		err = fmt.Errorf("simulated exchange on %s: %w", l.Addr(), listenErr)
	}
	return err
}

// Do runs f in the loop and waits for it. It is false when the exchange is closed.
func (x *Exchange) Do(f func(*State)) bool {
	x.start()
	ran := make(chan struct{})
	select {
	case x.inbox <- func(s *State) { f(s); close(ran) }:
		<-ran
		return true
	case <-x.done:
		return false
	}
}

// Closed is closed when the exchange has ended.
func (x *Exchange) Closed() <-chan struct{} { return x.done }

// Connect counts a connection in that the exchange waits for when it is closed, until
// what it returns is called.
func (x *Exchange) Connect() (leave func()) {
	x.conns.Add(1)
	return x.conns.Done
}

var errClosed = errors.New("simulated exchange: it is closed")

// Advance lets the market's time pass by d and returns when everything in it
// has happened. It is for a market with Speed 0.
func (x *Exchange) Advance(d exchange.Time) error {
	var err error
	if !x.Do(func(s *State) { err = s.advance(s.Clock.now + d) }) {
		return errClosed
	}
	return err
}

// Arm adds a fault, as POST /sim/faults does. The error says what is wrong with
// it.
func (x *Exchange) Arm(f Fault) error {
	var err error
	if !x.Do(func(s *State) {
		if err = s.Faults.arm(f.withDefaults()); err == nil {
			s.runFaults()
		}
	}) {
		return errClosed
	}
	return err
}
