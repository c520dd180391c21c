package live

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/wire"
	"github.com/perilune/perilune/exchange/wire/wiretest"
)

// levels are how many a book of the tests has: version v of it sets level v mod levels to v,
// so that a version that is missing shows as long as it is not overwritten.
const levels = 5

// acme is a venue whose subscriptions begin with a snapshot. Its frames are
// "book whole|diff ID PREVIOUS VERSION…": the versions that it sets.
type acme struct {
	mu      sync.Mutex
	version int64
	peers   int64
	own     bool                     // each connection has numbers of its own
	lag     func(peer int64) int64   // versions that a connection is behind
	lose    func(peer, v int64) bool // an update that is not sent
}

func (a *acme) now() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.version
}

// run makes ten versions a second.
func (a *acme) run(ctx context.Context) {
	for wire.Sleep(ctx, 100*time.Millisecond) == nil {
		a.mu.Lock()
		a.version++
		a.mu.Unlock()
	}
}

// serve is one connection.
func (a *acme) serve(w http.ResponseWriter, r *http.Request) {
	p, err := wire.Accept(w, r, wire.PeerOptions{})
	if err != nil {
		return
	}
	defer p.Drop()
	a.mu.Lock()
	a.peers++
	n := a.peers
	a.mu.Unlock()
	asked := make(chan bool, 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			frame, err := p.Read()
			if err != nil {
				return
			}
			if id, ok := strings.CutPrefix(string(frame), "sub "); ok {
				p.Send([]byte("ok " + id))
				asked <- true
			}
		}
	}()
	base, sent := int64(0), int64(-1)
	if a.own {
		base = (n * 7919) % 1000
	}
	for {
		select {
		case <-done:
			return
		case <-asked:
			v := a.now() - a.lag(n)
			var list []string
			for i := max(1, v-levels+1); i <= v; i++ {
				list = append(list, strconv.FormatInt(i, 10))
			}
			p.Send(fmt.Appendf(nil, "book whole %d -1 %s", base+v, strings.Join(list, " ")))
			sent = v
		case <-time.After(50 * time.Millisecond):
			for v := a.now() - a.lag(n); sent >= 0 && sent < v; {
				if sent++; !a.lose(n, sent) {
					p.Send(fmt.Appendf(nil, "book diff %d %d %d", base+sent, base+sent-1, sent))
				}
			}
		}
	}
}

// plain is its protocol, and its decoder.
type plain struct{ words }

func (plain) Subscribe(id uint64, _ []string) []byte { return fmt.Appendf(nil, "sub %d", id) }

func (plain) Classify(frame []byte) wire.Message {
	if id, ok := strings.CutPrefix(string(frame), "ok "); ok {
		n, _ := strconv.ParseUint(id, 10, 64)
		return wire.Message{Class: wire.Reply, ID: n}
	}
	return wire.Message{Class: wire.Data, Stream: []byte("book ABC")}
}

func (plain) Decode(frame []byte, yield func(ev *exchange.Event, order int64)) error {
	f := strings.Fields(string(frame))
	var n []int64
	for _, s := range f[2:] {
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return err
		}
		n = append(n, v)
	}
	ev := exchange.Event{Kind: exchange.KindDiff, FirstID: n[1] + 1, LastID: n[0], PrevID: n[1], Asks: []exchange.Level{{Price: 100, Qty: 1}}}
	if f[1] == "whole" {
		ev.Kind = exchange.KindSnapshot
	}
	for _, v := range n[2:] {
		ev.Bids = append(ev.Bids, exchange.Level{Price: exchange.Ticks(1 + v%levels), Qty: exchange.Lots(v)})
	}
	yield(&ev, n[0])
	return nil
}

// checker keeps the book, and looks at whether a version is missing in it.
type checker struct {
	t *testing.T

	mu      sync.Mutex
	book    *book.Book
	checked int
	gaps    int
}

