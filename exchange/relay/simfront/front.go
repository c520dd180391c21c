// Package simfront is a relay to try package relay against: the protocol of the guide, over
// the books of simulated exchanges, so that what it shows is what they show, only later and
// worse.
//
// What the guide leaves open is decided here like this:
//
//   - One socket a symbol, at /v1/ws/HOUSE/futures/SYMBOL with the symbol in small letters;
//     perpetuals and dated contracts, no spot. Without the header "Authorization: Bearer KEY" the
//     answer is 401 with the guide's body; of an unknown house or symbol it is 404.
//   - A subscription is answered with a snapshot, and so is each further one. Frames that are no
//     subscription and no ping are answered {"type":"error","message":…}.
//   - The book is looked at every 100 ms, and what changed in its first levels (10 where the
//     subscription says no depth) is an update; a level that falls out of the depth has quantity 0. Ids
//     count the updates of a socket from 1, and begin anew with it.
//   - Prices are JSON numbers and quantities text on the first connection, the other way
//     round on the next, and so on: a reader must take both.
//   - {"type":"ping"} is answered {"type":"pong"}. No message has a time.
//
// # Faults
//
// POST /v1/faults takes {"kind":"gap","symbol":"btcusdt","seconds":5}, GET lists the kinds and
// what struck so far. Without symbol all connections are struck. By seed they come by themselves.
//
//	gap     one update of each book is left out, without a sign
//	stall   nothing but pongs comes for some seconds (5), and nothing that was missed after
//	late    all updates come some seconds (5) long a second later than they should
//	drop    the connections are closed
//	cross   one update crosses the book
//	mute    pings are not answered for some seconds (5)
package simfront

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/wire"
)

// The addresses below a host.
const (
	wsPath     = "/v1/ws"
	faultsPath = "/v1/faults"
)

// Relay passes on the books of simulated exchanges. Its methods may be called by any
// goroutine.
type Relay struct {
	key    string
	houses map[string]*simserver.Exchange

	mu    sync.Mutex
	conns map[*conn]bool
	begun int // connections so far
	fired []Fault
}

// New returns a relay that takes one key.
func New(key string) *Relay {
	return &Relay{key: key, houses: map[string]*simserver.Exchange{}, conns: map[*conn]bool{}}
}

// Add lets it pass on the books of a house. It is called before the first request.
func (r *Relay) Add(house string, x *simserver.Exchange) { r.houses[house] = x }

// Paths are the paths that are its own.
func (r *Relay) Paths() []string { return []string{wsPath, faultsPath} }

// Describe lists its addresses below a host.
func (r *Relay) Describe(listen string) map[string]string {
	return map[string]string{"url": "ws://" + listen + wsPath + "/{house}/futures/{symbol}", "key": r.key, "faults": "http://" + listen + faultsPath}
}

// Before gives the relay's paths to it and all others to another handler.
func (r *Relay) Before(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == faultsPath || strings.HasPrefix(q.URL.Path, wsPath+"/") {
			r.ServeHTTP(w, q)
			return
		}
		h.ServeHTTP(w, q)
	})
}

// ServeHTTP implements http.Handler.
func (r *Relay) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if why := simserver.Foreign(q); why != "" {
		http.Error(w, why, http.StatusForbidden)
		return
	}
	if q.URL.Path == faultsPath {
		r.control(w, q)
		return
	}
	if q.Header.Get("Authorization") != "Bearer "+r.key {
		answer(w, http.StatusUnauthorized, "Invalid API key or signature")
		return
	}
	part := strings.Split(strings.TrimPrefix(q.URL.Path, wsPath+"/"), "/")
	if len(part) != 3 || part[1] != "futures" {
		answer(w, http.StatusNotFound, "want /v1/ws/HOUSE/futures/SYMBOL")
		return
	}
	x := r.houses[part[0]]
	in := contract(x, part[2])
	if in == nil {
		answer(w, http.StatusNotFound, fmt.Sprintf("nothing is relayed of %s %s", part[0], part[2]))
		return
	}
	defer x.Connect()()
	peer, err := wire.Accept(w, q, wire.PeerOptions{Queue: 1 << 10, MaxFrame: 16 << 10})
	if err != nil {
		return // it has answered
	}
	c := r.join(peer, x, in)
	c.serve()
	r.leave(c)
	peer.Close(1000, "")
}

// answer is a refusal as the guide shows one.
func answer(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{"code": status, "message": message}})
}

// contract is the instrument of a symbol in small letters; nil when there is none.
func contract(x *simserver.Exchange, symbol string) (in *exchange.Instrument) {
	if x == nil {
		return nil
	}
	x.Do(func(s *simserver.State) {
		for _, m := range s.Markets() {
			if m.In.Perp() && strings.ToLower(m.In.Symbol) == symbol {
				in = m.In
				return
			}
		}
	})
	return in
}

func (r *Relay) join(peer *wire.Peer, x *simserver.Exchange, in *exchange.Instrument) *conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := &conn{peer: peer, x: x, in: in, texts: r.begun%2 == 1, done: make(chan struct{})}
	r.begun++
	r.conns[c] = true
	return c
}

func (r *Relay) leave(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
	close(c.done)
}

// Fault is what goes wrong.
type Fault struct {
	Kind    string  `json:"kind"`
	Symbol  string  `json:"symbol,omitempty"` // in small letters; "": all
	Seconds float64 `json:"seconds,omitempty"`
}

// Kinds are the kinds of faults.
func Kinds() []string { return []string{"gap", "stall", "late", "drop", "cross", "mute"} }

const (
	usualSeconds = 5
	mostSeconds  = 3600
	keepFired    = 1000
)

// Strike makes something go wrong. The error says what is wrong with the fault.
func (r *Relay) Strike(f Fault) error {
	if f.Seconds == 0 {
		f.Seconds = usualSeconds
	}
	known := false
	for _, k := range Kinds() {
		known = known || k == f.Kind
	}
	switch {
	case !known:
		return fmt.Errorf("kind %q: want %s", f.Kind, exchange.OneOf(Kinds()))
	case !(f.Seconds > 0 && f.Seconds <= mostSeconds):
		return fmt.Errorf("seconds %g: want more than 0, at most %d", f.Seconds, mostSeconds)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.fired) < keepFired {
		r.fired = append(r.fired, f)
	}
	for c := range r.conns { // order does not matter: each is struck alike
		if f.Symbol == "" || strings.EqualFold(c.in.Symbol, f.Symbol) {
			c.strike(f)
		}
	}
	return nil
}

// Misbehave strikes by itself until done is closed, with what a seed decides.
func (r *Relay) Misbehave(done <-chan struct{}, seed uint64, every time.Duration) {
	rng := rand.New(rand.NewPCG(seed, 0x72656c6179))
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			_ = r.Strike(Fault{Kind: Kinds()[rng.IntN(len(Kinds()))], Seconds: 1 + rng.Float64()*10}) // in range
		}
	}
}

// control is the door to the faults.
func (r *Relay) control(w http.ResponseWriter, q *http.Request) {
	if q.Method == http.MethodPost {
		var f Fault
		d := json.NewDecoder(http.MaxBytesReader(w, q.Body, 1<<16))
		d.DisallowUnknownFields()
		err := d.Decode(&f)
		if err == nil {
			err = r.Strike(f)
		}
		if err != nil {
			answer(w, http.StatusBadRequest, err.Error())
			return
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"kinds": Kinds(), "fired": r.fired, "connections": len(r.conns)})
}
