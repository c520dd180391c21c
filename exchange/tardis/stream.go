package tardis

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange/record"
	"github.com/perilune/perilune/exchange/wire"
)

// Bounds of a stream. When the queue is full nothing more is read, and tardis-machine
// waits: a session may be slower than the replay.
const (
	queued      = 256              // messages that wait for the session
	mostMessage = 16 << 20         // bytes; a book of thousands of levels has 0.3 MB
	headCount   = 20_000           // messages that are looked at for instruments and steps
	headBytes   = 32 << 20         // and their bytes
	headLive    = 5 * time.Second  // and how long it may take: of data as they come
	headReplay  = time.Minute      // and of a replay, whose head is nearly always cut by the bounds above
	kept        = 20 * time.Second // between pings: the server drops who says nothing for 60 s
)

// Patience says how long nothing may come. The zero value is the usual one.
type Patience struct {
	First time.Duration // before the first message; 0: 60 s, in which a replay fetches its first minutes
	Next  time.Duration // after it; 0: 20 s, below what is taken for a session that hangs
}

func (p Patience) filled() Patience {
	if p.First == 0 {
		p.First = time.Minute
	}
	if p.Next == 0 {
		p.Next = 20 * time.Second
	}
	return p
}

// Open begins the stream, and reads its first messages. When ctx is done the stream is at its
// end.
func (m *Machine) Open(ctx context.Context, p Patience) (*record.Stream, error) {
	p = p.filled()
	ctx, cancel := context.WithCancel(ctx)
	s := &stream{m: m, patience: p, lines: make(chan []byte, queued), quit: ctx.Done(), cancel: cancel}
	var err error
	if m.at.Scheme == "ws" || m.at.Scheme == "wss" {
		err = s.dial(ctx)
	} else {
		err = s.get(ctx)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	head, err := s.head()
	if err != nil {
		_ = s.Close() // the error is what is told
		return nil, err
	}
	return &record.Stream{Name: m.name, Asked: m.asked, Head: head, Rest: s}, nil
}

// stream is the messages of a connection, in a bounded queue.
type stream struct {
	m        *Machine
	patience Patience
	lines    chan []byte // closed at the end
	err      error       // why; read after lines is closed
	taken    int
	timer    *time.Timer
	ended    error // an end that head came to

	quit   <-chan struct{}
	cancel context.CancelFunc
	shut   func() // the connection
	work   sync.WaitGroup
}

func (s *stream) dial(ctx context.Context) error {
	conn, err := wire.DialPull(ctx, s.m.at.String(), wire.PullOptions{Handshake: s.patience.First, MaxFrame: mostMessage, PingEvery: kept})
	var answer *wire.HandshakeError
	switch {
	case errors.As(err, &answer):
		return fmt.Errorf("%s: it answers with HTTP status %d and no websocket: want tardis-machine's port for websockets, which is the one above that of HTTP (8001)", s.m.at.Host, answer.Status)
	case err != nil:
		return fmt.Errorf("%s can't be reached: %w: does tardis-machine run there? Its websockets are at the port above that of HTTP (8001)", s.m.at.Host, err)
	}
	s.shut = conn.Close
	s.work.Add(1)
	go s.read(conn.Next)
	return nil
}

func (s *stream) get(ctx context.Context) error {
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: s.patience.First}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.m.at.String(), nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: t}).Do(req)
	if err != nil {
		return fmt.Errorf("%s can't be reached: %w: does tardis-machine run there? HTTP is at the port below that of websockets (8000)", s.m.at.Host, errors.Unwrap(err))
	}
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 300)) // what there is of it
		_ = resp.Body.Close()
		t.CloseIdleConnections()
		return fmt.Errorf("%s: HTTP status %d: %s", s.m.at.Host, resp.StatusCode, bytes.TrimSpace(text))
	}
	s.shut = func() { _ = resp.Body.Close(); t.CloseIdleConnections() }
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, mostMessage)
	s.work.Add(1)
	go s.read(func() ([]byte, error) {
		for lines.Scan() {
			if line := bytes.TrimSpace(lines.Bytes()); len(line) > 0 {
				return bytes.Clone(line), nil
			}
		}
		if lines.Err() != nil {
			return nil, lines.Err()
		}
		return nil, io.EOF
	})
	return nil
}

