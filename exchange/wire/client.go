package wire

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// The reasons that Send fails; test for them with errors.Is.
var (
	ErrDown = errors.New("not connected")
	ErrBusy = errors.New("too many frames wait to be sent")
)

// Client keeps one connection alive. See the package comment.
type Client struct {
	o      Options
	ctx    context.Context
	cancel context.CancelFunc
	ended  chan struct{}
	notify chan struct{} // that want has changed

	mu   sync.Mutex
	want []Stream

	current atomic.Pointer[link]
	request atomic.Uint64
	tally   tally

	// Of the goroutine that watches.
	links    uint64
	failures int       // in a row
	hold     time.Time // no attempt before
	rollAt   time.Time // no replacement before, after one failed
}

// Start connects, and stays connected until Close. That it cannot connect is not
// an error but a matter of Health. The error is about the options.
func Start(o Options) (*Client, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	c := &Client{o: o, want: slices.Clone(o.Streams), ended: make(chan struct{}), notify: make(chan struct{}, 1)}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	go c.run()
	return c, nil
}

// Close ends the connection and waits until all is over.
func (c *Client) Close() error {
	c.cancel()
	<-c.ended
	return nil
}

// Subscribe adds streams, now if connected and at every connection after.
func (c *Client) Subscribe(streams ...Stream) {
	c.mu.Lock()
	for _, s := range streams {
		if !slices.ContainsFunc(c.want, func(w Stream) bool { return w.Name == s.Name }) {
			c.want = append(c.want, s)
		}
	}
	c.mu.Unlock()
	c.changed()
}

// Asked is how many streams are to be subscribed to.
func (c *Client) Asked() int { return len(c.wanted()) }

// Unsubscribe takes streams out again.
func (c *Client) Unsubscribe(names ...string) {
	c.mu.Lock()
	c.want = slices.DeleteFunc(c.want, func(s Stream) bool { return slices.Contains(names, s.Name) })
	c.mu.Unlock()
	c.changed()
}

// Renew subscribes anew to streams that are subscribed to: what venues that begin a stream
// with a snapshot are asked for another one with. Without a connection it does nothing,
// because the next one subscribes to everything.
func (c *Client) Renew(names ...string) {
	l := c.current.Load()
	if l == nil {
		return
	}
	again := slices.DeleteFunc(c.wanted(), func(s Stream) bool { return !slices.Contains(names, s.Name) })
	if len(again) > 0 {
		c.unsubscribe(l, names)
		c.subscribe(l, again)
	}
}

func (c *Client) changed() {
	select {
	case c.notify <- struct{}{}:
	default:
	}
}

// Excuse tells that a stream's silence is right, because the market it belongs
// to was found to be quiet by other means. Its silence begins anew and may last
// twice as long, up to 16 times its Silence, until data comes faster again.
func (c *Client) Excuse(stream string) {
	if l := c.current.Load(); l != nil {
		l.board.excuse(stream, time.Now())
	}
}

// Drop ends the current connection for a reason of the caller's; another one is
// opened as after any failure.
func (c *Client) Drop(reason error) {
	if l := c.current.Load(); l != nil {
		l.close(fmt.Errorf("dropped: %w", reason))
	}
}

// Send queues a frame on the current connection; it must not be changed after.
// The error is ErrDown or ErrBusy, and then nothing is sent. A nil error does
// not mean that the frame will arrive.
func (c *Client) Send(frame []byte) error {
	l := c.current.Load()
	if l == nil {
		return fmt.Errorf("sending to %s: %w", c.o.Name, ErrDown)
	}
	if !l.send(frame) {
		return fmt.Errorf("sending to %s: %w", c.o.Name, ErrBusy)
	}
	return nil
}

// run connects again and again.
func (c *Client) run() {
	defer close(c.ended)
	for c.ctx.Err() == nil {
		l, err := c.connect()
		if err != nil {
			c.failed(err)
		}
		for l != nil {
			c.current.Store(l)
			l = c.watch(l)
			c.current.Store(nil)
		}
		if err := c.pause(); err != nil {
			return
		}
	}
}

// pause waits out the backoff, and a ban.
func (c *Client) pause() error {
	if c.failures == 0 {
		return c.ctx.Err()
	}
	return Sleep(c.ctx, max(c.o.backoff(c.failures), time.Until(c.hold)))
}

// failed notes a failure.
func (c *Client) failed(err error) {
	if c.ctx.Err() != nil {
		return
	}
	c.failures++
	c.tally.failed(err, c.failures)
	var h *HandshakeError
	if errors.As(err, &h) && h.RetryAfter > 0 {
		c.hold = time.Now().Add(h.RetryAfter)
	}
}

// connect opens a connection and asks for everything wanted.
func (c *Client) connect() (*link, error) {
	if err := c.o.Attempts.Wait(c.ctx); err != nil {
		return nil, err
	}
	url := c.o.URLs[c.failures%len(c.o.URLs)]
	greeting, err := c.o.Protocol.Greet()
	if err != nil {
		return nil, fmt.Errorf("greeting %s: %w", url, err)
	}
	conn, err := dial(c.ctx, &c.o, url)
	if err != nil {
		return nil, err
	}
	c.links++
	c.tally.connected()
	l := newLink(c.links, url, conn, &c.o, &c.tally)
	for _, frame := range greeting {
		l.send(frame)
	}
	if c.o.Await {
		l.start()
		if err := c.await(l); err != nil {
			return nil, err
		}
		c.subscribe(l, c.wanted())
		return l, nil
	}
	c.subscribe(l, c.wanted())
	l.start()
	return l, nil
}

// await waits until the greeting was answered, or ends the connection.
func (c *Client) await(l *link) error {
	limit := time.NewTimer(c.o.ReplyWithin)
	defer limit.Stop()
	var err error
	select {
	case <-l.greeted:
		return nil
	case <-c.ctx.Done():
		l.close(nil)
	case <-l.done:
	case <-limit.C:
		err = fmt.Errorf("greeting %s: %w within %s", l.url, ErrNoReply, c.o.ReplyWithin)
		l.close(err)
	}
	<-l.done
	if err = l.err; err == nil {
		err = c.ctx.Err()
	}
	return err
}

func (c *Client) wanted() []Stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.want)
}

// subscribe asks for streams, in batches.
func (c *Client) subscribe(l *link, streams []Stream) {
	for batch := range slices.Chunk(streams, c.o.BatchStreams) {
		names := make([]string, len(batch))
		for i, s := range batch {
			names[i] = s.Name
		}
		id := c.request.Add(1)
		frame := c.o.Protocol.Subscribe(id, names)
		l.board.add(batch, request{id: id, streams: names, frame: frame})
		c.queue(l, frame)
	}
}

// again asks for what was refused, a part at a time, as far as there is room in the queue.
func (c *Client) again(l *link) {
	for _, part := range l.board.retry(time.Now(), (queued-len(l.out))/2) {
		c.subscribe(l, part)
	}
}

// unsubscribe takes streams off a connection.
func (c *Client) unsubscribe(l *link, names []string) {
	for batch := range slices.Chunk(names, c.o.BatchStreams) {
		c.queue(l, c.o.Protocol.Unsubscribe(c.request.Add(1), batch))
	}
}

// queue drops the connection when a request cannot even be queued: it would not
// be what the board says it is.
func (c *Client) queue(l *link, frame []byte) {
	if !l.send(frame) {
		l.close(fmt.Errorf("subscribing at %s: %w", l.url, ErrBusy))
	}
}
