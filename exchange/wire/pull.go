package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Pull is a connection that is read when somebody asks, message by message: who is slow
// holds the other side. It is for what was recorded, and neither reconnects nor drops; a
// Client is for what comes in real time.
type Pull struct {
	conn *websocket.Conn
	quit chan struct{}
	once sync.Once
	gone sync.WaitGroup
}

// PullOptions are the bounds of a Pull; all are required.
type PullOptions struct {
	Handshake time.Duration
	MaxFrame  int64         // bytes of a message
	PingEvery time.Duration // so that the other side does not take who waits for gone
}

// CloseError is the other side's word that it is over.
type CloseError struct {
	Code int // of RFC 6455, section 7.4.1
	Text string
}

func (e *CloseError) Error() string { return fmt.Sprintf("closed with code %d: %s", e.Code, e.Text) }

// Codes of CloseError.
const (
	CloseNormal = websocket.CloseNormalClosure
	CloseNoCode = websocket.CloseNoStatusReceived
	ClosePolicy = websocket.ClosePolicyViolation
	CloseFailed = websocket.CloseInternalServerErr
)

// DialPull connects. A server that answers otherwise is a [*HandshakeError].
func DialPull(ctx context.Context, url string, o PullOptions) (*Pull, error) {
	conn, err := dial(ctx, &Options{Handshake: o.Handshake}, url)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(o.MaxFrame)
	p := &Pull{conn: conn, quit: make(chan struct{})}
	p.gone.Add(1)
	go p.keep(o.PingEvery)
	return p, nil
}

// keep pings, since nothing is read, and no ping answered, while nobody asks.
func (p *Pull) keep(every time.Duration) {
	defer p.gone.Done()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-tick.C:
			if p.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second)) != nil {
				return // reading tells why
			}
		}
	}
}

// Next waits for a message. It fails once and for all: with a [*CloseError] when the other
// side ended it, with [ErrTooLong], or with what broke the connection. One goroutine reads.
func (p *Pull) Next() ([]byte, error) {
	_, r, err := p.conn.NextReader()
	if err == nil {
		var body []byte
		if body, err = io.ReadAll(r); err == nil { // bounded by SetReadLimit
			return body, nil
		}
	}
	var closed *websocket.CloseError
	switch {
	case errors.As(err, &closed):
		return nil, &CloseError{closed.Code, closed.Text}
	case errors.Is(err, websocket.ErrReadLimit):
		return nil, ErrTooLong
	}
	return nil, err
}

// Close ends the connection, and a Next that waits.
func (p *Pull) Close() {
	p.once.Do(func() { close(p.quit) })
	_ = p.conn.Close() // it is over
	p.gone.Wait()
}
