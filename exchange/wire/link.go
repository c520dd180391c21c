package wire

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// The reasons a connection is dropped for, beside those of the network; test
// for them with errors.Is.
var (
	ErrTooLong = errors.New("the message is longer than allowed")
	ErrSilent  = errors.New("the stream stayed silent after it was subscribed anew")
	ErrNoReply = errors.New("the venue did not answer a subscription")
	ErrRefused = errors.New("the venue refused a subscription")

	ErrSuspended = errors.New("the machine was suspended")
)

// queued is how many frames may wait to be written beside two for each stream, which
// ends it and begins it anew. At a few a second more would only grow old.
const queued = 256

// paceWindow is what FramesPerSecond is kept in: a quarter more than a second, because what
// left apart may arrive closer together.
const paceWindow = 1250 * time.Millisecond

// link is one connection, with a goroutine that reads and one that writes.
type link struct {
	id   uint64
	url  string
	conn *websocket.Conn
	o    *Options
	h    Handler
	born time.Time

	out     chan []byte
	quit    chan struct{} // closed by close
	done    chan struct{} // closed when both goroutines have ended
	leaving chan struct{} // closed when the venue says that it will end it
	leave   sync.Once
	greeted chan struct{} // closed when the greeting was answered
	greet   sync.Once
	err     error // why it ended, nil when that was meant; valid after done

	once   sync.Once
	reason error // of close

	board board
	tally *tally
}

func newLink(id uint64, url string, conn *websocket.Conn, o *Options, t *tally) *link {
	l := &link{id: id, url: url, conn: conn, o: o, h: o.Open(id), born: time.Now(), tally: t,
		out: make(chan []byte, queued+2*len(o.Streams)), quit: make(chan struct{}), done: make(chan struct{}), leaving: make(chan struct{}), greeted: make(chan struct{})}
	l.board.init()
	conn.SetReadLimit(int64(o.MaxMessage)) // of compressed bytes; message counts the others
	conn.SetPongHandler(func(string) error { l.extend(); return nil })
	conn.SetPingHandler(l.pong)
	return l
}

// start begins to read and write.
func (l *link) start() {
	written := make(chan struct{})
	go func() {
		defer close(written)
		l.write()
	}()
	go func() {
		defer close(l.done)
		err := l.read()
		l.close(err)
		<-written
		l.err = l.reason
		l.h.Down(l.err)
	}()
}

// close ends the connection without waiting for it. Only the first reason
// counts; nil means that this is meant.
func (l *link) close(reason error) {
	l.once.Do(func() {
		l.reason = reason
		close(l.quit)
		if reason == nil {
			bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
			// Politeness only: the peer may be long gone.
			_ = l.conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(time.Second))
		}
		_ = l.conn.Close()
	})
}

// extend gives the peer time for its next byte. It fails on a connection that is
// dead, which the next read tells better, and may have something buffered.
func (l *link) extend() { _ = l.conn.SetReadDeadline(time.Now().Add(l.o.ReadTimeout)) }

func (l *link) pong(data string) error {
	l.extend()
	err := l.conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(l.o.WriteTimeout))
	if errors.Is(err, websocket.ErrCloseSent) {
		return nil
	}
	return err
}

// read takes messages until the first error. A connection that failed once is
// never read again.
func (l *link) read() error {
	buf := make([]byte, 0, l.o.ReadBuffer)
	for {
		l.extend()
		_, r, err := l.conn.NextReader()
		if err != nil {
			return fmt.Errorf("reading from %s: %w", l.url, err)
		}
		if buf, err = readInto(buf[:0], r, l.o.MaxMessage); err != nil {
			return fmt.Errorf("reading from %s: %w", l.url, err)
		}
		l.tally.count(len(buf))
		if err = l.receive(buf); err != nil {
			return fmt.Errorf("message from %s: %w", l.url, err)
		}
	}
}

