package simserver

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/synth"
)

// venueFront is a plain front that answers its name, with a fault and keys of its own.
type venueFront struct {
	plain
	name  string
	paths []string
}

func (f *venueFront) Paths() []string { return f.paths }
func (f *venueFront) Kinds() Kinds {
	return Kinds{Occasional: []string{"yawn"}, Missing: []string{"418"}}
}
func (f *venueFront) Modes() Modes { return Modes{Hedge: f.name == "there"} }
func (f *venueFront) MakeKeys(a *Account) (any, error) {
	f.s.AddKey("key of "+f.name, a, nil).Passphrase = f.s.KeyText(a, "phrase")[:8]
	return map[string]string{"key": "key of " + f.name}, nil
}
func (f *venueFront) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, f.name)
}

// twoVenues is a market with two houses behind one address, and who serves it.
func twoVenues(t *testing.T) (*Mux, []*Exchange, string) {
	t.Helper()
	m, opened := &Mux{}, time.Now()
	var list []*Exchange
	for i, name := range []string{"here", "there"} {
		h := synth.House{Name: name, List: func(exchange.Time) []synth.Listing {
			in := exchange.Instrument{Venue: exchange.Venue(name + ".linear"), Wallet: exchange.Wallet(name + ".unified"), Symbol: "BTCUSDT", Contract: exchange.Linear, Base: "BTC", Quote: "USDT",
				Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001"), FundingHours: 8, FundingCap: decimal.New(1, -2), FundingFloor: decimal.New(-1, -2)}
			return []synth.Listing{{Instrument: in}}
		}}
		feed, err := synth.New(synth.Options{Seed: 4, Start: exchange.Date(2026, 3, 2), Houses: []synth.House{h}})
		if err != nil {
			t.Fatal(err)
		}
		x, err := New(Options{Universe: feed.Universe(), Feed: feed, Seed: 4, Opened: opened, Salt: name})
		if err != nil {
			t.Fatal(err)
		}
		f := &venueFront{name: name, paths: [][]string{{"/v5", "/ws/v5"}, {"/ws"}}[i]}
		f.venues = []exchange.Venue{exchange.Venue(name + ".linear")}
		if err := x.Attach(f); err != nil {
			t.Fatal(err)
		}
		if err := m.Add(name, x, f); err != nil {
			t.Fatal(err)
		}
		list = append(list, x)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- m.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return m, list, "http://" + l.Addr().String()
}

func ask(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// Paths find their front, and the control door its venue.
func TestMuxDispatches(t *testing.T) {
	_, list, at := twoVenues(t)
	for _, c := range []struct{ method, path, body, has string }{
		{"GET", "/v5/order", "", "here"},
		{"GET", "/ws", "", "there"},
		{"GET", "/ws/api/v2", "", "there"},
		{"GET", "/ws/v5/public", "", "here"},
		{"GET", "/wsx", "", "no venue of here or there answers /wsx"},
		{"GET", "/sim/account?venue=there", "", `"venue":"there"`},
		{"GET", "/sim/account", "", `"venue":"here"`},
		{"GET", "/sim/account?venue=mars", "", "want here or there"},
		{"GET", "/sim/book?market=there.linear&symbol=BTCUSDT", "", `"bids":[[`},
		{"POST", "/sim/faults", `{"kind":"yawn","market":"there.linear"}`, `"kind":"yawn"`},
		{"GET", "/sim/faults", "", `"venue":"there"`},
		{"POST", "/sim/faults", `{"kind":"418"}`, "no such thing at this venue"},
		{"POST", "/sim/faults", `{"kind":"skew","ms":900}`, "["},
		{"GET", "/sim/faults/fired", "", `"venue":"here"`},
		{"DELETE", "/sim/faults", "", "[]"},
		{"POST", "/sim/advance", `{"ms":60000}`, `{"time":`},
		{"POST", "/sim/settings", `{"venue":"there","account":0,"dual_side_position":true}`, `"dual_side_position":true`},
		{"POST", "/sim/settings", `{"venue":"here","account":0,"dual_side_position":true}`, "dual_side_position: here has no hedge mode"},
		{"POST", "/sim/settings", `{"venue":"there","market":"linear","symbol":"BTCUSDT","margin_type":"ISOLATED"}`, "margin_type: there has no isolated margin"},
	} {
		if _, text := ask(t, c.method, at+c.path, c.body); !strings.Contains(text, c.has) {
			t.Errorf("%s %s %s: %.200s, want %s", c.method, c.path, c.body, text, c.has)
		}
	}
	list[1].Do(func(s *State) {
		if s.Faults.Strikes("yawn", s.Segments.All()[0], "") {
			t.Error("clearing left a fault")
		}
	})
}

// Two venues have one time, one index and prices of their own.
func TestMuxHasOneMarket(t *testing.T) {
	m, list, _ := twoVenues(t)
	for _, x := range list {
		if err := x.Advance(exchange.Hour); err != nil {
			t.Fatal(err)
		}
	}
	var times []exchange.Time
	var index []exchange.E8
	var bids []exchange.Ticks
	for _, x := range list {
		x.Do(func(s *State) {
			mk := s.Markets()[0]
			times, index, bids = append(times, s.Clock.Now()), append(index, mk.Mark.Index), append(bids, mk.Touch[0].Price)
		})
	}
	if index[0] != index[1] || times[0] != times[1] {
		t.Errorf("times %v, indices %v", times, index)
	}
	if gap := float64(bids[0]-bids[1]) / float64(bids[0]); bids[0] == bids[1] || gap > 0.01 || gap < -0.01 {
		t.Errorf("bids %v", bids)
	}
	truth := m.Truth()
	if len(truth.Accounts) != 2 || truth.Accounts[1].Venue != "there" {
		t.Errorf("accounts: %+v", truth.Accounts)
	}
	a, b := list[0].Credentials(), list[1].Credentials()
	if text, err := json.Marshal(append(a, b...)); err != nil || string(text) != `[{"key":"key of here"},{"key":"key of there"}]` || list[0].Keys()[0].HMAC == list[1].Keys()[0].HMAC {
		t.Errorf("keys %s: %v", text, err)
	}
}

// Two fronts can't answer one path.
func TestMuxRefuses(t *testing.T) {
	m, list, _ := twoVenues(t)
	if err := m.Add("third", list[0], &venueFront{paths: []string{"/ws"}}); err == nil || !strings.Contains(err.Error(), "both answer /ws") {
		t.Errorf("the same path twice: %v", err)
	}
}
