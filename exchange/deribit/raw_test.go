package deribit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/wire"
)

// posted hands on what a market posts of books.
type posted chan exchange.Event

func (p posted) Post(ev *exchange.Event) {
	if ev.Kind == exchange.KindSnapshot || ev.Kind == exchange.KindDiff {
		select {
		case p <- *ev:
		default: // nobody looks any more
		}
	}
}

// until waits for an event of a kind.
func (p posted) until(t *testing.T, k exchange.Kind) exchange.Event {
	t.Helper()
	limit := time.After(time.Minute)
	for {
		select {
		case ev := <-p:
			if ev.Kind == k {
				return ev
			}
		case <-limit:
			t.Fatalf("no %v", k)
		}
	}
}

// Whoever is not signed in any more signs in anew, once the venue says so, and has its books again.
func TestRawBooksSignInAnew(t *testing.T) {
	x := start(t, now(), plenty)
	v, err := x.section(t, "raw").Open()
	if err != nil {
		t.Fatal(err)
	}
	c, err := v.Browse(t.Context(), connect.DataOptions{Data: connect.Books}, []string{"inverse:BTC-PERPETUAL"})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := c.Choose(t.Context(), []string{"inverse:BTC-PERPETUAL"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	heard := make(posted, 1<<16)
	m, err := c.Open(t.Context(), keys, nil, heard)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	heard.until(t, exchange.KindSnapshot)
	last := heard.until(t, exchange.KindDiff)
	for range 20 {
		next := heard.until(t, exchange.KindDiff)
		if next.PrevID != last.LastID {
			t.Errorf("a change after %d comes after %d", next.PrevID, last.LastID)
		}
		last = next
	}
	x.arm(t, simserver.Fault{Kind: "token_expired"})
	before := m.Health().Connections[0].Connects
	m.Snapshot(last.Instrument)
	heard.until(t, exchange.KindSnapshot)
	heard.until(t, exchange.KindDiff)
	if after := m.Health().Connections[0].Connects; after == before {
		t.Errorf("%d connections, as before: the venue should have refused", after)
	}
}

// asked is a protocol that begins a connection with a request, whose answer its handler takes.
type asked struct {
	request string
	answers chan string
}

func (a asked) Greet() ([][]byte, error)          { return [][]byte{[]byte(a.request)}, nil }
func (asked) Subscribe(uint64, []string) []byte   { return nil }
func (asked) Unsubscribe(uint64, []string) []byte { return nil }
func (asked) Classify([]byte) wire.Message        { return wire.Message{} }
func (asked) Subscribed([]string)                 {}
func (asked) Stalled([]string)                    {}
func (asked) Down(error)                          {}
func (a asked) Frame(frame []byte) error {
	select {
	case a.answers <- string(frame):
	default:
	}
	return nil
}

// The simulated venue serves raw books to nobody who is not signed in.
func TestRawBooksAreRefused(t *testing.T) {
	x := start(t, now(), plenty)
	for books, want := range map[string]string{"raw": `"code":13778,"message":"raw_subscriptions_not_available_for_unauthorized"`, "100ms": `"result":["book.BTC-PERPETUAL.100ms"]`} {
		a := asked{`{"jsonrpc":"2.0","id":1,"method":"public/subscribe","params":{"channels":["book.BTC-PERPETUAL.` + books + `"]}}`, make(chan string, 1)}
		c, err := wire.Start(wire.Options{URLs: []string{x.endpoints().WS}, Protocol: a, Open: func(uint64) wire.Handler { return a }})
		if err != nil {
			t.Fatal(err)
		}
		select {
		case got := <-a.answers:
			if !strings.Contains(got, want) {
				t.Errorf("%s: %s", books, got)
			}
		case <-time.After(time.Minute):
			t.Errorf("%s: no answer", books)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A section says what it lacks.
func TestSectionsOfBooks(t *testing.T) {
	x := start(t, now(), plenty)
	for books, want := range map[string]string{"raw": "give api_key and secret", "10ms": `want "100ms" or "raw"`} {
		s := x.section(t, books)
		s.Key = ""
		if _, err := s.Open(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", books, err, want)
		}
	}
}
