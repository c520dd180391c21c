package wire

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// A message that is small on the wire and large when unpacked is never held.
func TestDeflateBomb(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		up := websocket.Upgrader{EnableCompression: true}
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		c.WriteMessage(websocket.TextMessage, make([]byte, 64<<20))
		c.ReadMessage()
	}))
	defer srv.Close()
	var r recorder
	c, err := Start(Options{URLs: []string{"ws" + strings.TrimPrefix(srv.URL, "http")}, Protocol: plain{}, Open: r.open,
		Compression: true, BackoffBase: time.Hour, Jitter: func() float64 { return 1 }})
	if err != nil {
		t.Fatal(err)
	}
	for r.lastDown() == nil {
		time.Sleep(time.Millisecond)
	}
	c.Close()
	if err := r.lastDown(); !errors.Is(err, ErrTooLong) {
		t.Errorf("it was dropped for %v, want ErrTooLong", err)
	}
}

func TestHandshakeRefused(t *testing.T) {
	for _, tt := range []struct {
		status int
		header string
		want   time.Duration
	}{{429, "7", unwelcome}, {418, "300", 300 * time.Second}, {403, "", unwelcome}, {503, "", 0}, {503, "9", 9 * time.Second}} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if tt.header != "" {
				w.Header().Set("Retry-After", tt.header)
			}
			w.WriteHeader(tt.status)
		}))
		var o = Options{URLs: []string{"ws" + strings.TrimPrefix(srv.URL, "http")}, Protocol: plain{}, Open: (&recorder{}).open}
		if err := o.complete(); err != nil {
			t.Fatal(err)
		}
		_, err := dial(context.Background(), &o, o.URLs[0])
		var h *HandshakeError
		if !errors.As(err, &h) || h.Status != tt.status || h.RetryAfter != tt.want {
			t.Errorf("status %d: %v, want to retry after %s", tt.status, err, tt.want)
		}
		srv.Close()
	}
}

func BenchmarkReceive(b *testing.B) {
	payload := []byte("a|" + strings.Repeat("x", 1000))
	serve := func(b *testing.B) *httptest.Server {
		return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			up := websocket.Upgrader{WriteBufferSize: 64 << 10}
			c, err := up.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			defer c.Close()
			m, _ := websocket.NewPreparedMessage(websocket.TextMessage, payload)
			for c.WritePreparedMessage(m) == nil {
			}
		}))
	}
	b.Run("client", func(b *testing.B) {
		srv := serve(b)
		defer srv.Close()
		done := make(chan struct{})
		left := b.N
		b.ReportAllocs()
		b.SetBytes(int64(len(payload)))
		b.ResetTimer()
		c, err := Start(Options{URLs: []string{"ws" + strings.TrimPrefix(srv.URL, "http")}, Protocol: quick{}, Open: func(uint64) Handler {
			return counting{&left, done}
		}})
		if err != nil {
			b.Fatal(err)
		}
		<-done
		b.StopTimer()
		c.Close()
	})
	b.Run("ReadMessage", func(b *testing.B) {
		srv := serve(b)
		defer srv.Close()
		b.ReportAllocs()
		b.SetBytes(int64(len(payload)))
		b.ResetTimer()
		c, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(srv.URL, "http"), nil)
		if err != nil {
			b.Fatal(err)
		}
		for range b.N {
			if _, _, err := c.ReadMessage(); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		c.Close()
	})
}

// quick is a protocol that costs nothing itself.
type quick struct{ plain }

func (quick) Classify(frame []byte) Message { return Message{Class: Data, Stream: frame[:1]} }

type counting struct {
	left *int
	done chan struct{}
}

func (h counting) Frame([]byte) error {
	if *h.left--; *h.left == 0 {
		close(h.done)
	}
	return nil
}

func (counting) Subscribed([]string) {}
func (counting) Stalled([]string)    {}
func (counting) Down(error)          {}
