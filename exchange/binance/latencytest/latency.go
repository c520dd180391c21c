// Package latencytest measures how long a trading client takes from a change of
// a book to its order, against the simulated exchange on loopback.
//
// The clock starts right before the exchange writes a diff of the book to its
// socket, and stops when it has read the first bytes of an order; both are taken
// where the bytes pass, so what the exchange does before and after is not
// counted, and every client is measured alike. The exchange runs in the client's
// process and has nothing else to do meanwhile: its market stands still but for
// the step that is measured.
package latencytest

import (
	"bytes"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/simtest"
)

// Step is how often a book changes. One order for each is within the venue's
// limits of orders.
const Step = 100 * time.Millisecond

// Exchange is a simulated exchange whose market moves when it is measured.
type Exchange struct {
	*simtest.Exchange
	meter *meter
}

// Start runs an exchange until the end of the test.
func Start(tb testing.TB) *Exchange {
	tb.Helper()
	begin := exchange.Time(time.Now().UnixNano())
	e := &Exchange{meter: &meter{orders: make(chan time.Time, 1)}}
	e.Exchange = simtest.Start(tb, simtest.Options{Seed: 1, Start: begin - begin%exchange.Minute, Step: exchange.Time(Step), Begin: begin,
		Wrap: func(l net.Listener) net.Listener { e.meter.Listener = l; return e.meter }})
	return e
}

// Await moves the market until the client sends an order for it.
func (e *Exchange) Await(tb testing.TB, within time.Duration) {
	tb.Helper()
	for limit := time.Now().Add(within); ; {
		if _, ok := e.once(tb); ok {
			return
		}
		if time.Now().After(limit) {
			tb.Fatalf("no order came within %s", within)
		}
	}
}

// Measure moves the market n times and returns how long the client took for each
// order, shortest first. Changes that no order follows are left out.
func (e *Exchange) Measure(tb testing.TB, n int) []time.Duration {
	tb.Helper()
	var took []time.Duration
	for range n {
		if d, ok := e.once(tb); ok {
			took = append(took, d)
		}
	}
	slices.Sort(took)
	return took
}

// once moves the market one step, and lets the rest of the step pass.
func (e *Exchange) once(tb testing.TB) (time.Duration, bool) {
	tb.Helper()
	over := time.After(Step)
	e.meter.arm()
	if err := e.Sim.Advance(exchange.Time(Step)); err != nil {
		tb.Fatal(err)
	}
	var at time.Time
	select {
	case at = <-e.meter.orders:
		<-over
	case <-over:
		return 0, false
	}
	sent := e.meter.sent()
	return at.Sub(sent), !sent.IsZero() && at.After(sent)
}

// Report puts the usual figures of a benchmark in the place of ns/op.
func Report(b *testing.B, took []time.Duration) {
	b.Helper()
	if len(took) == 0 {
		b.Fatal("no order followed a change of the book")
	}
	at := func(q float64) float64 {
		return float64(took[min(len(took)-1, int(q*float64(len(took))))]) / float64(time.Microsecond)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(at(0.5), "p50-µs")
	b.ReportMetric(at(0.99), "p99-µs")
	b.ReportMetric(at(1), "max-µs")
	b.ReportMetric(float64(len(took)), "orders")
}

// meter is a listener that sees what passes over its connections.
type meter struct {
	net.Listener
	orders chan time.Time

	mu    sync.Mutex
	armed bool
	diff  time.Time
}

// arm waits for the next diff and the first order after it.
func (m *meter) arm() {
	select {
	case <-m.orders:
	default:
	}
	m.mu.Lock()
	m.armed, m.diff = true, time.Time{}
	m.mu.Unlock()
}

func (m *meter) sent() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.diff
}

func (m *meter) wrote(at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.armed && m.diff.IsZero() {
		m.diff = at
	}
}

func (m *meter) ordered(at time.Time) {
	m.mu.Lock()
	first := m.armed && !m.diff.IsZero()
	m.armed = m.armed && !first
	m.mu.Unlock()
	if first {
		m.orders <- at
	}
}

func (m *meter) Accept() (net.Conn, error) {
	c, err := m.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, meter: m}, nil
}

// conn is one connection. Each is read by one goroutine.
type conn struct {
	net.Conn
	meter *meter
	api   bool // of the WebSocket API
}

func (c *conn) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(`"depthUpdate"`)) {
		c.meter.wrote(time.Now())
	}
	return c.Conn.Write(b)
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	at := time.Now()
	if n > 0 && c.order(b[:n]) {
		c.meter.ordered(at)
	}
	return n, err
}

// textFrame begins a message of a WebSocket that is not continued. What a client
// sends is masked, so of a request to the WebSocket API only the length tells
// that it is an order: no other is asked for while the market moves.
const textFrame = 0x81

func (c *conn) order(b []byte) bool {
	switch {
	case bytes.HasPrefix(b, []byte("GET /ws-fapi")):
		c.api = true
	case bytes.HasPrefix(b, []byte("POST /fapi/v1/order")):
		return true
	}
	return c.api && b[0] == textFrame && len(b) > 150
}
