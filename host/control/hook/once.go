package hook

import (
	"strings"
	"sync"
	"time"

	"github.com/perilune/perilune/host/control"
)

// Outcome is what became of a message.
type Outcome struct {
	Told bool   `json:"told"`
	Why  string `json:"why,omitempty"` // it was not
}

// mostRemembered bounds the messages of one webhook within its time to live. More are
// refused, because what is forgotten could come again.
const mostRemembered = 8192

// memory are the messages that came within the time to live.
type memory struct {
	mu    sync.Mutex
	seen  map[string]time.Time
	swept time.Time
}

// Once tells a message unless it was told before. One that could not be told may come
// again; one that the loop is late with will be done, and may not.
func (h *Hook) Once(s *Signal, now time.Time, tell func() error) (*Outcome, error) {
	key := s.ID
	if !strings.HasPrefix(key, h.config.Name+":id:") { // the stretch that it came in does not tell it apart
		key = key[strings.LastIndexByte(key, ':'):]
	}
	again, full := h.memories.add(key, now, s.lives)
	switch {
	case again:
		return &Outcome{Why: "it was told before"}, nil
	case full:
		return nil, control.Errorf(control.TooMany, "webhook %s: more than %d messages within %s", h.config.Name, mostRemembered, h.ttl)
	}
	if err := tell(); err != nil {
		if control.AsError(err).Code != control.Late {
			h.memories.remove(key)
		}
		return nil, err
	}
	return &Outcome{Told: true}, nil
}

func (m *memory) add(key string, now time.Time, ttl time.Duration) (again, full bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == nil {
		m.seen = map[string]time.Time{}
	}
	if until, ok := m.seen[key]; ok && now.Before(until) {
		return true, false
	}
	if now.Sub(m.swept) > ttl || len(m.seen) >= mostRemembered {
		m.swept = now
		for k, until := range m.seen { // order does not matter: all that are over go
			if !now.Before(until) {
				delete(m.seen, k)
			}
		}
	}
	if len(m.seen) >= mostRemembered {
		return false, true
	}
	m.seen[key] = now.Add(ttl)
	return false, false
}

func (m *memory) remove(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.seen, key)
}

// rate lets a number of messages through each minute.
type rate struct {
	perMinute int
	mu        sync.Mutex
	full      time.Time // when it will be full again
}

func (r *rate) take(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full.Before(now) {
		r.full = now
	}
	next := r.full.Add(time.Minute / time.Duration(r.perMinute))
	if next.Sub(now) > time.Minute {
		return false
	}
	r.full = next
	return true
}
