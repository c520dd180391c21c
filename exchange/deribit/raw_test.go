package deribit_test

import (
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/simserver"
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

// The simulated venue serves raw books to nobody who is not signed in.
func TestRawBooksAreRefused(t *testing.T) {
	x := start(t, now(), plenty)
	conn, _, err := websocket.DefaultDialer.DialContext(t.Context(), x.endpoints().WS, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ask := func(books string) string {
		if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"jsonrpc":"2.0","id":1,"method":"public/subscribe","params":{"channels":["book.BTC-PERPETUAL.`+books+`"]}}`)); err != nil {
			t.Fatal(err)
		}
		_, answer, err := conn.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		return string(answer)
	}
	if got := ask("raw"); !strings.Contains(got, `"code":13778`) || !strings.Contains(got, "raw_subscriptions_not_available_for_unauthorized") {
		t.Error(got)
	}
	if got := ask("100ms"); !strings.Contains(got, `"result":["book.BTC-PERPETUAL.100ms"]`) {
		t.Error(got)
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