func (c *checker) Post(ev *exchange.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ev.Kind == exchange.KindGap {
		c.gaps++
	}
	c.book.Apply(ev)
	if !c.book.Ready() {
		return
	}
	newest := exchange.Lots(0)
	c.book.Visit(exchange.Buy, func(l exchange.Level) bool { newest = max(newest, l.Qty); return true })
	c.book.Visit(exchange.Buy, func(l exchange.Level) bool {
		if want := newest - (newest-exchange.Lots(l.Price-1)+levels*1000000)%levels; l.Qty != want {
			c.t.Errorf("version %d: level %d is of version %d, want %d", newest, l.Price, l.Qty, want)
		}
		return true
	})
	c.checked++
}

// follow plays for some minutes in which connections are replaced every few seconds.
func (a *acme) follow(t *testing.T, linking exchange.Linking) (*checker, *Market) {
	ctx, stop := context.WithCancel(context.Background())
	net := wiretest.New()
	srv := &http.Server{Handler: http.HandlerFunc(a.serve)}
	var tasks sync.WaitGroup
	tasks.Go(func() { _ = srv.Serve(net) })
	tasks.Go(func() { a.run(ctx) })
	in := exchange.Instrument{Venue: "acme.swap", Symbol: "ABC", Contract: exchange.Linear, Base: "ABC", Quote: "USDT", FundingHours: 8, Linking: linking,
		Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001")}
	c := &checker{t: t, book: book.New(&in)}
	m, err := Open(Options{Listings: connect.Listings{{Instrument: &in, Trading: true}}, Data: connect.DataOptions{Data: connect.Books}, Jitter: func() float64 { return 0.5 },
		Routes: []Route{{Wire: wire.Options{Name: "acme", URLs: []string{"ws://acme.test/"}, Protocol: plain{}, Dial: net.Dial, RollAfter: 7 * time.Second},
			Streams: func(*exchange.Instrument) []Stream {
				return []Stream{{Name: "book ABC", Silence: 5 * time.Second, Book: true}}
			},
			Decoder: func(Session) connect.Decoder { return plain{} }}}}, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.Close()
		stop()
		srv.Close()
		net.Close()
		tasks.Wait()
	})
	time.Sleep(2 * time.Minute)
	return c, m
}

// Connections that are replaced, that lag behind each other, that number for themselves and
// that lose updates: a book that is believed never lacks one, and is believed again soon.
func TestReplacedConnections(t *testing.T) {
	none := func(int64, int64) bool { return false }
	for name, x := range map[string]struct {
		linking exchange.Linking
		own     bool
		lag     func(peer int64) int64
		lose    func(peer, v int64) bool
	}{
		"rising ids, the next is behind":          {exchange.LinkRising, false, func(p int64) int64 { return p % 2 * 4 }, none},
		"rising ids of each connection's own":     {exchange.LinkRising, true, func(p int64) int64 { return p % 3 }, none},
		"linked ids, the next is behind":          {exchange.LinkPrevious, false, func(p int64) int64 { return p % 2 * 4 }, none},
		"linked ids of each connection's own":     {exchange.LinkPrevious, true, func(p int64) int64 { return p % 3 * 3 }, none},
		"linked ids, an update of 150 is missing": {exchange.LinkPrevious, false, func(int64) int64 { return 0 }, func(p, v int64) bool { return (v+p)%150 == 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &acme{version: 100, own: x.own, lag: x.lag, lose: x.lose}
				c, m := a.follow(t, x.linking)
				h := m.Health()
				c.mu.Lock()
				defer c.mu.Unlock()
				if h.Connections[0].Rolls < 10 || c.checked < 900 || !c.book.Ready() || h.Malformed > 0 {
					t.Errorf("checked %d times, %d gaps, ready %t (%s): %+v", c.checked, c.gaps, c.book.Ready(), c.book.Reason(), h)
				}
			})
		})
	}
}
