package simserver

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange/wire"
)

// Answer is what a request over HTTP is answered with.
type Answer struct {
	Status int
	Header map[string]string
	Body   []byte
	Delay  time.Duration // a fault: it is kept back for so long
	Reset  bool          // a fault: the connection is reset instead
}

// ServeREST answers a request: pages of other sites are refused, paths under Prefix are the
// exchange's own, and the rest is answered by do, which runs in the loop and is given the
// body.
func (x *Exchange) ServeREST(w http.ResponseWriter, r *http.Request, do func(s *State, body []byte) *Answer) {
	if why := Foreign(r); why != "" {
		answer(w, http.StatusForbidden, problem{why})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "reading the body: "+err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	if strings.HasPrefix(r.URL.Path, Prefix) {
		x.Control(w, r, body)
		return
	}
	var a *Answer
	if !x.Do(func(s *State) { a = do(s, body) }) {
		http.Error(w, "the simulated exchange has stopped", http.StatusServiceUnavailable)
		return
	}
	x.Hold(r.Context(), a.Delay)
	if a.Reset {
		wire.Reset(w)
		return
	}
	for k, v := range a.Header { // order does not matter: HTTP sorts headers
		w.Header().Set(k, v)
	}
	write(w, a.Status, a.Body)
}

// Hold waits, a fault, unless the client or the exchange has gone before.
func (x *Exchange) Hold(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-x.Closed():
	}
}

// Socket is a websocket address of a front. Its functions run in the loop.
type Socket struct {
	Options wire.PeerOptions
	// Segment and Route are how faults find its connections; a segment of nil: any.
	Segment *Segment
	Route   string
	// Join takes a connection in that [Links] knows already, Take what its client sends,
	// and Leave forgets it.
	Join  func(c *Conn)
	Take  func(c *Conn, frame []byte)
	Leave func(c *Conn)
}

// ServeSocket serves a websocket connection until it ends.
func (x *Exchange) ServeSocket(w http.ResponseWriter, r *http.Request, k Socket) {
	defer x.Connect()()
	if why := Foreign(r); why != "" {
		http.Error(w, why, http.StatusForbidden)
		return
	}
	closed := true
	x.Do(func(s *State) { closed = s.Faults.Closed(k.Segment) })
	if closed {
		http.Error(w, "Service Unavailable.", http.StatusServiceUnavailable)
		return
	}
	peer, err := wire.Accept(w, r, k.Options)
	if err != nil {
		x.Do(func(s *State) { s.Log(err.Error()) })
		return
	}
	c := &Conn{Peer: peer, Segment: k.Segment, Route: k.Route}
	joined := x.Do(func(s *State) { s.Links.Join(c); k.Join(c) })
	for joined {
		frame, err := peer.Read()
		if err != nil || !x.Do(func(*State) { k.Take(c, frame) }) {
			break
		}
	}
	if joined {
		x.Do(func(s *State) { s.Links.Leave(c); k.Leave(c) })
	}
	peer.Close(1000, "")
}
