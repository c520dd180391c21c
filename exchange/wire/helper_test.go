package wire

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/perilune/perilune/exchange/wire/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// plain is a protocol of words: "sub 7 a,b" is answered "ok 7" or "no 7", and
// data is "a|payload".
type plain struct{ greeting []string }

func (p plain) Greet() (out [][]byte, err error) {
	for _, g := range p.greeting {
		out = append(out, []byte(g))
	}
	return out, nil
}

func (plain) Subscribe(id uint64, streams []string) []byte {
	return fmt.Appendf(nil, "sub %d %s", id, strings.Join(streams, ","))
}

func (plain) Unsubscribe(id uint64, streams []string) []byte {
	return fmt.Appendf(nil, "unsub %d %s", id, strings.Join(streams, ","))
}

func (plain) Classify(frame []byte) Message {
	text := string(frame)
	if stream, _, ok := strings.Cut(text, "|"); ok {
		return Message{Class: Data, Stream: []byte(stream)}
	}
	word, rest, _ := strings.Cut(text, " ")
	id, _ := strconv.ParseUint(rest, 10, 64)
	switch word {
	case "ok":
		return Message{Class: Reply, ID: id}
	case "no":
		return Message{Class: Reply, ID: id, Err: errors.New("no such stream")}
	case "shutdown":
		return Message{Class: Shutdown}
	}
	return Message{}
}

// recorder is the Handler of every connection of a test.
type recorder struct {
	mu     sync.Mutex
	frames []string
	notes  []string // what else was told, with the connection's number
	downs  []error
}

type recorded struct {
	*recorder
	conn uint64
}

func (r *recorder) open(conn uint64) Handler {
	r.note("open %d", conn)
	return recorded{r, conn}
}

func (r *recorder) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

func (r recorded) Frame(frame []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.frames = append(r.frames, string(frame))
	if string(frame) == "poison" {
		return errors.New("poisoned")
	}
	return nil
}

func (r recorded) Subscribed(s []string) { r.note("subscribed %d %s", r.conn, strings.Join(s, ",")) }
func (r recorded) Stalled(s []string)    { r.note("stalled %d %s", r.conn, strings.Join(s, ",")) }

func (r recorded) Down(err error) {
	r.note("down %d %t", r.conn, err == nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.downs = append(r.downs, err)
}

func (r *recorder) all() (frames, notes []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.frames...), append([]string(nil), r.notes...)
}

func (r *recorder) lastDown() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.downs) == 0 {
		return nil
	}
	return r.downs[len(r.downs)-1]
}

// side is the server's end of a connection.
type side struct {
	*websocket.Conn
	n  int // counts connections from 1
	mu sync.Mutex
}

func (s *side) say(format string, args ...any) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, args...))
}

// answer reads requests until the connection ends, accepts every subscription
// and passes all requests on.
func (s *side) answer(seen func(text string)) {
	for {
		_, b, err := s.ReadMessage()
		if err != nil {
			return
		}
		if seen != nil {
			seen(string(b))
		}
		if word, rest, _ := strings.Cut(string(b), " "); word == "sub" {
			id, _, _ := strings.Cut(rest, " ")
			if s.say("ok %s", id) != nil {
				return
			}
		}
	}
}

// serve runs a server over pipes; each connection is handed to f.
func serve(t *testing.T, f func(*side)) *wiretest.Network {
	p := wiretest.New()
	var mu sync.Mutex
	var running sync.WaitGroup
	n := 0
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Done()
		var up websocket.Upgrader
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		mu.Lock()
		n++
		s := &side{Conn: c, n: n}
		mu.Unlock()
		f(s)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(p) }()
	t.Cleanup(func() { p.Close(); srv.Close(); <-done; running.Wait() })
	return p
}

func options(p *wiretest.Network, r *recorder, streams ...Stream) Options {
	return Options{URLs: []string{"ws://venue.test/stream"}, Protocol: plain{}, Open: r.open, Dial: p.Dial, Streams: streams,
		Jitter: func() float64 { return 1 }}
}

func start(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// every calls f at intervals until it fails.
func every(d time.Duration, f func(i int) error) {
	for i := 0; ; i++ {
		if f(i) != nil {
			return
		}
		time.Sleep(d)
	}
}