// readInto appends all of r to buf. The library's own limit counts compressed
// bytes, of which few can stand for many.
func readInto(buf []byte, r io.Reader, limit int) ([]byte, error) {
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):min(cap(buf), limit+1)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > limit:
			return buf, fmt.Errorf("%w: over %d bytes", ErrTooLong, limit)
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			return buf, err
		}
	}
}

func (l *link) receive(frame []byte) error {
	m := l.o.Protocol.Classify(frame)
	if len(m.Answer) > 0 && !l.send(m.Answer) {
		return fmt.Errorf("answering: %w", ErrBusy)
	}
	switch m.Class {
	case Data:
		l.board.data(m.Stream, time.Now())
		if l.o.Mute {
			l.board.accepted(string(m.Stream), time.Now())
		}
	case Reply:
		if ok, err := l.reply(&m); ok || err != nil {
			return err
		}
	case Shutdown:
		l.leave.Do(func() { close(l.leaving) })
		return nil
	case Greeted:
		if m.Err != nil {
			return fmt.Errorf("%w: the greeting: %w", ErrRefused, m.Err)
		}
		l.greet.Do(func() { close(l.greeted) })
		return nil
	case Pong:
		return nil
	}
	return l.h.Frame(frame)
}

// reply takes the answer to a subscription; ok is false when it is nobody's. Who does not go
// on without what is refused loses the connection.
func (l *link) reply(m *Message) (ok bool, err error) {
	v, ok := l.board.answered(m, time.Now())
	if len(v.accepted) > 0 {
		l.h.Subscribed(v.accepted)
	}
	if len(v.refused)+len(v.doubtful) == 0 {
		return ok, nil
	}
	if err = m.Err; err == nil {
		err = errNotListed
	}
	h, goesOn := l.h.(Refuser)
	if !goesOn {
		streams := append(v.refused, v.doubtful...)
		return ok, fmt.Errorf("%w: %w (%d streams from %s)", ErrRefused, err, len(streams), first(streams))
	}
	l.board.refuse(&v, time.Now())
	if len(v.refused) > 0 {
		h.Refused(v.refused, err)
	}
	return ok, nil
}

func first(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return list[0]
}

// write sends what is queued, and pings: at most FramesPerSecond in any second, and those
// of a burst at once, because an order that waits for its turn is one too late.
func (l *link) write() {
	recent := make([]time.Time, l.o.FramesPerSecond) // a ring of when the last frames were written
	ping := time.NewTicker(l.o.PingEvery)
	defer ping.Stop()
	pace := time.NewTimer(0)
	defer pace.Stop()
	for i := 0; ; i = (i + 1) % len(recent) {
		pace.Reset(time.Until(recent[i].Add(paceWindow)))
		select {
		case <-l.quit:
			return
		case <-pace.C:
		}
		var err error
		select {
		case <-l.quit:
			return
		case frame := <-l.out:
			err = l.put(frame)
		case <-ping.C:
			err = l.ping()
		}
		if err != nil {
			l.close(fmt.Errorf("writing to %s: %w", l.url, err))
			return
		}
		recent[i] = time.Now()
	}
}

// ping sends a ping of the websocket protocol, and the venue's own where it has one.
func (l *link) ping() error {
	if err := l.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(l.o.WriteTimeout)); err != nil {
		return err
	}
	if p, ok := l.o.Protocol.(Pinger); ok {
		return l.put(p.Ping())
	}
	return nil
}

func (l *link) put(frame []byte) error {
	if err := l.conn.SetWriteDeadline(time.Now().Add(l.o.WriteTimeout)); err != nil {
		return err
	}
	l.board.sent(frame, time.Now())
	return l.conn.WriteMessage(websocket.TextMessage, frame)
}

// send queues a frame; false when the queue is full.
func (l *link) send(frame []byte) bool {
	select {
	case l.out <- frame:
		return true
	default:
		return false
	}
}
