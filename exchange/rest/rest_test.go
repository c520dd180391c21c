package rest_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/rest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const most = 1 << 16

// venue is a server that does to its n-th request, from 1 on, what a test wants. A
// connection is closed when that is false.
type venue struct {
	url     string
	arrived atomic.Int64
}

func serve(t *testing.T, answer func(conn *net.TCPConn, n int64) bool) *venue {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	v := &venue{url: "http://" + l.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				// A byte at a time, so that what follows the headers is left to the test.
				for in := bufio.NewReaderSize(conn, 16); ; {
					r, err := http.ReadRequest(in)
					if err != nil || !answer(conn.(*net.TCPConn), v.arrived.Add(1)) {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
				}
			})
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return v
}

func client(t *testing.T) *rest.Client {
	c := rest.New(rest.Options{MaxBody: most})
	t.Cleanup(c.Close)
	return c
}

// secret is in every address, and in no error.
const secret = "5ec4e7"

func send(t *testing.T, c *rest.Client, ctx context.Context, method, url, body string) (rest.Answer, error) {
	t.Helper()
	req, err := http.NewRequest(method, url+"/order?signature="+secret, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body == "" {
		req.Body = http.NoBody
	}
	a, err := c.Send(ctx, call(method), req)
	if err != nil && strings.Contains(err.Error(), secret) {
		t.Errorf("the error tells the address: %v", err)
	}
	return a, err
}

func call(method string) rest.Call {
	return rest.Call{Venue: "house.spot", What: "try", Changes: method != http.MethodGet}
}

// lost wants a request that may have arrived: an unknown outcome, unless it was a question.
func lost(t *testing.T, method string, err error) {
	t.Helper()
	want := exchange.ErrUnknown
	if method == http.MethodGet {
		want = exchange.ErrUnavailable
	}
	if e := call(method).Lost(err); err == nil || e.Class != want || e.Venue != "house.spot" || e.What != "try" {
		t.Errorf("%s: %v is %v, want %v", method, err, e.Class, want)
	}
	if unsent := (*rest.UnsentError)(nil); errors.As(err, &unsent) {
		t.Errorf("%s: it has arrived, and is said not to have left: %v", method, err)
	}
}

func unsent(t *testing.T, err error) {
	t.Helper()
	e := (*rest.UnsentError)(nil)
	if !errors.As(err, &e) || call("POST").Lost(err).Class != exchange.ErrUnavailable {
		t.Errorf("%v: want an UnsentError", err)
	}
}

func says(text string) func(*net.TCPConn, int64) bool {
	return func(c *net.TCPConn, _ int64) bool {
		_, err := io.WriteString(c, text)
		return err == nil
	}
}

const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

func TestAnswer(t *testing.T) {
	v := serve(t, says("HTTP/1.1 429 Slow Down\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nslow"))
	a, err := send(t, client(t), t.Context(), "POST", v.url, "a=1")
	if err != nil || a.Status != 429 || a.Header.Get("Retry-After") != "7" || string(a.Body) != "slow" {
		t.Errorf("%+v %v", a, err)
	}
}

// A kept connection that breaks when the next request comes is where net/http sends a
// request again on its own. What changes something arrives once.
func TestClosedBeforeTheAnswer(t *testing.T) {
	for _, reset := range []bool{false, true} {
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
			for _, body := range []string{"", "a=1", strings.Repeat("a=1&", 1<<12)} {
				v := serve(t, func(c *net.TCPConn, n int64) bool {
					if n == 1 {
						return says(ok)(c, n)
					}
					if reset {
						_ = c.SetLinger(0)
					}
					return false
				})
				c := client(t)
				if _, err := send(t, c, t.Context(), method, v.url, "a=1"); err != nil {
					t.Fatal(err)
				}
				a, err := send(t, c, t.Context(), method, v.url, body)
				lost(t, method, err)
				if a.Status != 0 || v.arrived.Load() != 2 {
					t.Errorf("%s of %d bytes: %+v, %d requests arrived after the first, want 1", method, len(body), a, v.arrived.Load()-1)
				}
			}
		}
	}
}

// What net/http might send twice is not sent at all when it changes something.
func TestARepeatableChangeIsRefused(t *testing.T) {
	v, c := serve(t, says(ok)), client(t)
	for _, r := range []struct{ method, header string }{{"GET", ""}, {"", ""}, {"HEAD", ""}, {"POST", "Idempotency-Key"}, {"POST", "X-Idempotency-Key"}} {
		req, err := http.NewRequest("GET", v.url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		req.Method = r.method
		if r.header != "" {
			req.Header.Set(r.header, "7")
		}
		_, err = c.Send(t.Context(), rest.Call{Changes: true}, req)
		unsent(t, err)
	}
	if n := v.arrived.Load(); n != 0 {
		t.Errorf("%d requests arrived", n)
	}
}

func TestHalfAnAnswer(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		v := serve(t, func(c *net.TCPConn, n int64) bool {
			return says("HTTP/1.1 200 OK\r\nUsed: 12\r\nContent-Length: 100\r\n\r\n{\"orderId\":")(c, n) && false
		})
		a, err := send(t, client(t), t.Context(), method, v.url, "")
		lost(t, method, err)
		if a.Status != 200 || a.Header.Get("Used") != "12" || !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "cut off") {
			t.Errorf("%s: %+v %v", method, a, err)
		}
		v = serve(t, func(c *net.TCPConn, n int64) bool { return says("HTTP/1.1 200 OK\r\nContent-Le")(c, n) && false })
		a, err = send(t, client(t), t.Context(), method, v.url, "")
		lost(t, method, err)
		if a.Status != 0 {
			t.Errorf("%s: half of the headers: %+v %v", method, a, err)
		}
		// A refusal is one, however little of its words has come.
		v = serve(t, func(c *net.TCPConn, n int64) bool {
			return says("HTTP/1.1 400 No\r\nContent-Length: 100\r\n\r\n{\"code\":")(c, n) && false
		})
		if a, err = send(t, client(t), t.Context(), method, v.url, ""); err != nil || a.Status != 400 || string(a.Body) != `{"code":` {
			t.Errorf("%s: half of a refusal: %+v %v", method, a, err)
		}
	}
}

