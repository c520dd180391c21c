// Package notifytest has a server that answers as the services do that notices go to, and
// badly where a test wants it.
package notifytest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Request is what came to a Server.
type Request struct {
	Method, Path string
	Header       http.Header
	Body         string
}

// Server answers as Telegram, Discord, Slack, ntfy and webhooks do, on the paths that they
// have, and keeps what came.
type Server struct {
	*httptest.Server
	got chan Request
	end chan struct{}

	mu      sync.Mutex
	answer  func(w http.ResponseWriter, r *http.Request, path string) bool
	updates []string
}

// New starts a server that ends with the test.
func New(t testing.TB) *Server {
	s := &Server{got: make(chan Request, 1000), end: make(chan struct{})}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() { close(s.end); s.CloseClientConnections(); s.Close() })
	return s
}

// Answer has f answer from now on. It returns false to have the usual answer; nil: always.
func (s *Server) Answer(f func(w http.ResponseWriter, r *http.Request, path string) bool) {
	s.mu.Lock()
	s.answer = f
	s.mu.Unlock()
}

// Hang is an answer that never comes.
func (s *Server) Hang(_ http.ResponseWriter, r *http.Request, _ string) bool {
	select {
	case <-r.Context().Done():
	case <-s.end:
	}
	return true
}

// Say is a message that the bot's chat sends, at a time.
func (s *Server) Say(id int, chat int64, at time.Time, text string) {
	raw, _ := json.Marshal(text)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.updates = append(s.updates, fmt.Sprintf(`{"update_id":%d,"message":{"message_id":1,"date":%d,"text":%s,"chat":{"id":%d,"type":"private"},"from":{"id":%d,"is_bot":false,"first_name":"a"}}}`, id, at.Unix(), raw, chat, chat))
}

// Next waits for a request, a minute at most. Those for a bot's messages are not among them.
func (s *Server) Next(t testing.TB) Request {
	t.Helper()
	select {
	case r := <-s.got:
		return r
	case <-time.After(time.Minute):
		t.Fatal("no request came for a minute")
		return Request{}
	}
}

// Waiting is how many requests came that Next has not returned.
func (s *Server) Waiting() int { return len(s.got) }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if strings.HasSuffix(r.URL.Path, "/getUpdates") {
		s.poll(w, r, body)
		return
	}
	s.mu.Lock()
	answer := s.answer
	s.mu.Unlock()
	s.got <- Request{r.Method, r.URL.Path, r.Header.Clone(), string(body)}
	if answer != nil && answer(w, r, r.URL.Path) {
		return
	}
	switch {
	case strings.HasPrefix(r.URL.Path, "/bot"):
		fmt.Fprint(w, `{"ok":true,"result":{"message_id":7,"date":1,"chat":{"id":1,"type":"private"}}}`)
	case strings.HasPrefix(r.URL.Path, "/api/webhooks/"):
		w.WriteHeader(http.StatusNoContent) // Discord
	case strings.HasPrefix(r.URL.Path, "/services/"):
		fmt.Fprint(w, "ok") // Slack
	default:
		fmt.Fprint(w, `{"id":"x","event":"message"}`) // ntfy
	}
}

// poll answers getUpdates: what was said and not confirmed.
func (s *Server) poll(w http.ResponseWriter, r *http.Request, body []byte) {
	var args struct{ Offset, Timeout, Limit int }
	_ = json.Unmarshal(body, &args)
	give := func() string {
		s.mu.Lock()
		defer s.mu.Unlock()
		var out []string
		for _, u := range s.updates {
			var x struct {
				ID int `json:"update_id"`
			}
			_ = json.Unmarshal([]byte(u), &x)
			if x.ID >= args.Offset {
				out = append(out, u)
			}
		}
		s.updates = out
		return strings.Join(out[:min(len(out), args.Limit)], ",")
	}
	for list := ""; ; {
		if list = give(); list != "" || args.Timeout == 0 {
			fmt.Fprintf(w, `{"ok":true,"result":[%s]}`, list)
			return
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-r.Context().Done():
			return
		case <-s.end:
			return
		}
	}
}
