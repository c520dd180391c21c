package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/wire"
)

// A listen key lives for an hour after it was last kept alive.
const (
	keepEvery = 25 * time.Minute
	keepAgain = time.Minute // after a failure
	noKeyBase = time.Second // between tries to get one, doubling
	noKeyMax  = 30 * time.Second
)

// keyStream is the user stream of a futures market, found by a listen key. On a
// key that has ended the socket stays open and is mute, which looks just like an
// account where nothing happens. So the key is kept alive and thereby checked:
// now and then, whenever a connection was opened anew, and on demand.
type keyStream struct {
	c     *transport
	feed  *feed
	check chan struct{}
	dead  chan string // why the key is of no use any more

	mu   sync.Mutex
	wire *wire.Client
	key  sign.Secret
}

func newKeyStream(c *transport, f *feed) *keyStream {
	return &keyStream{c: c, feed: f, check: make(chan struct{}, 1), dead: make(chan string, 1)}
}

// wake makes the key be looked at soon.
func (k *keyStream) wake() {
	select {
	case k.check <- struct{}{}:
	default:
	}
}

// run gets keys and listens on them, one after the other.
func (k *keyStream) run(ctx context.Context) {
	wait := noKeyBase
	for ctx.Err() == nil {
		key, err := k.start(ctx)
		if err != nil {
			k.feed.log(err.Error())
			_ = wire.Sleep(ctx, k.patience(err, wait))
			wait = min(2*wait, noKeyMax)
			continue
		}
		wait = noKeyBase
		if err := k.listen(ctx, key); err != nil {
			k.feed.log(k.feed.Hide(err.Error()))
			_ = wire.Sleep(ctx, noKeyMax)
		}
	}
}

// patience is how long to wait after an error.
func (k *keyStream) patience(err error, wait time.Duration) time.Duration {
	var f *exchange.VenueError
	if errors.As(err, &f) && f.Until != 0 {
		return max(wait, time.Duration(f.Until-k.c.Now()))
	}
	return wait
}

// listen connects with a key until it ends, or ctx.
func (k *keyStream) listen(ctx context.Context, key sign.Secret) error {
	k.feed.Conceal(key.Reveal())
	base := k.c.o.Endpoints.WS(k.feed.market)
	path := "/ws/"
	if k.feed.market == api.USDM {
		path = "/private/ws/" // elsewhere it would be accepted, and mute
	}
	o := k.c.wireOptions("the user stream of "+k.feed.market.String(), base+path+key.Reveal())
	o.Protocol, o.Open, o.Streams = k, k.opened, []wire.Stream{{Name: userStream}}
	o.ReplyWithin = time.Hour // never: see sureWithin
	k.use(key, nil)
	w, err := wire.Start(o)
	if err != nil {
		return err
	}
	k.use(key, w)
	why := k.keep(ctx, key)
	k.feed.Mute(why)
	return w.Close()
}

// use notes the key in use, and forgets what is known of the one before.
func (k *keyStream) use(key sign.Secret, w *wire.Client) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.key, k.wire = key, w; w == nil {
		select {
		case <-k.dead:
		default:
		}
	}
}

// keep keeps a key alive and returns why it ended.
func (k *keyStream) keep(ctx context.Context, key sign.Secret) string {
	next := time.NewTimer(keepEvery)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return "closed"
		case why := <-k.dead:
			return why
		case <-k.check:
		case <-next.C:
		}
		why, err := k.extend(ctx, key)
		switch {
		case why != "":
			return why
		case err != nil && ctx.Err() == nil:
			k.feed.log(err.Error())
			next.Reset(keepAgain)
		default:
			next.Reset(keepEvery)
		}
	}
}

// start gets a key: a new one, or the one that lives.
func (k *keyStream) start(ctx context.Context) (sign.Secret, error) {
	key, err := k.request(ctx, http.MethodPost, "get a listen key")
	if err == nil && key.Empty() {
		err = fmt.Errorf("%v: an answer without a listen key", k.feed.market)
	}
	return key, err
}