func TestRedirectIsAnAnswer(t *testing.T) {
	other := serve(t, says(ok))
	for _, status := range []int{301, 302, 303, 307, 308} {
		v := serve(t, says(fmt.Sprintf("HTTP/1.1 %d Elsewhere\r\nLocation: %s/\r\nContent-Length: 0\r\n\r\n", status, other.url)))
		for _, method := range []string{"GET", "POST"} {
			if a, err := send(t, client(t), t.Context(), method, v.url, "a=1"); err != nil || a.Status != status {
				t.Errorf("%s: %+v %v", method, a, err)
			}
		}
	}
	if n := other.arrived.Load(); n != 0 {
		t.Errorf("%d requests went to the other host", n)
	}
}

// The client of the options keeps its own ways.
func TestTheOptionsAreNotChanged(t *testing.T) {
	h := &http.Client{}
	rest.New(rest.Options{HTTP: h, MaxBody: most})
	if h.CheckRedirect != nil {
		t.Error("the client that was given follows no redirects any more")
	}
}

// A venue that has the request and says nothing leaves the outcome unknown when its
// caller gives up; so does one that is slow in the middle.
func TestSlow(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		for _, part := range []string{"", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"} {
			ctx, cancel := context.WithCancel(t.Context())
			v := serve(t, func(c *net.TCPConn, n int64) bool {
				says(part)(c, n)
				cancel()
				_, _ = c.Read(make([]byte, 1)) // until the client is gone
				return false
			})
			_, err := send(t, client(t), ctx, method, v.url, "")
			lost(t, method, err)
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", method, err)
			}
		}
	}
}

func TestBreaksDuringTheWrite(t *testing.T) {
	v := serve(t, func(c *net.TCPConn, _ int64) bool {
		_ = c.SetLinger(0) // the rest is answered by a reset
		return false
	})
	_, err := send(t, client(t), t.Context(), "POST", v.url, strings.Repeat("a=1&", 16<<20))
	lost(t, "POST", err)
	if n := v.arrived.Load(); n != 1 {
		t.Errorf("%d requests arrived", n)
	}
}

// Of an answer without end no more is read than is allowed, packed or not.
func TestAGigabyte(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(make([]byte, 64<<20)); err != nil {
		t.Fatal(err)
	}
	z.Close()
	var wrote atomic.Int64
	pour := func(head string, block []byte, n int) func(*net.TCPConn, int64) bool {
		return func(c *net.TCPConn, _ int64) bool {
			_, err := io.WriteString(c, head)
			for range n {
				if err != nil {
					return false
				}
				var w int
				w, err = c.Write(block)
				wrote.Add(int64(w))
			}
			return false
		}
	}
	for name, answer := range map[string]func(*net.TCPConn, int64) bool{
		"told":   pour("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n", make([]byte, 1<<20), 1<<10),
		"untold": pour("HTTP/1.1 200 OK\r\n\r\n", make([]byte, 1<<20), 1<<10),
		"packed": pour("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", packed.Bytes(), 1),
	} {
		wrote.Store(0)
		a, err := send(t, client(t), t.Context(), "POST", serve(t, answer).url, "a=1")
		lost(t, "POST", err)
		if len(a.Body) != most+1 || err == nil || !strings.Contains(err.Error(), fmt.Sprint("over ", most, " bytes")) {
			t.Errorf("%s: %d bytes, %v", name, len(a.Body), err)
		}
		if n := wrote.Load(); n > 64<<20 {
			t.Errorf("%s: %d MB were taken", name, n>>20)
		}
	}
	// Just as much as is allowed is fine.
	v := serve(t, says("HTTP/1.1 200 OK\r\nContent-Length: "+fmt.Sprint(most)+"\r\n\r\n"+strings.Repeat("x", most)))
	if a, err := send(t, client(t), t.Context(), "POST", v.url, "a=1"); err != nil || len(a.Body) != most {
		t.Errorf("%d bytes, %v", len(a.Body), err)
	}
}

// What never had a connection has not left.
func TestUnsent(t *testing.T) {
	c := client(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, err = send(t, c, t.Context(), "POST", "http://"+l.Addr().String(), "a=1")
	unsent(t, err)
	v := serve(t, says("no TLS here\r\n"))
	_, err = send(t, c, t.Context(), "POST", strings.Replace(v.url, "http:", "https:", 1), "a=1")
	unsent(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = send(t, c, ctx, "POST", v.url, "a=1")
	unsent(t, err)
	if !errors.Is(err, context.Canceled) || v.arrived.Load() != 0 {
		t.Errorf("%v, %d requests arrived", err, v.arrived.Load())
	}
}

func TestFault(t *testing.T) {
	why := errors.New("why")
	for _, class := range []exchange.ErrorClass{exchange.ErrRefused, exchange.ErrUnknown, exchange.ErrKey} {
		if e := (rest.Call{Changes: true}).Fault(class, why); e.Class != class || !errors.Is(e, why) {
			t.Errorf("of a change: %+v, want %v", e, class)
		}
	}
	if e := (rest.Call{}).Fault(exchange.ErrUnknown, why); e.Class != exchange.ErrUnavailable {
		t.Errorf("of a question: %+v", e)
	}
}
