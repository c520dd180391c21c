// Package bybittest is a small Bybit in memory, for tests of its adapter: it speaks the
// venue's protocol over real sockets, has three instruments whose books move, and an
// account. It matches at the touch alone: what is tried is the adapter.
package bybittest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/wire"
)

// Server is the venue.
type Server struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	markets map[string]*market // by "category symbol"
	peers   map[*peer]bool
	faults  map[string]int // how often each is still to happen
	closed  string         // a topic that is refused; "": none
	account account
	stop    chan struct{}
	done    sync.WaitGroup
}

// market is an instrument and its book of five levels a side, in tenths.
type market struct {
	category, symbol string
	mid              int64
	u                int64
	bids, asks       map[int64]string
}

// peer is one connection.
type peer struct {
	*wire.Peer
	category string // "": the private stream
	topics   []string
	signed   bool
}

// Start runs one until the test ends.
func Start(t *testing.T) *Server {
	s := &Server{t: t, peers: map[*peer]bool{}, faults: map[string]int{}, stop: make(chan struct{}), markets: map[string]*market{}}
	for _, m := range []*market{{category: "spot", symbol: "BTCUSDT"}, {category: "linear", symbol: "BTCUSDT"}, {category: "linear", symbol: "ETHUSDT"}, {category: "inverse", symbol: "BTCUSD"}} {
		m.mid, m.u = 600_000, 1000
		m.move()
		s.markets[m.category+" "+m.symbol] = m
	}
	s.account.begin()
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	s.done.Go(s.run)
	t.Cleanup(func() {
		close(s.stop)
		s.done.Wait()
		s.mu.Lock()
		for p := range s.peers { // order does not matter
			p.Drop()
		}
		s.mu.Unlock()
		s.Server.Close()
	})
	return s
}

// Endpoints are its addresses.
func (s *Server) Endpoints() api.Endpoints {
	ws := "ws" + strings.TrimPrefix(s.URL, "http")
	return api.Endpoints{Rest: s.URL, Public: ws + "/v5/public", Private: ws + "/v5/private", Trade: ws + "/v5/trade"}
}

// Fault makes something happen a few times.
func (s *Server) Fault(name string, times int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name == "drop" {
		for p := range s.peers { // order does not matter
			p.Drop()
		}
		return
	}
	s.faults[name] = times
}

// Vanish ends the venue for good, as a network does that is gone: nobody is answered.
func (s *Server) Vanish() {
	s.mu.Lock()
	for p := range s.peers { // order does not matter
		p.Drop()
	}
	s.mu.Unlock()
	s.Listener.Close()
	s.CloseClientConnections()
}

// Refuse makes the venue refuse a topic, and each request that names it.
func (s *Server) Refuse(topic string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = topic
}

// happens takes one of a fault.
func (s *Server) happens(name string) bool {
	if s.faults[name] == 0 {
		return false
	}
	s.faults[name]--
	return true
}

func (m *market) move() {
	m.mid += rand.Int64N(11) - 5
	bids, asks := map[int64]string{}, map[int64]string{}
	for i := range int64(5) {
		bids[m.mid-1-i] = strconv.FormatInt(100+rand.Int64N(900), 10)
		asks[m.mid+1+i] = strconv.FormatInt(100+rand.Int64N(900), 10)
	}
	m.bids, m.asks = bids, asks
	m.u++
}

func price(tenths int64) string { return fmt.Sprintf("%d.%d", tenths/10, tenths%10) }

func side(levels map[int64]string) [][2]string {
	out := [][2]string{}
	for p, q := range levels {
		out = append(out, [2]string{price(p), q})
	}
	return out
}

// delta has what differs; a level that went has the quantity 0.
func delta(was, is map[int64]string) [][2]string {
	out := [][2]string{}
	for p := range was {
		if _, ok := is[p]; !ok {
			out = append(out, [2]string{price(p), "0"})
		}
	}
	for p, q := range is {
		if was[p] != q {
			out = append(out, [2]string{price(p), q})
		}
	}
	return out
}

func bookFrame(topic, kind string, m *market, bids, asks [][2]string) []byte {
	now := time.Now().UnixMilli()
	b, _ := json.Marshal(map[string]any{"topic": topic, "type": kind, "ts": now, "cts": now,
		"data": map[string]any{"s": m.symbol, "b": bids, "a": asks, "u": m.u, "seq": m.u * 7}})
	return b
}

func (m *market) touch() []byte {
	bid, ask := m.mid-1, m.mid+1
	return bookFrame("orderbook.1."+m.symbol, "snapshot", m, [][2]string{{price(bid), m.bids[bid]}}, [][2]string{{price(ask), m.asks[ask]}})
}

func (m *market) ticker(kind string) []byte {
	now := time.Now()
	data := map[string]any{"symbol": m.symbol, "markPrice": price(m.mid)}
	if kind == "snapshot" {
		next := now.Truncate(8 * time.Hour).Add(8 * time.Hour)
		data = map[string]any{"symbol": m.symbol, "markPrice": price(m.mid), "indexPrice": price(m.mid), "fundingRate": "0.0001", "fundingIntervalHour": "8",
			"nextFundingTime": strconv.FormatInt(next.UnixMilli(), 10), "openInterest": "68744"}
	}
	b, _ := json.Marshal(map[string]any{"topic": "tickers." + m.symbol, "type": kind, "cs": m.u, "ts": now.UnixMilli(), "data": data})
	return b
}

