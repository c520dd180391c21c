package simserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/paper"
)

// Options say what exchange is simulated. Universe and Feed are required.
type Options struct {
	Universe *exchange.Universe
	// Feed is read to its end; then the market stands still. The server does
	// not close it.
	Feed exchange.Feed
	// Begin is the market time at which the server opens: what the feed has
	// before it is read through at once, as the past. 0: the first event's time.
	Begin exchange.Time
	// Speed is market seconds per second; 0: only Advance moves the market.
	Speed float64

	Seed     uint64
	Accounts int // default 1; each has two keys
	// Balances are every account's; default 100 000 USDT on spot and in the
	// USD-M wallet, 1 BTC and 20 ETH on spot and in the COIN-M wallet.
	Balances []paper.Deposit
	Leverage int // default 20, as the exchange's
	Limits   Limits
	Chaos    *Chaos // nil: faults come only when they are asked for
	// Clock is the wall clock; default time.Now.
	Clock func() time.Time
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
		o.Balances = defaultBalances()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	o.Limits = o.Limits.withDefaults()
	var err error
	o.Chaos, err = o.Chaos.withDefaults()
	return o, err
}

func defaultBalances() []paper.Deposit {
	usdt, btc, eth := decimal.NewFromInt(100_000), decimal.NewFromInt(1), decimal.NewFromInt(20)
	return []paper.Deposit{
		{Wallet: api.Spot.Wallet(), Asset: "USDT", Amount: usdt}, {Wallet: api.USDM.Wallet(), Asset: "USDT", Amount: usdt},
		{Wallet: api.Spot.Wallet(), Asset: "BTC", Amount: btc}, {Wallet: api.COINM.Wallet(), Asset: "BTC", Amount: btc},
		{Wallet: api.Spot.Wallet(), Asset: "ETH", Amount: eth}, {Wallet: api.COINM.Wallet(), Asset: "ETH", Amount: eth},
	}
}

// Exchange is the simulated exchange. Its methods may be called by any goroutine.
// What it is asked is done by a loop of its own, which begins with the first
// question and ends with Close.
type Exchange struct {
	sim   *sim
	keys  []Keys
	inbox chan func(*sim)
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
	s, keys, err := newSim(opt)
	if err != nil {
		return nil, fmt.Errorf("simulated exchange: %w", err)
	}
	return &Exchange{sim: s, keys: keys, inbox: make(chan func(*sim)), stop: make(chan struct{}), done: make(chan struct{})}, nil
}

// Keys returns the API keys by account.
func (x *Exchange) Keys() []Keys { return x.keys }

// start begins the loop.
func (x *Exchange) start() {
	x.begin.Do(func() {
		go func() {
			defer close(x.done)
			x.err = x.sim.run(x.stop, x.inbox)
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
	x.sim.hub.closeAll()
	x.conns.Wait()
	return x.err
}

// Serve answers on l with front until ctx ends or the feed fails, and then closes
// the exchange. It may be called once. The error is the feed's or the listener's; a
// context that ends is none.
func (x *Exchange) Serve(ctx context.Context, l net.Listener, front http.Handler) error {
	srv := &http.Server{Handler: front, ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	x.start()
	var listenErr error
	select {
	case <-ctx.Done():
	case <-x.done:
	case listenErr = <-failed:
		failed <- nil
	}
	x.ended.Do(func() { close(x.stop) })
	<-x.done
	x.sim.hub.closeAll()
	_ = srv.Close()
	<-failed
	err := x.Close()
	if err == nil && listenErr != nil && !errors.Is(listenErr, http.ErrServerClosed) {
		err = fmt.Errorf("simulated exchange on %s: %w", l.Addr(), listenErr)
	}
	return err
}

// ask runs f in the loop and waits for it. It is false when the exchange is closed.
func (x *Exchange) ask(f func(*sim)) bool {
	x.start()
	ran := make(chan struct{})
	select {
	case x.inbox <- func(s *sim) { f(s); close(ran) }:
		<-ran
		return true
	case <-x.done:
		return false
	}
}

// Advance lets the market's time pass by d and returns when everything in it
// has happened. It is for a market with Speed 0.
func (x *Exchange) Advance(d exchange.Time) error {
	var err error
	if !x.ask(func(s *sim) { err = s.advance(s.now + d) }) {
		return errors.New("simulated exchange: it has stopped")
	}
	return err
}

// Arm adds a fault, as POST /sim/faults does. The error says what is wrong with
// it.
func (x *Exchange) Arm(f Fault) error {
	var err error
	if !x.ask(func(s *sim) {
		if err = s.desk.arm(s, f.withDefaults()); err == nil {
			s.desk.runTimed(s)
		}
	}) {
		return errors.New("simulated exchange: it has stopped")
	}
	return err
}

// ServeHTTP routes a request: streams and the WebSocket API are upgraded, the
// rest is REST.
func (x *Exchange) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if why := foreign(r); why != "" {
		write(w, &response{status: http.StatusForbidden, body: encode(object{{"code", -5000}, {"msg", why}})})
		return
	}
	if e, ok := endpointOf(r.URL.Path); ok {
		x.conns.Add(1)
		defer x.conns.Done()
		x.connect(w, r, e)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, "reading the body: "+err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	if simulatorPath(r.URL.Path) {
		x.control(w, r, body)
		return
	}
	req, err := readRequest(r, string(body))
	if err != nil {
		write(w, &response{status: http.StatusBadRequest, body: encode(bad(-1100, "Illegal characters found in a parameter.").body())})
		return
	}
	var res *response
	if !x.ask(func(s *sim) { res = s.rest(req, r.URL.Path) }) {
		http.Error(w, "the simulated exchange has stopped", http.StatusServiceUnavailable)
		return
	}
	x.hold(r.Context(), res.delay)
	write(w, res)
}

// hold keeps an answer back, a fault.
func (x *Exchange) hold(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-x.done:
	}
}
