package simfront

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/signing"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/exchange/wire/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a running exchange and a client of its first account.
type bench struct {
	t      *testing.T
	server *simserver.Exchange
	host   string
	keys   simserver.Keys
	http   *http.Client
}

// options are those of an exchange and its front.
type options struct {
	simserver.Options
	Limits Limits
}

// running starts an exchange on a synthetic market that stands still until
// advanced, an hour after its beginning.
func running(t *testing.T, change func(*options)) *bench {
	t.Helper()
	start := exchange.Date(2026, 3, 2) + 7*exchange.Hour
	market, err := synth.New(synth.Options{Seed: 1, Start: start, Step: exchange.Second, Calm: true})
	if err != nil {
		t.Fatal(err)
	}
	opt := options{Options: simserver.Options{Universe: market.Universe(), Feed: market, Begin: start + 10*exchange.Minute, Seed: 1}, Limits: DefaultLimits()}
	opt.Limits.SpotOrders10S, opt.Limits.Orders10S, opt.Limits.Orders1M = 1000, 2000, 5000
	if change != nil {
		change(&opt)
	}
	server, err := simserver.New(opt.Options)
	if err != nil {
		t.Fatal(err)
	}
	front := New(server)
	front.Limits = opt.Limits
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l, front) }()
	b := &bench{t: t, server: server, host: l.Addr().String(), keys: server.Keys()[0], http: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(func() {
		b.http.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return b
}

// answer is one HTTP answer, its body decoded.
type answer struct {
	status int
	header http.Header
	body   any
	text   string
}

func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	o, ok := a.body.(map[string]any)
	if !ok {
		t.Fatalf("want an object, got %d %s", a.status, a.text)
	}
	return o
}

func (a answer) list(t *testing.T) []any {
	t.Helper()
	l, ok := a.body.([]any)
	if !ok {
		t.Fatalf("want a list, got %d %s", a.status, a.text)
	}
	return l
}

func (a answer) code() int64 {
	o, _ := a.body.(map[string]any)
	n, _ := o["code"].(json.Number)
	v, _ := n.Int64()
	return v
}

func (b *bench) do(method, path, query, body string, key string) (answer, error) {
	u := "http://" + b.host + path
	if query != "" {
		u += "?" + query
	}
	req, err := http.NewRequest(method, u, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if key != "" {
		req.Header.Set("X-MBX-APIKEY", key)
	}
	res, err := b.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{}, err
	}
	return answer{res.StatusCode, res.Header, parse(text), string(text)}, nil
}

func parse(text []byte) any {
	var v any
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return nil
	}
	return v
}