func uuid() string {
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", rand.Uint32(), rand.Uint32()&0xffff, rand.Uint32()&0xfff, rand.Uint32()&0xfff, rand.Uint64()&0xffffffffffff)
}

// run moves the markets ten times a second.
func (s *Server) run() {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		s.mu.Lock()
		for _, m := range s.markets {
			s.step(m)
		}
		s.mu.Unlock()
	}
}

func (s *Server) step(m *market) {
	bids, asks := m.bids, m.asks
	m.move()
	frame := bookFrame("orderbook.200."+m.symbol, "delta", m, delta(bids, m.bids), delta(asks, m.asks))
	trade, _ := json.Marshal(map[string]any{"topic": "publicTrade." + m.symbol, "type": "snapshot", "ts": time.Now().UnixMilli(), "data": []any{
		map[string]any{"T": time.Now().UnixMilli(), "s": m.symbol, "S": "Buy", "v": "1", "p": price(m.mid + 1), "i": uuid(), "BT": false, "seq": m.u}}})
	for p := range s.peers {
		if p.category != m.category {
			continue
		}
		for _, topic := range p.topics {
			switch topic {
			case "orderbook.200." + m.symbol:
				s.sendBook(p, m, frame)
			case "orderbook.1." + m.symbol:
				p.Send(m.touch())
			case "publicTrade." + m.symbol:
				p.Send(trade)
			case "tickers." + m.symbol:
				p.Send(m.ticker("delta"))
			}
		}
	}
}

// sendBook sends an update, unless something goes wrong with it.
func (s *Server) sendBook(p *peer, m *market, frame []byte) {
	switch {
	case s.happens("lost"):
	case s.happens("twice"):
		p.Send(frame)
		p.Send(frame)
	case s.happens("garbled"):
		p.Send(frame[:len(frame)/2])
	case s.happens("restart"):
		m.u = 1
		p.Send(bookFrame("orderbook.200."+m.symbol, "snapshot", m, side(m.bids), side(m.asks)))
	case s.happens("restart unseen"): // its snapshot is lost
		m.u = 1
		p.Send(bookFrame("orderbook.200."+m.symbol, "delta", m, [][2]string{}, [][2]string{}))
	default:
		p.Send(frame)
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if rest, ok := strings.CutPrefix(r.URL.Path, "/v5/public/"); ok {
		s.stream(w, r, rest)
		return
	}
	if r.URL.Path == "/v5/private" {
		s.stream(w, r, "")
		return
	}
	if r.URL.Path == "/v5/trade" {
		s.trade(w, r)
		return
	}
	s.rest(w, r)
}

// stream serves a connection until it ends.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, category string) {
	conn, err := wire.Accept(w, r, wire.PeerOptions{})
	if err != nil {
		return
	}
	p := &peer{Peer: conn, category: category}
	s.mu.Lock()
	s.peers[p] = true
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.peers, p)
		s.mu.Unlock()
		conn.Drop()
	}()
	for {
		frame, err := conn.Read()
		if err != nil {
			return
		}
		var q struct {
			ID   string `json:"req_id"`
			Op   string `json:"op"`
			Args []any  `json:"args"`
		}
		if json.Unmarshal(frame, &q) != nil {
			return
		}
		s.mu.Lock()
		s.answer(p, q.Op, q.ID, q.Args)
		s.mu.Unlock()
	}
}

func (s *Server) answer(p *peer, op, id string, args []any) {
	ok, msg := true, ""
	switch op {
	case "ping":
		p.Send([]byte(`{"success":true,"ret_msg":"pong","conn_id":"c","req_id":"","op":"ping"}`))
		return
	case "auth":
		p.signed = len(args) == 3 && s.signs("GET/realtime"+fmt.Sprintf("%.0f", args[1]), args[2])
		ok = p.signed
	case "unsubscribe":
		for _, a := range args {
			p.topics = slices.DeleteFunc(p.topics, func(t string) bool { return t == a })
		}
	case "subscribe":
		if p.category == "" && !p.signed {
			ok, msg = false, "not authorized"
			break
		}
		if i := slices.IndexFunc(args, func(a any) bool { return a == s.closed }); i >= 0 {
			ok, msg = false, fmt.Sprintf("error:handler not found,topic:%s", args[i])
			break
		}
		for _, a := range args {
			topic, _ := a.(string)
			p.topics = append(p.topics, topic)
			s.begin(p, topic)
		}
		if p.category == "spot" {
			msg = "subscribe"
		}
	}
	b, _ := json.Marshal(map[string]any{"success": ok, "ret_msg": msg, "conn_id": "c", "req_id": id, "op": op})
	p.Send(b)
}

// begin sends what a topic begins with, before the acceptance of its subscription.
func (s *Server) begin(p *peer, topic string) {
	i := strings.LastIndexByte(topic, '.')
	m := s.markets[p.category+" "+topic[i+1:]]
	if m == nil {
		return
	}
	switch topic[:i] {
	case "orderbook.200":
		p.Send(bookFrame(topic, "snapshot", m, side(m.bids), side(m.asks)))
	case "orderbook.1":
		p.Send(m.touch())
	case "tickers":
		p.Send(m.ticker("snapshot"))
	}
}