// extend keeps a key alive; why is not empty when it has ended.
func (k *keyStream) extend(ctx context.Context, key sign.Secret) (why string, err error) {
	now, err := k.request(ctx, http.MethodPut, "keep the listen key alive")
	var f *exchange.VenueError
	switch {
	case errors.As(err, &f) && f.Code == "-1125":
		return "the listen key is not known any more", nil
	case err != nil:
		return "", err
	case !now.Empty() && !now.Equal(key): // COIN-M answers nothing
		return "the listen key is another one now", nil
	}
	return "", nil
}

func (k *keyStream) request(ctx context.Context, method, what string) (sign.Secret, error) {
	m := k.feed.market
	body, err := k.c.request(ctx, request{market: m, what: what, method: method, path: paths[m] + "/listenKey", priority: limit.Hedge, security: keyed})
	if err != nil {
		return sign.Secret{}, err
	}
	raw, err := member(body, "listenKey")
	if err != nil || len(raw) < 2 {
		return sign.Secret{}, err
	}
	return sign.NewSecret(string(raw[1 : len(raw)-1])), nil
}

func (k *keyStream) health() wire.Health {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.wire == nil {
		return wire.Health{Name: "the user stream of " + k.feed.market.String()}
	}
	h := k.wire.Health()
	h.LastError = k.feed.Hide(h.LastError)
	return h
}

// Greet sends nothing: the address says it all.
func (k *keyStream) Greet() ([][]byte, error) { return nil, nil }

// Subscribe asks for nothing but an answer. A connection that is open may not be
// tied to the account yet, and what happens until then is told to nobody; the
// answer comes after.
func (k *keyStream) Subscribe(id uint64, _ []string) []byte {
	return fmt.Appendf(nil, `{"method":"LIST_SUBSCRIPTIONS","id":%d}`, id)
}

// Unsubscribe is never wanted, and asks the same.
func (k *keyStream) Unsubscribe(id uint64, names []string) []byte { return k.Subscribe(id, names) }

// Classify tells events from answers. One that refuses is as good as any.
func (k *keyStream) Classify(frame []byte) wire.Message {
	if bytes.Contains(frame, []byte(`"e":`)) {
		return wire.Message{Class: wire.Data, Stream: []byte(userStream)}
	}
	raw, err := member(frame, "id")
	if err != nil {
		return wire.Message{Class: wire.Other}
	}
	id, err := strconv.ParseUint(string(raw), 10, 64)
	if err != nil {
		return wire.Message{Class: wire.Other}
	}
	return wire.Message{Class: wire.Reply, ID: id}
}

// sureWithin is how long the answer is waited for. Without one the connection
// is believed to deliver all the same.
const sureWithin = 3 * time.Second

// opened takes a new connection, which delivers if its key lives.
func (k *keyStream) opened(conn uint64) wire.Handler {
	h := &keyConn{}
	h.Listener = connect.Listener{Events: k.feed.Events, Read: k.read}
	h.late = time.AfterFunc(sureWithin, h.Deliver)
	if conn > 1 {
		k.wake()
	}
	return h
}

// keyConn is one connection of a keyStream.
type keyConn struct {
	connect.Listener
	late *time.Timer
}

// Down tells that the connection is over.
func (h *keyConn) Down(err error) {
	h.late.Stop()
	h.Listener.Down(err)
}

// read takes an event.
func (k *keyStream) read(frame []byte) error {
	ev, err := openEvent(frame)
	if err != nil {
		k.feed.Garbled(err)
		return nil
	}
	if ev.kind == "listenKeyExpired" {
		k.expired(ev.key)
		return nil
	}
	k.feed.take(&ev)
	return nil
}

// expired ends the key that is in use; the end of an earlier one is old news.
func (k *keyStream) expired(key string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key != "" && !k.key.Equal(sign.NewSecret(key)) {
		return
	}
	select {
	case k.dead <- "the listen key has expired":
	default:
	}
}
