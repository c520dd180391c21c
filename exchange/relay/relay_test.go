package relay_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/relay"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/wire"
)

// service is a relay of one symbol as the guide describes it.
type service struct {
	mu    sync.Mutex
	asked []string // subscriptions, as they came
	peer  *wire.Peer
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer hs_test_key" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":{"code":401,"message":"Invalid API key or signature"}}`)
		return
	}
	if r.URL.Path != "/v1/ws/house/futures/btcusdt" {
		http.NotFound(w, r)
		return
	}
	p, err := wire.Accept(w, r, wire.PeerOptions{})
	if err != nil {
		return
	}
	for {
		frame, err := p.Read()
		if err != nil {
			return
		}
		switch {
		case strings.Contains(string(frame), `"ping"`):
			p.Send([]byte(`{"type":"pong"}`))
		default:
			s.mu.Lock()
			s.asked, s.peer = append(s.asked, string(frame)), p
			n := len(s.asked)
			s.mu.Unlock()
			p.Send(fmt.Appendf(nil, `{"type":"snapshot","bids":[[99.9,"2"],["99.8",1.5],[99.7,1]],"asks":[[100.1,3]],"updateId":%d}`, 100*n))
		}
	}
}

func (s *service) send(frames ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range frames {
		s.peer.Send([]byte(f))
	}
}

func (s *service) subscriptions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.asked)
}

// heard keeps events as text.
type heard struct {
	mu   sync.Mutex
	list []string
}

func (h *heard) Post(ev *exchange.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, fmt.Sprintf("%s %d %v %v%s", ev.Kind, ev.LastID, ev.Bids, ev.Asks, ev.Reason))
}

func (h *heard) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.list, "\n")
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if ok() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("not within a minute: %s", what)
}

func listed() connect.Listings {
	return connect.Listings{{Trading: true, Instrument: &exchange.Instrument{Venue: "house.linear", Symbol: "BTCUSDT", Contract: exchange.Linear, Base: "BTC",
		Quote: "USDT", Multiplier: 1, Tick: exchange.Step{M: 1, Scale: 1}, Lot: exchange.Step{M: 1, Scale: 1}}}}
}

// TestARelaysBook goes through a socket: numbers and text, what is old, what lies too deep,
// and a crossed book, which is begun anew.
func TestARelaysBook(t *testing.T) {
	s, h := &service{}, &heard{}
	srv := httptest.NewServer(s)
	defer srv.Close()
	at := "ws" + strings.TrimPrefix(srv.URL, "http") + "/v1/ws/" + relay.House + "/futures/" + relay.Placeholder
	m, err := relay.Open(relay.Options{URL: at, Key: sign.NewSecret("hs_test_key"), Depth: 2}, listed(), connect.DataOptions{}, h)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	until(t, "the first snapshot", func() bool { return h.text() != "" })
	if in := m.Universe().Get(0); in.Linking.Integrity() != exchange.Unverifiable {
		t.Errorf("integrity %s", in.Linking.Integrity())
	}
	s.send(`{"type":"update","b":[["100.0","1"]],"a":[],"u":101}`, `{"type":"update","b":[[1,1]],"a":[],"u":101}`, `{"type":"hello"}`,
		`{"type":"update","b":[],"a":[[100.1,0],[100.2,4.05]]}`, `{"type":"update","b":[[100.2,9]],"a":[],"u":105}`)
	until(t, "a second subscription", func() bool { return s.subscriptions() == 2 })
	until(t, "the second snapshot", func() bool { return strings.Contains(h.text(), "snapshot 200") })
	want := `snapshot 100 [{999 20} {998 15}] [{1001 30}]
diff 101 [{1000 10} {998 0}] []
diff 0 [] [{1001 0} {1002 40}]
diff 105 [{1002 90}] []
gap 0 [] []the relay's book cannot be: crossed at 105: best bid 100.2, best ask 100.2
snapshot 200 [{999 20} {998 15}] [{1001 30}]`
	if got := h.text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if s.asked[0] != `{"type":"subscribe","channel":"orderbook","symbol":"btcusdt","depth":2}` {
		t.Errorf("asked with %s", s.asked[0])
	}
	if hl := m.Health(); hl.Live != 1 || hl.Connections[0].Stalled != 0 || hl.Malformed != 0 {
		t.Errorf("%+v", hl)
	}
}

func TestARelayThatRefuses(t *testing.T) {
	srv := httptest.NewServer(&service{})
	defer srv.Close()
	at := "ws" + strings.TrimPrefix(srv.URL, "http") + "/v1/ws/" + relay.House + "/futures/" + relay.Placeholder
	m, err := relay.Open(relay.Options{URL: at, Key: sign.NewSecret("sk-wrong")}, listed(), connect.DataOptions{}, &heard{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	until(t, "the refusal", func() bool { return strings.Contains(m.Health().Connections[0].LastError, "401") })
	if text := m.Health().Connections[0].LastError; strings.Contains(text, "sk-wrong") {
		t.Errorf("it shows the key: %s", text)
	}
}

func TestOptions(t *testing.T) {
	key := sign.NewSecret("k")
	for want, o := range map[string]relay.Options{
		"key is missing":              {},
		"want ws:// or wss://":        {URL: "https://x/{symbol}", Key: key},
		"where the symbol belongs":    {URL: "wss://x/btcusdt", Key: key},
		"depth 1001: want 1 to 1000":  {Depth: 1001, Key: key},
		"resync 1s: want 10s or more": {Resync: time.Second, Key: key},
		"stale 1ms: want 1s or more":  {Stale: time.Millisecond, Key: key},
	} {
		if _, err := o.Complete(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if o, err := (relay.Options{Key: key}).Complete(); err != nil || o.URL != relay.Usual || o.Depth != 20 || o.Host() != "api.holysheep.ai" {
		t.Errorf("%+v, %v", o, err)
	}
}
