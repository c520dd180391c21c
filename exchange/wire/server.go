package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// PeerOptions says how the server's end of a connection behaves.
type PeerOptions struct {
	// PingEvery is how often the peer is pinged, and PongWithin how long its
	// answer may take. Spot: 20 s and 1 min; futures: 3 min and 10 min.
	PingEvery, PongWithin time.Duration
	// Queue is how many frames may wait for a slow reader; one more and the
	// connection is dropped, as the exchange does. 0 means 1024.
	Queue int
	// MaxFrame is the largest frame a client may send. 0 means 64 KiB.
	MaxFrame int64
}

// ErrHeld is what writing to a held connection would have been.
var ErrHeld = errors.New("websocket: the connection is held half-open")

// Peer is the server's end of one websocket connection. One goroutine reads;
// Send, Hold, Drop and Close may be called from any.
type Peer struct {
	conn *websocket.Conn
	opt  PeerOptions
	out  chan []byte
	quit chan struct{}
	once sync.Once
	gone sync.WaitGroup

	mu      sync.Mutex
	trouble trouble
	dead    bool
}

var upgrader = websocket.Upgrader{
	ReadBufferSize: 1 << 10, WriteBufferSize: 4 << 10,
	// The simulator listens on loopback and has no cookies to protect.
	CheckOrigin: func(*http.Request) bool { return true },
}

// Accept upgrades a request. On failure the HTTP answer has been written.
func Accept(w http.ResponseWriter, r *http.Request, opt PeerOptions) (*Peer, error) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return nil, fmt.Errorf("upgrading %s: %w", r.URL.Path, err)
	}
	if opt.Queue == 0 {
		opt.Queue = 1024
	}
	if opt.MaxFrame == 0 {
		opt.MaxFrame = 64 << 10
	}
	p := &Peer{conn: conn, opt: opt, out: make(chan []byte, opt.Queue), quit: make(chan struct{})}
	conn.SetReadLimit(opt.MaxFrame)
	p.keepAlive()
	p.gone.Add(1)
	go p.write()
	return p, nil
}

// keepAlive drops a peer that stops answering pings.
func (p *Peer) keepAlive() {
	if p.opt.PongWithin <= 0 {
		return
	}
	extend := func() error { return p.conn.SetReadDeadline(time.Now().Add(p.opt.PingEvery + p.opt.PongWithin)) }
	extend()
	p.conn.SetPongHandler(func(string) error { return extend() })
	p.conn.SetPingHandler(func(data string) error {
		if p.Held() {
			return nil
		}
		err := p.conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writeWait))
		var ne net.Error
		if errors.Is(err, websocket.ErrCloseSent) || errors.As(err, &ne) {
			return nil
		}
		return err
	})
}

const writeWait = 5 * time.Second

// Read returns the next text or binary frame. It fails when the connection has
// ended.
func (p *Peer) Read() ([]byte, error) {
	_, r, err := p.conn.NextReader()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// Send queues a frame and reports whether there was room. A peer that reads too
// slowly is dropped: a stream with a hole in it is worse than none. The frame
// must not be changed afterwards.
func (p *Peer) Send(frame []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dead {
		return false
	}
	if p.trouble.held {
		return true
	}
	select {
	case p.out <- frame:
		return true
	default:
		p.dead = true
		p.abort()
		return false
	}
}

// Hold makes the connection half-open: nothing is sent any more, not even an
// answer to a ping, but it stays open.
func (p *Peer) Hold() {
	p.mu.Lock()
	p.trouble.held = true
	p.mu.Unlock()
}

// Held reports whether Hold was called.
func (p *Peer) Held() bool { return p.troubled().held }

// Drop ends the connection without a closing handshake, as a network does.
func (p *Peer) Drop() {
	p.mu.Lock()
	p.dead = true
	p.mu.Unlock()
	p.abort()
}

// Close says goodbye, ends the connection and waits for its writer.
func (p *Peer) Close(code int, text string) {
	p.mu.Lock()
	p.dead = true
	p.mu.Unlock()
	_ = p.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(time.Second))
	p.abort()
	p.gone.Wait()
}

// abort closes the socket and stops the writer: nothing that is queued is sent.
func (p *Peer) abort() {
	p.once.Do(func() {
		close(p.quit)
		_ = p.conn.Close()
	})
}

// write sends what is queued, and pings.
func (p *Peer) write() {
	defer p.gone.Done()
	var ping <-chan time.Time
	if p.opt.PingEvery > 0 {
		t := time.NewTicker(p.opt.PingEvery)
		defer t.Stop()
		ping = t.C
	}
	for {
		var err error
		select {
		case <-p.quit:
			return
		case frame := <-p.out:
			err = p.put(frame)
		case <-ping:
			err = p.ping()
		}
		if err != nil && !errors.Is(err, ErrHeld) {
			p.Drop()
			return
		}
	}
}

func (p *Peer) put(frame []byte) error {
	t := p.troubled()
	if t.held {
		return ErrHeld
	}
	p.pause(t.delay)
	if err := p.conn.SetWriteDeadline(time.Now().Add(writeWait)); err != nil {
		return err
	}
	if t.cut {
		return p.half(frame)
	}
	return p.conn.WriteMessage(websocket.TextMessage, frame)
}

// ping sends the time as payload, as the exchange does.
func (p *Peer) ping() error {
	if p.Held() {
		return ErrHeld
	}
	payload := fmt.Appendf(nil, "%d", time.Now().UnixMilli())
	return p.conn.WriteControl(websocket.PingMessage, payload, time.Now().Add(writeWait))
}

// Reset ends an HTTP connection with a TCP reset and without an answer.
func Reset(w http.ResponseWriter) {
	h, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := h.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