func (s *stream) read(next func() ([]byte, error)) {
	defer s.work.Done()
	defer close(s.lines)
	for {
		line, err := next()
		if err != nil {
			s.err = s.why(err)
			return
		}
		select {
		case s.lines <- line:
		case <-s.quit:
			s.err = io.EOF
			return
		}
	}
}

// why says what an end means.
func (s *stream) why(err error) error {
	var closed *wire.CloseError
	over := errors.Is(err, io.EOF)
	if errors.As(err, &closed) {
		switch closed.Code {
		case wire.CloseNormal, wire.CloseNoCode:
			over = true
		case wire.CloseFailed:
			return fmt.Errorf("tardis-machine gave up: %s", closed.Text)
		case wire.ClosePolicy:
			return fmt.Errorf("tardis-machine found this side too slow (%s): replay over http:// (%s), or with --speed max", closed.Text, pathReplayHTTP)
		default:
			return fmt.Errorf("the stream broke off: %w: is tardis-machine still running? A replay ends with close code 1000", err)
		}
	}
	switch {
	case over && s.m.live:
		return errors.New("tardis-machine ended a stream that has no end: is it still running?")
	case over:
		return io.EOF
	case errors.Is(err, wire.ErrTooLong) || errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("a message has more than %d MB: want normalised messages, each a websocket message or a line", mostMessage>>20)
	}
	return fmt.Errorf("the stream broke off: %w: is tardis-machine still running?", err)
}

// Next implements record.Messages.
func (s *stream) Next() ([]byte, error) {
	if s.ended != nil {
		return nil, s.ended
	}
	return s.within(s.patience.Next)
}

func (s *stream) within(patience time.Duration) ([]byte, error) {
	select {
	case line, ok := <-s.lines:
		return s.took(line, ok)
	default:
	}
	if s.timer == nil {
		s.timer = time.NewTimer(patience)
	} else {
		s.timer.Reset(patience)
	}
	defer s.timer.Stop()
	select {
	case line, ok := <-s.lines:
		return s.took(line, ok)
	case <-s.quit:
		return nil, io.EOF
	case <-s.timer.C:
		return nil, &quietError{patience, s.taken}
	}
}

func (s *stream) took(line []byte, ok bool) ([]byte, error) {
	if ok {
		s.taken++
		return line, nil
	}
	if s.err == io.EOF {
		return nil, io.EOF
	}
	return nil, fmt.Errorf("after %d messages: %w", s.taken, s.err)
}

// quietError says that nothing came.
type quietError struct {
	patience time.Duration
	taken    int
}

func (e *quietError) Error() string {
	if e.taken == 0 {
		return fmt.Sprintf("nothing came for %s: want an exchange, symbols and days that Tardis has, and a key in tardis-machine for days that are not the first of a month", e.patience)
	}
	return fmt.Sprintf("nothing came for %s after %d messages: is tardis-machine still fetching, and its exchange still up?", e.patience, e.taken)
}

// head reads the first messages: as many as tell what there is.
func (s *stream) head() (out [][]byte, err error) {
	line, err := s.within(s.patience.First)
	long := headReplay
	if s.m.live {
		long = headLive
	}
	until := time.Now().Add(long)
	for size := 0; err == nil; {
		out = append(out, line)
		size += len(line)
		left := min(s.patience.Next, time.Until(until))
		if len(out) == headCount || size >= headBytes || left <= 0 {
			return out, nil
		}
		line, err = s.within(left)
	}
	var quiet *quietError
	switch {
	case len(out) > 0 && errors.As(err, &quiet) && quiet.patience < s.patience.Next:
		return out, nil
	case len(out) > 0:
		s.ended = err // it comes when these were played
		return out, nil
	case errors.Is(err, io.EOF):
		return nil, errors.New("the stream ended without a message: want an exchange, symbols and days that Tardis has")
	}
	return nil, err
}

// Close implements record.Messages.
func (s *stream) Close() error {
	s.cancel()
	s.shut()
	s.work.Wait()
	return nil
}
