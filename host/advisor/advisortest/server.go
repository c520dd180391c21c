// Package advisortest is an endpoint that plays a script, for tests of what asks
// it: a chat-completions server that answers, fails, stalls and lies as told.
package advisortest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"
)

// Reply is one answer of the endpoint.
type Reply struct {
	Status int // 0: 200
	Header map[string]string
	Body   string
	Delay  time.Duration // before anything is said; ends early when the caller leaves
}

// Server is an endpoint on this machine. It gives its replies in turn, and the
// last one for ever.
type Server struct {
	*httptest.Server

	mu      sync.Mutex
	replies []Reply
	seen    []Request
}

// Request is what was asked.
type Request struct {
	Path, Key string
	Body      string
	User      string // text of the user message
	System    string
}

// New starts an endpoint. The caller closes it.
func New(replies ...Reply) *Server {
	s := &Server{replies: replies}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	return s
}

// Answer is a completion with this text.
func Answer(content string) Reply {
	return Reply{Body: Completion(content, "stop", 100, 20)}
}

// Completion is the body of a completion.
func Completion(content, finish string, in, out int) string {
	raw, err := json.Marshal(map[string]any{
		"id": "cmpl-1", "object": "chat.completion",
		"choices": []any{map[string]any{"index": 0, "finish_reason": finish, "message": map[string]any{"role": "assistant", "content": content}}},
		"usage":   map[string]any{"prompt_tokens": in, "completion_tokens": out, "total_tokens": in + out},
	})
	if err != nil {
		panic(err) // strings and numbers can always be marshalled
	}
	return string(raw)
}

// Seen returns what was asked so far.
func (s *Server) Seen() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request{}, s.seen...)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller left
	}
	reply := s.next(r, raw)
	if reply.Delay > 0 {
		select {
		case <-time.After(reply.Delay):
		case <-r.Context().Done():
			return
		}
	}
	for k, v := range reply.Header {
		w.Header().Set(k, v)
	}
	if reply.Status != 0 {
		w.WriteHeader(reply.Status)
	}
	_, _ = io.WriteString(w, reply.Body) // a caller that left is not the endpoint's trouble
}

func (s *Server) next(r *http.Request, raw []byte) Reply {
	var body struct {
		Messages []struct{ Role, Content string }
	}
	seen := Request{Path: r.URL.Path, Key: r.Header.Get("Authorization"), Body: string(raw)}
	if json.Unmarshal(raw, &body) == nil && len(body.Messages) == 2 {
		seen.System, seen.User = body.Messages[0].Content, body.Messages[1].Content
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, seen)
	if len(s.replies) == 0 {
		return Reply{Status: http.StatusServiceUnavailable}
	}
	reply := s.replies[0]
	if len(s.replies) > 1 {
		s.replies = s.replies[1:]
	}
	return reply
}
