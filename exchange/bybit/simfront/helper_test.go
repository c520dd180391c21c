package simfront_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/simfront"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/exchange/venuetest"
	"github.com/perilune/perilune/exchange/wire/wiretest"
)

func TestMain(m *testing.M) {
	venuetest.Together()
	goleak.VerifyTestMain(m)
}

// stand is an exchange that stands still, and a client of its first account.
type stand struct {
	t      *testing.T
	sim    *simserver.Exchange
	url    string
	key    string
	secret string
	names  int
}

func open(t *testing.T, change func(*simserver.Options)) *stand {
	t.Helper()
	start := exchange.Date(2026, 3, 2) + 7*exchange.Hour
	feed, err := synth.New(synth.Options{Seed: 1, Start: start, Step: exchange.Second, Calm: true, Houses: []synth.House{simfront.House}})
	if err != nil {
		t.Fatal(err)
	}
	o := simserver.Options{Universe: feed.Universe(), Feed: feed, Begin: start + 10*exchange.Minute, Seed: 1}
	if change != nil {
		change(&o)
	}
	sim, err := simserver.New(o)
	if err != nil {
		t.Fatal(err)
	}
	f := simfront.New(sim)
	f.Limits.SpotOrders, f.Limits.Orders = 1000, 1000
	srv := httptest.NewServer(f)
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
		srv.Close()
	})
	s := &stand{t: t, sim: sim, url: srv.URL}
	text, err := json.Marshal(sim.Credentials()[0])
	if err != nil {
		t.Fatal(err)
	}
	var k struct{ HMAC simserver.HMACKey }
	if err := json.Unmarshal(text, &k); err != nil {
		t.Fatal(err)
	}
	s.key, s.secret = k.HMAC.Key, k.HMAC.Secret
	return s
}

// told is an answer.
type told struct {
	status int
	header http.Header
	text   string
	Code   int             `json:"retCode"`
	Msg    string          `json:"retMsg"`
	Result json.RawMessage `json:"result"`
	Ext    json.RawMessage `json:"retExtInfo"`
}

// at reads a value of the result by a path of keys and places.
func (a told) at(path string) string { return at(a.Result, path) }

func at(raw json.RawMessage, path string) string {
	for _, key := range strings.Split(path, ".") {
		if n, err := strconv.Atoi(key); err == nil {
			var list []json.RawMessage
			if json.Unmarshal(raw, &list) != nil || n >= len(list) {
				return ""
			}
			raw = list[n]
			continue
		}
		var o map[string]json.RawMessage
		if json.Unmarshal(raw, &o) != nil {
			return ""
		}
		raw = o[key]
	}
	return strings.Trim(string(raw), `"`)
}

func (s *stand) signed(text string) string {
	signer, err := sign.Key{API: sign.NewSecret(s.key), Secret: sign.NewSecret(s.secret)}.Signer()
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := signer.AppendSignature(nil, []byte(text))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(out)
}

// do sends a request, signed; change may spoil it.
func (s *stand) do(method, path, text string, change func(*http.Request)) told {
	s.t.Helper()
	url, body := s.url+path, io.Reader(http.NoBody)
	if method == http.MethodPost {
		body = bytes.NewReader([]byte(text))
	} else if text != "" {
		url += "?" + text
	}
	r, err := http.NewRequest(method, url, body)
	if err != nil {
		s.t.Fatal(err)
	}
	stamp := strconv.FormatInt(time.Now().UnixMilli(), 10)
	r.Header.Set("X-BAPI-API-KEY", s.key)
	r.Header.Set("X-BAPI-TIMESTAMP", stamp)
	r.Header.Set("X-BAPI-RECV-WINDOW", "5000")
	r.Header.Set("X-BAPI-SIGN", s.signed(stamp+s.key+"5000"+text))
	if change != nil {
		change(r)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return told{Code: -1, Msg: err.Error()}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	a := told{status: resp.StatusCode, header: resp.Header, text: string(raw)}
	_ = json.Unmarshal(raw, &a) // a page of a ban has no envelope
	return a
}

func (s *stand) get(path, query string) told {
	s.t.Helper()
	return s.do(http.MethodGet, path, query, nil)
}

func (s *stand) post(path string, body map[string]any) told {
	s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(http.MethodPost, path, string(text), nil)
}

// order places one; fields replace those of a small buy far below the market.
func (s *stand) order(fields map[string]any) (told, string) {
	s.t.Helper()
	s.names++
	name := fmt.Sprintf("o-%d", s.names)
	body := map[string]any{"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "80000", "orderLinkId": name}
	for k, v := range fields { // order does not matter: it is a map
		body[k] = v
	}
	return s.post("/v5/order/create", body), name
}

func (s *stand) arm(f simserver.Fault) {
	s.t.Helper()
	if err := s.sim.Arm(f); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stand) pass(d exchange.Time) {
	s.t.Helper()
	if err := s.sim.Advance(d); err != nil {
		s.t.Fatal(err)
	}
}

// socket is a connection of a client.
type socket struct {
	t *testing.T
	*wiretest.Socket
}

func (s *stand) dial(path string) *socket {
	s.t.Helper()
	c, err := wiretest.DialSocket("ws" + strings.TrimPrefix(s.url, "http") + path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	return &socket{s.t, c}
}

func (c *socket) say(text string) {
	c.t.Helper()
	if err := c.Write([]byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// hear reads messages until one has a text.
func (c *socket) hear(has string) string {
	c.t.Helper()
	var all []string
	for range 200 {
		if err := c.Deadline(time.Now().Add(time.Minute)); err != nil {
			c.t.Fatal(err)
		}
		raw, err := c.Read()
		if err != nil {
			c.t.Fatalf("no message with %s: %v\nbut %s", has, err, strings.Join(all, "\n"))
		}
		if strings.Contains(string(raw), has) {
			return string(raw)
		}
		all = append(all, string(raw))
	}
	c.t.Fatalf("no message with %s", has)
	return ""
}

// login signs a socket in.
func (s *stand) login(c *socket) {
	s.t.Helper()
	expires := time.Now().Add(time.Minute).UnixMilli()
	c.say(fmt.Sprintf(`{"req_id":"a","op":"auth","args":["%s",%d,"%s"]}`, s.key, expires, s.signed(fmt.Sprintf("GET/realtime%d", expires))))
	c.hear(`"op":"auth"`)
}
