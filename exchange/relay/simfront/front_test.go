package simfront_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/relay"
	"github.com/perilune/perilune/exchange/relay/simfront"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
)

// client keeps the books of a relay as a session would.
type client struct {
	mu    sync.Mutex
	books []*book.Book
	gaps  []string
}

func (c *client) Post(ev *exchange.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ev.Kind == exchange.KindGap {
		c.gaps = append(c.gaps, ev.Reason)
	}
	if ev.Instrument >= 0 {
		c.books[ev.Instrument].Apply(ev)
	}
}

// until waits for a condition, within a bound.
func (c *client) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		c.mu.Lock()
		is := ok()
		c.mu.Unlock()
		if is {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("it never came to: %s; gaps %q", what, c.gaps)
}

func TestTheRelaysBooksAreThoseOfTheExchange(t *testing.T) {
	begin := exchange.Time(time.Now().UnixNano())
	feed, err := synth.New(synth.Options{Seed: 3, Start: begin - begin%exchange.Minute - exchange.Hour, Step: exchange.Second})
	if err != nil {
		t.Fatal(err)
	}
	x, err := simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed, Begin: begin, Seed: 3, Speed: 20})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	r := simfront.New("hs_test_1")
	r.Add("binance", x)
	srv := httptest.NewServer(r.Before(http.NotFoundHandler()))
	defer srv.Close()

	var listed connect.Listings
	c := &client{}
	for _, in := range feed.Universe().All() {
		if in.Perp() && !in.Dated() && len(listed) < 2 {
			y := *in
			y.Linking = exchange.LinkUnproved
			listed = append(listed, connect.Listing{Instrument: &y, Trading: true})
			c.books = append(c.books, book.New(&y))
		}
	}
	o := relay.Options{URL: strings.Replace(r.Describe(srv.Listener.Addr().String())["url"], "http", "ws", 1), Key: sign.NewSecret("hs_test_1"), Depth: 10, Stale: time.Second}
	c.mu.Lock() // books are known before anything comes
	m, err := relay.Open(o, listed, connect.DataOptions{Notice: func(connect.Notice) {}}, c)
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Unlock()
	defer m.Close()
	equal := func() bool {
		same := true
		for i, l := range listed {
			x.Do(func(s *simserver.State) {
				for _, k := range s.Markets() {
					if k.In.Symbol != l.Instrument.Symbol || k.In.Venue != l.Instrument.Venue {
						continue
					}
					for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
						want, got := k.Book.AppendLevels(nil, side, 10), c.books[i].AppendLevels(nil, side, 100)
						same = same && len(got) == len(want)
						for n := range want {
							same = same && n < len(got) && got[n] == want[n]
						}
					}
				}
			})
		}
		return same
	}
	applied := func(n uint64) func() bool {
		return func() bool { return c.books[0].Stats().Applied > n && c.books[1].Stats().Applied > n }
	}
	c.until(t, "books", applied(5))
	c.until(t, "the exchange's books to the last level", equal)
	for _, kind := range []string{"gap", "cross", "drop"} {
		post(t, srv.URL, `{"kind":"`+kind+`"}`, http.StatusOK)
		before := c.books[0].Stats().Applied
		c.until(t, "going on after "+kind, applied(before+5))
	}
	c.until(t, "a gap that was told", func() bool { return len(c.gaps) > 0 })
	post(t, srv.URL, `{"kind":"rain"}`, http.StatusBadRequest)
	post(t, srv.URL, `{"kind":"stall","hours":2}`, http.StatusBadRequest)
}

func post(t *testing.T, url, body string, want int) {
	t.Helper()
	a, err := http.Post(url+"/v1/faults", "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if text, _ := io.ReadAll(a.Body); a.StatusCode != want {
		t.Errorf("%s: %d %s", body, a.StatusCode, text)
	}
}

func TestRefusals(t *testing.T) {
	srv := httptest.NewServer(simfront.New("k"))
	defer srv.Close()
	for path, want := range map[string]int{"/v1/ws/binance/futures/btcusdt": http.StatusNotFound, "/v1/ws/nowhere": http.StatusNotFound} {
		for _, key := range []string{"k", "another"} {
			q, err := http.NewRequest(http.MethodGet, srv.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			q.Header.Set("Authorization", "Bearer "+key)
			a, err := http.DefaultClient.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := io.ReadAll(a.Body)
			a.Body.Close()
			status := want
			if key != "k" {
				status = http.StatusUnauthorized
			}
			if a.StatusCode != status || !strings.Contains(string(text), `"error":{"code":`) {
				t.Errorf("%s with %s: %d %s", path, key, a.StatusCode, text)
			}
		}
	}
}