// get asks a public endpoint.
func (b *bench) get(path, query string) answer {
	b.t.Helper()
	a, err := b.do("GET", path, query, "", "")
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

// signed sends a request signed with the HMAC key. Parameters are name=value.
func (b *bench) signed(method, path string, params ...string) answer {
	b.t.Helper()
	a, err := b.trySigned(method, path, params...)
	if err != nil {
		b.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (b *bench) trySigned(method, path string, params ...string) (answer, error) {
	signer, err := sign.NewHMAC(sign.NewSecret(b.keys.HMAC.Secret))
	if err != nil {
		return answer{}, err
	}
	return b.sign(signer, b.keys.HMAC.Key, time.Now(), method, path, params...)
}

func (b *bench) sign(s sign.Signer, key string, at time.Time, method, path string, params ...string) (answer, error) {
	var q signing.Query
	for _, p := range params {
		k, v, _ := strings.Cut(p, "=")
		q.Text(k, v)
	}
	text, err := q.Sign(s, exchange.Time(at.UnixNano()), 0)
	if err != nil {
		return answer{}, err
	}
	if method == "POST" || method == "PUT" {
		return b.do(method, path, "", string(text), key)
	}
	return b.do(method, path, string(text), "", key)
}

// must is signed, and fails unless the answer is 200.
func (b *bench) must(method, path string, params ...string) answer {
	b.t.Helper()
	a := b.signed(method, path, params...)
	if a.status != 200 {
		b.t.Fatalf("%s %s %v: %d %s", method, path, params, a.status, a.text)
	}
	return a
}

// refused is signed, and fails unless the answer has the code.
func (b *bench) refused(code int64, method, path string, params ...string) answer {
	b.t.Helper()
	a := b.signed(method, path, params...)
	if a.code() != code || a.status == 200 {
		b.t.Errorf("%s %s %v: %d %s; want code %d", method, path, params, a.status, a.text, code)
	}
	return a
}

func (b *bench) advance(d exchange.Time) {
	b.t.Helper()
	if err := b.server.Advance(d); err != nil {
		b.t.Fatal(err)
	}
}

// fault arms a fault over the network.
func (b *bench) fault(f simserver.Fault) {
	b.t.Helper()
	body, err := json.Marshal(f)
	if err != nil {
		b.t.Fatal(err)
	}
	a, err := b.do("POST", "/sim/faults", "", string(body), "")
	if err != nil || a.status != 200 {
		b.t.Fatalf("fault %+v: %v %d %s", f, err, a.status, a.text)
	}
}

// touch returns the best bid and ask of a symbol.
func (b *bench) touch(prefix, symbol string) (bid, ask decimal.Decimal) {
	b.t.Helper()
	o := b.get(prefix+"/depth", "limit=5&symbol="+symbol).object(b.t)
	best := func(side string) decimal.Decimal {
		return dec(b.t, o[side].([]any)[0].([]any)[0])
	}
	return best("bids"), best("asks")
}

func dec(t *testing.T, v any) decimal.Decimal {
	t.Helper()
	d, err := decimal.NewFromString(fmt.Sprint(v))
	if err != nil {
		t.Fatalf("%v is no decimal: %v", v, err)
	}
	return d
}

// socket is a websocket client of a test. Frames are read by a goroutine of its
// own and kept.
type socket struct {
	t      *testing.T
	client *wiretest.Socket
	frames chan []byte
	err    error // why the connection ended; read it after frames is closed
}

// dial opens a websocket.
func (b *bench) dial(path string) *socket {
	b.t.Helper()
	c, err := wiretest.DialSocket("ws://" + b.host + path)
	if err != nil {
		b.t.Fatalf("dialling %s: %v", path, err)
	}
	s := &socket{t: b.t, client: c, frames: make(chan []byte, 4096)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(s.frames)
		for {
			f, err := c.Read()
			if err != nil {
				s.err = err
				return
			}
			s.frames <- f
		}
	}()
	b.t.Cleanup(func() { c.Close(); <-done })
	// The handshake is over before the loop knows the connection; an answer to
	// any message shows that it does.
	s.call(0, "LIST_SUBSCRIPTIONS", nil)
	return s
}

// next returns the next frame, or fails when none comes.
func (s *socket) next() map[string]any {
	s.t.Helper()
	select {
	case f, ok := <-s.frames:
		if !ok {
			s.t.Fatal("the connection has ended")
		}
		o, isObject := parse(f).(map[string]any)
		if !isObject {
			return map[string]any{"list": parse(f)}
		}
		return o
	case <-time.After(patienceOfTests):
		s.t.Fatal("no frame came")
	}
	return nil
}

// patienceOfTests is how long a test waits for what must come.
const patienceOfTests = time.Minute

// ended fails unless the connection is cut.
func (s *socket) ended() {
	s.t.Helper()
	for {
		select {
		case _, ok := <-s.frames:
			if !ok {
				return
			}
		case <-time.After(patienceOfTests):
			s.t.Fatal("the connection is still open")
		}
	}
}

// call sends a message and returns the frame that answers its id.
func (s *socket) call(id int, method string, params any) map[string]any {
	s.t.Helper()
	msg, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.client.Write(msg); err != nil {
		s.t.Fatal(err)
	}
	for {
		f := s.next()
		if fmt.Sprint(f["id"]) == fmt.Sprint(id) {
			return f
		}
	}
}

// quiet fails if a frame came before everything asked so far was done: an answer
// to a command comes after what was sent before it.
func (s *socket) quiet() {
	s.t.Helper()
	msg := `{"id":999,"method":"LIST_SUBSCRIPTIONS"}`
	if err := s.client.Write([]byte(msg)); err != nil {
		s.t.Fatal(err)
	}
	if f := s.next(); fmt.Sprint(f["id"]) != "999" {
		s.t.Errorf("want silence, got %v", f)
	}
}
