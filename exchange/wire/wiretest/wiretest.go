// Package wiretest is a network in memory, so that tests of connections can run
// in a bubble of virtual time (testing/synctest), where a day takes a second.
//
// It assumes that every goroutine that uses it belongs to one bubble, or that no
// bubble is involved. A [Network] is a net.Listener for the servers of a test,
// and its Dial connects to them, whatever the address.
package wiretest

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// Network carries connections from Dial to Accept. It is safe for concurrent
// use.
type Network struct {
	conns chan net.Conn
	quit  chan struct{}
	once  sync.Once
}

// New returns a network that is up.
func New() *Network { return &Network{conns: make(chan net.Conn), quit: make(chan struct{})} }

// Dial connects to whoever accepts next. It fails when the network is closed,
// and waits as long as nobody accepts.
func (n *Network) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case n.conns <- theirs:
		return ours, nil
	case <-n.quit:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept returns the server's end of a connection. What is written to it is
// buffered, as by a socket.
func (n *Network) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return buffer(c), nil
	case <-n.quit:
		return nil, net.ErrClosed
	}
}

// Close refuses new connections; those that are open stay so.
func (n *Network) Close() error {
	n.once.Do(func() { close(n.quit) })
	return nil
}

// Addr returns an address that says nothing.
func (n *Network) Addr() net.Addr { return &net.IPAddr{} }

// buffered is a pipe's end with a buffer to write to.
type buffered struct {
	net.Conn
	queue chan []byte
	gone  chan struct{}

	mu     sync.Mutex
	closed bool
}

// room is how many writes are buffered.
const room = 1 << 14

func buffer(c net.Conn) *buffered {
	b := &buffered{Conn: c, queue: make(chan []byte, room), gone: make(chan struct{})}
	go b.pump()
	return b
}

func (b *buffered) pump() {
	defer close(b.gone)
	defer b.Conn.Close()
	for p := range b.queue {
		if _, err := b.Conn.Write(p); err != nil {
			return
		}
	}
}

func (b *buffered) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, net.ErrClosed
	}
	select {
	case b.queue <- append([]byte(nil), p...):
		return len(p), nil
	case <-b.gone:
		return 0, io.ErrClosedPipe
	}
}

// Close lets what was written be read for another second.
func (b *buffered) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	close(b.queue)
	return errors.Join(b.Conn.SetReadDeadline(time.Now()), b.Conn.SetWriteDeadline(time.Now().Add(time.Second)))
}

// SetDeadline is about reading: a write to the buffer takes no time.
func (b *buffered) SetDeadline(t time.Time) error { return b.SetReadDeadline(t) }

// SetWriteDeadline does nothing: see SetDeadline.
func (b *buffered) SetWriteDeadline(time.Time) error { return nil }
